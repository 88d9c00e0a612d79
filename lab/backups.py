"""Real base backups of the practice pair: taken with pg_basebackup, and made old where a practice needs that."""

import hashlib
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lab.server import LabServer

_STAMP = "%Y%m%dT%H%M%SZ"
_TIME = re.compile(
    r"(?P<before>(?:START|STOP) TIME: |\"Last-Modified\": \")(?P<time>[-0-9]{10} [:0-9]{8})(?= (?:UTC|GMT))"
)
_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"


async def take_backup(server: LabServer, directory: Path) -> Path:
    """Take a base backup of a running server into a new directory, named by its time in UTC; with its WAL and manifest.

    It has the name's ending `.part` until it is complete. LabError when pg_basebackup fails.
    """
    target = _free_name(directory, datetime.now(UTC))
    part = target.with_name(f"{target.name}.part")
    await server.run(
        "pg_basebackup",
        f"--pgdata={part}",
        "--checkpoint=fast",
        "--wal-method=stream",
        "--manifest-checksums=SHA256",
        f"--label=understudy lab {target.name}",
        timeout=120,
    )
    part.rename(target)
    return target


def base_backups(directory: Path) -> list[Path]:
    """The complete base backups, oldest first."""
    return sorted(path.parent for path in directory.glob("*/backup_manifest") if not path.parent.name.endswith(".part"))


def make_backups_old(directory: Path, archive: Path, by: timedelta) -> list[Path]:
    """Set every base backup back in time, wherever its time is written; returns their new directories.

    That is its name, the times in backup_label and backup_manifest (whose checksums follow, so that the backup still
    verifies), those in the archive's backup history files, and the modification times of all files.
    """
    aged = []
    for backup in base_backups(directory):
        _age_label_and_manifest(backup, by)
        for path in (backup, *backup.rglob("*")):
            _age_file(path, by)
        target = _free_name(directory, _aged_name_time(backup, by))
        backup.rename(target)
        aged.append(target)
    for history in archive.glob("*.backup"):
        history.write_text(_shifted(history.read_text(), by))
        _age_file(history, by)
    return aged


def _free_name(directory: Path, moment: datetime) -> Path:
    while True:
        target = directory / moment.strftime(_STAMP)
        if not target.exists() and not target.with_name(f"{target.name}.part").exists():
            return target
        moment += timedelta(seconds=1)


def _aged_name_time(backup: Path, by: timedelta) -> datetime:
    return datetime.strptime(backup.name, _STAMP).replace(tzinfo=UTC) - by


def _age_file(path: Path, by: timedelta) -> None:
    status = path.stat(follow_symlinks=False)
    moved = int(by.total_seconds() * 1e9)
    os.utime(path, ns=(status.st_atime_ns - moved, status.st_mtime_ns - moved), follow_symlinks=False)


def _shifted(text: str, by: timedelta) -> str:
    def shift(match: re.Match[str]) -> str:
        moment = datetime.strptime(match["time"], _TIME_FORMAT).replace(tzinfo=UTC) - by
        return match["before"] + moment.strftime(_TIME_FORMAT)

    return _TIME.sub(shift, text)


def _age_label_and_manifest(backup: Path, by: timedelta) -> None:
    """Shift the times in backup_label and in the manifest, and make the manifest's checksums agree.

    The manifest has one line a file; its last line holds the SHA-256 of everything before that line:
    https://www.postgresql.org/docs/current/backup-manifest-toplevel.html
    """
    label, manifest = backup / "backup_label", backup / "backup_manifest"
    before = label.read_bytes()
    after = _shifted(before.decode(), by).encode()
    label.write_bytes(after)
    text = _shifted(manifest.read_text(), by)
    text = text.replace(hashlib.sha256(before).hexdigest(), hashlib.sha256(after).hexdigest())
    *lines, _checksum = text.splitlines(keepends=True)
    body = "".join(lines)
    manifest.write_text(body + f'"Manifest-Checksum": "{hashlib.sha256(body.encode()).hexdigest()}"}}\n')
