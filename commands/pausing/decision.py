"""What is to be done about Patroni's pause, from what is wanted, what was done, and what Patroni says now. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ledger.patroni_pauses import PatroniPause, PauseState
from servers.patroni_state import PatroniState

# Longer than a call may take: after it, what was asked has come to something, or never will.
IN_FLIGHT = timedelta(seconds=20)
LONGEST_WAIT = timedelta(minutes=10)  # between two tries, which double their distance

WAS_PAUSED = "it was paused before, by somebody else, and stays so"
RESUMED_BY_OTHERS = "somebody resumed it"
NEVER_PAUSED = "it was not paused"
RESUMED = "it acts by itself again"


@dataclass(frozen=True, slots=True)
class Wait:
    """All is as it should be, or nothing can be done now."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Patroni is to be asked: to pause, or else to act by itself again."""

    pause: bool


@dataclass(frozen=True, slots=True)
class Settle:
    """What Patroni says is what is wanted, or somebody else's will."""

    state: PauseState
    note: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """Maintenance is over, and nothing of ours is left."""

    note: str


@dataclass(frozen=True, slots=True)
class Hindered:
    """Patroni does not answer, and something is to be asked of it."""

    why: str


Move = Wait | Ask | Settle | End | Hindered


def decide(pause: PatroniPause | None, at_work: bool, said: PatroniState, now: datetime) -> Move:
    """`pause` is the one that is open, `at_work` whether the cluster is in maintenance."""
    if pause is None and not at_work:
        return Wait()
    if pause is not None and _tried_within(pause, IN_FLIGHT, now):
        return Wait()
    state = PauseState.WANTED if pause is None else pause.state
    if not said.answer.ok:
        return Hindered(said.answer.how) if _is_unmet(state, at_work) else Wait()
    move = _in_maintenance(state, said.paused) if at_work else _afterwards(state, said.paused)
    again = isinstance(move, Ask) and state is (PauseState.PAUSING if move.pause else PauseState.RESUMING)
    return Wait() if again and pause is not None and _tried_within(pause, _rest(pause), now) else move


def _in_maintenance(state: PauseState, paused: bool) -> Move:
    match state:
        case PauseState.WANTED:
            return Settle(PauseState.LEFT, WAS_PAUSED) if paused else Ask(pause=True)
        case PauseState.PAUSING | PauseState.RESUMING:
            return Settle(PauseState.HELD) if paused else Ask(pause=True)
        case PauseState.HELD:
            return Wait() if paused else Settle(PauseState.LEFT, RESUMED_BY_OTHERS)
        case PauseState.LEFT:
            return Wait()


def _afterwards(state: PauseState, paused: bool) -> Move:
    match state:
        case PauseState.WANTED:
            return End(NEVER_PAUSED)
        case PauseState.PAUSING:
            return Ask(pause=False) if paused else End(NEVER_PAUSED)
        case PauseState.HELD:
            return Ask(pause=False) if paused else End(RESUMED_BY_OTHERS)
        case PauseState.RESUMING:
            return Ask(pause=False) if paused else End(RESUMED)
        case PauseState.LEFT:
            return End(WAS_PAUSED if paused else RESUMED_BY_OTHERS)


def _is_unmet(state: PauseState, at_work: bool) -> bool:
    if at_work:
        return state in (PauseState.WANTED, PauseState.PAUSING, PauseState.RESUMING)
    return state in (PauseState.PAUSING, PauseState.HELD, PauseState.RESUMING)


def _rest(pause: PatroniPause) -> timedelta:
    """A refusal, such as of a wrong password, is not asked for every second."""
    return min(LONGEST_WAIT, IN_FLIGHT * float(2 ** min(pause.tries - 1, 10)))


def _tried_within(pause: PatroniPause, span: timedelta, now: datetime) -> bool:
    return pause.tried_at is not None and timedelta(0) <= now - pause.tried_at < span
