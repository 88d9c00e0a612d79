"""What Barman's catalogue says of its backups (`scripts.LIST`), as values.

backup.info has a line a field, with Python's notation for what is not text: barman/infofile.py of its source.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from servers.backups.archive import DEFAULT_SEGMENT_SIZE
from servers.lsn import parse_lsn
from servers.state import BaseBackup, DiskUse

COMPLETE = frozenset({"DONE", "WAITING_FOR_WALS"})  # of the latter, the archive tells whether it can be used
_KIBIBYTE = 1024


@dataclass(frozen=True, slots=True)
class Tablespace:
    """A tablespace of a backup, and where it was."""

    name: str
    location: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Barman's backups, newest first; each one's tablespaces; the size of a segment where a backup tells it."""

    backups: tuple[BaseBackup, ...]
    tablespaces: Mapping[str, tuple[Tablespace, ...]]
    segment_size: int


def parse_catalogue(base: str, lines: Sequence[str], verified: Mapping[str, datetime]) -> Catalogue:
    """`base` is the catalogue's directory; a line is a backup's id and "field=value". ValueError for what is not."""
    infos = _infos(lines)
    backups = tuple(_backup(base, name, info, verified) for name, info in sorted(infos.items(), reverse=True))
    sizes = [int(info["xlog_segment_size"]) for info in infos.values() if info.get("xlog_segment_size", "").isdigit()]
    spaces = {name: tuple(_tablespaces(info.get("tablespaces", "None"))) for name, info in infos.items()}
    return Catalogue(backups, spaces, sizes[0] if sizes else DEFAULT_SEGMENT_SIZE)


def parse_verified(lines: Sequence[str]) -> dict[str, datetime]:
    """When each backup was last verified: "20261124T125301 1795524783"."""
    words = (line.split() for line in lines)
    return {
        each[0]: datetime.fromtimestamp(int(each[1]), UTC) for each in words if len(each) == 2 and each[1].isdigit()
    }


def parse_disk(line: str | None, path: str) -> tuple[DiskUse, ...]:
    """The second line of `df -P -k`."""
    words = (line or "").split(None, 5)
    if len(words) < 6 or not all(word.isdigit() for word in words[1:4]):
        return ()
    size, used, available = (int(word) * _KIBIBYTE for word in words[1:4])
    return (DiskUse(path, words[5], size, used, available),)


def _infos(lines: Sequence[str]) -> dict[str, dict[str, str]]:
    infos: dict[str, dict[str, str]] = {}
    for line in lines:
        name, _, field = line.partition(" ")
        key, _, value = field.partition("=")
        infos.setdefault(name, {})[key] = value
    return infos


def _backup(base: str, name: str, info: Mapping[str, str], verified: Mapping[str, datetime]) -> BaseBackup:
    status = info.get("status", "EMPTY")
    error = _given(info.get("error"))
    parent = _given(info.get("parent_backup_id"))
    begin, end = _given(info.get("begin_xlog")), _given(info.get("end_xlog"))
    timeline = _given(info.get("timeline"))
    return BaseBackup(
        name=name,
        path=f"{base.rstrip('/')}/{name}",
        started_at=_time(info.get("begin_time")),
        finished_at=_time(info.get("end_time")) if status in COMPLETE else None,
        size=int(_given(info.get("deduplicated_size")) or _given(info.get("size")) or 0),
        start_lsn=parse_lsn(begin) if begin else None,
        end_lsn=parse_lsn(end) if end else None,
        timeline=int(timeline) if timeline else None,
        kind="incr" if parent else "full",
        based_on=parent,
        repository="barman",
        encrypted=_given(info.get("encryption")) is not None,
        verified_at=verified.get(name),
        problem=(error or "it failed")[:200] if status == "FAILED" else "",
    )


def _given(text: str | None) -> str | None:
    return None if text in (None, "", "None") else text


def _time(text: str | None) -> datetime | None:
    given = _given(text)
    if given is None:
        return None
    at = datetime.fromisoformat(given)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _tablespaces(text: str) -> Iterator[Tablespace]:
    """Each is (name, object id, location)."""
    try:
        for name, _, location in ast.literal_eval(text) or ():
            yield Tablespace(str(name), str(location))
    except (SyntaxError, TypeError) as error:
        raise ValueError(f"backup.info's tablespaces make no sense: {error}") from None
