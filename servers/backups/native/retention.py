"""What retention lets go of: backups by name, and the WAL that no backup that stays needs. A pure decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from servers.backups.archive import ArchiveState, segment_number
from servers.inventory import Retention
from servers.state import BaseBackup


@dataclass(frozen=True, slots=True)
class Decision:
    """Backups that go and that stay, newest first. Segments go whose number is below `first_kept`, on any timeline;
    None: none does. `segments` is how many that are."""

    go: tuple[BaseBackup, ...]
    stay: tuple[BaseBackup, ...]
    first_kept: int | None
    segments: int


def decide(
    backups: Sequence[BaseBackup],
    archive: ArchiveState,
    retention: Retention,
    now: datetime,
    elsewhere: Sequence[BaseBackup] | None = (),
) -> Decision:
    """What goes. Of usable backups of ours there stay the newest `retention.full`, all that are younger than
    `retention.age` with the one before those (so that every moment of that time can be restored), the newest one that
    is verified, and whatever another one that stays is based on. What is not complete, and what people made by hand,
    stays and counts for none of these: only people know what it is for. What is complete of it needs its WAL.

    A recovery reads WAL from its backup's start on, and on every timeline only onwards: so the lowest start alone tells
    what is needed. Where one start is not known, or the archive is not, all WAL stays. `elsewhere` are backups on other
    hosts, which all stay and need their WAL in the same archive; None: what there is is not known.
    """
    usable = sorted((one for one in backups if _usable(one) and one.ours), key=_finished, reverse=True)
    kept = {one.name for one in usable[: max(1, retention.full)]}
    if retention.age is not None:
        cutoff = now - timedelta(seconds=retention.age)
        kept |= {one.name for one in usable if _finished(one) > cutoff}
        kept |= {one.name for one in [one for one in usable if _finished(one) <= cutoff][:1]}
    kept |= {one.name for one in [one for one in usable if one.verified_at is not None][:1]}
    kept |= {one.name for one in backups if not one.ours}
    kept = _with_bases(kept, backups)
    go = tuple(one for one in usable if one.name not in kept)
    stay = tuple(one for one in backups if one not in go)
    in_need = [one for one in (*stay, *(elsewhere or ())) if _usable(one)]
    first_kept = None if elsewhere is None else _first_kept(in_need, archive)
    return Decision(go, stay, first_kept, _segments_below(archive, first_kept))


def _with_bases(kept: set[str], backups: Sequence[BaseBackup]) -> set[str]:
    based_on = {one.name: one.based_on for one in backups}
    found = set(kept)
    waiting = list(kept)
    while waiting:
        base = based_on.get(waiting.pop())
        if base is not None and base not in found:
            found.add(base)
            waiting.append(base)
    return found


def _first_kept(stay: Sequence[BaseBackup], archive: ArchiveState) -> int | None:
    starts = [one.start_lsn for one in stay]
    if not archive.answer.ok or not starts or None in starts:
        return None
    return segment_number(min(start for start in starts if start is not None), archive.segment_size)


def _segments_below(archive: ArchiveState, first_kept: int | None) -> int:
    if first_kept is None:
        return 0
    return sum(max(0, min(run.last, first_kept - 1) - run.first + 1) for run in archive.segments)


def _usable(backup: BaseBackup) -> bool:
    return backup.finished_at is not None


def _finished(backup: BaseBackup) -> datetime:
    assert backup.finished_at is not None  # noqa: S101 - asked of usable ones alone
    return backup.finished_at
