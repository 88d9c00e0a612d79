"""An unchanged slack_bolt app talks with people: command, message, button, modal, App Home."""

from __future__ import annotations

from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.async_app import AsyncAck
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from lab.slack import PracticePerson, PracticeSlack
from tests.lab.slack.bolt import JSON, actions, button, connected, modal, new_app, plain, refusal, section, text_input


def failing_over(slack: PracticeSlack) -> AsyncApp:
    """A small app: `/ha` posts a button, the button opens a modal, the modal wants the right name."""
    app = new_app(slack)

    @app.command("/ha")
    async def ha(ack: AsyncAck, command: JSON, client: AsyncWebClient) -> None:
        await ack(f"looking at {command['text']}")
        blocks = [section("*main*: primary down"), actions(button("fail_over", "Fail over…", value="main"))]
        await client.chat_postMessage(channel=command["channel_id"], text="main: primary down", blocks=blocks)

    @app.action("fail_over")
    async def fail_over(ack: AsyncAck, body: JSON, action: JSON, client: AsyncWebClient) -> None:
        await ack()
        view = modal(text_input("name"), private_metadata=action["value"])
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.view("modal")
    async def confirmed(ack: AsyncAck, body: JSON, view: JSON, client: AsyncWebClient) -> None:
        typed = view["state"]["values"]["name"]["typed"]["value"]
        if typed != view["private_metadata"]:
            await ack(response_action="errors", errors={"name": "That is not its name."})
            return
        await ack()
        await client.chat_postMessage(channel="C0OPS", text=f"<@{body['user']['id']}> asked for a failover")

    return app


async def test_from_command_to_confirmed_modal(slack: PracticeSlack, alice: PracticePerson) -> None:
    async with connected(slack, failing_over(slack)):
        answered = await alice.command("/ha", "status", channel="C0OPS")
        assert answered.ok
        assert answered.response is not None
        assert answered.response["text"] == "looking at status"
        assert [one["text"] for one in alice.ephemerals("C0OPS")] == ["looking at status"]

        alert = await slack.wait_for_message("C0OPS", lambda message: "primary down" in message["text"])
        assert (await alice.press(alert, text="Fail over…")).ok
        view = await alice.wait_for_view()

        empty = await alice.submit(view, {})
        assert empty.errors == {"name": "Please complete this required field."}
        assert empty.ack_ms is None, "Slack's client refuses an empty required field without asking the app"
        wrong = await alice.submit(view, {"name": {"typed": "other"}})
        assert wrong.errors == {"name": "That is not its name."}
        right = await alice.submit(view, {"name": {"typed": "main"}})
        assert right.closed
        assert alice.views == []
        await slack.wait_for_message("C0OPS", lambda message: "<@U0ALICE> asked" in message["text"])


async def test_only_the_person_who_acts_sees_what_is_ephemeral(
    slack: PracticeSlack, alice: PracticePerson, bob: PracticePerson
) -> None:
    async with connected(slack, failing_over(slack)):
        await alice.command("/ha", "status", channel="C0OPS")
        assert bob.ephemerals() == []
        assert all("looking at" not in message["text"] for message in slack.messages("C0OPS"))


async def test_a_payload_carries_what_slack_sends(slack: PracticeSlack, alice: PracticePerson) -> None:
    app, seen = new_app(slack), {}

    @app.command("/ha")
    async def ha(ack: AsyncAck, body: JSON) -> None:
        seen["command"] = body
        await ack()

    @app.action("pick")
    async def pick(ack: AsyncAck, body: JSON) -> None:
        seen["action"] = body
        await ack()

    options = [{"text": plain("Main"), "value": "main"}, {"text": plain("Spare"), "value": "spare"}]
    select = {"type": "static_select", "action_id": "pick", "options": options}
    async with connected(slack, app):
        await alice.command("/ha", "  promote main ", channel="C0OPS")
        await app.client.chat_postMessage(channel="C0OPS", text="which?", blocks=[actions(select, block_id="which")])
        await alice.press(slack.messages("C0OPS")[0], action_id="pick", value="spare")

    command, action = seen["command"], seen["action"]
    assert (command["command"], command["text"]) == ("/ha", "promote main")
    assert (command["user_id"], command["channel_id"], command["team_id"]) == ("U0ALICE", "C0OPS", "T0PRACTICE")
    assert command["response_url"].startswith("http://127.0.0.1:")
    assert action["container"]["channel_id"] == "C0OPS"
    assert action["message"]["text"] == "which?"
    assert action["actions"][0]["selected_option"]["value"] == "spare"
    assert action["state"]["values"]["which"]["pick"]["selected_option"]["value"] == "spare"


