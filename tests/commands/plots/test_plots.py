"""`/ha lag`, `/ha disk` and `/ha connections`: what the history has, as a plot and in numbers, and no more."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.probes.connections import CONNECTIONS_USED
from alerts.probes.disks import DISK_USED
from alerts.probes.replay_lag import REPLAY_LAG_BYTES, REPLAY_LAG_SECONDS
from alerts.rules.custom.values import value_names
from alerts.thresholds import Thresholds
from commands.command import Misunderstood
from commands.connections import CONNECTIONS
from commands.disk import DISK
from commands.dispatcher import Dispatcher
from commands.lag import LAG
from commands.plots.measure import Measure
from commands.plots.trend import seconds_until, trend
from commands.plots.words import understood
from commands.registry import COMMANDS
from ledger.history.buckets import bucket_of
from ledger.history.history import History
from ledger.history.series import Series
from ledger.page import Page, Plot, Table, Tone
from ledger.units import Unit
from tests.commands.conftest import Scene
from tests.commands.inventory import SHOP

USUAL = timedelta(hours=3)
LIMITS = {"replay_lag_bytes": 1024.0 * 1024.0, "disk_warning": 0.8, "disk_critical": 0.9}


@dataclass(frozen=True, slots=True)
class Value:
    name: str
    subject: str
    value: float | None
    unit: Unit


@dataclass
class Past:
    """A scene with a history, in which one can say what was."""

    scene: Scene
    history: History

    async def was(self, name: str, subject: str, unit: Unit, *values: float | None) -> None:
        """One value each minute, the last one now."""
        now = self.scene.world.now()
        for number, value in enumerate(reversed(values)):
            at = now - timedelta(minutes=number)
            self.history.record("shop", at, [Value(name, subject, value, unit)])

    async def asks(self, words: str) -> Page:
        await self.history.close()
        world = replace(self.scene.world, history=History(self.history.path, 10**9, self.scene.world.now))
        world = replace(world, thresholds=lambda cluster: LIMITS)
        answer = await Dispatcher(world, COMMANDS).ask(self.scene.asks("alice", words))
        await world.history.close()
        return answer.page


@pytest.fixture
async def past(scene: Scene, tmp_path: Path) -> AsyncIterator[Past]:
    history = History(tmp_path / "ledger.history.sqlite3", 10**9, scene.world.now)
    yield Past(scene, history)
    await history.close()


def _plot(page: Page) -> Plot:
    return next(part for part in page.parts if isinstance(part, Plot))


def _rows(page: Page) -> tuple[tuple[str, ...], ...]:
    return next(part.rows for part in page.parts if isinstance(part, Table))


async def test_the_lag_of_the_last_hours_with_its_threshold(past: Past) -> None:
    await past.was(REPLAY_LAG_BYTES, "db2", Unit.BYTES, *[0.0] * 30, *[2.0**20] * 10, *[2.0**19] * 20)
    await past.was(REPLAY_LAG_SECONDS, "db2", Unit.SECONDS, *[0.0] * 60)
    page = await past.asks("lag")
    assert (page.title, page.tone) == ("shop: replay lag", Tone.INFO)
    (limit,) = _plot(page).limits
    assert (limit.label, limit.value) == ("at most 1.0 MB", 2.0**20)
    assert [line.label for line in _plot(page).lines] == ["db2"]
    assert page.summary == "shop: replay lag. db2 now 512 kB, at most 1.0 MB."
    first, second = _rows(page)
    assert first[:5] == ("db2, bytes", "512 kB", "0 bytes", "341 kB", "1.0 MB")
    assert second == ("db2, time", "0 ms", "0 ms", "0 ms", "0 ms", "steady")


async def test_what_is_not_known_is_a_gap_and_no_zero(past: Past) -> None:
    await past.was(REPLAY_LAG_BYTES, "db2", Unit.BYTES, *[5.0] * 10, *[None] * 10, *[5.0] * 10)
    page = await past.asks("lag shop 30m")
    known = [point.value for point in _plot(page).lines[0].points]
    assert known.count(None) > 0
    assert _rows(page)[0][2] == "5 bytes"


async def test_what_was_last_known_long_ago_is_not_what_is_now(past: Past) -> None:
    await past.was(DISK_USED, "db1 /data", Unit.SHARE, *[0.5] * 20, *[None] * 30)
    page = await past.asks("disk 1h")
    assert page.tone is Tone.UNKNOWN
    assert _rows(page)[0][:2] == ("db1 /data, bytes", "unknown")


async def test_a_disk_that_fills_says_when_it_will_be_full(past: Past) -> None:
    await past.was(DISK_USED, "db1 /data", Unit.SHARE, *(0.5 + 0.005 * minute for minute in range(61)))
    page = await past.asks("disk 1h")
    assert page.tone is Tone.INFO
    assert "db1 /data is full in 40 min at this rate." in str(page.parts)
    assert _rows(page)[0][-1] == "rising 30 % an hour"


async def test_beyond_a_threshold_the_tone_says_so(past: Past) -> None:
    await past.was(DISK_USED, "db1 /data", Unit.SHARE, 0.95, 0.95)
    assert (await past.asks("disk 10m")).tone is Tone.CRITICAL


async def test_one_server_alone(past: Past) -> None:
    await past.was(DISK_USED, "db1 /data", Unit.SHARE, 0.5)
    await past.was(DISK_USED, "db2 /data", Unit.SHARE, 0.5)
    assert [row[0] for row in _rows(await past.asks("disk db2"))] == ["db2 /data, bytes"]


async def test_what_is_drawn_stands_first_in_the_table(past: Past) -> None:
    await past.was("connections_active", "db1", Unit.COUNT, 2.0)
    await past.was(CONNECTIONS_USED, "db1", Unit.SHARE, 0.25)
    assert [row[0] for row in _rows(await past.asks("connections"))] == ["db1, in use", "db1, active"]


async def test_nothing_recorded_is_unknown_and_says_why(past: Past) -> None:
    await past.was(REPLAY_LAG_BYTES, "db2", Unit.BYTES, 1.0)
    page = await past.asks("connections")
    assert page.tone is Tone.UNKNOWN
    assert "Nothing was recorded in the last 3 h" in page.summary


async def test_without_a_history_it_says_so(scene: Scene) -> None:
    page = (await scene.dispatcher.ask(scene.asks("alice", "lag"))).page
    assert page.tone is Tone.UNKNOWN
    assert "cannot be read" in page.summary


@pytest.mark.parametrize("words", ["lag shop db2 6h", "lag 6h db2", "lag db2 6h shop"])
def test_cluster_server_and_length_come_in_any_order(words: str) -> None:
    meant = understood(words.split()[1:], {"shop": SHOP}, "lag", USUAL)
    assert (meant.cluster.name, meant.server, meant.back) == ("shop", "db2", timedelta(hours=6))


@pytest.mark.parametrize(
    ("words", "why"),
    [("3h 4h", "two lengths of time"), ("1ms", "not between 1 min and 730 d"), ("ship", "Did you mean “shop”")],
)
def test_what_cannot_be_meant_is_said(words: str, why: str) -> None:
    with pytest.raises(Misunderstood, match=why):
        understood(words.split(), {"shop": SHOP}, "lag", USUAL)


@pytest.mark.parametrize("measure", [LAG, DISK, CONNECTIONS])
def test_every_measure_is_something_that_is_observed_and_has_thresholds(measure: Measure) -> None:
    assert {*measure.drawn, *(name for name, _ in measure.beside)} <= set(value_names())
    assert all(hasattr(Thresholds(), one.name) for one in measure.thresholds)


def _series(*values: float | None) -> Series:
    buckets = tuple(None if value is None else bucket_of([value]) for value in values)
    return Series("disk_used", "db1 /", Unit.SHARE, datetime(2026, 1, 1, tzinfo=UTC), 60, buckets)


def test_a_trend_is_what_the_line_through_all_of_it_does() -> None:
    rising = trend(_series(0.1, 0.2, None, 0.4, 0.5, 0.6))
    assert rising is not None
    assert rising.slope * 60 == pytest.approx(0.1)
    assert seconds_until(_series(0.1, 0.2, None, 0.4, 0.5, 0.6), 1.0) == pytest.approx(240)


def test_what_hardly_moves_is_steady_and_never_full() -> None:
    flat = _series(0.5, 0.5001, 0.5, 0.5002, 0.5)
    found = trend(flat)
    assert found is not None
    assert found.steady
    assert seconds_until(flat, 1.0) is None


def test_of_a_few_values_there_is_no_trend() -> None:
    assert trend(_series(0.1, None, 0.9)) is None


def test_what_was_watched_for_minutes_does_not_tell_of_hours() -> None:
    assert seconds_until(_series(0.10, 0.11, 0.12, 0.13, 0.14), 1.0) is None
