"""A Redis: its role, its replication, its memory, whether it can save. By INFO alone.

https://redis.io/docs/latest/commands/info/
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from servers.watching.services.redis_connection import RedisAddress, connected
from servers.watching.services.view import Measure, Seen, Unit

REPLICATION = "redis_replication"
MEMORY = "redis_memory"
PERSISTENCE = "redis_persistence"

# What INFO says of the last attempt to write the data down, by what people know it by.
_SAVING = {
    "rdb_last_bgsave_status": "the last RDB snapshot (BGSAVE)",
    "aof_last_write_status": "the last write to the append-only file",
    "aof_last_bgrewrite_status": "the last rewrite of the append-only file",
}
_ROLES = {"master": "master", "slave": "replica"}


@dataclass(frozen=True, slots=True)
class RedisServer:
    """`role` "master" or "replica"; '': any. `replicas`: how many a master must have."""

    address: RedisAddress
    role: str = ""
    replicas: int = 0
    kind: str = "redis"

    async def look(self, timeout: float) -> Seen:
        async with connected(self.address, timeout) as redis:
            info = await redis.ask("INFO")
        return redis_seen(info, self.role, self.replicas)


def redis_seen(info: Mapping[str, Any], role: str = "", replicas: int = 0) -> Seen:
    """What an answer to INFO says. Pure."""
    found = _ROLES.get(str(info.get("role")), "")
    detail = f"it is a {found}" if found else "it tells no role"
    problems = (f"{detail}, but should be {role}",) if role and role != found else ()
    return Seen(problems, tuple(_measures(info, found, replicas)), detail=detail)


def _measures(info: Mapping[str, Any], role: str, replicas: int) -> Iterator[Measure]:
    if role == "replica":
        yield _link(info)
    elif role == "master" and replicas:
        yield _replicas(info, replicas)
    most, used = _number(info, "maxmemory"), _number(info, "used_memory")
    # With any other policy Redis makes room by itself, and a full cache is as it should be.
    if most and used is not None and info.get("maxmemory_policy") == "noeviction":
        line = f"{used / 2**20:.0f} MiB of {most / 2**20:.0f} MiB (maxmemory, noeviction)"
        yield Measure(MEMORY, used / most, Unit.SHARE, evidence=(line,))
    said = {what: str(info[key]) for key, what in _SAVING.items() if key in info}
    wrong = tuple(f"{what}: {status}" for what, status in said.items() if status != "ok")
    yield Measure(PERSISTENCE, float(not wrong) if said else None, Unit.YES_OR_NO, evidence=wrong)


def _link(info: Mapping[str, Any]) -> Measure:
    master = f"{info.get('master_host')}:{info.get('master_port')}"
    if info.get("master_link_status") == "up":
        age = info.get("master_last_io_seconds_ago")
        return Measure(REPLICATION, 1.0, Unit.YES_OR_NO, evidence=(f"it heard from {master} {age} s ago",))
    since = _number(info, "master_link_down_since_seconds")
    lasting = "" if since is None or since < 0 else f" for {since:.0f} s"
    syncing = "; it copies everything anew" if _number(info, "master_sync_in_progress") else ""
    return Measure(REPLICATION, 0.0, Unit.YES_OR_NO, evidence=(f"its link to {master} is down{lasting}{syncing}",))


def _replicas(info: Mapping[str, Any], wanted: int) -> Measure:
    rows = [value for key, value in info.items() if key.startswith("slave") and key[5:].isdigit()]
    online = sum(isinstance(row, Mapping) and row.get("state") == "online" for row in rows)
    line = f"{online} of {wanted} replicas are online"
    return Measure(REPLICATION, float(online >= wanted), Unit.YES_OR_NO, evidence=(line,))


def _number(info: Mapping[str, Any], key: str) -> float | None:
    value = info.get(key)
    return float(value) if isinstance(value, int | float) else None
