"""What a backup tool is asked to do, and where its job then runs."""

from dataclasses import dataclass
from enum import StrEnum

from servers.inventory import Server


class BackupKind(StrEnum):
    """How much of the data directory a backup has: all, what changed since the last full one, or since the last."""

    FULL = "full"
    DIFFERENTIAL = "diff"
    INCREMENTAL = "incr"


class BackupJob(StrEnum):
    """What a tool does by a job on a host."""

    BACKUP = "backup"
    VERIFY = "verify"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class BackupWanted:
    """A backup to take, from `source` (a standby that does not lag where there is one).

    `repository` as in `BaseBackup.repository`; "local": where the tool puts them by itself.
    """

    source: Server
    kind: BackupKind = BackupKind.FULL
    repository: str = "local"


@dataclass(frozen=True, slots=True)
class VerifyWanted:
    """A backup to verify. `repository` as in `BaseBackup.repository`."""

    backup: str
    repository: str = "local"


@dataclass(frozen=True, slots=True)
class RestoreWanted:
    """A base backup to lay out on `server`'s host, in `directory`, which is not there yet.

    `tablespaces` are where each tablespace goes, by where it was: never into the live one's.
    """

    backup: str
    server: Server
    directory: str
    repository: str = "local"
    tablespaces: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class JobPlace:
    """A job that was begun. `server` is one of the cluster's, `path` what it makes, where the tool tells that.

    The native tool's runs on that server's host, with its state and log in `<path>.understudy`; other tools know
    by these where theirs runs.
    """

    job: BackupJob
    server: Server
    path: str
    key: str


@dataclass(frozen=True, slots=True)
class Expired:
    """What retention lets go of: backups by name, segments by count, and one line about it."""

    backups: tuple[str, ...]
    segments: int
    detail: str
