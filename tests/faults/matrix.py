"""All cells. What ends are right says what people may rely on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lab.faults import FaultKind
from tests.faults.cell import DONE, EITHER, REFUSED, STOPPED, Act, Cell, Order, Phase, When
from tests.faults.strikes import (
    a_second_bot,
    both,
    fault,
    kill_the_bot,
    mended,
    slack_comes_back,
    slack_goes_down,
    the_first_bot_dies,
    the_ledgers_disk_is_full,
)

# The steps of each plan on the lab's pair, by their number: where the outage is, and what cannot be taken back.
STEPS: Mapping[Order, int] = {Order.SWITCHOVER: 7, Order.FAILOVER: 3, Order.REJOIN: 2}
STOP, PROVE, PROMOTE = 2, 3, 4  # of a switchover
FENCE, FAILOVER_PROMOTE = 1, 2  # of a failover

_BOT_PRIMARY = ("bot-db1",)
_REPLICATION = ("db1-db2",)
_BEFORE = When(0)


def matrix() -> tuple[Cell, ...]:
    return (*_bot_dies(), *_switchover(), *_failover(), *_rejoin())


def _bot_dies() -> Iterator[Cell]:
    """kill -9 of the bot while each step acts, and after it: it goes on as if nothing had been, or stops and says."""
    for order, steps in STEPS.items():
        for step in range(1, steps + 1):
            for phase in Phase:
                quick = phase is Phase.INTENT and (order, step) in _QUICK_DEATHS
                yield Cell("kill -9 bot", order, When(step, phase), kill_the_bot, EITHER, quick=quick)


_QUICK_DEATHS = frozenset(
    {
        (Order.SWITCHOVER, STOP),
        (Order.SWITCHOVER, PROMOTE),
        (Order.FAILOVER, FENCE),
        (Order.FAILOVER, FAILOVER_PROMOTE),
        (Order.REJOIN, 2),
    }
)


@dataclass(frozen=True, slots=True)
class _Maker:
    """Cells of one order."""

    order: Order

    def __call__(
        self, fault: str, when: When, strike: Act, ends: frozenset[str], mend: Act | None = None, *, quick: bool = False
    ) -> Cell:
        needs_disks = fault.startswith("disk full")
        return Cell(fault, self.order, when, strike, ends, mend, quick, needs_disks=needs_disks)


def _switchover() -> Iterator[Cell]:
    cell = _Maker(Order.SWITCHOVER)
    freeze, thaw = fault(FaultKind.FREEZE, "db1"), fault(FaultKind.THAW, "db1")
    yield cell("SIGSTOP primary", _BEFORE, freeze, frozenset({REFUSED}), thaw)
    yield cell("SIGSTOP primary", When(STOP), freeze, STOPPED, thaw)
    yield cell("kill primary mid-switchover", When(STOP), fault(FaultKind.KILL, "db1"), EITHER, quick=True)
    yield cell("cut bot-primary", When(STOP), fault(FaultKind.CUT, *_BOT_PRIMARY), EITHER, mended(*_BOT_PRIMARY))
    yield cell("cut bot-primary", When(PROMOTE), fault(FaultKind.CUT, *_BOT_PRIMARY), EITHER, mended(*_BOT_PRIMARY))
    yield cell(
        "cut primary-standby",
        When(1),
        fault(FaultKind.CUT, *_REPLICATION),
        EITHER,
        mended(*_REPLICATION),
        quick=True,
    )
    yield cell(
        "cut both",
        When(STOP),
        fault(FaultKind.CUT, *_BOT_PRIMARY, *_REPLICATION),
        EITHER,
        mended(*_BOT_PRIMARY, *_REPLICATION),
    )
    yield cell("stalled link", When(STOP), fault(FaultKind.STALL, *_BOT_PRIMARY), EITHER, mended(*_BOT_PRIMARY))
    yield cell("SSH half-open", When(STOP), fault(FaultKind.STALL, "bot-db1:ssh"), EITHER, mended("bot-db1:ssh"))
    pause, resume = fault(FaultKind.PAUSE_REPLAY, "db2"), fault(FaultKind.RESUME_REPLAY, "db2")
    yield cell("standby paused", _BEFORE, pause, frozenset({REFUSED}), resume, quick=True)
    yield cell("standby paused", When(1), pause, STOPPED, None)
    yield cell("standby lagging", When(1), fault(FaultKind.SLOW, *_REPLICATION), EITHER, mended(*_REPLICATION))
    yield cell("disk full on the standby", When(1), fault(FaultKind.FILL_DISK, "db2"), EITHER, _room("db2"))
    answer = ("bot-db2:sql",)
    yield cell("promotion's answer lost", When(PROMOTE), fault(FaultKind.DROP, *answer), EITHER, mended(*answer))
    yield from _of_understudy_itself(Order.SWITCHOVER, STOP)


def _failover() -> Iterator[Cell]:
    cell = _Maker(Order.FAILOVER)
    yield cell("cut bot-primary", When(FENCE), fault(FaultKind.CUT, *_BOT_PRIMARY), EITHER, mended(*_BOT_PRIMARY))
    yield cell("SSH half-open", When(FENCE), fault(FaultKind.STALL, "bot-db1:ssh"), EITHER, mended("bot-db1:ssh"))
    yield cell(
        "primary starts again before the fence", _BEFORE, fault(FaultKind.START, "db1"), DONE | frozenset({REFUSED})
    )
    yield cell("primary starts again while fenced", When(FENCE), fault(FaultKind.START, "db1"), EITHER)
    yield cell("old primary returns", When(3, Phase.RESULT), fault(FaultKind.START, "db1"), DONE, quick=True)
    yield cell("standby paused", _BEFORE, fault(FaultKind.PAUSE_REPLAY, "db2"), DONE, quick=True)
    yield cell("disk full on the standby", When(FENCE), fault(FaultKind.FILL_DISK, "db2"), EITHER, _room("db2"))
    answer = ("bot-db2:sql",)
    yield cell(
        "promotion's answer lost",
        When(FAILOVER_PROMOTE),
        fault(FaultKind.DROP, *answer),
        EITHER,
        mended(*answer),
        quick=True,
    )
    yield cell("stalled link", When(FENCE), fault(FaultKind.STALL, "bot-db2"), EITHER, mended("bot-db2"))
    yield from _of_understudy_itself(Order.FAILOVER, FENCE)


def _rejoin() -> Iterator[Cell]:
    cell = _Maker(Order.REJOIN)
    freeze, thaw = fault(FaultKind.FREEZE, "db2"), fault(FaultKind.THAW, "db2")
    yield cell("SIGSTOP primary", When(1), freeze, EITHER, thaw)
    yield cell("kill primary", When(1), fault(FaultKind.KILL, "db2"), EITHER, fault(FaultKind.START, "db2"))
    yield cell("cut bot-primary", When(1), fault(FaultKind.CUT, "bot-db2"), EITHER, mended("bot-db2"))
    yield cell("cut primary-standby", When(1), fault(FaultKind.CUT, *_REPLICATION), EITHER, mended(*_REPLICATION))
    yield cell("SSH half-open", When(1), fault(FaultKind.STALL, "bot-db1:ssh"), EITHER, mended("bot-db1:ssh"))
    yield cell("old primary returns", _BEFORE, fault(FaultKind.START, "db1"), EITHER | frozenset({REFUSED}), quick=True)
    yield cell("disk full on the standby", When(1), fault(FaultKind.FILL_DISK, "db1"), EITHER, _room("db1"))
    yield from _of_understudy_itself(Order.REJOIN, 1)


def _of_understudy_itself(order: Order, step: int) -> Iterator[Cell]:
    """Two bots, Slack down, the ledger's disk full: of the bot, whatever the order."""
    quick = order is Order.SWITCHOVER
    yield Cell("two bots", order, _BEFORE, a_second_bot, DONE, quick=quick)
    # The second one is still starting when the first one dies: it finds the operation, whenever it is ready.
    yield Cell("two bots, one dies", order, When(step), both(the_first_bot_dies, a_second_bot), EITHER)
    yield Cell("Slack down", order, When(step), slack_goes_down, DONE, slack_comes_back, quick)
    yield Cell("ledger disk full", order, When(step), the_ledgers_disk_is_full, EITHER, needs_ledger_disk=True)


def _room(server: str) -> Act:
    return fault(FaultKind.EMPTY_DISK, server)
