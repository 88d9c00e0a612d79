"""Watching a recovery until it has reached its target, or cannot. The decision is pure."""

from dataclasses import dataclass
from enum import StrEnum

from ledger.quantities import count_text, seconds_text
from servers.backups.archive import ArchiveState, parse_segment_name
from servers.backups.instances import InstanceState
from servers.backups.serving import Serving
from servers.backups.target import Target, TargetKind

_LINES_TOLD = 3


class Stage(StrEnum):
    GOES_ON = "goes on"
    REACHED = "reached"
    AT_THE_END = "at the end of the WAL"  # everything up to the target is replayed: it is to be paused there
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Judged:
    stage: Stage
    why: str = ""


def judge_recovery(
    state: InstanceState, target: Target, archive: ArchiveState, serving: Serving, *, waits: bool, stands_still: bool
) -> Judged:
    """`waits`: it has stood still for a moment, and `archive` was looked at since.

    `stands_still`: nothing has moved for so long that nothing will.
    """
    if not state.running:
        return Judged(Stage.FAILED, f"PostgreSQL ended while it recovered: {last_words(state.log)}")
    if state.reached:
        return Judged(Stage.REACHED)
    if target.kind is TargetKind.LATEST and state.answers and state.paused:
        return Judged(Stage.REACHED)
    at = _number(state.waits_for or state.reads, archive)
    last = serving.segments[-1].last if serving.segments else None
    # The last segment, not full yet, may come with the backup: then its end is met in there, and nothing is waited for.
    if waits and archive.answer.ok and at is not None and (state.waits_for or state.answers):
        there = any(run.first <= at <= run.last for run in archive.segments)
        if not there and (last is None or at > last):
            return _at_the_end(state, target)
        if not there and stands_still and state.waits_for:
            return Judged(Stage.FAILED, f"the archive lacks the segment {state.waits_for}")
    if not stands_still:
        return Judged(Stage.GOES_ON)
    where = f" at segment {state.waits_for or state.reads}" if at is not None else ""
    return Judged(Stage.FAILED, f"recovery does not go on{where}: {last_words(state.log)}")


def _at_the_end(state: InstanceState, target: Target) -> Judged:
    if not state.answers:
        return Judged(Stage.FAILED, f"the WAL ended before the backup was consistent: {last_words(state.log)}")
    if target.kind in (TargetKind.TIME, TargetKind.LATEST):
        return Judged(Stage.AT_THE_END)
    return Judged(Stage.FAILED, "the archived WAL ended before this target was met: it is not in it")


def progress_line(state: InstanceState, serving: Serving, archive: ArchiveState, seconds: float) -> str:
    """“segment 12 of 40, last transaction 03:11:58 UTC, about 40 s left”."""
    total, first = serving.segment_count, serving.segments[0].first if serving.segments else None
    at = _number(state.reads or state.waits_for, archive)
    parts = []
    if at is not None and first is not None and total:
        done = min(max(at - first + 1, 0), total)
        parts.append(f"segment {done} of {total}")
        if 0 < done < total and seconds >= 1:
            parts.append(f"about {seconds_text(seconds / done * (total - done))} left")
    if state.replayed_at is not None:
        parts.append(f"last transaction {state.replayed_at:%Y-%m-%d %H:%M:%S} UTC")
    return ", ".join(parts) or f"under way for {seconds_text(seconds)}, {count_text(total, 'segment')} to replay"


def last_words(log: str) -> str:
    """What its log says last of what went wrong, else its last line."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    wrong = [
        line for line in lines if any(word in line for word in ("FATAL", "PANIC", "ERROR", "invalid", "incorrect"))
    ]
    told = wrong or lines
    return told[-1].partition("]")[2].strip(" :") or told[-1] if told else "its log is empty"


def _number(name: str, archive: ArchiveState) -> int | None:
    try:
        return parse_segment_name(name, archive.segment_size)[1]
    except ValueError:
        return None
