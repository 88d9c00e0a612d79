"""Retention: what goes, and what never does whatever there is."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from servers.backups.archive import ArchiveState, Segments
from servers.backups.native.retention import decide
from servers.inventory import Retention
from servers.lsn import Lsn
from servers.state import Answer, BaseBackup, Outcome

NOW = datetime(2026, 1, 31, 3, 12, tzinfo=UTC)
DAY = 86400.0
_SEGMENT = 16 * 2**20
_OK = Answer(Outcome.ANSWERED, NOW, 0.1)


def backup(
    days: float, start: int | None, *, verified: bool = False, complete: bool = True, ours: bool = True
) -> BaseBackup:
    """One that was finished so many days ago and needs WAL from that segment on."""
    at = NOW - timedelta(days=days)
    return BaseBackup(
        name=f"{days:g}-days-old" if ours else f"by-hand-{days:g}",
        path="/b",
        started_at=at,
        finished_at=at if complete else None,
        size=1,
        start_lsn=None if start is None else Lsn(start * _SEGMENT + 40),
        end_lsn=None if start is None else Lsn((start + 1) * _SEGMENT),
        timeline=1,
        verified_at=NOW if verified else None,
        ours=ours,
    )


def archive(first: int, last: int, *, ok: bool = True) -> ArchiveState:
    answer = _OK if ok else Answer(Outcome.TIMED_OUT, NOW, 1.0)
    return ArchiveState(answer, (Segments(1, first, last),) if ok else ())


DAILY = tuple(backup(days, 100 - 10 * days) for days in range(6))


def names(backups: tuple[BaseBackup, ...]) -> list[str]:
    return [one.name for one in backups]


def test_the_newest_stay_and_wal_before_the_oldest_of_them_goes() -> None:
    decision = decide(DAILY, archive(40, 110), Retention(full=2), NOW)

    assert names(decision.stay) == ["0-days-old", "1-days-old"]
    assert (decision.first_kept, decision.segments) == (90, 50)


def test_every_moment_of_the_age_can_be_restored_so_one_older_backup_stays() -> None:
    decision = decide(DAILY, archive(40, 110), Retention(age=2.5 * DAY), NOW)

    assert names(decision.stay) == ["0-days-old", "1-days-old", "2-days-old", "3-days-old"]
    assert decision.first_kept == 70


def test_the_newest_verified_one_stays_however_old_it_is() -> None:
    backups = (*DAILY[:3], backup(9, 5, verified=True))

    decision = decide(backups, archive(0, 110), Retention(full=1), NOW)

    assert names(decision.stay) == ["0-days-old", "9-days-old"]
    assert decision.first_kept == 5


def test_what_is_not_complete_counts_for_nothing_and_stays() -> None:
    broken = backup(0.5, None, complete=False)

    decision = decide((broken, *DAILY), archive(40, 110), Retention(full=1), NOW)

    assert names(decision.stay) == ["0.5-days-old", "0-days-old"]
    assert decision.first_kept == 100


def test_what_people_made_by_hand_stays_with_its_wal_and_counts_for_nothing() -> None:
    by_hand = (backup(0.5, 95, verified=True, ours=False), backup(9, 5, ours=False))

    decision = decide((*by_hand, *DAILY), archive(0, 110), Retention(full=2), NOW)

    assert names(decision.stay) == ["by-hand-0.5", "by-hand-9", "0-days-old", "1-days-old"]
    assert decision.first_kept == 5


def test_while_the_archive_or_a_start_is_not_known_all_wal_stays() -> None:
    unseen = decide(DAILY, archive(0, 0, ok=False), Retention(full=1), NOW)
    unknown = decide((backup(0, None), *DAILY[1:]), archive(40, 110), Retention(full=1), NOW)

    assert (unseen.first_kept, unseen.segments) == (None, 0)
    assert (unknown.first_kept, unknown.segments) == (None, 0)


def test_wal_that_a_backup_on_another_host_needs_stays_and_all_of_it_while_that_host_is_not_seen() -> None:
    """Where the settings name no host, a backup is taken on its source's, and that is another one after a failover."""
    before_the_failover = backup(7, 55)

    seen = decide(DAILY, archive(40, 110), Retention(full=2), NOW, (before_the_failover,))
    unseen = decide(DAILY, archive(40, 110), Retention(full=2), NOW, None)

    assert (seen.first_kept, seen.segments) == (55, 15)
    assert (unseen.first_kept, unseen.segments) == (None, 0)


# Mostly such as there are: an unknown start alone keeps all WAL.
_KNOWN = st.lists(
    st.builds(
        backup,
        st.floats(0, 40),
        st.integers(0, 200),
        verified=st.booleans(),
        complete=st.booleans(),
        ours=st.booleans(),
    ),
    max_size=12,
).map(lambda found: tuple({one.name: one for one in found}.values()))
_BACKUPS = _KNOWN | st.builds(lambda found, one: (*found, one), _KNOWN, st.builds(backup, st.floats(0, 40), st.none()))
_RETENTION = st.builds(Retention, st.integers(1, 5), st.none() | st.integers(0, int(40 * DAY)).map(float))
_ARCHIVE = st.tuples(st.integers(0, 200), st.integers(0, 100)).map(lambda pair: archive(pair[0], sum(pair)))


@given(_BACKUPS, _ARCHIVE, _RETENTION)
def test_no_segment_goes_that_a_backup_needs_which_stays(
    backups: tuple[BaseBackup, ...], found: ArchiveState, retention: Retention
) -> None:
    decision = decide(backups, found, retention, NOW)
    if decision.first_kept is not None:
        needed = [one.start_lsn // _SEGMENT for one in decision.stay if one.finished_at and one.start_lsn is not None]
        assert decision.first_kept == min(needed)
        assert not any(one.finished_at and one.start_lsn is None for one in decision.stay)


@given(_BACKUPS, _ARCHIVE, _RETENTION)
def test_the_newest_usable_ones_and_all_younger_ones_stay(
    backups: tuple[BaseBackup, ...], found: ArchiveState, retention: Retention
) -> None:
    decision = decide(backups, found, retention, NOW)
    ages = sorted((NOW - one.finished_at).total_seconds() for one in backups if one.finished_at)
    staying = sorted((NOW - one.finished_at).total_seconds() for one in decision.stay if one.finished_at)
    assert staying[: retention.full] == ages[: retention.full]
    if retention.age is not None:
        assert [age for age in staying if age < retention.age] == [age for age in ages if age < retention.age]
        assert any(age >= retention.age for age in staying) == any(age >= retention.age for age in ages)
    assert all(one in decision.stay for one in backups if one.finished_at is None or not one.ours)
    assert {*decision.go, *decision.stay} == set(backups)


@given(_BACKUPS, _ARCHIVE, _RETENTION)
def test_once_it_was_carried_out_nothing_more_goes(
    backups: tuple[BaseBackup, ...], found: ArchiveState, retention: Retention
) -> None:
    once = decide(backups, found, retention, NOW)
    first = once.first_kept or 0
    left = tuple(Segments(run.timeline, max(run.first, first), run.last) for run in found.segments if run.last >= first)
    again = decide(once.stay, ArchiveState(found.answer, left), retention, NOW)
    assert (again.go, again.segments, again.first_kept) == ((), 0, once.first_kept)


@given(_BACKUPS.filter(lambda found: any(one.finished_at for one in found)), _ARCHIVE, _RETENTION)
def test_the_last_usable_backup_never_goes(
    backups: tuple[BaseBackup, ...], found: ArchiveState, retention: Retention
) -> None:
    assert any(one.finished_at for one in decide(backups, found, retention, NOW).stay)
