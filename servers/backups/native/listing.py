"""Reading the listing that `servers.backups.native.listing_script` prints.

backup_label: https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
backup_manifest: https://www.postgresql.org/docs/current/backup-manifest-format.html
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from servers.errors import ServerUnreachable
from servers.host_facts import disks_of
from servers.lsn import Lsn, parse_lsn
from servers.sections import Sections, parse_sections
from servers.state import BaseBackup, DiskUse, EncryptionKey, Outcome

_BLOCKS = frozenset({"manifest", "label", "disks"})
_RANGES = re.compile(r'"WAL-Ranges"\s*:\s*(\[.*?\])\s*,\s*"Manifest-Checksum"\s*:\s*"[0-9a-f]{64}"\s*\}\s*$', re.DOTALL)
_START_TIME = re.compile(r"^START TIME: (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (\S+)$", re.MULTILINE)
_INCREMENTAL = re.compile(r"^INCREMENTAL FROM LSN:", re.MULTILINE)
_OUR_NAME = re.compile(r"\d{8}T\d{6}Z")  # as servers.backups.native.tool names them
_UTC_NAMES = frozenset({"UTC", "GMT", "Etc/UTC"})
_KIBIBYTE = 1024


@dataclass(frozen=True, slots=True)
class Listing:
    """What was found: backups newest first; the archive's number of segments and the time of the newest one; the file
    systems of both; the keys that were asked for."""

    backups: tuple[BaseBackup, ...]
    archived_segments: int | None
    last_archived_at: datetime | None
    disks: tuple[DiskUse, ...] = ()
    keys: tuple[EncryptionKey, ...] = ()


def parse_listing(directory: str, text: str, known_sizes: Mapping[str, int], archive: str | None = None) -> Listing:
    """The listing of a directory, and of the archive's.

    `known_sizes`: bytes by name, for the backups whose size was not asked for again.
    ServerUnreachable when the directory cannot be looked into; ValueError when the output makes no sense.
    """
    head, *chunks = text.split("\n@backup ") if not text.startswith("@backup ") else ("", *text.split("\n@backup "))
    chunks = [chunk.removeprefix("@backup ") for chunk in chunks]
    found = parse_sections(head, _BLOCKS)
    error = found.one("error")
    if error is not None:
        raise ServerUnreachable(Outcome.DENIED, f"{error}: does it exist, and may the SSH user read it?")
    if not text.rstrip().endswith("@done"):
        raise ValueError("the listing of backups broke off")
    sizes = {**known_sizes, **_sizes(text)}
    backups = [backup for chunk in chunks if (backup := _backup(directory, chunk, sizes)) is not None]
    segments, segment_at = found.one("segments"), found.one("segment_at")
    return Listing(
        backups=tuple(sorted(backups, key=_moment, reverse=True)),
        archived_segments=int(segments) if segments is not None else None,
        last_archived_at=_time(segment_at),
        disks=disks_of(found.blocks.get("disks", ""), (directory, archive) if archive else (directory,)),
        keys=tuple(_key(line) for line in found.values.get("key", ())),
    )


def _key(line: str) -> EncryptionKey:
    fingerprint, _, until = line.partition(" ")
    if until == "missing":
        return EncryptionKey(fingerprint, missing=True)
    return EncryptionKey(fingerprint, None if until == "never" else _time(until))


def _backup(directory: str, chunk: str, sizes: Mapping[str, int]) -> BaseBackup | None:
    """One backup; None for an incremental one, which is no base to start from."""
    name, _, body = chunk.partition("\n")
    found = parse_sections(body, _BLOCKS)
    label, manifest = found.blocks.get("label", ""), found.blocks.get("manifest")
    if _INCREMENTAL.search(label):
        return None
    ranges = _wal_ranges(manifest) if manifest is not None else None
    first, last = (ranges[0], ranges[-1]) if ranges else (None, None)
    state, _, verified = _job(found, "verify")
    made, begun, _ = _job(found, "backup")
    return BaseBackup(
        name=name,
        path=f"{directory.rstrip('/')}/{name}",
        started_at=_started_at(label) or _time(begun),
        finished_at=_time(found.one("manifest_at")) if ranges else None,
        size=sizes.get(name, 0),
        start_lsn=first.start if first else None,
        end_lsn=last.end if last else None,
        timeline=last.timeline if last else None,
        encrypted=found.one("encrypted") is not None,
        verified_at=_time(verified) if state == "done" else None,
        has_wal=found.one("has_wal") is not None,
        ours=made == "done" and _OUR_NAME.fullmatch(name) is not None,
    )


def _job(found: Sections, job: str) -> tuple[str, str | None, str | None]:
    """A job's state, and the seconds at which it began and last changed it; of one that was never begun, nothing."""
    words = (found.one(f"job_{job}") or "").split(" ")
    return (words[0], words[1], words[2]) if len(words) == 3 else ("", None, None)


@dataclass(frozen=True, slots=True)
class _WalRange:
    timeline: int
    start: Lsn
    end: Lsn


def _wal_ranges(manifest_tail: str) -> tuple[_WalRange, ...] | None:
    """The WAL that the backup needs, oldest first; None when the manifest does not end as a whole one does."""
    match = _RANGES.search(manifest_tail)
    if match is None:
        return None
    try:
        rows = [
            _WalRange(int(row["Timeline"]), parse_lsn(row["Start-LSN"]), parse_lsn(row["End-LSN"]))
            for row in json.loads(match[1])
        ]
    except (ValueError, KeyError, TypeError):
        return None
    return tuple(sorted(rows, key=lambda row: row.timeline)) or None


def _sizes(text: str) -> dict[str, int]:
    lines = (line[6:].partition(" ") for line in text.splitlines() if line.startswith("@size "))
    return {name: int(kibibytes) * _KIBIBYTE for kibibytes, _, name in lines if kibibytes.isdigit()}


def _started_at(label: str) -> datetime | None:
    """START TIME, where its zone is one that can be told from its abbreviation."""
    match = _START_TIME.search(label)
    if match is None or match[2] not in _UTC_NAMES:
        return None
    return datetime.strptime(match[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)


def _time(seconds: str | None) -> datetime | None:
    if not seconds or seconds == "0":
        return None
    try:
        return datetime.fromtimestamp(float(seconds), UTC)
    except (OverflowError, OSError):
        raise ValueError(f"not a time: {seconds[:40]}") from None


def _moment(backup: BaseBackup) -> datetime:
    return backup.finished_at or backup.started_at or datetime.min.replace(tzinfo=UTC)
