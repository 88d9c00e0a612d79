"""Servers that speak just enough of PostgreSQL's protocol to misbehave in it.

https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

SSL_REQUESTS = (80877103, 80877104)  # TLS and GSS
BYTEA, INT4, TEXT = 17, 23, 25

Answer = Callable[[], Iterator[bytes]]  # what comes for the second query; the first one sets statement_timeout


def message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def row_description(*columns: str, oid: int = TEXT) -> bytes:
    fields = b"".join(name.encode() + b"\0" + struct.pack("!ihihih", 0, 0, oid, -1, -1, 0) for name in columns)
    return message(b"T", struct.pack("!h", len(columns)) + fields)


def row(*values: bytes) -> bytes:
    return message(b"D", struct.pack("!h", len(values)) + b"".join(struct.pack("!i", len(one)) + one for one in values))


def result(*rows: bytes, columns: tuple[str, ...] = ("value",), oid: int = TEXT) -> bytes:
    """An answer that ends as it should."""
    return row_description(*columns, oid=oid) + b"".join(rows) + message(b"C", b"SELECT 1\0") + ready()


def ready() -> bytes:
    return message(b"Z", b"I")


def begun() -> bytes:
    """What comes before the rows of a query with parameters: it was parsed and bound."""
    return message(b"1") + message(b"2")


@asynccontextmanager
async def unruly_server(answer: Answer) -> AsyncIterator[int]:
    """The port of a server that greets as it should, and answers every query but the first one with `answer`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await _greet(reader, writer)
            queries = 0
            while True:
                kind = await reader.readexactly(1)
                (length,) = struct.unpack("!i", await reader.readexactly(4))
                await reader.readexactly(length - 4)
                if kind not in (b"S", b"Q"):
                    continue
                queries += 1
                head = begun() if kind == b"S" else b""
                for part in [head, result(row(b"x"))] if queries == 1 else answer():
                    writer.write(part)
                    await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        length, code = struct.unpack("!ii", await reader.readexactly(8))
        await reader.readexactly(length - 8)
        if code not in SSL_REQUESTS:
            break
        writer.write(b"N")
    parameters = {"server_version": "18.4", "client_encoding": "UTF8", "standard_conforming_strings": "on"}
    writer.write(message(b"R", struct.pack("!i", 0)))
    for name, value in parameters.items():
        writer.write(message(b"S", f"{name}\0{value}\0".encode()))
    writer.write(message(b"K", struct.pack("!ii", 42, 42)) + ready())
