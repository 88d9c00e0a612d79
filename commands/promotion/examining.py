"""What a switchover looks at beyond the state of the cluster: asked once for a plan, and once more before the run.

None of it is within the outage, which begins with the stop of the old primary.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

from commands.promotion.pair import Pair
from commands.world import World
from servers.engines.engine import ActionFailed
from servers.engines.rejoining import Reach
from servers.inventory import Cluster, Server
from servers.readiness import ArchiveTry, Readiness

T = TypeVar("T")

SQL_SECONDS = 1.0
HOST_SECONDS = 5.0  # a try to connect and log in from one host to the other
ARCHIVE_SECONDS = 10.0  # an archiving tool's own check asks its repository


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found; a line that says why there is nothing, where there is nothing."""

    old: Readiness | str
    new: Readiness | str
    way_back: Reach | str
    archive: ArchiveTry | str


NOT_EXAMINED = Examined(*("it was not looked at",) * 4)


async def examine(world: World, pair: Pair) -> Examined:
    """Everything at once. Never raises for what a server does or says."""
    engine, source, target = world.engine, pair.source, pair.target
    async with asyncio.TaskGroup() as tasks:
        old = tasks.create_task(_or_why(engine.readiness(source, timeout=SQL_SECONDS)))
        new = tasks.create_task(_or_why(engine.readiness(target, timeout=SQL_SECONDS)))
        way_back = tasks.create_task(_or_why(engine.reach(source, target, timeout=HOST_SECONDS)))
        directory = archive_directory(pair.cluster, target)
        archive = tasks.create_task(_or_why(engine.archive_try(target, directory, timeout=ARCHIVE_SECONDS)))
    return Examined(old.result(), new.result(), way_back.result(), archive.result())


def archive_directory(cluster: Cluster, server: Server) -> str | None:
    """Where that server would archive to, as far as the settings tell: on its own host, or on a shared file system."""
    place = cluster.backups
    return None if place is None or place.server not in (None, server.name) else place.archive_directory


async def _or_why(work: Awaitable[T]) -> T | str:
    try:
        return await work
    except ActionFailed as failed:
        return str(failed)
