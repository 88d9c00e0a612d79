"""Real base backups of the practice pair: taken with pg_basebackup, and made old where a practice needs that."""

import hashlib
import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lab.server import LabServer

_STAMP = "%Y%m%dT%H%M%SZ"
_TIME_LINE = re.compile(r"^((?:START|STOP) TIME: )(.+)$", re.MULTILINE)
_TIME_FORMAT = "%Y-%m-%d %H:%M:%S UTC"


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

    That is its name, the times in backup_label (whose checksum in the manifest follows, so that the backup still
    verifies), the times in the archive's backup history files, and the modification times of all files.
    """
    aged = []
    for backup in base_backups(directory):
        _age_label(backup, by)
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
        moment = datetime.strptime(match.group(2), _TIME_FORMAT).replace(tzinfo=UTC) - by
        return match.group(1) + moment.strftime(_TIME_FORMAT)

    return _TIME_LINE.sub(shift, text)


def _age_label(backup: Path, by: timedelta) -> None:
    """Shift backup_label and make the manifest agree.

    The manifest has one line a file; its last line holds the SHA-256 of everything before that line:
    https://www.postgresql.org/docs/current/backup-manifest-toplevel.html
    """
    label, manifest = backup / "backup_label", backup / "backup_manifest"
    text = _shifted(label.read_text(), by)
    label.write_text(text)
    lines = manifest.read_text().splitlines(keepends=True)
    for number, line in enumerate(lines):
        if '"Path": "backup_label"' in line:
            lines[number] = _relabelled(line, text)
    body = "".join(lines[:-1])
    manifest.write_text(body + f'"Manifest-Checksum": "{hashlib.sha256(body.encode()).hexdigest()}"}}\n')


def _relabelled(line: str, text: str) -> str:
    stripped = line.rstrip("\n")
    comma = "," if stripped.endswith(",") else ""
    entry = json.loads(stripped.removesuffix(","))
    entry["Size"] = len(text.encode())
    entry["Checksum"] = hashlib.sha256(text.encode()).hexdigest()
    return json.dumps(entry) + comma + "\n"
