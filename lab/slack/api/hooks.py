"""What apps reach without a token: response URLs and upload URLs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from lab.slack.api.arguments import decoded
from lab.slack.api.faulty import ERROR_PAGE, Answer, arrives, refused
from lab.slack.api.journal import Call, Journal
from lab.slack.errors import SlackError
from lab.slack.faults import Faults
from lab.slack.store.composing import checked_content, respond
from lab.slack.store.state import SlackState
from lab.slack.store.tickets import Source


class Hooks:
    """Calls of response URLs stand in the journal, and meet faults, as the method `response_url`."""

    def __init__(self, state: SlackState, faults: Faults, journal: Journal) -> None:
        self._state = state
        self._faults = faults
        self._journal = journal
        self._closing = asyncio.Event()

    def close(self) -> None:
        """Lets go of the callers that a fault keeps waiting."""
        self._closing.set()

    async def respond(self, request: web.Request) -> web.Response:
        """A POST to a response URL: a new message, or the pressed one replaced or deleted."""
        came_at, fault = time.monotonic(), self._faults.take("response_url")
        body = decoded(await request.text())
        answer = refused(fault) or self._answer(request.match_info["token"], body)
        seen = await arrives(fault, request, self._closing)
        self._journal.add(
            Call(
                method="response_url",
                arguments=dict(body) if isinstance(body, Mapping) else {},
                at=came_at,
                answered_at=time.monotonic(),
                status=answer.status,
                answer=answer.body if seen else None,
                fault=fault.kind.value if fault else None,
            )
        )
        self._state.audience.wake()
        if answer.body is None:
            return web.Response(status=answer.status, text=ERROR_PAGE, content_type="text/html")
        if answer.body == {"ok": True}:
            return web.Response(text="ok")
        headers = {} if answer.retry_after is None else {"Retry-After": str(answer.retry_after)}
        return web.json_response(answer.body, status=answer.status, headers=headers)

    def _answer(self, token: str, body: object) -> Answer:
        if not isinstance(body, Mapping):
            return Answer({"ok": False, "error": "invalid_payload"}, 400)
        try:
            self._apply(self._state.response_urls.use(token), body)
        except SlackError as refusal:
            return Answer(refusal.answer(), 404)
        return Answer({"ok": True})

    def _apply(self, source: Source, body: Mapping[str, Any]) -> None:
        state = self._state
        if source.message_ts and body.get("delete_original"):
            if source.is_ephemeral:
                state.messages.delete_ephemeral(source.channel, source.message_ts, source.user_id)
            else:
                state.messages.delete(source.channel, source.message_ts)
        elif source.message_ts and body.get("replace_original"):
            self._replace(source, source.message_ts, body)
        else:
            respond(state, body, source.channel, source.user_id, source.thread_ts)

    def _replace(self, source: Source, ts: str, body: Mapping[str, Any]) -> None:
        messages = self._state.messages
        content = checked_content(self._state, body)
        if source.is_ephemeral:
            original = messages.ephemeral(source.user_id, ts)
            if original is None:
                raise SlackError("message_not_found")
        else:
            original = messages.find(source.channel, ts)
        kept = {name: value for name, value in original.items() if name not in ("text", "blocks", "attachments")}
        if source.is_ephemeral:
            messages.replace_ephemeral({**kept, **content}, source.user_id)
        else:
            messages.replace({**kept, **content})

    async def upload(self, request: web.Request) -> web.Response:
        """The bytes of a file, as the body or as the first file of a form."""
        content = b""
        if request.content_type == "multipart/form-data":
            for value in (await request.post()).values():
                if isinstance(value, web.FileField):
                    content = value.file.read()
        else:
            content = await request.read()
        file = self._state.files.receive(request.match_info["token"], content)
        if file is None:
            return web.Response(status=404, text="no such upload")
        return web.Response(text=f"OK - {len(content)}")
