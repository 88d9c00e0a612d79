"""The parts' numbers, gathered: what readiness and metrics are told."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from alerts.intervals import Intervals
from alerts.observation import Look
from alerts.watch import Figures
from bot.http.health import readiness
from bot.loop_lag import LoopLag
from bot.slack.face import SlackFace
from bot.slack.health import DeliveryHealth, SlackHealth, SocketHealth
from bot.vitals import VitalSigns
from ledger.alerts import Severity
from ledger.errors import LedgerError, Problem
from ledger.history.history import HistoryFigures
from servers.verdict import judge
from tests.servers.seen import PAIR, PRIMARY_FACTS, STANDBY_FACTS, look, seen

STATE = look(seen("db1", PRIMARY_FACTS), seen("db2", STANDBY_FACTS))


class Slack:
    """The Slack face: its health, or a ledger that cannot be read."""

    def __init__(self, health: SlackHealth | LedgerError) -> None:
        self.answer = health

    async def health(self) -> SlackHealth:
        if isinstance(self.answer, LedgerError):
            raise self.answer
        return self.answer


def _signs(slack: Slack, looked: timedelta | None = timedelta(seconds=1)) -> VitalSigns:
    success = None if looked is None else datetime.now(UTC) - looked
    figures = Figures("shop", passes=9, failures=2, last_seconds=0.02, last_success_at=success, unknown_since=None)
    seen_last = Look(PAIR, STATE, judge(PAIR, STATE)) if looked else None
    monitor: Any = SimpleNamespace(figures=lambda: (figures,), last=lambda name: seen_last)
    keeper: Any = SimpleNamespace(
        firing=lambda: (SimpleNamespace(cluster="shop", severity=Severity.CRITICAL),), observed=dict
    )
    history = SimpleNamespace(figures=HistoryFigures(used_bytes=5))
    wired: Any = SimpleNamespace(clusters={"shop": PAIR}, world=SimpleNamespace(history=history))
    return VitalSigns(wired, keeper, monitor, cast(SlackFace, slack), LoopLag(), Intervals())


def _health(pending: int = 0, oldest: float | None = None, sockets: int = 2) -> SlackHealth:
    return SlackHealth(DeliveryHealth(pending, oldest, None), SocketHealth(wanted=2, open=sockets, last_event=None))


async def test_everything_well_is_ready() -> None:
    signs = _signs(Slack(_health()))
    assert readiness(await signs.vitals()).ready
    view = signs.view()
    assert (view.slack_sockets, view.outbox_pending, view.firing_alerts) == (2, 0, (("shop", "critical"),))
    assert view.clusters[0].failed_looks == 2


async def test_each_trouble_is_a_reason_of_its_own() -> None:
    blind = _signs(Slack(_health(pending=7, oldest=90, sockets=0)), looked=timedelta(minutes=5))
    reasons = readiness(await blind.vitals()).reasons
    assert len(reasons) == 3
    assert any("Socket Mode" in reason for reason in reasons)
    assert any("7 messages" in reason for reason in reasons)
    assert any("shop was last looked at" in reason for reason in reasons)
    assert blind.view().outbox_pending == 7


async def test_before_the_first_look_it_is_not_ready_and_a_ledger_that_fails_says_so() -> None:
    early = _signs(Slack(_health()), looked=None)
    assert readiness(await early.vitals()).reasons == ("shop has not been looked at yet",)
    assert early.view().clusters[0].look_age_seconds is None

    full = _signs(Slack(LedgerError(Problem.FULL, "the disk is full")))
    (reason,) = readiness(await full.vitals()).reasons
    assert "the disk is full" in reason
