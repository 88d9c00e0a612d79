"""A Sentinel: its masters, and whether enough Sentinels see each other to fail over.

https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/, "Sentinel commands".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redis.exceptions import ResponseError

from servers.watching.services.redis_connection import Asker, RedisAddress, connected
from servers.watching.services.view import UP, Measure, Seen, Unit

QUORUM = "redis_quorum"


@dataclass(frozen=True, slots=True)
class RedisSentinel:
    """`masters`: the names of those that it must know; (): whichever it knows."""

    address: RedisAddress
    masters: tuple[str, ...] = ()
    kind: str = "sentinel"

    async def look(self, timeout: float) -> Seen:
        async with connected(self.address, timeout) as sentinel:
            known = {row["name"]: row for row in rows(await sentinel.ask("SENTINEL", "MASTERS")) if "name" in row}
            quorums = {name: await quorum_of(sentinel, name) for name in known}
        measures = [one for name, row in known.items() for one in master_measures(row, quorums[name])]
        missing = [name for name in self.masters if name not in known]
        absent = [Measure(UP, 0.0, Unit.YES_OR_NO, name, ("Sentinel knows no such master",)) for name in missing]
        return Seen(measures=(*measures, *absent), detail=f"it watches {', '.join(known) or 'no master'}")


def rows(answer: Any) -> list[dict[str, str]]:
    """What Sentinel answers with: a list of names and values by turns for each thing that it knows. What is none of
    that is left out."""
    lists = [one for one in answer if isinstance(one, list)] if isinstance(answer, list) else []
    return [dict(zip(map(str, one[::2]), map(str, one[1::2]), strict=False)) for one in lists]


def master_measures(row: Mapping[str, str], quorum: str) -> tuple[Measure, Measure]:
    """`quorum`: CKQUORUM's answer, or its refusal."""
    name, flags = row["name"], row.get("flags", "").split(",")
    where = f"{row.get('ip')}:{row.get('port')}"
    down = "o_down" in flags or "s_down" in flags
    agreed = "the Sentinels agree that it is down" if "o_down" in flags else "this Sentinel does not reach it"
    failing = "; a failover is under way" if "failover_in_progress" in flags else ""
    line = f"{where}: {agreed}{failing}" if down else f"the master is {where}"
    return (
        Measure(UP, float(not down), Unit.YES_OR_NO, name, (line,)),
        Measure(QUORUM, float(quorum.startswith("OK")), Unit.YES_OR_NO, name, (quorum,)),
    )


async def quorum_of(sentinel: Asker, master: str) -> str:
    """CKQUORUM's answer, or its refusal."""
    try:
        return str(await sentinel.ask("SENTINEL", "CKQUORUM", master))
    except ResponseError as refused:
        return str(refused)
