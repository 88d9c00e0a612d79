"""When a recovery has reached its target, goes on, or never will. Pure."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from commands.restoring.recovering import Stage, judge_recovery, last_words, progress_line
from servers.backups.archive import DEFAULT_SEGMENT_SIZE, ArchiveState, Segments, segment_name
from servers.backups.instances import InstanceState
from servers.backups.serving import Serving
from servers.backups.target import IMMEDIATE, LATEST, Target, TargetKind
from servers.lsn import Lsn
from servers.state import Answer, Outcome
from tests.commands.restoring.practice_restore import BACKUP

AT = datetime(2026, 1, 31, 3, 2, tzinfo=UTC)
TIME, NAME = Target.time(AT), Target(TargetKind.NAME, text="before")
RUN = Segments(1, 2, 9)
SERVING = Serving(BACKUP, (BACKUP,), (RUN,), False)
ARCHIVE = ArchiveState(Answer(Outcome.ANSWERED, AT, 0.1), (RUN,))
STATE = InstanceState(
    there=True,
    key="k",
    running=True,
    port=54320,
    sockets="/s",
    reads=segment_name(1, 5),
    waits_for="",
    in_recovery=True,
    paused=False,
    lsn=Lsn(5 * DEFAULT_SEGMENT_SIZE),
    replayed_at=AT,
    timeline=1,
    stopped_at="",
    log="",
)
AT_THE_END = replace(STATE, reads="", waits_for=segment_name(1, 10))
STOPPED = replace(STATE, paused=True, stopped_at="recovery stopping before commit of transaction 7")


def stage(state: InstanceState, target: Target, *, waits: bool = True, stands_still: bool = False) -> Stage:
    return judge_recovery(state, target, ARCHIVE, SERVING, waits=waits, stands_still=stands_still).stage


@pytest.mark.parametrize("target", [TIME, NAME, IMMEDIATE])
def test_it_is_reached_where_postgresql_has_stopped_and_paused(target: Target) -> None:
    assert stage(STOPPED, target, waits=False) is Stage.REACHED


def test_a_pause_for_another_reason_is_no_target() -> None:
    """Hot standby pauses where a setting is smaller than on the primary."""
    assert stage(replace(STATE, paused=True), TIME) is Stage.GOES_ON


def test_at_the_end_of_the_wal_a_time_has_everything_and_a_name_was_not_met() -> None:
    assert stage(AT_THE_END, TIME) is Stage.AT_THE_END
    assert stage(AT_THE_END, LATEST) is Stage.AT_THE_END
    assert stage(AT_THE_END, NAME) is Stage.FAILED


def test_the_end_is_believed_only_once_the_archive_was_looked_at_again() -> None:
    assert stage(AT_THE_END, TIME, waits=False) is Stage.GOES_ON
    more = replace(ARCHIVE, segments=(Segments(1, 2, 10),))
    judged = judge_recovery(AT_THE_END, TIME, more, SERVING, waits=True, stands_still=False)
    assert judged.stage is Stage.GOES_ON


def test_nothing_is_paused_at_an_end_that_the_target_lies_behind() -> None:
    """A segment within what the target needs has gone: neither the end nor the target."""
    gone = replace(AT_THE_END, waits_for=segment_name(1, 6))
    less = replace(ARCHIVE, segments=(Segments(1, 2, 5),))
    judged = judge_recovery(gone, TIME, less, SERVING, waits=True, stands_still=True)
    assert judged.stage is Stage.FAILED
    assert segment_name(1, 6) in judged.why


def test_one_that_is_not_consistent_at_the_end_is_nothing_to_open() -> None:
    assert stage(replace(AT_THE_END, in_recovery=None), TIME) is Stage.FAILED


def test_one_that_stands_still_or_has_ended_says_what_its_log_said_last() -> None:
    log = "2026-01-31 03:12:00 UTC [7] LOG:  incorrect resource manager data checksum in record at 0/5000028"
    still = judge_recovery(replace(STATE, log=log), TIME, ARCHIVE, SERVING, waits=True, stands_still=True)
    assert still.stage is Stage.FAILED
    assert segment_name(1, 5) in still.why
    assert "incorrect resource manager data checksum" in still.why
    ended = judge_recovery(
        replace(STATE, running=False, log=log), TIME, ARCHIVE, SERVING, waits=False, stands_still=False
    )
    assert "PostgreSQL ended" in ended.why


def test_progress_counts_segments_and_tells_the_last_transaction() -> None:
    line = progress_line(STATE, SERVING, ARCHIVE, 8.0)
    assert line == "segment 4 of 8, about 8 s left, last transaction 2026-01-31 03:02:00 UTC"


def test_a_log_that_is_empty_is_said_to_be() -> None:
    assert last_words("") == "its log is empty"


READS_ITS_OWN = replace(STATE, reads=segment_name(1, 10))


def test_the_end_of_a_segment_that_came_with_the_backup_is_the_end_of_the_wal() -> None:
    assert stage(READS_ITS_OWN, LATEST) is Stage.AT_THE_END
    assert stage(READS_ITS_OWN, NAME) is Stage.FAILED


def test_but_only_once_it_has_stood_still_and_answers() -> None:
    assert stage(READS_ITS_OWN, LATEST, waits=False) is Stage.GOES_ON
    assert stage(replace(READS_ITS_OWN, in_recovery=None), LATEST) is Stage.GOES_ON
