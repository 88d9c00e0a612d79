"""The practice page's own API, and who may reach it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from lab.slack import PracticePerson, PracticeSlack
from lab.slack.people.guard import is_foreign, is_loopback
from tests.lab.slack.bolt import JSON, actions, button, client, connected, modal, new_app, section, text_input


class Browser:
    """Calls the page API as the web page does, for one person."""

    def __init__(self, slack: PracticeSlack, session: aiohttp.ClientSession, user: str = "U0ALICE") -> None:
        self._base = slack.page_url.rstrip("/")
        self._session = session
        self._user = user

    async def post(self, what: str, /, **body: Any) -> JSON:
        async with self._session.post(f"{self._base}/practice/{what}", json={"user": self._user, **body}) as answer:
            return dict(await answer.json())

    async def state(self, user: str | None = None) -> JSON:
        async with self._session.get(
            f"{self._base}/practice/state", params={"user": self._user if user is None else user}
        ) as answer:
            return dict(await answer.json())

    async def events(self) -> aiohttp.ClientWebSocketResponse:
        return await self._session.ws_connect(f"{self._base}/practice/events?user={self._user}")


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as open_session:
        yield open_session


@pytest.fixture
def browser(slack: PracticeSlack, session: aiohttp.ClientSession) -> Browser:
    return Browser(slack, session)


async def next_event(events: aiohttp.ClientWebSocketResponse, kind: str) -> JSON:
    while True:
        event: JSON = await events.receive_json(timeout=5)
        if event["type"] == kind:
            return event


async def test_the_state_has_everything_a_page_draws(
    slack: PracticeSlack, browser: Browser, alice: PracticePerson
) -> None:
    alice.say("hello", channel="C0OPS")
    await client(slack).chat_postEphemeral(channel="C0OPS", user="U0ALICE", text="psst", blocks=[section("psst")])
    state = await browser.state()
    assert state["team"] == {"id": "T0PRACTICE", "name": "Practice"}
    assert state["user"] == "U0ALICE"
    assert {user["id"]: user["is_bot"] for user in state["users"]}["U0UNDERSTUDY"]
    assert state["user_groups"][0]["handle"] == "dba"
    assert [channel["name"] for channel in state["channels"]] == ["ops", "general", "Understudy"]
    assert state["app"] == {"app_id": "A0UNDERSTUDY", "bot_user_id": "U0UNDERSTUDY", "name": "Understudy"}
    assert state["commands"][0]["command"] == "/ha"
    assert state["commands"][0]["completions"] == []
    said, whispered = state["messages"]["C0OPS"]
    assert (said["text"], said["channel"], said["blocks"]) == ("hello", "C0OPS", [])
    assert (whispered["text"], whispered["ephemeral"]) == ("psst", True)
    assert (state["views"], state["home"], state["controls"]) == ([], None, [])
    assert {"name", "title", "active"} == set(state["slack_faults"][0])
    assert (await browser.state(""))["user"] == "U0ALICE", "a page that names nobody gets the first person"
    others = await browser.state("U0BOB")
    assert [message["text"] for message in others["messages"]["C0OPS"]] == ["hello"]


async def test_a_conversation_clicked_through_on_the_page(slack: PracticeSlack, browser: Browser) -> None:
    app = new_app(slack)

    @app.command("/ha")
    async def ha(ack: AsyncAck) -> None:
        await ack("looking")

    @app.action("open")
    async def opened(ack: AsyncAck, body: JSON, client: AsyncWebClient) -> None:
        await ack()
        view = modal(text_input("name", optional=True))
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.view("modal")
    async def submitted(ack: AsyncAck, view: JSON) -> None:
        if view["state"]["values"]["name"]["typed"]["value"] == "main":
            await ack()
        else:
            await ack(response_action="errors", errors={"name": "No."})

    events = await browser.events()
    async with connected(slack, app):
        assert await browser.post("command", channel="C0OPS", command="/ha", text="status") == {"ok": True}
        assert (await next_event(events, "message"))["message"]["ephemeral"]

        await app.client.chat_postMessage(channel="C0OPS", text="x", blocks=[actions(button("open", "Open"))])
        message = (await next_event(events, "message"))["message"]
        pressed = {"type": "button", "action_id": "open", "block_id": message["blocks"][0]["block_id"]}
        container = {"type": "message", "channel": "C0OPS", "ts": message["ts"]}
        done = await browser.post("action", container=container, action=pressed, state={"values": {}})
        assert done == {"ok": True}
        view = (await next_event(events, "view_opened"))["view"]
        assert view["title"]["text"] == "Fail over"

        def filled(text: str) -> JSON:
            return {"values": {"name": {"typed": {"type": "plain_text_input", "value": text}}}}

        wrong = await browser.post("submit", view_id=view["id"], state=filled("other"))
        assert wrong == {"ok": False, "errors": {"name": "No."}}
        assert (await next_event(events, "view_errors"))["errors"] == {"name": "No."}
        assert await browser.post("submit", view_id=view["id"], state=filled("main")) == {"ok": True}
        assert await next_event(events, "view_closed") == {
            "type": "view_closed",
            "view_id": view["id"],
            "clear": False,
        }
        await app.client.chat_update(channel="C0OPS", ts=message["ts"], text="y")
        assert (await next_event(events, "message_changed"))["message"]["text"] == "y"
        await app.client.chat_delete(channel="C0OPS", ts=message["ts"])
        assert (await next_event(events, "message_deleted"))["ts"] == message["ts"]
    await events.close()


async def test_a_page_is_told_what_slack_would_say(slack: PracticeSlack, browser: Browser) -> None:
    events = await browser.events()
    failed = await browser.post("command", channel="C0OPS", command="/ha", text="")
    assert failed == {"ok": False, "error": "dispatch_failed"}
    assert (await next_event(events, "notice"))["text"] == '/ha failed with the error "dispatch_failed"'
    assert (await browser.post("command", channel="C0OPS", command="/hq", text=""))["error"] == "invalid_command"
    assert (await next_event(events, "notice"))["text"] == "/hq is not a valid command."
    assert (await browser.post("close", view_id="V0NONE"))["error"] == "not_found"
    await events.close()


async def test_nobody_acts_in_another_persons_modal(
    slack: PracticeSlack, session: aiohttp.ClientSession, alice: PracticePerson
) -> None:
    app = new_app(slack)

    @app.command("/ha")
    async def ha(ack: AsyncAck, body: JSON, client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(section("for Alice")))

    async with connected(slack, app):
        await alice.command("/ha", channel="C0OPS")
        view = await alice.wait_for_view()
        bob = Browser(slack, session, "U0BOB")
        assert (await bob.post("submit", view_id=view["id"], state={"values": {}}))["error"] == "not_found"
        assert (await bob.post("close", view_id=view["id"]))["error"] == "not_found"
    assert len(alice.views) == 1


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("action", {"container": 1, "action": {}}),
        ("action", {"container": {"type": "message", "channel": "C0OPS", "ts": "1"}, "action": {"type": "button"}}),
        ("action", {"container": {"type": "view"}, "action": {}, "state": {"values": {"b": 1}}}),
        ("message", {"channel": "C0NOWHERE", "text": "x"}),
        ("message", {"channel": "C0OPS", "text": "x", "thread_ts": "1.000000"}),
        ("home", {"user": "U0UNDERSTUDY"}),
    ],
)
async def test_garbage_is_refused_in_one_word(browser: Browser, what: str, body: JSON) -> None:
    answer = await browser.post(what, **body)
    assert not answer["ok"]
    assert answer["error"]


async def test_a_message_in_a_thread(slack: PracticeSlack, browser: Browser) -> None:
    parent = await browser.post("message", channel="C0OPS", text="who <else>?")
    await browser.post("message", channel="C0OPS", text="me", thread_ts=parent["ts"])
    assert [message["text"] for message in slack.messages("C0OPS", parent["ts"])] == ["who &lt;else&gt;?", "me"]


async def test_faults_of_slack_are_switched_on_the_page(slack: PracticeSlack, browser: Browser) -> None:
    assert (await browser.post("slack-fault", name="refuse_sockets", active=True))["ok"]
    assert slack.faults.refuse_sockets
    assert not (await browser.post("slack-fault", name="earthquake", active=True))["ok"]


class Lab:
    """Controls as the lab gives them."""

    def __init__(self) -> None:
        self.killed: list[str] = []

    def describe(self) -> Sequence[JSON]:
        return [{"name": "kill", "title": "Kill", "description": "kill -9 the postmaster", "targets": ["s1", "s2"]}]

    async def apply(self, name: str, target: str) -> str:
        if name != "kill":
            raise ValueError(f"no such control: {name}")
        self.killed.append(target)
        return f"killed {target}"

    def status(self) -> JSON:
        return {"killed": list(self.killed)}


async def test_the_labs_controls_are_offered_and_applied(session: aiohttp.ClientSession) -> None:
    async with PracticeSlack.start(controls=Lab()) as slack:
        browser = Browser(slack, session)
        assert (await browser.state())["controls"][0]["targets"] == ["s1", "s2"]
        events = await browser.events()
        assert (await next_event(events, "controls"))["status"] == {"killed": []}
        assert await browser.post("control", name="kill", target="s1") == {"ok": True, "text": "killed s1"}
        assert (await next_event(events, "controls"))["status"] == {"killed": ["s1"]}
        assert await browser.post("control", name="x", target="") == {"ok": False, "text": "no such control: x"}
        await events.close()


async def test_other_hosts_and_origins_are_refused(slack: PracticeSlack, session: aiohttp.ClientSession) -> None:
    url, body = f"{slack.page_url}practice/message", {"user": "U0ALICE", "channel": "C0OPS", "text": "x"}
    refused = [
        ({"Host": "evil.example"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "null"}, 403),
    ]
    for headers, status in refused:
        async with session.post(url, json=body, headers=headers) as answer:
            assert answer.status == status
    async with session.post(url, data="{}", headers={"Content-Type": "text/plain"}) as answer:
        assert answer.status == 415
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await session.ws_connect(f"{slack.page_url}practice/events?user=U0ALICE", origin="https://evil.example")
    assert slack.messages("C0OPS") == []


async def test_the_page_comes_whole_from_here(slack: PracticeSlack, session: aiohttp.ClientSession) -> None:
    async with session.get(slack.page_url) as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
        parts = re.findall(r'(?:src|href)="((?!data:)[^"]+)"', await answer.text())
    assert any(part.endswith(".js") for part in parts)
    for part in parts:
        assert part.startswith("/static/"), "no script, style or image of another host"
        async with session.get(slack.page_url.rstrip("/") + part) as answer:
            assert answer.status == 200


async def test_it_listens_on_loopback_only() -> None:
    with pytest.raises(ValueError, match="loopback only"):
        async with PracticeSlack.start(host="192.0.2.1"):
            pass


@pytest.mark.parametrize("host", ["127.0.0.1:80", "localhost", "practice.localhost:1", "[::1]:8080", "127.3.2.1"])
def test_loopback_names(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "10.0.0.1", "localhost.evil.example", "127.0.0.1.evil.example", "[::2]:80", "["])
def test_other_names(host: str) -> None:
    assert not is_loopback(host)


def test_a_request_of_the_page_itself_is_not_foreign() -> None:
    assert not is_foreign("http://127.0.0.1:8000", "same-origin", "127.0.0.1:8000")
    assert not is_foreign(None, None, "127.0.0.1:8000")
    assert is_foreign("http://127.0.0.1:9000", "same-site", "127.0.0.1:8000")
