"""The practice page's own API: what a person sees, and what a person does. Never used by the app."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from aiohttp import WSMsgType, web

from lab.slack.errors import JSON, SlackError
from lab.slack.faults import Faults
from lab.slack.people.controls import Controls
from lab.slack.people.interactions import Interactions, Outcome
from lab.slack.people.page_state import seen_by
from lab.slack.store.state import SlackState
from lab.slack.wire.happenings import Happenings
from lab.slack.workspace import Channel, User

STATIC: Final = Path(__file__).parents[1] / "static"
STATUS_SECONDS: Final = 1.0
_log = logging.getLogger(__name__)


class Page:
    def __init__(
        self,
        state: SlackState,
        interactions: Interactions,
        happenings: Happenings,
        faults: Faults,
        controls: Controls | None,
        completions: Mapping[str, Sequence[JSON]],
    ) -> None:
        self._state = state
        self._interactions = interactions
        self._happenings = happenings
        self._faults = faults
        self._controls = controls
        self._completions = completions
        self._open: set[web.WebSocketResponse] = set()

    async def close(self) -> None:
        """Closes the sockets of open pages."""
        for socket in list(self._open):
            await socket.close(code=1001, message=b"going away")

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/", self._index),
            web.get("/practice/state", self._show_state),
            web.get("/practice/events", self._events),
            web.get("/practice/file/{id}", self._file),
            web.post("/practice/message", self._message),
            web.post("/practice/command", self._command),
            web.post("/practice/action", self._action),
            web.post("/practice/submit", self._submit),
            web.post("/practice/close", self._close),
            web.post("/practice/home", self._home),
            web.post("/practice/control", self._control),
            web.post("/practice/slack-fault", self._slack_fault),
        ]

    async def watch_controls(self) -> None:
        """Tells open pages how the lab stands, whenever that changed."""
        shown: object = None
        while self._controls is not None:
            await asyncio.sleep(STATUS_SECONDS)
            status = self._controls.status() if self._state.audience.pages else shown
            if status != shown:
                self._state.audience.publish({"type": "controls", "status": status})
                shown = status

    # What a person sees

    async def _index(self, _request: web.Request) -> web.StreamResponse:
        index = STATIC / "index.html"
        if not index.is_file():
            return web.Response(status=404, text="the practice page has not been built: see lab/slack/web\n")
        return web.FileResponse(index, headers={"Cache-Control": "no-cache"})

    async def _show_state(self, request: web.Request) -> web.Response:
        try:
            user = self._viewer(request)
        except SlackError as refusal:
            return web.json_response(refusal.answer(), status=400)
        shown = seen_by(user, self._state, self._completions)
        shown["controls"] = list(self._controls.describe()) if self._controls else []
        shown["controls_status"] = self._controls.status() if self._controls else {}
        shown["slack_faults"] = self._faults.offered()
        return web.json_response(shown)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        try:
            user = self._viewer(request)
        except SlackError as refusal:
            return web.json_response(refusal.answer(), status=400)
        socket = web.WebSocketResponse(heartbeat=20)
        await socket.prepare(request)
        with self._state.audience.page(user.id) as queue:
            sender = asyncio.create_task(self._send_events(socket, queue))
            self._open.add(socket)
            try:
                async for message in socket:
                    if message.type is WSMsgType.ERROR:
                        break
            finally:
                self._open.discard(socket)
                sender.cancel()
                with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                    await sender
        return socket

    async def _send_events(self, socket: web.WebSocketResponse, queue: asyncio.Queue[JSON]) -> None:
        if self._controls is not None:
            await socket.send_json({"type": "controls", "status": self._controls.status()})
        while not socket.closed:
            await socket.send_json(await queue.get())

    async def _file(self, request: web.Request) -> web.Response:
        try:
            file = self._state.files.get(request.match_info["id"])
        except SlackError:
            return web.Response(status=404)
        safe = file.mimetype if file.mimetype.startswith("image/") and "svg" not in file.mimetype else None
        return web.Response(
            body=file.content,
            content_type=safe or "application/octet-stream",
            headers={"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"},
        )

    # What a person does

    async def _message(self, request: web.Request) -> web.Response:
        async def say(user: User, body: JSON) -> JSON:
            channel = self._channel(user, body)
            message = self._interactions.say(user, channel, str(body.get("text", "")), body.get("thread_ts"))
            return {"ts": message["ts"]}

        return await self._doing(request, say)

    async def _command(self, request: web.Request) -> web.Response:
        async def run(user: User, body: JSON) -> JSON:
            command, text = str(body.get("command", "")), str(body.get("text", ""))
            return _told(await self._interactions.command(user, self._channel(user, body), command, text))

        return await self._doing(request, run)

    async def _action(self, request: web.Request) -> web.Response:
        async def act(user: User, body: JSON) -> JSON:
            container, action, values = _object(body, "container"), _object(body, "action"), _values(body)
            if not all(isinstance(action.get(name), str) for name in ("type", "action_id", "block_id")):
                raise SlackError("invalid_arguments")
            if container.get("type") == "view":
                view = self._state.views.of(user.id, str(container.get("view_id")))
                return _told(await self._interactions.press_in_view(user, view, action, values))
            message = self._seen_message(user, str(container.get("channel")), str(container.get("ts")))
            return _told(await self._interactions.press(user, message, action, values))

        return await self._doing(request, act)

    async def _submit(self, request: web.Request) -> web.Response:
        async def submit(user: User, body: JSON) -> JSON:
            view = self._state.views.of(user.id, str(body.get("view_id")))
            return _told(await self._interactions.submit(user, view, _values(body)))

        return await self._doing(request, submit)

    async def _close(self, request: web.Request) -> web.Response:
        async def close(user: User, body: JSON) -> JSON:
            view = self._state.views.of(user.id, str(body.get("view_id")))
            self._interactions.close(user, view)
            return {"ok": True}

        return await self._doing(request, close)

    async def _home(self, request: web.Request) -> web.Response:
        async def open_home(user: User, _body: JSON) -> JSON:
            self._happenings.home_opened(user)
            return {"ok": True}

        return await self._doing(request, open_home)

    async def _control(self, request: web.Request) -> web.Response:
        async def apply(_user: User, body: JSON) -> JSON:
            if self._controls is None:
                return {"ok": False, "text": "this practice Slack has no controls"}
            try:
                text = await self._controls.apply(str(body.get("name")), str(body.get("target") or ""))
            except Exception as error:
                _log.exception("a control failed")
                return {"ok": False, "text": str(error) or type(error).__name__}
            self._state.audience.publish({"type": "controls", "status": self._controls.status()})
            return {"ok": True, "text": text}

        return await self._doing(request, apply)

    async def _slack_fault(self, request: web.Request) -> web.Response:
        async def switch(_user: User, body: JSON) -> JSON:
            try:
                self._faults.switch(str(body.get("name")), active=bool(body.get("active")))
            except LookupError as error:
                return {"ok": False, "error": str(error)}
            return {"ok": True, "slack_faults": self._faults.offered()}

        return await self._doing(request, switch)

    async def _doing(self, request: web.Request, act: Any) -> web.Response:
        """Reads the JSON body and who it comes from, does the thing, and answers with what became of it."""
        if request.content_type != "application/json":
            return web.json_response({"ok": False, "error": "send JSON"}, status=415)
        try:
            body = json.loads(await request.text())
            if not isinstance(body, dict):
                raise SlackError("json_not_object")
            done = await act(self._user(body), body)
        except ValueError:
            return web.json_response({"ok": False, "error": "invalid_json"}, status=400)
        except SlackError as refusal:
            return web.json_response(refusal.answer())
        return web.json_response({"ok": True, **done})

    def _viewer(self, request: web.Request) -> User:
        """Whose page this is; one opened for the first time names nobody yet and gets the first person."""
        return self._user(request.query) if request.query.get("user") else self._state.workspace.people[0]

    def _user(self, fields: Mapping[str, Any]) -> User:
        user = self._state.workspace.user(str(fields.get("user", "")))
        if user is None or user.is_bot:
            raise SlackError("user_not_found")
        return user

    def _channel(self, user: User, body: JSON) -> Channel:
        channel = self._state.conversations.get(str(body.get("channel", "")))
        if user.id not in channel.members:
            raise SlackError("not_in_channel")
        return channel

    def _seen_message(self, user: User, channel: str, ts: str) -> JSON:
        own = self._state.messages.ephemeral(user.id, ts)
        return own or self._state.messages.find(self._channel(user, {"channel": channel}).id, ts)


def _object(body: JSON, name: str) -> JSON:
    value = body.get(name)
    if not isinstance(value, dict):
        raise SlackError("invalid_arguments")
    return value


def _values(body: JSON) -> JSON:
    """`state.values`, an object of objects of objects; absent is empty."""
    values = _object(body, "state").get("values", {}) if body.get("state") is not None else {}
    if not isinstance(values, dict):
        raise SlackError("invalid_arguments")
    for fields in values.values():
        if not isinstance(fields, dict) or not all(isinstance(one, dict) for one in fields.values()):
            raise SlackError("invalid_arguments")
    return values


def _told(outcome: Outcome) -> JSON:
    """An outcome as the page reads it: {ok, error?, errors?}."""
    told: JSON = {"ok": outcome.ok}
    if outcome.error:
        told["error"] = outcome.error
    if outcome.errors:
        told["errors"] = dict(outcome.errors)
    return told
