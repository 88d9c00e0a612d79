"""The WAL that a base backup cannot do without, and runs of segments that are put together."""

from dataclasses import replace

from servers.backups.archive import ArchiveState, Segments, joined
from servers.backups.needed import missing_segment
from servers.lsn import Lsn
from servers.state import Answer, BaseBackup, Outcome
from tests.servers.seen import AT

SEGMENT = 16 * 2**20
BACKUP = BaseBackup("full", "/full", AT, AT, 1, Lsn(3 * SEGMENT + 40), Lsn(6 * SEGMENT), timeline=1)


def archive(*runs: Segments) -> ArchiveState:
    return ArchiveState(Answer(Outcome.ANSWERED, AT, 0.1), runs, (), SEGMENT)


def test_all_from_its_start_to_its_end_must_be_there() -> None:
    assert missing_segment(BACKUP, archive(Segments(1, 3, 5))) is None
    assert missing_segment(BACKUP, archive(Segments(1, 2, 3), Segments(1, 5, 9))) == "000000010000000000000004"
    assert missing_segment(BACKUP, archive(Segments(2, 3, 5))) == "000000010000000000000003"


def test_one_that_brings_its_wal_or_does_not_tell_misses_nothing() -> None:
    assert missing_segment(replace(BACKUP, has_wal=True), archive()) is None
    assert missing_segment(replace(BACKUP, start_lsn=None), archive()) is None


def test_runs_that_touch_or_overlap_are_one_and_timelines_stay_apart() -> None:
    found = (Segments(1, 5, 9), Segments(2, 10, 11), Segments(1, 1, 4), Segments(1, 3, 6), Segments(1, 12, 12))
    whole = [(run.timeline, run.first, run.last) for run in joined(found)]
    assert whole == [(1, 1, 9), (1, 12, 12), (2, 10, 11)]
