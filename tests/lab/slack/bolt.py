"""Real slack_bolt apps against a practice Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from lab.slack import PracticeSlack

JSON = dict[str, Any]


def client(slack: PracticeSlack, *, timeout: int = 5) -> AsyncWebClient:
    """A web client that tries once, so that a test sees what Slack answered."""
    return AsyncWebClient(slack.bot_token, base_url=slack.api_url, timeout=timeout, retry_handlers=[])


def new_app(slack: PracticeSlack) -> AsyncApp:
    return AsyncApp(client=client(slack))


@asynccontextmanager
async def connected(slack: PracticeSlack, app: AsyncApp) -> AsyncIterator[AsyncSocketModeHandler]:
    """The app with one more open socket, until the block ends."""
    handler = AsyncSocketModeHandler(app, slack.app_token, ping_interval=0.2)
    before = slack.sockets
    await handler.connect_async()  # type: ignore[no-untyped-call]
    await slack.wait_until(lambda: slack.sockets == before + 1)
    try:
        yield handler
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]


def refusal(error: SlackApiError) -> JSON:
    """The body with which Slack refused."""
    return dict(error.response.data)


def section(text: str, **more: Any) -> JSON:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def plain(text: str) -> JSON:
    return {"type": "plain_text", "text": text}


def button(action_id: str, text: str, **more: Any) -> JSON:
    return {"type": "button", "action_id": action_id, "text": plain(text), **more}


def actions(*elements: JSON, **more: Any) -> JSON:
    return {"type": "actions", "elements": list(elements), **more}


def text_input(block_id: str, **more: Any) -> JSON:
    element = {"type": "plain_text_input", "action_id": "typed"}
    return {"type": "input", "block_id": block_id, "label": plain(block_id), "element": element, **more}


def modal(*blocks: JSON, **more: Any) -> JSON:
    return {
        "type": "modal",
        "callback_id": "modal",
        "title": plain("Fail over"),
        "submit": plain("Confirm"),
        "blocks": list(blocks),
        **more,
    }
