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
    no_room,
    slack_comes_back,
    slack_goes_down,
    start_again,
    the_first_bot_dies,
    the_ledgers_disk_is_full,
    the_old_primary_is_back,
)

# The steps of each plan on the lab's pair, by their actions.
STEPS: Mapping[Order, tuple[str, ...]] = {
    Order.SWITCHOVER: ("checkpoint", "stop", "prove", "promote", "verify", "slot", "rejoin"),
    Order.FAILOVER: ("fence", "promote", "verify"),
    Order.REJOIN: ("checkpoint_upstream", "make_slot", "rewind", "copy", "place", "start_standby"),
}

DOES_NOT_APPLY: tuple[str, ...] = (
    "switchover: SIGSTOP primary before it is asked for: what can be asked for then is a failover",
    "failover: kill primary, cut primary-standby, cut both: the primary is dead when a failover begins",
    "rejoin: kill primary mid-switchover: see “kill primary”",
    "rejoin: standby lagging or paused: the server that is rejoined is no standby yet",
    "rejoin: promotion's answer lost: nothing is promoted",
    "switchover: old primary returns after failover: it is the standby already",
)

REFUSAL = frozenset({REFUSED})
OLD, NEW, PAIR = "bot-db1", "bot-db2", "db1-db2"
BEFORE = When(None)


def matrix() -> tuple[Cell, ...]:
    return (*_bot_dies(), *_switchover(), *_failover(), *_rejoin())


def _bot_dies() -> Iterator[Cell]:
    """kill -9 of the bot while each step acts, and after it: it goes on with what was approved."""
    for order, steps in STEPS.items():
        for step in steps:
            for phase in Phase:
                quick = phase is Phase.INTENT and (order, step) in _QUICK_DEATHS
                copies = order is Order.REJOIN and step in ("copy", "place")
                when = When(step, phase)
                yield Cell("kill -9 bot", order, when, kill_the_bot, DONE, quick=quick, copies=copies)


# Those of promotions are in tests/scene/test_durable.py.
_QUICK_DEATHS = frozenset({(Order.REJOIN, "rewind")})


@dataclass(frozen=True, slots=True)
class _Maker:
    """Cells of one order."""

    order: Order

    def __call__(
        self,
        name: str,
        when: When,
        strike: Act,
        ends: frozenset[str],
        mend: Act | None = None,
        *,
        quick: bool = False,
        serves: bool = True,
        freezes: bool = False,
    ) -> Cell:
        needs_disks = name.startswith("disk full")
        return Cell(name, self.order, when, strike, ends, mend, quick, serves, freezes=freezes, needs_disks=needs_disks)


def _switchover() -> Iterator[Cell]:
    cell = _Maker(Order.SWITCHOVER)
    freeze, thaw = fault(FaultKind.FREEZE, "db1"), fault(FaultKind.THAW, "db1")
    yield cell("SIGSTOP primary", When("stop"), freeze, STOPPED, thaw, serves=False)
    # A crash in the middle of the stop proves nothing: the old primary recovers and is the primary again. One that is
    # down by then has nothing left to kill: which of the two, the moment decides.
    yield cell("kill primary", When("stop"), fault(FaultKind.KILL, "db1"), EITHER)
    yield cell("kill primary", When("checkpoint"), fault(FaultKind.KILL, "db1"), STOPPED, serves=False)
    yield cell("SIGSTOP primary", When("checkpoint"), freeze, STOPPED, thaw)
    yield from _links(cell, "cut", FaultKind.CUT)
    yield from _links(cell, "stalled", FaultKind.STALL)
    half_open = fault(FaultKind.STALL, f"{OLD}:ssh")
    yield cell("SSH half-open", When("stop"), half_open, STOPPED, mended(f"{OLD}:ssh"), serves=False)
    pause, resume = fault(FaultKind.PAUSE_REPLAY, "db2"), fault(FaultKind.RESUME_REPLAY, "db2")
    yield cell("standby paused", BEFORE, pause, REFUSAL, resume)
    yield cell("standby paused", When("checkpoint"), pause, STOPPED)
    yield cell("standby lagging", When("checkpoint"), fault(FaultKind.SLOW, PAIR), DONE, mended(PAIR))
    yield cell("disk full on the standby", BEFORE, no_room("db2"), REFUSAL, _room("db2"))
    yield cell("disk full on the standby", When("checkpoint"), no_room("db2"), STOPPED, _room("db2"))
    # As a supervisor would. It starts as a standby, whoever starts it; only its rejoin is not done by us then.
    start = fault(FaultKind.START, "db1")
    yield cell("primary starts again", When("stop", Phase.RESULT), start, STOPPED)
    yield cell("primary starts again", When("promote"), start, STOPPED)
    lost = fault(FaultKind.DROP, f"{NEW}:sql")
    yield cell("promotion's answer lost", When("promote"), lost, STOPPED, mended(f"{NEW}:sql"), quick=True)
    yield from _of_understudy_itself(Order.SWITCHOVER, "stop")


