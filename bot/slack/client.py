"""The clients for Slack's Web API: every call has a time-out, and is repeated only where repeating does no harm."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from slack_sdk.web.async_client import AsyncWebClient

CALL_SECONDS = 10.0
CONNECT_SECONDS = 3.0
LONGEST_WAIT_SECONDS = 5  # a person waits for the answer; what Slack wants to have later fails now

# Doing these twice is the same as doing them once. chat.postMessage, chat.postEphemeral and files.* are not here: their
# lost answer may stand in the channel already. views.open is not: a trigger serves once.
REPEATABLE = frozenset(
    (
        "auth.test",
        "chat.update",
        "conversations.history",
        "conversations.join",
        "conversations.open",
        "conversations.replies",
        "usergroups.users.list",
        "users.info",
        "views.publish",
        "views.update",
    )
)


@dataclass(frozen=True, slots=True)
class SlackClients:
    """`web` answers people and repeats what may be repeated. `sender` never does: the courier decides on that."""

    web: AsyncWebClient
    sender: AsyncWebClient
    session: aiohttp.ClientSession

    async def close(self) -> None:
        await self.session.close()


def open_clients(api_url: str, bot_token: str, *, call_seconds: float = CALL_SECONDS) -> SlackClients:
    """Clients that share their connections. To be called with a running event loop, and closed."""
    timeout = aiohttp.ClientTimeout(total=call_seconds, connect=min(CONNECT_SECONDS, call_seconds))
    session = aiohttp.ClientSession(timeout=timeout)
    return SlackClients(
        web=AsyncWebClient(bot_token, api_url, session=session, retry_handlers=_handlers()),
        sender=AsyncWebClient(bot_token, api_url, session=session, retry_handlers=[]),
        session=session,
    )


def _handlers() -> list[AsyncRetryHandler]:
    return [_ShortRateLimit(max_retry_count=2), _ConnectionLost(max_retry_count=2), _ServerError(max_retry_count=2)]


class _ShortRateLimit(AsyncRateLimitErrorRetryHandler):
    """429 means that nothing was done, so every method may be repeated."""

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        return response is not None and response.status_code == 429 and retry_after(response) <= LONGEST_WAIT_SECONDS


class _ConnectionLost(AsyncConnectionErrorRetryHandler):
    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        never_left = isinstance(error, aiohttp.ClientConnectorError)
        return (never_left or _is_repeatable(request)) and await super()._can_retry_async(
            state=state, request=request, response=response, error=error
        )


class _ServerError(AsyncServerErrorRetryHandler):
    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        return response is not None and response.status_code >= 500 and _is_repeatable(request)


def _is_repeatable(request: HttpRequest) -> bool:
    return urlsplit(request.url).path.rpartition("/")[2] in REPEATABLE


def retry_after(response: HttpResponse) -> float:
    """The seconds of `Retry-After`; one where Slack does not say."""
    for name, values in response.headers.items():
        if name.lower() == "retry-after":
            return _seconds(values)
    return 1.0


def _seconds(value: str | Sequence[str]) -> float:
    try:
        return max(0.0, float(value if isinstance(value, str) else value[0]))
    except (ValueError, IndexError):
        return 1.0
