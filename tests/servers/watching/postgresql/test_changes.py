"""Counters only ever tell a growth that happened: a restart or a reset makes it unknown, never negative."""

from servers.watching.postgresql.changes import LATELY, LONG, Kept
from servers.watching.postgresql.server_statistics import Counters

EPOCH = (1.0, False, None, 1.0)


def counters(minute: float, deadlocks: float, epoch: tuple[float | bool | None, ...] = EPOCH) -> Counters:
    return Counters(minute * 60, epoch, {"deadlocks": deadlocks})


def kept(*samples: Counters) -> Kept:
    seen = Kept()
    for sample in samples:
        seen = seen.with_sample(sample)
    return seen


def grown(seen: Kept) -> float | None:
    change = seen.change(LATELY)
    return None if change is None else change.of("deadlocks")


def test_the_growth_over_ten_minutes() -> None:
    assert grown(kept(*(counters(minute, minute * 2.0) for minute in range(30)))) == 20.0


def test_nothing_is_known_before_the_ten_minutes_are_nearly_over() -> None:
    assert grown(kept(*(counters(minute, 0.0) for minute in range(5)))) is None
    assert grown(kept(*(counters(minute * 1.05, minute * 1.0) for minute in range(10)))) == 9.0


def test_the_last_two_looks() -> None:
    latest = kept(counters(0, 3.0), counters(1, 7.0)).latest
    assert latest is not None
    assert (latest.seconds, latest.of("deadlocks")) == (60.0, 4.0)
    assert kept(counters(0, 3.0)).latest is None
    assert Kept().latest is None


def test_a_restart_a_reset_or_a_promotion_is_unknown_and_counts_anew() -> None:
    before = [counters(minute, 100.0 + minute) for minute in range(20)]
    for epoch in ((99.0, False, None, 1.0), (1.0, True, None, 1.0), (1.0, False, 5.0, 1.0), (1.0, False, None, 9.0)):
        after = kept(*before, counters(20, 0.0, epoch))
        assert grown(after) is None
        assert after.latest is None


def test_a_counter_that_fell_without_a_word_is_no_negative_growth() -> None:
    seen = kept(*(counters(minute, 100.0) for minute in range(20)), counters(20, 3.0))
    assert grown(seen) is None


def test_a_clock_that_was_set_back_counts_anew() -> None:
    assert kept(counters(10, 1.0), counters(9, 2.0)).latest is None


def test_no_more_than_an_hour_is_kept_and_little_of_it() -> None:
    seen = kept(*(counters(minute, minute * 1.0) for minute in range(500)))
    assert len(seen.samples) < 25
    hour = seen.change(LONG)
    assert hour is not None
    assert 3300.0 <= hour.seconds <= 3600.0
    assert hour.of("deadlocks") == hour.seconds / 60


def test_a_counter_that_was_not_there_before_is_unknown() -> None:
    seen = kept(counters(0, 1.0), Counters(60.0, EPOCH, {"deadlocks": 1.0, "new": 5.0}))
    assert seen.latest is not None
    assert seen.latest.of("new") is None
