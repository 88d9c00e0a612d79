"""Replication slots: whether somebody reads from each, how much WAL it keeps, and how near it is to losing some."""

from collections.abc import Iterator

from alerts.observation import Look, Observation, Unit, yes
from ledger.quantities import bytes_text
from servers.lag import received_lsn
from servers.state import Role, ServerState, Slot, SqlFacts

SLOT_IN_USE = "slot_in_use"
SLOT_WAL_KEPT = "slot_wal_kept"
SLOT_WAL_LEFT = "slot_wal_left"
SLOT_WAL_WHOLE = "slot_wal_whole"


def slots(look: Look) -> tuple[Observation, ...]:
    """Of each slot, such as “db1 slot db2”: `slot_in_use` and `slot_wal_whole` (yes or no), `slot_wal_kept` (bytes)
    and `slot_wal_left` (the share of what max_slot_wal_keep_size lets it keep that is still free; 1 without a limit).

    A slot that keeps no WAL is in nobody's way, and on a standby one is kept unused for the day of its promotion
    (Patroni's, and those of PostgreSQL 17 that are synchronised): both count as used. Each server has an
    observation of its own, by which an alert about a slot that was dropped ends.
    """
    return tuple(seen for server in look.state.servers if server.sql for seen in _of(server, server.sql))


def _of(server: ServerState, sql: SqlFacts) -> Iterator[Observation]:
    yield Observation(SLOT_IN_USE, server.name, 1.0, Unit.YES_OR_NO, (), server.name)
    yield Observation(SLOT_WAL_KEPT, server.name, 0.0, Unit.BYTES, (), server.name)
    for slot in sql.slots:
        subject, at = f"{server.name} slot {slot.name}", sql.wal_lsn if not sql.in_recovery else received_lsn(sql)
        kept = None if at is None or slot.restart_lsn is None else max(0, at - slot.restart_lsn)
        lost = slot.wal_status == "lost"
        keeps_none = slot.restart_lsn is None and not lost
        evidence = _evidence(slot, kept)
        in_use = slot.active or keeps_none or server.role is Role.STANDBY or lost
        known = sql.sees_everything
        for name, value, unit in (
            (SLOT_IN_USE, yes(in_use if known else None), Unit.YES_OR_NO),
            (SLOT_WAL_WHOLE, yes(None if slot.wal_status is None and not keeps_none else not lost), Unit.YES_OR_NO),
            (SLOT_WAL_KEPT, 0.0 if keeps_none or lost else (None if kept is None else float(kept)), Unit.BYTES),
            (SLOT_WAL_LEFT, _left(slot, kept), Unit.SHARE),
        ):
            yield Observation(name, subject, value, unit, evidence, server.name)


def _left(slot: Slot, kept: int | None) -> float | None:
    """safe_wal_size is what may still be written before the slot is in danger; NULL without a limit."""
    if slot.safe_wal_size is None:
        return 1.0
    if kept is None:
        return None
    free = max(0, slot.safe_wal_size)
    return free / (free + kept) if free + kept else 1.0


def _evidence(slot: Slot, kept: int | None) -> tuple[str, ...]:
    used = "read from now" if slot.active else "read from by nobody now"
    lines = [used if kept is None else f"{used}, it keeps {bytes_text(kept)} of WAL"]
    if slot.wal_status is not None:
        lines.append(f"wal_status is {slot.wal_status}")
    if slot.safe_wal_size is not None:
        lines.append(f"{bytes_text(max(0, slot.safe_wal_size))} may be written before it loses WAL that it needs")
    return tuple(lines)
