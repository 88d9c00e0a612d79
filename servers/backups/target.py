"""Up to where a recovery replays.

https://www.postgresql.org/docs/current/runtime-config-wal.html#RUNTIME-CONFIG-WAL-RECOVERY-TARGET
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from servers.lsn import Lsn


class TargetKind(StrEnum):
    """Named as PostgreSQL's recovery_target… settings; LATEST is the end of the archive, which needs no setting."""

    TIME = "time"
    LSN = "lsn"
    NAME = "name"  # a restore point made by pg_create_restore_point()
    XID = "xid"
    IMMEDIATE = "immediate"  # as soon as the backup is consistent
    LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a recovery is to end. `at` (aware) belongs to TIME, `lsn` to LSN, `text` to NAME and XID."""

    kind: TargetKind
    at: datetime | None = None
    lsn: Lsn | None = None
    text: str = ""

    @classmethod
    def time(cls, at: datetime) -> "Target":
        return cls(TargetKind.TIME, at=at)

    @classmethod
    def position(cls, lsn: Lsn) -> "Target":
        return cls(TargetKind.LSN, lsn=lsn)


LATEST = Target(TargetKind.LATEST)
IMMEDIATE = Target(TargetKind.IMMEDIATE)
