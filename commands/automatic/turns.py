"""Whether a scheduled order is started now. Pure: the same turn at the same time gives the same move.

What became of earlier turns is in the ledger alone, so that a restart, or a second bot, goes on from there.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from commands.automatic.policy import Scheduled
from ledger.schedule import LastTurn, What

RETRY_FOR = timedelta(hours=1)  # what stands in the way may pass


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing to do, and nothing to say."""


@dataclass(frozen=True, slots=True)
class TakeUp:
    """It counts from now on, and people are told: it is new, or another one than before."""


@dataclass(frozen=True, slots=True)
class Start:
    due: datetime


@dataclass(frozen=True, slots=True)
class Wait:
    """It is due, but this speaks against it; it is tried again."""

    due: datetime
    against: str


@dataclass(frozen=True, slots=True)
class LeaveOut:
    due: datetime
    why: str


Move = Idle | TakeUp | Start | Wait | LeaveOut


def decide(scheduled: Scheduled, last: LastTurn | None, against: str | None, now: datetime) -> Move:
    """The move for this moment. `against`: what speaks against starting it now."""
    if last is None or last.spoken != scheduled.timetable.spoken:
        return TakeUp()
    waits = last.what is What.WAITS  # any other record settles everything that was due by then
    due = last.due if waits else scheduled.timetable.newest_due(last.at, now, scheduled.late_by)
    if due is None:
        return Idle()
    if not waits and now - due > scheduled.late_by:
        return LeaveOut(due, "Understudy did not run then, and it is too late now")
    if against is None:
        return Start(due)
    if waits and now - last.at >= RETRY_FOR:
        return LeaveOut(due, against)
    return Idle() if waits else Wait(due, against)
