"""Knocking at PostgreSQL's door, as pg_isready does, without libpq and without a session.

Protocol: https://www.postgresql.org/docs/current/protocol-message-formats.html (SSLRequest, StartupMessage).
"""

import asyncio
import struct
from dataclasses import dataclass
from enum import StrEnum

import psycopg
from psycopg.conninfo import conninfo_to_dict

from servers.errors import ServerUnreachable
from servers.state import Outcome

_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
_PROTOCOL_3_0 = 196608
_CANNOT_CONNECT_NOW = b"57P03"


class Knock(StrEnum):
    """What came back."""

    OPEN = "accepting connections"
    NOT_YET = "rejecting connections"  # starting up, shutting down, recovering


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a postmaster listens: a host and port, or a directory with its socket and port."""

    host: str
    port: int

    @classmethod
    def of(cls, conninfo: str) -> "Endpoint":
        """The first endpoint that a conninfo names, with libpq's defaults. ServerUnreachable if it is no conninfo."""
        try:
            words = conninfo_to_dict(conninfo)
            host = str(words.get("hostaddr") or words.get("host") or "/var/run/postgresql").split(",")[0]
            port = int(str(words.get("port") or 5432).split(",")[0])
        except (psycopg.Error, ValueError):
            raise ServerUnreachable(Outcome.FAILED, "its conninfo cannot be read") from None
        return cls(host, port)

    @classmethod
    def known(cls, conninfo: str | None) -> "Endpoint | None":
        """The same; None where there is no conninfo, or none that can be read."""
        if conninfo is None:
            return None
        try:
            return cls.of(conninfo)
        except ServerUnreachable:
            return None


async def takes_connections(endpoint: Endpoint, *, timeout: float) -> None:
    """Whether a process of the server answers an SSLRequest: one byte, whatever its settings, and no line in its log.

    Raises ServerUnreachable if none does within `timeout` seconds.
    """
    await _exchange(endpoint, _SSL_REQUEST, 1, timeout)


async def knock(endpoint: Endpoint, *, timeout: float) -> Knock:
    """Whether the server would begin a session, as PQping tells: any answer but 57P03 means yes."""
    words = b"user\0understudy\0database\0postgres\0\0"
    message = struct.pack("!ii", len(words) + 8, _PROTOCOL_3_0) + words
    answer = await _exchange(endpoint, message, 4096, timeout)
    fields = answer[5:].split(b"\0") if answer.startswith(b"E") else []
    return Knock.NOT_YET if b"C" + _CANNOT_CONNECT_NOW in fields else Knock.OPEN


async def _exchange(endpoint: Endpoint, message: bytes, most: int, timeout: float) -> bytes:
    try:
        async with asyncio.timeout(timeout):
            return await _send_and_read(endpoint, message, most)
    except TimeoutError:
        detail = f"no answer to a new connection within {timeout:g} s"
        raise ServerUnreachable(Outcome.TIMED_OUT, detail) from None
    except (ConnectionRefusedError, FileNotFoundError):
        raise ServerUnreachable(Outcome.REFUSED, "a new connection is refused") from None
    except OSError as error:
        raise ServerUnreachable(Outcome.UNREACHABLE, f"no new connection: {error.strerror or error}") from None


async def _send_and_read(endpoint: Endpoint, message: bytes, most: int) -> bytes:
    if endpoint.host.startswith("/"):
        reader, writer = await asyncio.open_unix_connection(f"{endpoint.host}/.s.PGSQL.{endpoint.port}")
    else:
        reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
    try:
        writer.write(message)
        answer = await reader.read(most)
    finally:
        writer.transport.abort()
    if not answer:
        raise ConnectionResetError("the server closed it")
    return answer