@pytest.mark.parametrize("asked", ["update", "push"])
async def test_a_submission_may_update_or_push_a_view(slack: PracticeSlack, alice: PracticePerson, asked: Any) -> None:
    app = new_app(slack)

    @app.command("/ha")
    async def ha(ack: AsyncAck, body: JSON, client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(section("first")))

    @app.view("modal")
    async def submitted(ack: AsyncAck) -> None:
        await ack(response_action=asked, view=modal(section("second"), callback_id="second", notify_on_close=True))

    closed: list[JSON] = []

    @app.view_closed("second")
    async def dismissed(ack: AsyncAck, body: JSON) -> None:
        await ack()
        closed.append(body)

    async with connected(slack, app):
        await alice.command("/ha", channel="C0OPS")
        outcome = await alice.submit(await alice.wait_for_view())
        assert outcome.view is not None
        assert outcome.view["blocks"][0]["text"]["text"] == "second"
        assert len(alice.views) == (2 if asked == "push" else 1)
        await alice.close(outcome.view)
        assert len(alice.views) == (1 if asked == "push" else 0)
        await slack.wait_until(lambda: bool(closed))
        assert closed[0]["view"]["callback_id"] == "second"


async def test_a_stack_of_modals_clears_at_once(slack: PracticeSlack, alice: PracticePerson) -> None:
    app = new_app(slack)

    @app.command("/ha")
    async def ha(ack: AsyncAck, body: JSON, client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(actions(button("more", "More"))))

    @app.action("more")
    async def more(ack: AsyncAck, body: JSON, client: AsyncWebClient) -> None:
        await ack()
        await client.views_push(trigger_id=body["trigger_id"], view=modal(actions(button("more", "More"))))

    @app.view("modal")
    async def submitted(ack: AsyncAck) -> None:
        await ack(response_action="clear")

    async with connected(slack, app):
        await alice.command("/ha", channel="C0OPS")
        for height in (1, 2):
            view = await alice.wait_for_view(lambda _: len(alice.views) == height)  # noqa: B023
            await alice.press(view, text="More")
        top = await alice.wait_for_view(lambda _: len(alice.views) == 3)
        await alice.press(top, text="More")
        await slack.wait_until(lambda: len(slack.calls.of("views.push")) == 3)
        assert slack.calls.of("views.push")[-1].answer == {"ok": False, "error": "push_limit_reached"}
        assert (await alice.submit(top)).closed
        assert alice.views == []


async def test_app_home_is_opened_published_and_guarded_by_its_hash(
    slack: PracticeSlack, alice: PracticePerson
) -> None:
    app, opened = new_app(slack), []

    @app.event("app_home_opened")
    async def home_opened(event: JSON, client: AsyncWebClient) -> None:
        opened.append(event)
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [section("All is well")]})

    async with connected(slack, app):
        home = await alice.open_home()
        assert home["blocks"][0]["text"]["text"] == "All is well"
        assert opened[0]["tab"] == "home"
        assert home["id"] == (await alice.open_home())["id"]
        stale = {"type": "home", "blocks": [section("older")]}
        with pytest.raises(SlackApiError) as refused:
            await app.client.views_publish(user_id="U0ALICE", view=stale, hash=home["hash"])
        assert refusal(refused.value)["error"] == "hash_conflict"


async def test_what_was_filled_in_survives_an_update_of_the_view(slack: PracticeSlack, alice: PracticePerson) -> None:
    app = new_app(slack)
    choice = {"type": "static_select", "action_id": "to", "options": [{"text": plain("s2"), "value": "s2"}]}

    @app.command("/ha")
    async def ha(ack: AsyncAck, body: JSON, client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(actions(choice, block_id="where")))

    @app.action("to")
    async def chosen(ack: AsyncAck, body: JSON, client: AsyncWebClient) -> None:
        await ack()
        view = modal(actions(choice, block_id="where"), text_input("reason"))
        await client.views_update(view_id=body["view"]["id"], hash=body["view"]["hash"], view=view)

    async with connected(slack, app):
        await alice.command("/ha", channel="C0OPS")
        await alice.press(await alice.wait_for_view(), action_id="to", value="s2")
        view = await alice.wait_for_view(lambda one: len(one["blocks"]) == 2)
        assert view["state"]["values"]["where"]["to"]["selected_option"]["value"] == "s2"


async def test_a_view_is_also_known_by_its_external_id(slack: PracticeSlack, alice: PracticePerson) -> None:
    app = new_app(slack)

    @app.command("/ha")
    async def ha(ack: AsyncAck, body: JSON, client: AsyncWebClient) -> None:
        await ack()
        view = modal(section("first"), external_id="plan-1")
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    async with connected(slack, app):
        await alice.command("/ha", channel="C0OPS")
        await alice.wait_for_view()
        await app.client.views_update(external_id="plan-1", view=modal(section("second"), external_id="plan-1"))
        assert alice.views[0]["blocks"][0]["text"]["text"] == "second"
        home = {"type": "home", "blocks": [], "external_id": "plan-1"}
        with pytest.raises(SlackApiError) as refused:
            await app.client.views_publish(user_id="U0BOB", view=home)
        assert refusal(refused.value)["error"] == "duplicate_external_id"


async def test_people_are_told_what_they_may_press(slack: PracticeSlack, alice: PracticePerson) -> None:
    async with connected(slack, failing_over(slack)):
        await alice.command("/ha", channel="C0OPS")
        alert = await slack.wait_for_message("C0OPS")
        with pytest.raises(LookupError, match=r"fail_over \(Fail over…\)"):
            await alice.press(alert, text="Approve")
