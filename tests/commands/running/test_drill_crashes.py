"""kill -9 at every moment of a failover drill: one server takes writes in the end, and never two at once."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import pytest
from structlog.testing import capture_logs

from commands.asked import Decision
from commands.dispatcher import Dispatcher
from commands.registry import COMMANDS
from ledger import locks
from ledger.audit_chain import verify
from ledger.operations import OperationState
from servers.drilling import HeartbeatPlace
from servers.inventory import Server
from servers.probe import Noticed, Probes
from tests.commands.conftest import Scene, open_scene
from tests.commands.mortal import Killed, Life, Watch, mortal
from tests.commands.running.test_crashes import ENDS, idle

MOMENTS = range(
    1, 60, 4
)  # before and after what it does to servers and to the ledger; every one of them takes a minute


@dataclass
class Client:
    """Plays a probe that is answered at once."""

    noticed: Noticed = field(default_factory=lambda: Noticed(0.0))

    async def has_written(self, seconds: float) -> bool:
        self.noticed.acknowledge(len(self.noticed.acknowledged) + 1, 0.0)
        return True

    def turn(self) -> float:
        return 0.5


@dataclass
class Clients:
    """Plays the probes of one process; their rows outlive it."""

    there: set[int]
    client: Client | None = None

    async def why_not(self, roads: Sequence[str]) -> str | None:
        return None

    async def make_table(self, primary: Server, place: HeartbeatPlace) -> None:
        """It is there."""

    def start(self, roads: Sequence[str], run: str) -> Client:
        self.client = self.client or Client()
        return self.client

    def running(self, run: str) -> Client | None:
        return self.client

    async def stop(self, run: str) -> Noticed | None:
        client, self.client = self.client, None
        if client is not None:
            self.there |= set(client.noticed.acknowledged)
        return client.noticed if client is not None else None

    async def rows(self, server: Server, place: HeartbeatPlace, run: str) -> frozenset[int]:
        return frozenset(self.there)

    async def remove(self, primary: Server, place: HeartbeatPlace, run: str) -> None:
        self.there.clear()

    async def close(self) -> None:
        """Nothing runs."""


def drilling(scene: Scene, there: set[int]) -> Scene:
    """As one process has it: its own probes, on a cluster in which they may write."""
    shop = replace(scene.world.clusters["shop"], heartbeat=HeartbeatPlace("app", 5.0))
    world = replace(scene.world, clusters={"shop": shop}, probes=cast(Probes, Clients(there)))
    return replace(scene, world=world, dispatcher=Dispatcher(world, COMMANDS))


@dataclass(frozen=True, slots=True)
class End:
    state: OperationState
    writable: list[str]
    died: bool


async def drilled(dies_at: int | None) -> End:
    watch = Watch()
    with TemporaryDirectory() as place, capture_logs():
        async with open_scene(Path(place)) as opened:
            scene, there = drilling(opened, set()), set[int]()
            requested = await scene.request(text="drill failover")
            life = Life(dies_at)
            first = mortal(drilling(opened, there).world, scene.pair, life, watch)
            with suppress(Killed):
                await first.decide(scene.asks("bob"), requested, Decision.APPROVE)
            await idle(first)
            second = mortal(drilling(opened, there).world, scene.pair, Life(None), watch)
            await second.recover()
            await idle(second)
            if (await scene.operation(requested)).state is OperationState.AWAITING_APPROVAL:
                await second.decide(scene.asks("bob"), requested, Decision.APPROVE)
                await idle(second)
            operation = await scene.operation(requested)
            assert watch.most_writable <= 1
            assert watch.without_intent == []
            assert operation.state in ENDS
            assert await scene.ledger.read(locks.holders) == []
            assert (await scene.ledger.read(verify)).ok
            await scene.dispatcher.shutdown(1.0)
            return End(operation.state, scene.pair.writable, life.dead)


async def test_where_nothing_breaks_the_old_order_is_given_back() -> None:
    end = await drilled(None)
    assert (end.state, end.writable) == (OperationState.SUCCEEDED, ["db1"])


@pytest.mark.parametrize("dies_at", MOMENTS)
async def test_killed_at_any_moment_one_server_takes_writes_in_the_end(dies_at: int) -> None:
    end = await drilled(dies_at)
    assert len(end.writable) == 1, end
    # Whoever noticed what the client did is gone with the process: that is no passed drill, but for the edges.
    assert end.writable == ["db1"] or end.state is not OperationState.SUCCEEDED
