"""What apps reach without a token: response URLs and upload URLs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from lab.slack.errors import SlackError
from lab.slack.faults import ApiFaultKind, Faults
from lab.slack.store.composing import checked_content, respond
from lab.slack.store.state import SlackState
from lab.slack.store.tickets import Source


class Hooks:
    def __init__(self, state: SlackState, faults: Faults) -> None:
        self._state = state
        self._faults = faults

    async def respond(self, request: web.Request) -> web.Response:
        """A POST to a response URL: a new message, or the pressed one replaced or deleted."""
        fault = self._faults.take("response_url")
        if fault is not None and fault.kind in (ApiFaultKind.RATE_LIMITED, ApiFaultKind.SERVER_ERROR):
            limited = fault.kind is ApiFaultKind.RATE_LIMITED
            headers = {"Retry-After": str(max(1, round(fault.seconds)))} if limited else {}
            return web.Response(status=429 if limited else fault.status, headers=headers)
        try:
            body = json.loads(await request.text())
            if not isinstance(body, Mapping):
                raise SlackError("invalid_payload")
            self._apply(self._state.response_urls.use(request.match_info["token"]), body)
        except ValueError:
            return web.json_response({"ok": False, "error": "invalid_payload"}, status=400)
        except SlackError as refusal:
            return web.json_response(refusal.answer(), status=404)
        return web.Response(text="ok")

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
