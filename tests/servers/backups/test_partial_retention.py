"""Retention of dumps and volumes: what goes, and what never does whatever there is."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from servers.backups.partial.place import PartKind, PartRetention
from servers.backups.partial.retention import decide
from servers.backups.partial.state import PartialBackup

NOW = datetime(2026, 1, 31, 3, 12, tzinfo=UTC)
DAY = 86400.0


def dump(
    days: float,
    *,
    verified: bool = False,
    complete: bool = True,
    doubtful: bool = False,
    ours: bool = True,
    place: str = "db2",
) -> PartialBackup:
    """One that was finished so many days ago."""
    at = NOW - timedelta(days=days)
    return PartialBackup(
        PartKind.DUMP,
        "nightly",
        f"{at:%Y%m%dT%H%M%SZ}",
        place,
        f"/dumps/{days:g}",
        at,
        at if complete else None,
        1,
        verified_at=NOW if verified else None,
        doubtful=doubtful,
        ours=ours,
    )


DAILY = tuple(dump(days) for days in range(6))


def days_of(backups: tuple[PartialBackup, ...]) -> list[str]:
    return [one.path.removeprefix("/dumps/") for one in backups]


def test_the_newest_stay() -> None:
    assert days_of(decide(DAILY, PartRetention(newest=2), NOW).stay) == ["0", "1"]


def test_what_is_younger_stays_as_well() -> None:
    assert days_of(decide(DAILY, PartRetention(age=2.5 * DAY), NOW).stay) == ["0", "1", "2"]


def test_the_last_one_that_was_proven_stays_however_old_it_is() -> None:
    found = (*DAILY[:3], dump(9, verified=True), dump(10, verified=True))
    assert days_of(decide(found, PartRetention(), NOW).stay) == ["0", "9"]


def test_what_cannot_be_relied_on_keeps_no_place_from_a_good_one() -> None:
    found = (dump(0, doubtful=True), dump(1, complete=False), dump(2, ours=False), dump(3), dump(4))
    assert days_of(decide(found, PartRetention(), NOW).go) == ["4"]


_FOUND = st.lists(
    st.builds(
        dump,
        st.floats(0, 40),
        verified=st.booleans(),
        complete=st.booleans(),
        doubtful=st.booleans(),
        ours=st.booleans(),
        place=st.sampled_from(("db1", "db2")),
    ),
    max_size=12,
).map(tuple)
_KEEP = st.builds(PartRetention, st.integers(1, 5), st.none() | st.floats(0, 40 * DAY))


@given(_FOUND, _KEEP)
def test_nothing_goes_but_good_ones_that_bear_our_mark(found: tuple[PartialBackup, ...], keep: PartRetention) -> None:
    decision = decide(found, keep, NOW)
    assert all(one.ours and one.finished_at is not None and not one.doubtful for one in decision.go)
    assert Counter((*decision.go, *decision.stay)) == Counter(found)


@given(_FOUND, _KEEP)
def test_the_last_good_one_and_the_last_proven_one_never_go(
    found: tuple[PartialBackup, ...], keep: PartRetention
) -> None:
    go = decide(found, keep, NOW).go
    for proven in (False, True):
        counted = [one.finished_at for one in found if one.good and one.ours and (one.verified_at or not proven)]
        newest = max((at for at in counted if at is not None), default=None)
        left = [one for one in found if one not in go and one.good and one.ours and (one.verified_at or not proven)]
        assert newest is None or newest in [one.finished_at for one in left]


@given(_FOUND, _KEEP)
def test_so_many_and_all_younger_ones_stay(found: tuple[PartialBackup, ...], keep: PartRetention) -> None:
    go = decide(found, keep, NOW).go
    left = [one for one in found if one not in go and one.good and one.ours]
    assert len(left) >= min(keep.newest, sum(one.good and one.ours for one in found))
    for gone in go:
        assert gone.finished_at is not None
        assert keep.age is None or NOW - gone.finished_at >= timedelta(seconds=keep.age)
        assert all(one.verified_at or (one.finished_at and one.finished_at >= gone.finished_at) for one in left)


@given(_FOUND, _KEEP)
def test_once_it_was_carried_out_nothing_more_goes(found: tuple[PartialBackup, ...], keep: PartRetention) -> None:
    assert decide(decide(found, keep, NOW).stay, keep, NOW).go == ()
