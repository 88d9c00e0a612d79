"""Socket Mode: tickets, the open sockets, envelopes to exactly one of them, acknowledgements by envelope id.

https://docs.slack.dev/apis/events-api/using-socket-mode
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Callable
from typing import Final

from aiohttp import WSMsgType, web

from lab.slack.background import Background
from lab.slack.errors import JSON
from lab.slack.faults import Faults
from lab.slack.wire.delivery import Ack, Envelope, Kind, NotAcknowledged

MOST_SOCKETS: Final = 10
PING_SECONDS: Final = 10.0
_HOST: Final = "applink-practice"


class Sockets:
    """The app's open sockets. Each envelope goes to one of them, in turn."""

    def __init__(self, app_id: str, faults: Faults, background: Background, *, ack_seconds: float) -> None:
        self._app_id = app_id
        self._faults = faults
        self._background = background
        self._ack_seconds = ack_seconds
        self._tickets: set[str] = set()
        self._open: list[tuple[web.WebSocketResponse, asyncio.Transport | None]] = []
        self._turn = 0
        self._pending: dict[str, list[asyncio.Future[JSON | None]]] = {}  # a duplicate shares its id
        self.base_url = ""
        self.changed: Callable[[], None] = lambda: None

    @property
    def count(self) -> int:
        return len(self._open)

    def ticket_url(self) -> str:
        """A ws:// URL that opens one socket, once."""
        ticket = secrets.token_urlsafe(16)
        self._tickets.add(ticket)
        return f"{self.base_url.replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id={self._app_id}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The app's end of a socket, until either side closes it."""
        if self._faults.refuse_sockets:
            return web.Response(status=503, text="upstream connect error")
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=408, text="ticket is unknown or was used before")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse(heartbeat=PING_SECONDS)
        await socket.prepare(request)
        if self.count >= MOST_SOCKETS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets", "debug_info": _debug_info()})
            await socket.close()
            return socket
        entry = (socket, request.transport)
        self._open.append(entry)
        self.changed()
        try:
            await socket.send_json(self._hello())
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._acknowledge(message.data)
        finally:
            self._forget(socket)
        return socket

    async def deliver(self, envelope: Envelope) -> Ack:
        """Raises NotAcknowledged: `dispatch_failed` without a socket, `operation_timeout` without an ack in time."""
        started = time.monotonic()
        answer: asyncio.Future[JSON | None] = asyncio.get_running_loop().create_future()
        self._pending.setdefault(envelope.id, []).append(answer)
        try:
            await self._send_to_one(_wire_form(envelope))
            async with asyncio.timeout(self._ack_seconds):
                payload = await answer
        except TimeoutError:
            raise NotAcknowledged("operation_timeout", "timeout") from None
        finally:
            self._pending[envelope.id].remove(answer)
            if not self._pending[envelope.id]:
                del self._pending[envelope.id]
        return Ack((time.monotonic() - started) * 1000, payload)

    async def _send_to_one(self, message: JSON) -> None:
        while self._open:
            self._turn += 1
            socket, _ = self._open[self._turn % len(self._open)]
            if not socket.closed:
                try:
                    await socket.send_json(message)
                    return
                except (ConnectionError, RuntimeError):
                    pass  # it broke just now: the next one takes it
            self._forget(socket)
        raise NotAcknowledged("dispatch_failed", "connection_failed")

    def drop(self) -> int:
        """Cuts every socket as a broken network would, without a closing handshake."""
        dropped, self._open = self._open, []
        for _, transport in dropped:
            if transport is not None:
                transport.abort()
        return len(dropped)

    def disconnect(self, reason: str, *, close_after: float) -> int:
        """Tells every socket that it will be closed, and closes it after that many seconds."""
        told, message = list(self._open), {"type": "disconnect", "reason": reason, "debug_info": _debug_info()}
        for socket, _ in told:
            self._background.start(self._say_and_close(socket, message, close_after))
        return len(told)

    async def close(self) -> None:
        for socket, _ in list(self._open):
            await socket.close(code=1001, message=b"going away")

    async def _say_and_close(self, socket: web.WebSocketResponse, message: JSON, close_after: float) -> None:
        try:
            await socket.send_json(message)
            await asyncio.sleep(close_after)
            await socket.close()
        except (ConnectionError, RuntimeError):
            return  # the app was quicker

    def _acknowledge(self, text: str) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            return
        waiting = self._pending.get(str(message.get("envelope_id")), []) if isinstance(message, dict) else []
        answer = next((one for one in waiting if not one.done()), None)
        if answer is not None:
            payload = message.get("payload")
            answer.set_result(payload if isinstance(payload, dict) and payload else None)

    def _forget(self, socket: web.WebSocketResponse) -> None:
        self._open = [entry for entry in self._open if entry[0] is not socket]
        self.changed()

    def _hello(self) -> JSON:
        return {
            "type": "hello",
            "num_connections": self.count,
            "debug_info": {**_debug_info(), "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": self._app_id},
        }


def _debug_info() -> JSON:
    return {"host": _HOST}


def _wire_form(envelope: Envelope) -> JSON:
    message: JSON = {
        "envelope_id": envelope.id,
        "payload": envelope.payload,
        "type": envelope.kind.value,
        "accepts_response_payload": envelope.kind is not Kind.EVENT,
    }
    if envelope.kind is Kind.EVENT:
        message |= {"retry_attempt": envelope.retry_attempt, "retry_reason": envelope.retry_reason}
    return message
