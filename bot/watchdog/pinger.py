"""Tells a dead man's switch, elsewhere, that Understudy lives and works: when the pings end, that one calls people."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import aiohttp
import structlog

from alerts.itself import Ping
from bot.http.health import Readiness

PING_TIMEOUT = 10.0

_log = structlog.get_logger(__name__)


class Pinger:
    """Call `run` as a task. `url` None: it does nothing. It is kept out of the log, for it may hold a secret."""

    def __init__(
        self,
        url: str | None,
        every: float,
        readiness: Callable[[], Awaitable[Readiness]],
        now: Callable[[], datetime],
        *,
        timeout: float = PING_TIMEOUT,
    ) -> None:
        self._url, self._every, self._readiness, self._now, self._timeout = url, every, readiness, now, timeout
        self._ping = Ping(now())

    def state(self) -> Ping | None:
        """How the pings go; None where there is nobody to ping."""
        return None if self._url is None else self._ping

    async def run(self) -> None:
        """Until cancelled."""
        while self._url is not None:
            await self.ping()
            await asyncio.sleep(self._every)

    async def ping(self) -> None:
        """One ping, unless something keeps Understudy from doing its work. Never raises, but when it is cancelled."""
        if self._url is None:
            return
        try:
            problem = await self._try(self._url)
        except Exception as error:  # whatever it was: without a next ping people are called for nothing
            # An error of aiohttp may name the URL.
            problem = f"no answer: {type(error).__name__}"
        if problem:
            _log.warning("watchdog.no_ping", reason=problem)
            self._ping = Ping(self._ping.since, self._ping.answered_at, problem)
        else:
            self._ping = Ping(self._ping.since, self._now())

    async def _try(self, url: str) -> str:
        verdict = await self._readiness()
        if not verdict.ready:
            return f"not sent, for not all works here: {'; '.join(verdict.reasons)}"
        timeout = aiohttp.ClientTimeout(total=self._timeout)
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            return "" if response.status < 300 else f"it answered {response.status}"
