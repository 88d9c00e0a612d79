"""The heartbeat, written and read for real, and the way of a failover drill's probe, tried without writing."""

import asyncio

from bot.check.finding import Finding, Unsuccessful, tried
from commands.drilling.probe_actions import road_of
from commands.world import World
from servers.engines.engine import ActionFailed
from servers.heartbeat import lag_seconds
from servers.inventory import Cluster
from servers.probe import Probes

_TIMEOUT_SECONDS = 10.0


async def check_heartbeat(cluster: Cluster, world: World) -> list[Finding]:
    """Nothing where the settings want no heartbeat."""
    place, heart = cluster.heartbeat, world.heartbeats.of(cluster.name)
    if place is None or heart is None:
        return []
    schema = f"in {place.database} on the primary: CREATE SCHEMA understudy AUTHORIZATION the role of conninfo"

    async def beat() -> str:
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                await heart.beat()
                seen = await heart.look()
        except ActionFailed as failed:
            raise Unsuccessful(str(failed), schema) from None
        except TimeoutError:
            raise Unsuccessful(f"no answer within {_TIMEOUT_SECONDS:g} s", "mend SQL first") from None
        lags = [
            f"{server.name} {lag:.1f} s behind"
            for server in cluster.servers
            if server.name != seen.primary and (lag := lag_seconds(seen, server.name)) is not None
        ]
        return f"written to {place.database} on {seen.primary}; {', '.join(lags) or 'no standby has it yet'}"

    async def probe() -> str:
        name, roads = road_of(world, cluster, place)
        why_not = await _why_not(world.probes, roads)
        if why_not is not None:
            raise Unsuccessful(f"{name}: {why_not}", "see docs/drills.md for what a failover drill needs")
        return f"through {name}"

    return [
        await tried(cluster.name, "the heartbeat", beat),
        await tried(cluster.name, "the way of a drill's probe", probe),
    ]


async def _why_not(probes: Probes, roads: tuple[str, ...]) -> str | None:
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            return await probes.why_not(roads)
    except TimeoutError:
        return f"no answer within {_TIMEOUT_SECONDS:g} s"
