"""GET over the web for health endpoints: bounded in time and size, redirects followed only where they may lead."""

import ssl
import time
from asyncio import timeout as deadline
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from aiohttp.connector import Connection
from yarl import URL

from servers.errors import ServerUnreachable
from servers.watching.services.addresses import AddressRefused, Guard, GuardedResolver
from servers.watching.services.failures import failure
from servers.watching.services.view import ServiceDown

LARGEST_BODY = 256 * 1024
MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Page:
    """An answer: its status, the beginning of its body, how long it took in seconds, and when its certificate ends."""

    status: int
    body: bytes
    seconds: float
    certificate_ends: datetime | None = None

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Web:
    """How one address of the settings is asked. `headers` go to its own host and port only, and may hold a secret.

    `allowed`: hosts to which a redirect may lead though they are inside. `ca_file` None: the machine's authorities.
    """

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    allowed: tuple[str, ...] = ()
    verify: bool = True
    ca_file: Path | None = None

    def tls(self) -> ssl.SSLContext | bool:
        """Raises OSError where the file cannot be used."""
        return ssl.create_default_context(cafile=self.ca_file) if self.ca_file and self.verify else self.verify


async def get_page(url: str, web: Web, *, timeout: float, largest: int = LARGEST_BODY) -> Page:
    """The page, redirects followed. Raises ServiceDown, or ServerUnreachable where it could not be asked."""
    started = time.perf_counter()
    try:
        async with deadline(timeout):
            status, body, ends = await _follow(URL(url), web, largest)
    except TimeoutError:
        raise ServiceDown(f"no answer within {timeout:g} s") from None
    except aiohttp.ClientConnectorCertificateError as error:
        raise ServiceDown(f"its certificate is not trusted: {_reason(error.certificate_error)}") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise _said(error) from None
    return Page(status, body, time.perf_counter() - started, ends)


async def _follow(at: URL, web: Web, largest: int) -> tuple[int, bytes, datetime | None]:
    guard, tls = Guard(at.host or "", at.port or 0, web.allowed), web.tls()
    connector = aiohttp.TCPConnector(resolver=GuardedResolver(guard), force_close=True, use_dns_cache=False)
    async with aiohttp.ClientSession(
        connector=connector, response_class=_Response, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        for _ in range(MOST_REDIRECTS + 1):
            host, port = at.host or "", at.port or 0
            guard.check_literal(host, port)
            headers = {"Accept-Encoding": "identity", **(web.headers if guard.is_own(host, port) else {})}
            async with session.get(at, headers=headers, allow_redirects=False, ssl=tls) as response:
                location = response.headers.get("Location") if response.status in _REDIRECTS else None
                if location is None:
                    body = await _beginning(response, largest)
                    return response.status, body, getattr(response, "certificate_ends", None)
            # The same reading of the address is judged and asked: two readers of one text may disagree.
            at = at.join(URL(location))
            if at.scheme not in ("http", "https"):
                raise ServiceDown("it redirects to something that is no web page")
    raise ServiceDown(f"it redirects more than {MOST_REDIRECTS} times")


async def _beginning(response: aiohttp.ClientResponse, largest: int) -> bytes:
    body = b""
    while len(body) < largest and (more := await response.content.read(largest - len(body))):
        body += more
    return body


class _Response(aiohttp.ClientResponse):
    """Remembers the end of the certificate: a short answer's connection is gone by the time one could ask it."""

    certificate_ends: datetime | None = None

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        transport = connection.transport
        certificate = transport.get_extra_info("peercert") if transport is not None else None
        ends = certificate.get("notAfter") if certificate else None
        if isinstance(ends, str):
            self.certificate_ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC)
        return await super().start(connection)


def _said(error: BaseException) -> ServiceDown | ServerUnreachable:
    """In words, without the address: it may hold a secret."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, AddressRefused):
            return ServiceDown(f"refused: {cause}, where the settings let nobody; if that is right, add it to allow")
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, aiohttp.ClientConnectorError):
        return failure(error.os_error, "cannot be reached")
    if isinstance(error, OSError) and not isinstance(error, aiohttp.ClientError):
        return failure(error, "cannot be asked")
    return ServiceDown(f"its answer breaks off or makes no sense: {type(error).__name__}")


def _reason(error: BaseException) -> str:
    return str(getattr(error, "verify_message", "") or type(error).__name__)
