"""App Home: published when somebody opens it, and again while they may be looking and something has changed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from alerts.observation import Look
from bot.on_call.keeper import OnCallNow
from bot.slack.draw import Block, Surface, draw_parts, header
from bot.slack.home_page import Seen, home_page, refused_page, seen_at, with_note
from bot.slack.identity import OwnIdentity
from bot.slack.lines import marked
from bot.slack.outcome import SLACK_FAILURES
from bot.slack.payloads import Payload, of_event
from commands.authority import VIEW, may
from commands.people import Directory
from commands.policies import Policies
from ledger.alerts import AlertRow
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from ledger.maintenance import all_in_maintenance
from ledger.operations import UNFINISHED, list_operations
from ledger.page import Page
from ledger.silences import silences

REFRESH_SECONDS = 5.0
# Slack tells when App Home is opened and never when it is left.
WATCHED_FOR = timedelta(minutes=15)
MOST_VIEWERS = 50
PUBLISH_SECONDS = 10.0
MOST_OPERATIONS = 20

log = structlog.get_logger(__name__)


class Monitor(Protocol):
    """What is asked of alerts.monitor.Monitor."""

    def last(self, cluster: str) -> Look | None: ...


class Alerts(Protocol):
    """What is asked of alerts.keeper.AlertKeeper."""

    def firing(self, cluster: str | None = None) -> tuple[AlertRow, ...]: ...


@dataclass(slots=True)
class _Viewer:
    slack_user: str
    person_id: str
    opened_at: datetime
    shown: Page


@dataclass(slots=True)
class Home:
    client: AsyncWebClient
    identity: OwnIdentity
    directory: Directory
    policies: Policies
    clusters: Sequence[str]
    monitor: Monitor
    alerts: Alerts
    ledger: Ledger
    now: Callable[[], datetime]
    duties: Callable[[], Sequence[OnCallNow]] = tuple
    _viewers: dict[str, _Viewer] = field(default_factory=dict)

    async def opened(self, ack: Callable[..., Awaitable[Any]], body: Payload) -> None:
        """Somebody opened App Home. Its messages tab needs nothing."""
        await ack()
        if (body.get("event") or {}).get("tab") != "home":
            return
        try:
            own_team = (await self.identity.get()).team_id
            incoming = of_event(body, own_team)
            person = await self.directory.person(incoming.person_id)
            ruling = may(self.policies, person, VIEW)
            page = await self._page() if ruling.allowed else refused_page(ruling.line)
            if ruling.allowed:
                self._remember(_Viewer(incoming.slack_user, incoming.person_id, self.now(), page))
            await self._publish(incoming.slack_user, page, with_age=ruling.allowed)
        except SLACK_FAILURES as error:
            log.warning("home.not_published", error=type(error).__name__)
        except LedgerError:
            log.exception("home.not_published")

    async def run(self) -> None:
        """Keeps what is looked at fresh, until it is cancelled."""
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            try:
                await self._refresh()
            except LedgerError:
                log.exception("home.not_refreshed")

    async def _refresh(self) -> None:
        oldest = self.now() - WATCHED_FOR
        self._viewers = {user: viewer for user, viewer in self._viewers.items() if viewer.opened_at > oldest}
        if not self._viewers:
            return
        page = await self._page()
        for viewer in tuple(self._viewers.values()):
            try:
                person = await self.directory.person(viewer.person_id)
                if not (ruling := may(self.policies, person, VIEW)).allowed:
                    del self._viewers[viewer.slack_user]
                    await self._publish(viewer.slack_user, refused_page(ruling.line), with_age=False)
                    continue
                if viewer.shown == page:
                    continue
                await self._publish(viewer.slack_user, page, with_age=True)
                viewer.shown = page
            except SLACK_FAILURES as error:
                log.info("home.not_refreshed", error=type(error).__name__)

    def _remember(self, viewer: _Viewer) -> None:
        self._viewers.pop(viewer.slack_user, None)
        self._viewers[viewer.slack_user] = viewer
        while len(self._viewers) > MOST_VIEWERS:
            self._viewers.pop(next(iter(self._viewers)))

    async def _page(self) -> Page:
        now = self.now()
        operations, quiet, at_work = await self.ledger.read(
            lambda db: (
                list_operations(db, states=UNFINISHED, limit=MOST_OPERATIONS),
                silences(db, now),
                all_in_maintenance(db, now),
            )
        )
        return home_page(Seen(self._looks(), self.alerts.firing(), operations, quiet, at_work, self.duties()))

    def _looks(self) -> dict[str, Look | None]:
        return {name: self.monitor.last(name) for name in self.clusters}

    async def _publish(self, slack_user: str, page: Page, *, with_age: bool) -> None:
        shown = with_note(page, seen_at(self._looks())) if with_age else page
        body, _ = draw_parts(shown, Surface.VIEW)
        view: Block = {"type": "home", "blocks": [header(marked(page.tone, page.title)), *body]}
        async with asyncio.timeout(PUBLISH_SECONDS):
            await self.client.views_publish(user_id=slack_user, view=view)
