"""Three servers in the care of a real Patroni with a real etcd, and the dispatcher beside it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from lab.leftovers import world_processes
from lab.patroni_rest import USER
from lab.world import Lab, LabOptions
from servers.engines.behind_patroni import behind_patroni
from servers.engines.patroni.engine import PatroniEngine, patroni_engines
from servers.patroni_state import PatroniState
from tests.commands.test_on_real_servers import Road, road_of

OPTIONS = LabOptions(engine="patroni", more_standbys={"db3": "db1"}, base_backup=False)


@asynccontextmanager
async def managed_road(lab: Lab, directory: Path, extra: str = "") -> AsyncIterator[Road]:
    """On a lab that stands; `extra` is appended to its settings."""
    async with road_of(lab, directory, extra=extra) as road:
        clusters = road.world.clusters
        world = replace(
            road.world,
            engine=behind_patroni(road.world.engine, clusters.values()),
            patroni=patroni_engines(clusters.values(), lambda: datetime.now(UTC)),
        )
        yield Road(lab, world)


def patroni(road: Road) -> PatroniEngine:
    return road.world.patroni[road.cluster.name]


async def until(road: Road, holds: Callable[[PatroniState], bool], timeout: float = 40.0) -> PatroniState:
    """Until somebody leads, and that holds."""
    async with asyncio.timeout(timeout):
        while True:
            state = await patroni(road).look()
            if state.answer.ok and state.leader is not None and holds(state):
                return state
            await asyncio.sleep(0.1)


async def settled(road: Road) -> None:
    """Until everybody streams."""
    await until(road, lambda state: len(state.members) == 3 and all(one.streams for one in state.members))


async def leader_and_replica(road: Road) -> tuple[str, str]:
    state = await until(road, lambda state: True)
    assert state.leader is not None
    return state.leader.name, next(one.name for one in state.members if not one.leads)


async def configure(road: Road, changes: Mapping[str, object]) -> None:
    """Patroni's own configuration, as patronictl edit-config changes it."""
    rest, server = road.lab.patroni, next(iter(road.lab.servers.values()))
    login = aiohttp.BasicAuth(USER, rest.password)
    async with (
        aiohttp.ClientSession(raise_for_status=True, auth=login) as session,
        session.patch(f"{rest.url(server)}/config", json=changes, ssl=rest.context()) as answer,
    ):
        await answer.read()


def etcd_pid(road: Road) -> int:
    """The process of the practice world's etcd."""
    (pid,) = [
        pid
        for pid in world_processes(road.lab.directory)
        if Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].endswith(b"etcd")
    ]
    return pid


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """That process stands still until the block ends."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
