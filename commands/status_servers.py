"""A cluster's servers in `/ha status`: a line for each, and what concerns them together."""

from collections.abc import Callable, Sequence
from datetime import datetime

from ledger.page import Facts, Part, Table
from ledger.quantities import bytes_text, count_text, seconds_text
from servers.lag import replay_lag_bytes, replay_lag_seconds
from servers.state import ClusterState, Role, ServerState, Slot, SqlFacts
from servers.version_number import version_text

UNKNOWN = "unknown"
_HEADERS = ("Server", "Role", "Replication", "Replay lag", "Connections", "Fullest disk", "Up for")


def server_parts(state: ClusterState, primary: SqlFacts | None, now: datetime) -> tuple[Part, ...]:
    """The table, and the facts below it. `primary` is what the one primary says; None where it says nothing."""
    return (
        Table(_HEADERS, tuple(_row(server, primary, now) for server in state.servers)),
        Facts(tuple((label, (said,)) for label, said in _facts(state, primary))),
    )


def role_text(server: ServerState) -> str:
    """“standby”; of one that does not answer, what it last was."""
    if server.role is not Role.UNKNOWN:
        return str(server.role)
    was = f", was {server.last_role}" if server.last_role is not Role.UNKNOWN else ""
    return f"{UNKNOWN}{was}"


def lag_text(primary: SqlFacts | None, standby: SqlFacts) -> str:
    """“12 kB, 0.4 s”; what is not known is said to be unknown."""
    behind, seconds = replay_lag_bytes(primary, standby), replay_lag_seconds(primary, standby)
    if behind is None:
        return UNKNOWN
    return bytes_text(behind) if seconds is None else f"{bytes_text(behind)}, {seconds_text(seconds)}"


def disk_text(servers: Sequence[ServerState]) -> str:
    """The fullest file system of these."""
    disks = [disk for server in servers if server.host is not None for disk in server.host.disks]
    if not disks:
        return UNKNOWN
    fullest = max(disks, key=lambda disk: disk.used_fraction)
    return f"{fullest.used_fraction:.0%} of {bytes_text(fullest.size)}"


def _row(server: ServerState, primary: SqlFacts | None, now: datetime) -> tuple[str, ...]:
    sql, disk = server.sql, disk_text((server,))
    if sql is None:
        return (server.name, role_text(server), UNKNOWN, UNKNOWN, UNKNOWN, disk, UNKNOWN)
    lag = lag_text(primary, sql) if sql.in_recovery else "-"
    paused = ", paused" if sql.replay_paused else ""
    used = f"{sql.connections} of {sql.max_connections}"
    up = seconds_text(max(0.0, (now - sql.started_at).total_seconds()))
    return (server.name, role_text(server), _replication(server.name, sql, primary), f"{lag}{paused}", used, disk, up)


def _replication(name: str, sql: SqlFacts, primary: SqlFacts | None) -> str:
    """As the primary has it; it alone knows who is synchronous."""
    if not sql.in_recovery:
        standbys = sum(row.state == "streaming" for row in sql.replication)
        return f"to {count_text(standbys, 'standby')}" if standbys else "to nobody"
    if primary is None:
        return UNKNOWN
    rows = [row for row in primary.replication if row.application_name == name] or (
        list(primary.replication) if len(primary.replication) == 1 else []
    )
    return f"{rows[0].state}, {rows[0].sync_state}" if rows else "none"


def _facts(state: ClusterState, primary: SqlFacts | None) -> list[tuple[str, str]]:
    facts = [
        ("PostgreSQL", _each(state, lambda sql: version_text(sql.version_number))),
        ("Timeline", _each(state, lambda sql: str(sql.timeline))),
    ]
    if primary is not None:
        names = primary.synchronous_standby_names
        facts.append(("Commits wait for", names or "no standby (asynchronous)"))
        facts.append(("Slots", _slots(primary)))
    return facts


def _each(state: ClusterState, say: Callable[[SqlFacts], str]) -> str:
    """Once where all who answer say the same."""
    said = {server.name: UNKNOWN if server.sql is None else say(server.sql) for server in state.servers}
    if len(set(said.values())) == 1:
        return next(iter(said.values()))
    return ", ".join(f"{name} {value}" for name, value in said.items())


def _slots(primary: SqlFacts) -> str:
    if not primary.slots:
        return "none"
    unused = [slot for slot in primary.slots if not slot.active]
    if not unused:
        return f"{len(primary.slots)}, all in use"
    return f"{len(primary.slots)}; not in use: {', '.join(_unused(slot, primary) for slot in unused)}"


def _unused(slot: Slot, primary: SqlFacts) -> str:
    """What it keeps from being removed is what fills a disk."""
    if slot.restart_lsn is None or primary.wal_lsn is None:
        return slot.name
    return f"{slot.name} (keeps {bytes_text(max(0, primary.wal_lsn - slot.restart_lsn))} of WAL)"
