"""To which moments one can restore, held against the plainest way to find out: segment after segment."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from servers.backups.archive import ArchiveState, Segments, runs, segment_name, segment_number
from servers.backups.serving import NotServed, Serving, serve
from servers.backups.target import IMMEDIATE, LATEST, Target
from servers.backups.window import RestoreWindow, restore_window
from servers.lsn import Lsn
from servers.state import Answer, BackupState, BaseBackup, Outcome
from servers.timelines import Stretch

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SIZE = 16 * 2**20
ANSWERED = Answer(Outcome.ANSWERED, NOON, 0.1)
SILENT = Answer(Outcome.TIMED_OUT, NOON, 5.0, "no answer within 5 s")


def at(number: float) -> datetime:
    """When the segment of that number was archived: one a minute."""
    return NOON + timedelta(minutes=number)


def position(number: float) -> Lsn:
    return Lsn(int(number * SIZE))


def backup(name: str, begin: float, end: float, timeline: int = 1) -> BaseBackup:
    """One that began and ended within these segments, and whose end was seen when the latter was archived."""
    return BaseBackup(
        name, f"/backups/{name}", at(begin), at(int(end)), 10**9, position(begin), position(end), timeline
    )


def archive(*numbers: int, timeline: int = 1, histories: tuple[tuple[Stretch, ...], ...] = ()) -> ArchiveState:
    return archive_of([(timeline, number) for number in numbers], histories)


def archive_of(found: Sequence[tuple[int, int]], histories: tuple[tuple[Stretch, ...], ...] = ()) -> ArchiveState:
    return ArchiveState(ANSWERED, runs((timeline, number, at(number)) for timeline, number in found), histories, SIZE)


def seen(archived: ArchiveState, *backups: BaseBackup) -> RestoreWindow:
    return restore_window(BackupState(ANSWERED, backups, None, None), archived)


def served(window: RestoreWindow, target: Target) -> Serving:
    found = serve(window, target)
    assert isinstance(found, Serving), found
    return found


def refused(window: RestoreWindow, target: Target, backup: str | None = None) -> NotServed:
    found = serve(window, target, backup)
    assert isinstance(found, NotServed), found
    return found


def test_from_the_end_of_the_oldest_backup_to_the_last_segment() -> None:
    window = seen(archive(*range(3, 10)), backup("older", 3.2, 3.8), backup("newer", 6.1, 6.5))

    (whole,) = window.windows
    assert (whole.begin_lsn, whole.begin_at) == (position(3.8), at(3))
    assert (whole.end_lsn, whole.end_at) == (position(10), at(9))
    assert [one.name for one in whole.backups] == ["older", "newer"]
    assert not window.gaps
    assert not window.unusable


def test_a_missing_segment_splits_it_until_the_end_of_the_next_backup() -> None:
    window = seen(archive(3, 4, 6, 7, 8, 9), backup("older", 3.2, 3.8), backup("newer", 7.1, 7.5))

    assert [(one.begin_lsn, one.end_lsn) for one in window.windows] == [
        (position(3.8), position(5)),
        (position(7.5), position(10)),
    ]
    (gap,) = window.gaps
    assert gap.names(SIZE) == (segment_name(1, 5, SIZE),)
    assert (gap.after_at, gap.before_at) == (at(4), at(6))


def test_a_moment_in_a_gap_is_refused_with_the_nearest_ones_and_what_is_missing() -> None:
    window = seen(archive(3, 4, 6, 7, 8, 9), backup("older", 3.2, 3.8), backup("newer", 7.1, 7.5))

    said = refused(window, Target.time(at(5.5)))

    assert said.why == "2026-03-01 12:05:30 UTC lies in a gap of the archive"
    assert said.before is not None
    assert said.after is not None
    assert (said.before.at, said.after.at) == (at(4), at(7))
    assert [gap.names(SIZE) for gap in said.gaps] == [(segment_name(1, 5, SIZE),)]


def test_before_the_oldest_backup_and_after_the_last_segment_the_nearest_moment_is_told() -> None:
    window = seen(archive(*range(3, 10)), backup("only", 3.2, 3.8))

    early, late = refused(window, Target.time(at(1))), refused(window, Target.time(at(30)))

    assert early.before is None
    assert early.after is not None
    assert early.after.at == at(3)
    assert late.after is None
    assert late.before is not None
    assert late.before.at == at(9)


def test_a_time_is_served_by_the_newest_backup_that_ended_before_it() -> None:
    window = seen(archive(*range(3, 10)), backup("older", 3.2, 3.8), backup("newer", 6.1, 6.5))

    assert served(window, Target.time(at(5))).backup.name == "older"
    assert served(window, Target.time(at(6))).backup.name == "newer"
    assert served(window, LATEST).backup.name == "newer"


def test_an_lsn_needs_the_segments_from_the_backups_start_to_its_own_and_no_more() -> None:
    window = seen(archive(*range(3, 10)), backup("only", 3.2, 4.8))

    found = served(window, Target.position(position(7.5)))

    assert [(run.timeline, run.first, run.last) for run in found.segments] == [(1, 3, 7)]
    assert found.exact
    assert served(window, IMMEDIATE).segment_count == 2


def test_a_backup_that_builds_on_another_is_usable_only_with_it() -> None:
    full = backup("full", 3.1, 3.5)
    diff = replace(backup("diff", 4.1, 4.5), kind="diff", based_on="full")
    incr = replace(backup("incr", 5.1, 5.5), kind="incr", based_on="diff")
    archived = archive(*range(3, 9))

    whole = served(seen(archived, full, diff, incr), LATEST)
    assert [one.name for one in whole.chain] == ["full", "diff", "incr"]

    broken = seen(archived, full, incr)
    assert served(broken, LATEST).backup.name == "full"
    assert [(one.backup.name, one.why) for one in broken.unusable] == [
        ("incr", "it builds on diff, which is not there")
    ]


def test_backups_that_claim_to_build_on_each_other_are_no_backups() -> None:
    one = replace(backup("one", 3.1, 3.5), kind="incr", based_on="two")
    two = replace(backup("two", 4.1, 4.5), kind="incr", based_on="one")

    assert not seen(archive(*range(3, 9)), one, two).reaches


def test_an_incomplete_backup_is_of_no_use() -> None:
    window = seen(archive(*range(3, 9)), replace(backup("broken", 3.1, 3.5), finished_at=None))

    assert refused(window, LATEST).why == "there is no usable backup"
    assert refused(window, LATEST, "broken").why == "broken cannot be used: it is not complete"


def test_a_backup_whose_own_wal_is_missing_says_which() -> None:
    window = seen(archive(3, 5, 6), backup("only", 3.1, 4.5))

    assert [one.why for one in window.unusable] == [
        f"the archive lacks WAL that it needs, from {segment_name(1, 4, SIZE)} on"
    ]
    assert [gap.names(SIZE) for gap in window.gaps] == [(segment_name(1, 4, SIZE),)]


def test_one_that_brings_its_own_wal_can_be_restored_to_its_end_without_an_archive() -> None:
    own = replace(backup("own", 3.1, 4.5), has_wal=True)
    unknown = ArchiveState(SILENT)

    window = seen(unknown, own, backup("bare", 1.1, 1.5))

    assert not window.answer.ok
    assert [(one.begin_lsn, one.end_lsn) for one in window.windows] == [(position(4.5), position(4.5))]
    assert served(window, IMMEDIATE).segments == ()
    assert [one.why for one in window.unusable] == ["whether the archive has its WAL is not known"]
    assert refused(window, Target.time(at(8))).before is not None


def test_backups_that_nobody_can_list_make_everything_unknown() -> None:
    window = restore_window(BackupState(SILENT, (), None, None), archive(3, 4, 5))

    assert not window.answer.ok
    assert "not known" in refused(window, LATEST).why


def test_a_failover_is_crossed_on_the_new_timelines_copy_of_the_segment() -> None:
    history = (Stretch(1, Lsn(0), position(5.5)), Stretch(2, position(5.5), None))
    archived = archive_of([(1, 3), (1, 4), (2, 5), (2, 6), (2, 7)], (history,))

    window = seen(archived, backup("before", 3.1, 3.5))

    (whole,) = window.windows
    assert whole.end_lsn == position(8)
    assert [(run.timeline, run.first, run.last) for run in served(window, LATEST).segments] == [(1, 3, 4), (2, 5, 7)]


def test_what_the_old_primary_went_on_with_leads_nowhere() -> None:
    history = (Stretch(1, Lsn(0), position(5.5)), Stretch(2, position(5.5), None))
    archived = archive_of([(1, 3), (1, 4), (1, 5), (1, 6), (2, 6)], (history,))

    window = seen(archived, backup("before", 3.1, 3.5), backup("after", 6.1, 6.5))

    assert [(one.begin_lsn, one.end_lsn) for one in window.windows] == [(position(3.5), position(5))]
    assert [gap.names(SIZE) for gap in window.gaps] == [(segment_name(2, 5, SIZE),)]
    assert [one.backup.name for one in window.unusable] == ["after"]


def test_without_its_history_file_a_timeline_continues_nothing() -> None:
    window = seen(archive_of([(1, 3), (1, 4), (2, 5), (2, 6)]), backup("before", 3.1, 3.5))

    assert [one.why for one in window.unusable] == ["it is on timeline 1, which timeline 2 does not continue"]


def test_a_time_within_an_archive_whose_times_are_not_known_is_not_promised() -> None:
    archived = ArchiveState(ANSWERED, runs((1, number, None) for number in range(3, 9)), (), SIZE)
    window = seen(archived, backup("only", 3.1, 3.5))

    assert "not known" in refused(window, Target.time(at(5))).why
    assert served(window, LATEST).exact


@dataclass(frozen=True)
class World:
    history: tuple[Stretch, ...]
    archived: frozenset[tuple[int, int]]
    backups: tuple[BaseBackup, ...]

    @property
    def window(self) -> RestoreWindow:
        histories = (self.history,) if len(self.history) > 1 else ()
        return seen(archive_of(sorted(self.archived), histories), *self.backups)

    def has(self, number: int) -> bool:
        timeline = [one.timeline for one in self.history if segment_number(one.begin, SIZE) <= number][-1]
        return (timeline, number) in self.archived

    def restorable(self, lsn: Lsn) -> bool:
        return any(self._restores(one, lsn) for one in self.backups)

    def _restores(self, one: BaseBackup, lsn: Lsn) -> bool:
        assert one.start_lsn is not None
        assert one.end_lsn is not None
        stretch = next(stretch for stretch in self.history if stretch.timeline == one.timeline)
        if lsn < one.end_lsn or (stretch.end is not None and one.end_lsn > stretch.end):
            return False
        first = one.end_lsn if one.has_wal else one.start_lsn
        return all(self.has(number) for number in range(first // SIZE, lsn // SIZE + 1))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    forks = sorted(draw(st.lists(st.integers(8, 100), max_size=2, unique=True)))
    begins = [0, *forks]
    history = tuple(
        Stretch(number + 1, position(begin / 4), position(end / 4) if end is not None else None)
        for number, (begin, end) in enumerate(zip(begins, [*forks, None], strict=True))
    )
    # The newest timeline has at least its last segment, or it would not be the newest.
    pairs = st.tuples(st.integers(1, len(history)), st.integers(0, 30))
    missing = draw(st.sets(pairs, max_size=8))
    every = {(one.timeline, number) for one in history for number in range(31)}
    archived = frozenset((every - missing) | {(history[-1].timeline, 31)})
    backups = []
    for name in range(draw(st.integers(0, 4))):
        begin = draw(st.integers(1, 110))
        end = begin + draw(st.integers(1, 12))
        made = backup(f"b{name}", begin / 4, end / 4, draw(st.integers(1, len(history))))
        backups.append(replace(made, has_wal=draw(st.booleans())))
    return World(history, archived, tuple(backups))


@given(worlds(), st.integers(0, 4 * 33))
def test_the_window_has_exactly_what_can_be_restored(world: World, quarter: int) -> None:
    lsn = position(quarter / 4)
    window = world.window

    assert any(one.begin_lsn <= lsn < one.end_lsn for one in window.windows) == world.restorable(lsn)


@given(worlds(), st.integers(0, 4 * 33))
def test_what_serves_has_every_segment_and_what_does_not_names_the_nearest(world: World, quarter: int) -> None:
    lsn = position(quarter / 4)
    window = world.window
    if not window.reaches:
        return

    found = serve(window, Target.position(lsn))

    if isinstance(found, Serving):
        assert world.restorable(lsn) or lsn == found.backup.end_lsn
        assert all((run.timeline, number) in world.archived for run in found.segments for number in _numbers(run))
    else:
        assert not world.restorable(lsn)
        low = found.before.lsn if found.before else position(0)
        high = found.after.lsn if found.after else position(33)
        assert low <= lsn <= high
        between = (position(number / 4) for number in range(4 * 33) if low <= position(number / 4) < high)
        assert not any(world.restorable(one) for one in between)


@given(worlds())
def test_a_gap_names_every_missing_segment_and_none_that_is_there(world: World) -> None:
    window = world.window
    named = {(run.timeline, number) for gap in window.gaps for run in gap.missing for number in _numbers(run)}

    assert not named & world.archived
    needed = [reach.first_segment for reach in window.reaches]
    for number in range(min(needed, default=32), 32):
        assert world.has(number) != any(number == missing for _, missing in named)


def _numbers(run: Segments) -> range:
    return range(run.first, run.last + 1)
