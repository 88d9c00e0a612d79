"""The Slack face as a whole: what `bot.process` starts and stops."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

import structlog
from aiohttp import web

from bot.on_call.keeper import OnCallNow
from bot.plots.plotter import Plotter
from bot.slack.alert_buttons import AlertButtons, Alerts
from bot.slack.app import bolt_app
from bot.slack.client import SlackClients
from bot.slack.courier import Courier
from bot.slack.handlers import Handlers, Orders
from bot.slack.health import SlackHealth, SocketHealth
from bot.slack.home import Alerts as FiringAlerts
from bot.slack.home import Home, Monitor
from bot.slack.http import slack_routes
from bot.slack.identity import OwnIdentity
from bot.slack.outcome import SLACK_FAILURES
from bot.slack.pace import Limits
from bot.slack.patience import Pauses
from bot.slack.pictures import Pictures
from bot.slack.repeats import Repeats
from bot.slack.replies import Replies
from bot.slack.sockets import Sockets
from commands.people import Directory
from commands.policies import Policies
from ledger.ledger import Ledger

AGAIN_SECONDS = 2.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SlackConfiguration:
    """How the app is reached. Socket Mode needs the app token, HTTP mode the signing secret."""

    mode: Literal["socket", "http"] = "socket"
    app_token: str | None = field(default=None, repr=False)
    signing_secret: str | None = field(default=None, repr=False)


class AlertsInUse(Alerts, FiringAlerts, Protocol):
    """What is asked of alerts.keeper.AlertKeeper."""


class SlackFace:
    """Delivers the outbox and answers people, from `start` to `stop`.

    ValueError when the mode lacks its token or secret. The clients and the identity are shared with the directory;
    whoever opened the clients closes them after `stop`.
    """

    def __init__(
        self,
        configuration: SlackConfiguration,
        *,
        clients: SlackClients,
        identity: OwnIdentity,
        directory: Directory,
        policies: Policies,
        dispatcher: Orders,
        keeper: AlertsInUse,
        monitor: Monitor,
        ledger: Ledger,
        clusters: Sequence[str],
        now: Callable[[], datetime],
        limits: Limits | None = None,
        pauses: Pauses | None = None,
        duties: Callable[[], Sequence[OnCallNow]] = tuple,
    ) -> None:
        """`duties` say who is on call now. `limits` and `pauses` are the courier's, where they are not Slack's own."""
        self._configuration = configuration
        self._identity = identity
        self._plotter = Plotter()
        pictures = Pictures(clients.web, self._plotter)
        self._courier = Courier(ledger, clients.sender, pictures, now=now, pauses=pauses, limits=limits)
        self._home = Home(clients.web, identity, directory, policies, clusters, monitor, keeper, ledger, now, duties)
        handlers = Handlers(
            orders=dispatcher,
            alerts=AlertButtons(keeper, ledger, directory, policies),
            client=clients.web,
            replies=Replies(clients.web, clients.session, pictures),
            identity=identity,
            repeats=Repeats(asyncio.get_running_loop().time),
            now=now,
        )
        self._app = bolt_app(clients.web, identity, handlers, self._home, configuration.signing_secret)
        self._sockets: Sockets | None = None
        if configuration.mode == "socket":
            if configuration.app_token is None:
                raise ValueError("Socket Mode needs an app token (slack.app_token)")
            self._sockets = Sockets(self._app, clients.sender, configuration.app_token, now)
        elif not configuration.signing_secret:
            raise ValueError("HTTP mode needs a signing secret (slack.signing_secret)")
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Returns at once. While Slack is away everything else goes on, and Slack is tried again and again."""
        self._tasks = [
            asyncio.create_task(_kept_up("courier", self._courier.run)),
            asyncio.create_task(_kept_up("home", self._home.run)),
            asyncio.create_task(_kept_up("listen", self._listen)),
            asyncio.create_task(_kept_up("plotter", self._plotter.warm)),
        ]

    async def stop(self, seconds: float = 3.0) -> None:
        """Takes nothing more, and gives what is on its way to Slack some time to arrive."""
        if self._sockets is not None:
            await self._sockets.stop()
        await self._courier.stop(seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._plotter.close()

    def routes(self) -> tuple[web.RouteDef, ...]:
        """For the HTTP server: Slack's requests in HTTP mode, nothing in Socket Mode."""
        return slack_routes(self._app) if self._sockets is None else ()

    async def health(self) -> SlackHealth:
        """Raises LedgerError."""
        sockets = self._sockets.health if self._sockets is not None else SocketHealth(0, 0, None)
        return SlackHealth(delivery=await self._courier.health(), sockets=sockets)

    async def _listen(self) -> None:
        """Nobody is listened to before it is known which workspace is ours."""
        while True:
            try:
                await self._identity.get()
                break
            except SLACK_FAILURES as error:
                log.warning("face.slack_does_not_answer", error=type(error).__name__)
                await asyncio.sleep(AGAIN_SECONDS)
        if self._sockets is not None:
            await self._sockets.start()


async def _kept_up(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Runs it to its end; an error of ours is told, and it starts anew."""
    while True:
        try:
            await run()
            return
        except Exception:
            log.exception("face.broke", part=name)
        await asyncio.sleep(AGAIN_SECONDS)
