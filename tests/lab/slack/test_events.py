"""Events: sent where the app subscribed and may look, and sent again until they are acknowledged."""

from __future__ import annotations

from slack_bolt.async_app import AsyncBoltRequest

from lab.slack import PracticePerson, PracticeSlack, default_workspace
from tests.lab.slack.bolt import JSON, client, connected, new_app


async def test_an_event_before_the_app_is_there_comes_with_a_retry(slack: PracticeSlack, alice: PracticePerson) -> None:
    app, seen = new_app(slack), []

    @app.event("app_mention")
    async def mentioned(event: JSON, body: JSON, request: AsyncBoltRequest) -> None:
        seen.append((event["text"], body["event_id"], request.headers.get("x-slack-retry-num")))

    alice.say("@understudy help", channel="C0OPS")
    async with connected(slack, app):
        await slack.wait_until(lambda: bool(seen))
    text, event_id, attempt = seen[0]
    assert text == "<@U0UNDERSTUDY> help"
    assert event_id.startswith("Ev")
    assert attempt is not None
    assert attempt[0] in "123"


async def test_an_unacknowledged_event_comes_four_times_as_one_event() -> None:
    async with PracticeSlack.start(ack_seconds=0.05, speed_up=2000) as slack:
        app, attempts = new_app(slack), []

        @app.middleware
        async def leave_unanswered(request: AsyncBoltRequest) -> None:
            attempts.append((request.body["event_id"], request.headers["x-slack-retry-num"][0]))

        async with connected(slack, app):
            slack.person("U0ALICE").say("@understudy help", channel="C0OPS")
            await slack.wait_until(lambda: len(attempts) >= 4)
    assert [attempt for _, attempt in attempts] == ["0", "1", "2", "3"]
    assert len({event_id for event_id, _ in attempts}) == 1


async def test_messages_reach_the_app_only_if_it_subscribed_and_may_read_them() -> None:
    for scopes, expected in ((("channels:history", "chat:write"), ["hello"]), (("chat:write",), [])):
        workspace = default_workspace(scopes=scopes, events=["message.channels", "app_home_opened"])
        async with PracticeSlack.start(workspace=workspace) as slack:
            app, seen, homes = new_app(slack), [], []

            @app.event("message")
            async def said(event: JSON) -> None:
                seen.append(event["text"])  # noqa: B023

            @app.event("app_home_opened")
            async def opened(event: JSON) -> None:
                homes.append(event["user"])  # noqa: B023
                await app.client.views_publish(user_id=event["user"], view={"type": "home", "blocks": []})  # noqa: B023

            async with connected(slack, app):
                slack.person("U0ALICE").say("hello", channel="C0OPS")
                await client(slack).chat_postMessage(channel="C0OPS", text="of the app itself")
                await slack.person("U0ALICE").open_home()
            assert seen == expected
            assert homes == ["U0ALICE"]


async def test_an_event_can_come_twice(slack: PracticeSlack, alice: PracticePerson) -> None:
    app, seen = new_app(slack), []

    @app.event("app_mention")
    async def mentioned(body: JSON) -> None:
        seen.append(body["event_id"])

    async with connected(slack, app):
        slack.faults.deliver_twice("events_api")
        alice.say("@understudy help", channel="C0OPS")
        await slack.wait_until(lambda: len(seen) == 2)
    assert seen[0] == seen[1]
