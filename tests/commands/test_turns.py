"""When something scheduled is due, and what is done then."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from commands.automatic.policy import Scheduled
from commands.automatic.timetable import read_timetable
from commands.automatic.turns import Idle, LeaveOut, Move, Start, TakeUp, Wait, decide
from ledger.schedule import LastTurn, What

TWO = datetime(2026, 1, 31, 2, 0, tzinfo=UTC)
NIGHTLY = Scheduled("backup", "backup", (), ("full",), read_timetable("daily 02:00"), "alice")
DONE = LastTurn(What.STARTED, TWO - timedelta(days=1), "daily 02:00", TWO - timedelta(days=1))
WAITING = LastTurn(What.WAITS, TWO, "daily 02:00", TWO)
BUSY = "Operation AB12 is running"


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@pytest.mark.parametrize(
    ("spoken", "following"),
    [
        ("daily 02:00", datetime(2026, 2, 1, 2, 0, tzinfo=UTC)),
        ("Weekly  sun 03:30", datetime(2026, 2, 1, 3, 30, tzinfo=UTC)),
        ("monthly 1 04:00", datetime(2026, 2, 1, 4, 0, tzinfo=UTC)),
        ("*/30 * * * *", datetime(2026, 1, 31, 2, 30, tzinfo=UTC)),
        ("0 2 * * mon", datetime(2026, 2, 2, 2, 0, tzinfo=UTC)),
    ],
)
def test_the_next_one_comes_after_the_moment_and_is_in_utc(spoken: str, following: datetime) -> None:
    assert read_timetable(spoken).next_after(TWO) == following


@pytest.mark.parametrize("spoken", ["", "daily", "daily 25:00", "weekly 1 02:00", "monthly 31 02:00", "99 * * * *"])
def test_what_is_no_time_is_refused_with_what_would_be_right(spoken: str) -> None:
    with pytest.raises(ValueError, match="write “daily 02:00”"):
        read_timetable(spoken)


def test_a_number_for_a_day_of_the_week_would_be_another_day_to_cron_and_is_refused() -> None:
    with pytest.raises(ValueError, match="by name"):
        read_timetable("0 2 * * 1")


@pytest.mark.parametrize(
    ("last", "against", "after_two", "move"),
    [
        (None, None, minutes(1), TakeUp()),
        (replace(DONE, spoken="daily 03:00"), None, minutes(1), TakeUp()),
        (DONE, None, minutes(-1), Idle()),
        (DONE, None, minutes(0), Start(TWO)),
        (DONE, None, minutes(6 * 60), Start(TWO)),
        (DONE, None, minutes(6 * 60 + 1), LeaveOut(TWO, "Understudy did not run then, and it is too late now")),
        (DONE, BUSY, minutes(0), Wait(TWO, BUSY)),
        (WAITING, BUSY, minutes(30), Idle()),
        (WAITING, None, minutes(30), Start(TWO)),
        (WAITING, BUSY, minutes(60), LeaveOut(TWO, BUSY)),
        (replace(WAITING, what=What.STARTED), None, minutes(60), Idle()),
        (replace(WAITING, what=What.LEFT_OUT, at=TWO + minutes(60)), None, minutes(61), Idle()),
    ],
)
def test_what_is_done(last: LastTurn | None, against: str | None, after_two: timedelta, move: Move) -> None:
    assert decide(NIGHTLY, last, against, TWO + after_two) == move


def test_of_several_that_were_missed_one_is_started() -> None:
    often = replace(NIGHTLY, timetable=read_timetable("*/10 * * * *"))
    last = replace(DONE, spoken="*/10 * * * *", at=TWO - timedelta(hours=3))

    assert decide(often, last, None, TWO + minutes(1)) == Start(TWO)
