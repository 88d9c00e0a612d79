"""A recovery target in PostgreSQL's words, and in people's."""

from servers.backups.target import Target, TargetKind
from servers.lsn import format_lsn


def recovery_settings(target: Target) -> dict[str, str]:
    """The settings by which a server stops there and waits; none for the end of the archive.

    https://www.postgresql.org/docs/current/runtime-config-wal.html#RUNTIME-CONFIG-WAL-RECOVERY-TARGET
    """
    pause = {"recovery_target_action": "pause"}
    match target.kind:
        case TargetKind.TIME if target.at is not None:
            return {"recovery_target_time": f"{target.at:%Y-%m-%d %H:%M:%S.%f}+00", **pause}
        case TargetKind.LSN if target.lsn is not None:
            return {"recovery_target_lsn": format_lsn(target.lsn), **pause}
        case TargetKind.NAME:
            return {"recovery_target_name": target.text, **pause}
        case TargetKind.XID:
            return {"recovery_target_xid": target.text, **pause}
        case TargetKind.IMMEDIATE:
            return {"recovery_target": "immediate", **pause}
        case _:
            return {}


def target_text(target: Target) -> str:
    """As people read it: “2026-01-31 03:12:00 UTC”, “LSN 0/5000028”. Times are in UTC."""
    match target.kind:
        case TargetKind.TIME if target.at is not None:
            fraction = f".{target.at.microsecond:06d}".rstrip("0") if target.at.microsecond else ""
            return f"{target.at:%Y-%m-%d %H:%M:%S}{fraction} UTC"
        case TargetKind.LSN if target.lsn is not None:
            return f"LSN {format_lsn(target.lsn)}"
        case TargetKind.NAME:
            return f"restore point “{target.text}”"
        case TargetKind.XID:
            return f"transaction {target.text}"
        case TargetKind.LATEST:
            return "the end of the archive"
        case _:
            return "the end of the base backup"
