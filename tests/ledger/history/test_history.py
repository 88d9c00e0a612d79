"""What was observed is there again: for how long, how finely, and with its gaps."""

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ledger.history.history import History, HistoryUnreadable
from ledger.history.keeping import MOST_SERIES
from ledger.units import Unit

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LIMIT = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Value:
    value: float | None
    name: str = "replay_lag_bytes"
    subject: str = "db2"
    unit: Unit = Unit.BYTES


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def history(tmp_path: Path, clock: Clock) -> AsyncIterator[History]:
    history = History(tmp_path / "ledger.history.sqlite3", LIMIT, clock)
    yield history
    await history.close()


async def _let_pass(history: History, clock: Clock, hours: float, step: float = 5.0) -> None:
    """Looks every `step` seconds, each of which sees the minute of the hour, and the usual writing."""
    end = clock.now + timedelta(hours=hours)
    while clock.now < end:
        history.record("shop", clock.now, [Value(float(clock.now.minute))])
        clock.now += timedelta(seconds=step)
    clock.now += timedelta(minutes=2)
    await history.flush()
    await history.flush()  # what did not get its turn


async def test_ten_seconds_for_the_last_hours(history: History, clock: Clock) -> None:
    await _let_pass(history, clock, 0.5)
    series = await history.series("shop", "replay_lag_bytes", "db2", NOON, NOON + timedelta(minutes=30))
    assert series is not None
    assert (series.step, series.start, series.unit, len(series.buckets)) == (10, NOON, Unit.BYTES, 180)
    assert [bucket.mean for bucket in series.known[:7]] == [0, 0, 0, 0, 0, 0, 1]
    assert all(bucket.values == 2 for bucket in series.known)


async def test_hours_that_are_over_say_the_same(history: History, clock: Clock) -> None:
    await _let_pass(history, clock, 2)
    series = await history.series("shop", "replay_lag_bytes", "db2", NOON, NOON + timedelta(hours=2), 24)
    assert series is not None
    assert series.step == 300
    assert [bucket.minimum for bucket in series.known] == [float(minute) for minute in range(0, 60, 5)] * 2
    assert [bucket.maximum for bucket in series.known] == [float(minute) for minute in range(4, 60, 5)] * 2
    assert sum(bucket.values for bucket in series.known) == 2 * 720


async def test_no_more_points_than_were_asked_for(history: History, clock: Clock) -> None:
    await _let_pass(history, clock, 1)
    for points in (1, 7, 100, 359, 360):
        start, end = NOON + timedelta(seconds=7), NOON + timedelta(minutes=59)
        series = await history.series("shop", "replay_lag_bytes", "db2", start, end, points)
        assert series is not None
        assert 0 < len(series.buckets) <= points
        assert series.start <= start
        assert series.at(len(series.buckets)) >= end


async def test_a_gap_is_a_gap_and_unknown_is_not_zero(history: History, clock: Clock) -> None:
    for minute in range(30):
        unknown = 10 <= minute < 20
        history.record("shop", NOON + timedelta(minutes=minute), [Value(None if unknown else 0.0)])
    clock.now += timedelta(minutes=31)
    await history.flush()
    series = await history.series("shop", "replay_lag_bytes", "db2", NOON, NOON + timedelta(minutes=30), 30)
    assert series is not None
    assert series.step == 60
    assert [bucket is None for bucket in series.buckets] == [False] * 10 + [True] * 10 + [False] * 10


async def test_after_a_day_the_fine_values_are_gone_and_the_others_stay(history: History, clock: Clock) -> None:
    await _let_pass(history, clock, 2, step=60)
    clock.now += timedelta(hours=40)
    await history.flush()
    series = await history.series("shop", "replay_lag_bytes", "db2", NOON, NOON + timedelta(minutes=30))
    assert series is not None
    assert series.step == 300
    clock.now += timedelta(days=40)
    history.record("shop", clock.now, [Value(1.0)])
    await history.flush()
    series = await history.series("shop", "replay_lag_bytes", "db2", NOON, NOON + timedelta(hours=4))
    assert series is not None
    assert series.step == 3600
    assert [bucket and bucket.maximum for bucket in series.buckets] == [59.0, 59.0, None, None]


