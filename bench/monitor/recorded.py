"""Simulated PostgreSQL servers: they speak the real protocol, and answer what a real server has answered before.

A question that is new is put to the real server, over a connection for that alone, and its answer is kept as the bytes
that came. So a thousand servers cost about as much as the bytes that they send.
https://www.postgresql.org/docs/current/protocol-flow.html, …/protocol-message-formats.html
"""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_SSL_REQUEST, _GSS_REQUEST, _CANCEL_REQUEST = 80877103, 80877104, 80877102
_LENGTH, _HEAD = struct.Struct("!i"), struct.Struct("!ci")
_PARSE_COMPLETE, _BIND_COMPLETE, _CLOSE_COMPLETE = b"1\0\0\0\4", b"2\0\0\0\4", b"3\0\0\0\4"
_READY = b"Z\0\0\0\5I"
_GREETING = (
    b"R\0\0\0\x08\0\0\0\0"  # AuthenticationOk
    + b"".join(
        b"S" + _LENGTH.pack(4 + len(pair)) + pair
        for pair in (b"server_encoding\0UTF8\0", b"client_encoding\0UTF8\0", b"standard_conforming_strings\0on\0")
    )
)
_PATIENCE = 20.0


def _message(kind: bytes, body: bytes) -> bytes:
    return _HEAD.pack(kind, len(body) + 4) + body


@dataclass(slots=True)
class Recorder:
    """What one real server answered. `socket`: its socket's path; whoever asks there is `user`."""

    socket: str
    user: str
    version: str
    _answers: dict[bytes, bytes] = field(default_factory=dict)
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def known(self, question: bytes) -> bytes | None:
        return self._answers.get(question)

    async def ask(self, question: bytes) -> bytes:
        """The answer to messages that end in a Sync or are a Query: everything but what only acknowledges."""
        async with self._asking, asyncio.timeout(_PATIENCE):
            if question not in self._answers:
                self._answers[question] = await self._of_the_real_one(question)
            return self._answers[question]

    def greeting(self) -> bytes:
        pair = b"server_version\0" + self.version.encode() + b"\0"
        return _GREETING + b"S" + _LENGTH.pack(4 + len(pair)) + pair + b"K\0\0\0\x0c\0\0\0\1\0\0\0\1" + _READY

    async def _of_the_real_one(self, question: bytes) -> bytes:
        reader, writer = await asyncio.open_unix_connection(self.socket)
        try:
            words = b"user\0" + self.user.encode() + b"\0database\0postgres\0client_encoding\0UTF8\0\0"
            writer.write(_LENGTH.pack(len(words) + 8) + struct.pack("!i", 196608) + words)
            await _until_ready(reader)
            writer.write(question)
            return await _until_ready(reader)
        finally:
            writer.close()


async def _until_ready(reader: asyncio.StreamReader) -> bytes:
    """The messages until the server is ready again, without acknowledgements and parameters."""
    kept = b""
    while True:
        kind, length = _HEAD.unpack(await reader.readexactly(5))
        body = await reader.readexactly(length - 4)
        if kind == b"Z":
            return kept
        if kind not in b"123SKR":
            kept += _message(kind, body)


class Simulated(asyncio.Protocol):
    """One connection to a simulated server."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._received = bytearray()
        self._started = False
        self._statements: dict[bytes, bytes] = {}
        self._question = b""
        self._acknowledged = b""
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while self._one():
            pass

    def _one(self) -> bool:
        """Take one whole message, where there is one."""
        head = 1 if self._started else 0
        if len(self._received) < head + 4:
            return False
        (length,) = _LENGTH.unpack_from(self._received, head)
        if len(self._received) < head + length:
            return False
        kind = bytes(self._received[:head])
        body = bytes(self._received[head + 4 : head + length])
        del self._received[: head + length]
        if self._started:
            self._take(kind, body)
        else:
            self._start(body)
        return True

    def _start(self, body: bytes) -> None:
        (code,) = _LENGTH.unpack_from(body)
        if code in (_SSL_REQUEST, _GSS_REQUEST):
            self._transport.write(b"N")
        elif code == _CANCEL_REQUEST:
            self._transport.close()
        else:
            self._started = True
            self._transport.write(self._recorder.greeting())

    def _take(self, kind: bytes, body: bytes) -> None:
        match kind:
            case b"Q":
                self._answer(_message(kind, body), b"")
            case b"P":
                name, _, rest = body.partition(b"\0")
                self._statements[name] = rest
                self._acknowledged += _PARSE_COMPLETE
            case b"B":
                portal, _, rest = body.partition(b"\0")
                name, _, values = rest.partition(b"\0")
                # Whatever the statement is called here, the real server gets it without a name.
                self._question += _message(b"P", b"\0" + self._statements[name])
                self._question += _message(kind, portal + b"\0\0" + values)
                self._acknowledged += _BIND_COMPLETE
            case b"D" | b"E":
                self._question += _message(kind, body)
            case b"C":
                self._acknowledged += _CLOSE_COMPLETE
            case b"S":
                question, acknowledged = self._question, self._acknowledged
                self._question = self._acknowledged = b""
                self._answer(question + _message(kind, body) if question else b"", acknowledged)
            case b"X":
                self._transport.close()

    def _answer(self, question: bytes, acknowledged: bytes) -> None:
        known = self._recorder.known(question) if question else b""
        if known is not None:
            self._transport.write(acknowledged + known + _READY)
        else:
            task = asyncio.get_running_loop().create_task(self._ask(question, acknowledged))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _ask(self, question: bytes, acknowledged: bytes) -> None:
        self._transport.write(acknowledged + await self._recorder.ask(question) + _READY)


@asynccontextmanager
async def simulated(recorder: Recorder) -> AsyncIterator[int]:
    """Listens on loopback until the block ends; the port."""
    server = await asyncio.get_running_loop().create_server(lambda: Simulated(recorder), "127.0.0.1", 0, backlog=1024)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
