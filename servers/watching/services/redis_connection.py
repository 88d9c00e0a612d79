"""One question-and-answer connection to a Redis or a Sentinel, made anew for each look."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis import exceptions
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from servers.errors import ServerUnreachable
from servers.state import Outcome
from servers.watching.services.failures import failure, unknown
from servers.watching.services.view import ServiceDown

_DENIED = (exceptions.AuthenticationError, exceptions.AuthorizationError, exceptions.NoPermissionError)


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """Where a Redis or a Sentinel is. `tls`: rediss; `ca_file` None: the machine's authorities."""

    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    ca_file: Path | None = None


class Asker:
    """Asks over one connection."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def ask(self, *words: str) -> Any:
        """The answer, as redis-py reads it: INFO as a table, everything else as it comes. Raises RedisError."""
        return await self._client.execute_command(*words)  # type: ignore[no-untyped-call]


@asynccontextmanager
async def connected(address: RedisAddress, timeout: float) -> AsyncIterator[Asker]:
    """A connection, each answer of which may take `timeout` seconds. Raises ServiceDown, or ServerUnreachable where
    Redis does not let us ask, which says nothing of how it is."""
    client = Redis(
        host=address.host,
        port=address.port,
        username=address.user,
        password=address.password,
        ssl=address.tls,
        ssl_ca_certs=str(address.ca_file) if address.ca_file else None,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        decode_responses=True,
        encoding_errors="replace",
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        client_name="understudy",
    )
    try:
        yield Asker(client)
    except _DENIED as error:
        raise unknown(f"Redis does not let us ask: {_said(error)}", Outcome.DENIED) from None
    except exceptions.BusyLoadingError:
        raise ServiceDown("it is loading its data, and answers nobody") from None
    except (exceptions.TimeoutError, TimeoutError):
        raise ServiceDown(f"port {address.port} does not answer within {timeout:g} s") from None
    except exceptions.ConnectionError as error:
        raise _lost(error, address) from None
    except (exceptions.RedisError, ValueError) as error:
        raise unknown(f"Redis: {_said(error)}", Outcome.FAILED) from None
    finally:
        await client.aclose()


def _lost(error: exceptions.ConnectionError, address: RedisAddress) -> ServiceDown | ServerUnreachable:
    cause = error.__cause__ or error.__context__
    what = f"port {address.port}"
    return failure(cause, what) if isinstance(cause, OSError) else ServiceDown(f"{what}: {_said(error)}")


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