async def test_a_new_process_goes_on_in_the_middle_of_a_bucket(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "ledger.history.sqlite3"
    for value in (1.0, 5.0):
        history = History(path, LIMIT, clock)
        history.record("shop", NOON, [Value(value)])
        await history.close()
    history = History(path, LIMIT, clock)
    series = await history.series("shop", "replay_lag_bytes", "db2", NOON, NOON + timedelta(seconds=10))
    await history.close()
    assert series is not None
    assert series.buckets == ((2, 1.0, 3.0, 5.0),)


async def test_what_is_no_number_is_not_recorded(history: History, clock: Clock) -> None:
    history.record("shop", NOON, [Value(float("nan")), Value(float("inf")), Value(3.0)])
    clock.now += timedelta(minutes=1)
    await history.flush()
    series = await history.series("shop", "replay_lag_bytes", "db2", NOON, NOON + timedelta(seconds=10))
    assert series is not None
    assert series.buckets == ((1, 3.0, 3.0, 3.0),)


async def test_beyond_the_limit_the_finest_and_oldest_go_first_and_it_says_so(tmp_path: Path, clock: Clock) -> None:
    history = History(tmp_path / "ledger.history.sqlite3", 120_000, clock)
    for hour in range(12):
        for second in range(0, 3600, 10):
            at = NOON + timedelta(hours=hour, seconds=second)
            history.record("shop", at, [Value(hash((at, n)) / 7.0, subject=f"db{n}") for n in range(4)])
        clock.now = NOON + timedelta(hours=hour + 1, minutes=2)
        await history.flush()
    fine = await history.series("shop", "replay_lag_bytes", "db1", clock.now - timedelta(hours=1), clock.now, 400)
    old = await history.series("shop", "replay_lag_bytes", "db1", NOON, NOON + timedelta(hours=1), 400)
    cuts = await history.reaches_back()
    figures = history.figures
    await history.close()
    assert fine is not None
    assert fine.step == 10
    assert len(fine.known) > 300
    assert old is not None
    assert old.step == 300
    assert len(old.known) == 12
    assert figures.used_bytes <= 120_000
    assert figures.given_up > 0
    assert figures.trouble is not None
    assert "limit" in figures.trouble
    assert [step for step, _ in cuts] == [10]
    assert cuts[0][1] > NOON


async def test_a_server_that_makes_up_subjects_does_not_fill_the_disk(history: History, clock: Clock) -> None:
    history.record("shop", NOON, [Value(1.0, subject=f"made up {n}") for n in range(MOST_SERIES + 5)])
    clock.now += timedelta(minutes=1)
    await history.flush()
    assert len(await history.catalogue("shop")) == MOST_SERIES
    assert history.figures.left_out == 5


async def test_a_file_that_is_something_else_is_moved_aside(history: History, clock: Clock) -> None:
    history.path.write_text("not a database, but somebody's")
    history.record("shop", NOON, [Value(1.0)])
    clock.now += timedelta(minutes=1)
    await history.flush()
    assert history.figures.trouble is None
    assert len(await history.catalogue("shop")) == 1
    assert history.path.with_name(f"{history.path.name}.aside-1").read_text() == "not a database, but somebody's"


async def test_what_cannot_be_written_is_said_and_let_go(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "place").write_text("a file where a directory should be")
    history = History(tmp_path / "place" / "ledger.history.sqlite3", LIMIT, clock)
    history.record("shop", NOON, [Value(1.0)])
    clock.now += timedelta(minutes=1)
    await history.flush()
    assert history.figures.trouble is not None
    assert "not kept" in history.figures.trouble
    with pytest.raises(HistoryUnreadable):
        await history.catalogue("shop")
    await history.close()


async def test_the_file_is_only_the_owners_and_small_writes_are_one_transaction(
    history: History, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(50):
        history.record(f"shop{number}", NOON, [Value(1.0)])
    clock.now += timedelta(minutes=1)
    await history.flush()
    with sqlite3.connect(history.path) as conn:
        assert conn.execute("SELECT count(*) FROM frame").fetchone() == (50,)
    assert history.path.stat().st_mode & 0o777 == 0o600


async def test_a_value_in_another_unit_goes_on_under_it(history: History, clock: Clock) -> None:
    """As after an update of a probe: a process that knows only the new unit meets the old one in the file."""
    for unit in (Unit.SECONDS, Unit.BYTES, Unit.SECONDS):
        history.record("shop", clock.now, [Value(1.0, unit=unit)])
        clock.now += timedelta(seconds=20)
        await history.flush()
    assert history.figures.kept
    series = await history.series("shop", "replay_lag_bytes", "db2", NOON, NOON + timedelta(minutes=1))
    assert series is not None
    assert len(series.known) == 3
