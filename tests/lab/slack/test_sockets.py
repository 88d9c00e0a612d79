"""Socket Mode: one of several sockets, three seconds, no second delivery of what a person did."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.async_app import AsyncAck
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from lab.slack import PracticePerson, PracticeSlack
from tests.lab.slack.bolt import JSON, actions, button, connected, new_app, refusal


def counting(slack: PracticeSlack, seen: list[str], name: str = "app") -> AsyncApp:
    app = new_app(slack)

    @app.command("/ha")
    async def ha(ack: AsyncAck, command: JSON) -> None:
        seen.append(f"{name}:{command['text']}")
        await ack()

    return app


async def test_each_envelope_goes_to_exactly_one_of_two_sockets(slack: PracticeSlack, alice: PracticePerson) -> None:
    seen: list[str] = []
    async with connected(slack, counting(slack, seen, "one")), connected(slack, counting(slack, seen, "two")):
        assert slack.sockets == 2
        for number in range(6):
            assert (await alice.command("/ha", str(number), channel="C0OPS")).ok
    assert sorted(entry.partition(":")[2] for entry in seen) == list("012345")
    assert {entry.partition(":")[0] for entry in seen} == {"one", "two"}


async def test_without_a_socket_a_command_fails_at_once(slack: PracticeSlack, alice: PracticePerson) -> None:
    outcome = await alice.command("/ha", "status", channel="C0OPS")
    assert outcome.error == "dispatch_failed"
    assert alice.notices == ['/ha failed with the error "dispatch_failed"']


async def test_a_late_ack_is_a_timeout_and_the_command_comes_only_once() -> None:
    async with PracticeSlack.start(ack_seconds=1.0) as slack:
        app, seen, release = new_app(slack), [], asyncio.Event()

        @app.command("/ha")
        async def ha(ack: AsyncAck, command: JSON) -> None:
            seen.append(command["text"])
            await release.wait()
            await ack()

        alice = slack.person("U0ALICE")
        async with connected(slack, app):
            assert (await alice.command("/ha", "slow", channel="C0OPS")).error == "operation_timeout"
            release.set()
            assert (await alice.command("/ha", "next", channel="C0OPS")).ok
        assert seen == ["slow", "next"]


async def test_an_unhandled_button_shows_trouble() -> None:
    async with PracticeSlack.start(ack_seconds=0.2) as slack:
        app, alice = new_app(slack), slack.person("U0ALICE")
        async with connected(slack, app):
            await app.client.chat_postMessage(channel="C0OPS", text="?", blocks=[actions(button("nobody", "Press"))])
            assert (await alice.press(slack.messages("C0OPS")[0], text="Press")).error == "operation_timeout"
            assert alice.notices == ["We had some trouble connecting. Try again?"]


async def test_a_ticket_opens_one_socket_and_says_hello(slack: PracticeSlack) -> None:
    opened = await AsyncWebClient(base_url=slack.api_url).apps_connections_open(app_token=slack.app_token)
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(opened["url"]) as socket:
            hello = await socket.receive_json()
            assert hello["type"] == "hello"
            assert hello["num_connections"] == 1
            assert hello["debug_info"]["approximate_connection_time"] > 0
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(opened["url"])


async def test_only_the_app_token_opens_connections(slack: PracticeSlack) -> None:
    with pytest.raises(SlackApiError) as refused:
        await AsyncWebClient(base_url=slack.api_url).apps_connections_open(app_token=slack.bot_token)
    assert refusal(refused.value)["error"] == "not_allowed_token_type"


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_the_app_moves_to_a_new_socket_when_told(
    slack: PracticeSlack, alice: PracticePerson, reason: str
) -> None:
    seen: list[str] = []
    async with connected(slack, counting(slack, seen)):
        opened = len(slack.calls.of("apps.connections.open"))
        assert slack.faults.disconnect(reason, close_after=0.1) == 1
        await slack.wait_until(lambda: len(slack.calls.of("apps.connections.open")) > opened)
        await slack.wait_until(lambda: slack.sockets == 1)
        assert (await alice.command("/ha", "still here", channel="C0OPS")).ok


async def test_the_app_comes_back_after_its_sockets_were_cut_and_refused(
    slack: PracticeSlack, alice: PracticePerson
) -> None:
    seen: list[str] = []
    async with connected(slack, counting(slack, seen)):
        slack.faults.refuse_sockets = True
        assert slack.faults.drop_sockets() == 1
        assert (await alice.command("/ha", "nobody there", channel="C0OPS")).error == "dispatch_failed"
        slack.faults.heal()
        await slack.wait_until(lambda: slack.sockets == 1)
        assert (await alice.command("/ha", "back", channel="C0OPS")).ok
    assert seen == ["app:back"]


async def test_an_envelope_can_be_delivered_twice_with_the_same_id(slack: PracticeSlack, alice: PracticePerson) -> None:
    seen: list[str] = []
    async with connected(slack, counting(slack, seen)):
        slack.faults.deliver_twice("slash_commands")
        assert (await alice.command("/ha", "twice", channel="C0OPS")).ok
        assert (await alice.command("/ha", "once", channel="C0OPS")).ok
        await slack.faults.redeliver("slash_commands")
    assert sorted(seen) == ["app:once", "app:once", "app:twice", "app:twice"]


async def test_envelopes_can_be_delayed(slack: PracticeSlack, alice: PracticePerson) -> None:
    seen: list[str] = []
    async with connected(slack, counting(slack, seen)):
        slack.faults.envelope_delay = 0.05
        command = asyncio.create_task(alice.command("/ha", "late", channel="C0OPS"))
        await asyncio.sleep(0)
        assert seen == []
        assert (await command).ok
    assert seen == ["app:late"]


async def test_an_eleventh_socket_is_turned_away(slack: PracticeSlack) -> None:
    client = AsyncWebClient(base_url=slack.api_url)
    async with aiohttp.ClientSession() as session:
        sockets = []
        for _ in range(11):
            opened = await client.apps_connections_open(app_token=slack.app_token)
            sockets.append(await session.ws_connect(opened["url"]))
        assert (await sockets[10].receive_json())["reason"] == "too_many_websockets"
        assert slack.sockets == 10
        for socket in sockets:
            await socket.close()
