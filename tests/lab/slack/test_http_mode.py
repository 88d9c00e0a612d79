"""HTTP mode: the same payloads, POSTed and signed, to Bolt's own HTTP handler."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.async_app import AsyncAck
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from lab.slack import PracticeSlack
from lab.slack.wire.http_mode import signature
from tests.lab.slack.bolt import JSON, actions, button, client, modal, text_input


class Listener:
    """A request URL that hands each request to a Bolt app given later, since the app needs Slack's secrets."""

    def __init__(self) -> None:
        self.app: AsyncApp | None = None
        self.url = ""
        self.refuse = 0

    async def handle(self, request: web.Request) -> web.Response:
        if self.refuse or self.app is None:
            self.refuse -= 1
            return web.Response(status=500)
        answer = await self.app.async_dispatch(await to_bolt_request(request))
        return await to_aiohttp_response(answer)


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    listener = Listener()
    application = web.Application()
    application.router.add_post("/slack/events", listener.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    listener.url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    yield listener
    await runner.cleanup()


@asynccontextmanager
async def practice(listener: Listener, secret: str | None = None) -> AsyncIterator[tuple[PracticeSlack, AsyncApp]]:
    async with PracticeSlack.start(request_url=listener.url, speed_up=100) as slack:
        app = AsyncApp(
            client=client(slack), signing_secret=secret or slack.signing_secret, process_before_response=False
        )
        listener.app = app
        yield slack, app


async def test_commands_buttons_and_modals_come_signed(listener: Listener) -> None:
    async with practice(listener) as (slack, app):

        @app.command("/ha")
        async def ha(ack: AsyncAck, command: JSON) -> None:
            await ack(f"looking at {command['text']}")

        @app.action("open")
        async def opened(ack: AsyncAck, body: JSON, client: AsyncWebClient) -> None:
            await ack()
            await client.views_open(trigger_id=body["trigger_id"], view=modal(text_input("name")))

        @app.view("modal")
        async def submitted(ack: AsyncAck) -> None:
            await ack(response_action="errors", errors={"name": "No."})

        alice = slack.person("U0ALICE")
        answered = await alice.command("/ha", "a & b = <ü>", channel="C0OPS")
        assert answered.response is not None
        assert answered.response["text"] == "looking at a & b = <ü>"
        await client(slack).chat_postMessage(channel="C0OPS", text="x", blocks=[actions(button("open", "Open"))])
        assert (await alice.press(slack.messages("C0OPS")[0], text="Open")).ok
        refused = await alice.submit(await alice.wait_for_view(), {"name": {"typed": "main"}})
        assert refused.errors == {"name": "No."}


async def test_a_wrong_secret_is_refused_by_the_app_and_seen_as_such(listener: Listener) -> None:
    async with practice(listener, secret="another") as (slack, _):
        assert (await slack.person("U0ALICE").command("/ha", channel="C0OPS")).error == "dispatch_failed"


async def test_an_event_is_posted_again_after_an_error(listener: Listener) -> None:
    async with practice(listener) as (slack, app):
        seen: list[JSON] = []

        @app.event("app_mention")
        async def mentioned(event: JSON) -> None:
            seen.append(event)

        listener.refuse = 2
        slack.person("U0BOB").say("@understudy help", channel="C0OPS")
        await slack.wait_until(lambda: bool(seen))
        assert seen[0]["user"] == "U0BOB"


async def test_a_dead_request_url_fails_at_once() -> None:
    async with PracticeSlack.start(request_url="http://127.0.0.1:1/slack/events") as slack:
        assert (await slack.person("U0ALICE").command("/ha", channel="C0OPS")).error == "dispatch_failed"


def test_the_signature_is_slacks_own() -> None:
    verifier = SignatureVerifier("secret")
    assert signature("secret", "1700000000", "a=b") == verifier.generate_signature(timestamp="1700000000", body="a=b")


async def test_a_response_in_plain_text_is_shown(listener: Listener) -> None:
    async with practice(listener) as (slack, app):

        @app.command("/ha")
        async def ha(ack: AsyncAck) -> None:
            await ack("plain")

        outcome = await slack.person("U0ALICE").command("/ha", channel="C0OPS")
        assert outcome.response is not None
        assert outcome.response["text"] == "plain"