def _links(cell: _Maker, word: str, kind: FaultKind) -> Iterator[Cell]:
    """What can be cut or stalled between the bot, the primary and the standby of a switchover.

    Without SSH to the old primary nobody can start it again: the bot says so.
    """
    yield cell(f"{word} bot-primary", When("stop"), fault(kind, OLD), STOPPED, mended(OLD), serves=False)
    yield cell(f"{word} bot-primary", When("promote"), fault(kind, OLD), STOPPED, mended(OLD))
    yield cell(f"{word} primary-standby", When("checkpoint"), fault(kind, PAIR), STOPPED, mended(PAIR))
    both_links = fault(kind, OLD, PAIR)
    yield cell(f"{word} both", When("checkpoint"), both_links, STOPPED, mended(OLD, PAIR))
    yield cell(f"{word} both", When("stop"), both_links, STOPPED, mended(OLD, PAIR), serves=False)


def _failover() -> Iterator[Cell]:
    cell = _Maker(Order.FAILOVER)
    yield cell("SIGSTOP primary", BEFORE, _nothing, DONE, freezes=True)
    # A fence that cannot be proved promotes nobody.
    yield cell("cut bot-primary", When("fence"), fault(FaultKind.CUT, OLD), STOPPED, mended(OLD), serves=False)
    half_open = fault(FaultKind.STALL, f"{OLD}:ssh")
    yield cell("SSH half-open", When("fence"), half_open, STOPPED, mended(f"{OLD}:ssh"), serves=False)
    yield cell("stalled link", When("fence"), fault(FaultKind.STALL, NEW), STOPPED, mended(NEW), serves=False)
    # What can be asked for then is a switchover.
    yield cell("primary starts again", BEFORE, the_old_primary_is_back, DONE)
    yield cell("primary starts again", When("fence"), start_again("db1"), DONE, quick=True)
    yield cell("old primary returns", When("verify", Phase.RESULT), fault(FaultKind.START, "db1"), DONE)
    yield cell("standby paused", BEFORE, fault(FaultKind.PAUSE_REPLAY, "db2"), DONE)
    yield cell("standby lagging", BEFORE, fault(FaultKind.SLOW, PAIR), DONE, mended(PAIR))
    yield cell("disk full on the standby", BEFORE, no_room("db2"), REFUSAL, _room("db2"), serves=False)
    # A promotion needs a WAL file of the new timeline: without room for one it ends the server.
    yield cell("disk full on the standby", When("fence"), no_room("db2"), STOPPED, _room("db2"), serves=False)
    lost = fault(FaultKind.DROP, f"{NEW}:sql")
    yield cell("promotion's answer lost", When("promote"), lost, STOPPED, mended(f"{NEW}:sql"))
    yield from _of_understudy_itself(Order.FAILOVER, "fence")


def _rejoin() -> Iterator[Cell]:
    cell = _Maker(Order.REJOIN)
    freeze, thaw = fault(FaultKind.FREEZE, "db2"), fault(FaultKind.THAW, "db2")
    yield cell("SIGSTOP primary", When("rewind"), freeze, STOPPED, thaw)
    yield cell("kill primary", When("rewind"), fault(FaultKind.KILL, "db2"), STOPPED, fault(FaultKind.START, "db2"))
    yield cell("cut bot-primary", When("rewind"), fault(FaultKind.CUT, NEW), STOPPED, mended(NEW))
    yield cell("cut primary-standby", When("rewind"), fault(FaultKind.CUT, PAIR), STOPPED, mended(PAIR))
    yield cell("cut both", When("rewind"), fault(FaultKind.CUT, NEW, PAIR), STOPPED, mended(NEW, PAIR))
    yield cell("stalled link", When("rewind"), fault(FaultKind.STALL, PAIR), STOPPED, mended(PAIR))
    yield cell("SSH half-open", When("rewind"), fault(FaultKind.STALL, f"{OLD}:ssh"), STOPPED, mended(f"{OLD}:ssh"))
    yield cell("old primary returns", BEFORE, fault(FaultKind.START, "db1"), DONE)
    yield cell("disk full on the standby", BEFORE, no_room("db1"), REFUSAL, _room("db1"))
    yield cell("disk full on the standby", When("rewind"), no_room("db1"), STOPPED, _room("db1"))
    yield from _of_understudy_itself(Order.REJOIN, "rewind")


def _of_understudy_itself(order: Order, step: str) -> Iterator[Cell]:
    """Two bots, Slack down, the ledger's disk full: of the bot, whatever the order."""
    yield Cell("two bots", order, BEFORE, a_second_bot, DONE, quick=order is Order.SWITCHOVER)
    # The second one is still starting when the first one dies: it finds the operation, whenever it is ready.
    yield Cell("two bots, one dies", order, When(step), both(the_first_bot_dies, a_second_bot), DONE)
    yield Cell("Slack down", order, When(step), slack_goes_down, DONE, slack_comes_back)
    yield Cell("ledger disk full", order, When(step), the_ledgers_disk_is_full, DONE, needs_ledger_disk=True)


async def _nothing(scene: object) -> None:
    """The fault is how the primary died."""


def _room(server: str) -> Act:
    return fault(FaultKind.EMPTY_DISK, server)
