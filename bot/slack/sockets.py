"""Socket Mode: several connections at all times, so that Slack always has one to deliver to.

The SDK's client closes its connection before it opens the next. Here a connection that is about to end, or has, is
only marked as leaving, and the supervisor opens another beside it.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from time import time

import structlog
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.app import sdk_logger
from bot.slack.health import SocketHealth
from bot.slack.outcome import SLACK_FAILURES

WANTED = 2
PING_SECONDS = 3.0
CONNECT_SECONDS = 15.0
STAGGER_SECONDS = 0.5
LEAVE_SECONDS = 10.0  # Slack warns about that long before it closes a connection
FIRST_BACK_OFF, LONGEST_BACK_OFF = 0.5, 30.0

log = structlog.get_logger(__name__)


class _Connection(SocketModeClient):
    """One connection for one time: where the SDK would connect anew, it only says that it leaves."""

    def __init__(self, app_token: str, web_client: AsyncWebClient, logger: logging.Logger) -> None:
        super().__init__(app_token, logger=logger, web_client=web_client, ping_interval=PING_SECONDS)
        self.leaving = asyncio.Event()

    async def open(self) -> None:
        """Connects. The SDK would try one address again and again; each is good for one connection only."""
        self.wss_uri = await self.issue_new_wss_url()
        await self.connect()  # type: ignore[no-untyped-call]

    async def end(self) -> None:
        await self.close()  # type: ignore[no-untyped-call]

    async def connect_to_new_endpoint(self, force: bool = False) -> None:
        self.leaving.set()


class Sockets:
    """Keeps `wanted` connections open from `start` to `stop`."""

    def __init__(
        self,
        app: AsyncApp,
        web_client: AsyncWebClient,
        app_token: str,
        now: Callable[[], datetime],
        *,
        wanted: int = WANTED,
    ) -> None:
        self._app = app
        self._web_client = web_client
        self._app_token = app_token
        self._now = now
        self._wanted = wanted
        self._open: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._leaving: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._last_event: datetime | None = None

    async def start(self) -> None:
        """Returns at once; the connections come up, and come back, by themselves."""
        for number in range(self._wanted):
            task = asyncio.create_task(self._keep_one(number * STAGGER_SECONDS), name=f"socket {number}")
            self._tasks.add(task)

    async def stop(self) -> None:
        self._stopping.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*self._leaving, return_exceptions=True)

    @property
    def health(self) -> SocketHealth:
        return SocketHealth(wanted=self._wanted, open=len(self._open), last_event=self._last_event)

    async def _keep_one(self, after: float) -> None:
        await asyncio.sleep(after)
        failures = 0
        while True:
            connection = await self._connected()
            if connection is None:
                await asyncio.sleep(min(FIRST_BACK_OFF * 2.0 ** min(failures, 10), LONGEST_BACK_OFF))
                failures += 1
                continue
            failures = 0
            self._open.add(connection)
            try:
                await connection.leaving.wait()
            finally:
                self._open.discard(connection)
                self._let_go(connection)

    async def _connected(self) -> _Connection | None:
        connection = _Connection(self._app_token, self._web_client, sdk_logger())
        connection.socket_mode_request_listeners.append(self._handle)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await connection.open()
        except SLACK_FAILURES as error:
            log.warning("sockets.not_connected", error=type(error).__name__)
            await connection.end()
            return None
        except asyncio.CancelledError:
            await connection.end()
            raise
        log.info("sockets.connected")
        return connection

    def _let_go(self, connection: _Connection) -> None:
        task = asyncio.create_task(self._leave(connection))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _leave(self, connection: _Connection) -> None:
        """What Slack still delivers by a connection that it is about to close is still taken."""
        try:
            if connection.current_session is not None and not connection.current_session.closed:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LEAVE_SECONDS):
                        await self._stopping.wait()
        finally:
            await connection.end()

    async def _handle(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        self._last_event = self._now()
        started = time()
        await send_async_response(client, request, await run_async_bolt_app(self._app, request), started)
