"""kill -9 at every moment of every promotion: whatever was under way, the next process ends it, and safely."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from commands.asked import Decision
from commands.dispatcher import Dispatcher
from commands.registry import COMMANDS
from ledger import locks
from ledger.audit_chain import verify
from ledger.operations import Operation, OperationState
from ledger.steps import StepStatus
from tests.commands.conftest import Scene, open_scene
from tests.commands.mortal import Killed, Life, Watch, mortal
from tests.commands.traffic import Pool

# Before and after each action on a server and each transaction of the ledger.
MOMENTS = {"switchover": 30, "failover": 14}
ENDS = (OperationState.SUCCEEDED, OperationState.FAILED, OperationState.INTERRUPTED)


@dataclass(frozen=True, slots=True)
class Played:
    """How an operation ended that several processes ran one after the other."""

    scene: Scene
    operation: Operation
    watch: Watch
    was_killed: bool


@asynccontextmanager
async def played(kind: str, *deaths: int, pool: Pool | None = None) -> AsyncIterator[Played]:
    """One order; each process dies at its moment, and the next one takes up what it left. The last one lives."""
    watch, was_killed = Watch(), False
    # The log of a dying process would be a traceback of thousands of lines, drawn anew for each death.
    with TemporaryDirectory() as place, capture_logs():
        async with open_scene(Path(place)) as opened, behind(opened, pool) as scene:
            await prepare(scene, kind)
            requested = await scene.request()
            for number, dies_at in enumerate((*deaths, None)):
                life = Life(dies_at)
                process = mortal(scene.world, scene.pair, life, watch)
                with suppress(Killed):
                    if number == 0:
                        await process.decide(scene.asks("bob"), requested, Decision.APPROVE)
                    else:
                        await process.recover()
                await idle(process)
                was_killed = was_killed or life.dead
            if (await scene.operation(requested)).state is OperationState.AWAITING_APPROVAL:
                # It died before the approval was on disk: whoever pressed was told nothing, and presses again.
                await process.decide(scene.asks("bob"), requested, Decision.APPROVE)
                await idle(process)
            yield Played(scene, await scene.operation(requested), watch, was_killed)


@asynccontextmanager
async def behind(scene: Scene, pool: Pool | None) -> AsyncIterator[Scene]:
    """The same scene, with that traffic target before it."""
    if pool is None:
        yield scene
        return
    world = replace(scene.world, traffic={"shop": (pool,)})
    dispatcher = Dispatcher(world, COMMANDS)
    yield replace(scene, world=world, dispatcher=dispatcher)
    await dispatcher.shutdown(1.0)


async def prepare(scene: Scene, kind: str) -> None:
    if kind == "failover":
        await scene.dispatcher.ask(scene.asks("guest", "status"))
        scene.pair.kill("db1")


async def idle(process: Dispatcher) -> None:
    """Until everything that the process runs has ended, with it or by itself."""
    while process._runner.running:
        await asyncio.sleep(0)


async def holds(end: Played) -> None:
    """What must be true however it came to its end."""
    scene, operation = end.scene, end.operation
    assert end.watch.most_writable <= 1
    assert end.watch.without_intent == []
    assert end.watch.promoted_again == 0
    assert operation.state in ENDS
    assert await scene.ledger.read(locks.holders) == []
    assert (await scene.ledger.read(verify)).ok
    records = await scene.steps(operation.id)
    assert all(record.status is not None for record in records)
    card = await scene.card(f"operation/{operation.id}")
    assert card.buttons == ()
    report = await scene.card(f"operation/{operation.id}/report")
    assert str(operation.state) in report.title


async def thread_tells_of_restart(end: Played) -> None:
    """In the message in which the progress was shown all along."""
    records = await end.scene.steps(end.operation.id)
    if {one.status for one in records} & {StepStatus.FOUND_DONE, StepStatus.FOUND_UNDONE, StepStatus.UNKNOWN}:
        progress = await end.scene.card(f"operation/{end.operation.id}/progress")
        assert "Understudy was restarted" in repr(progress)


@pytest.mark.parametrize("kind", ["switchover", "failover"])
async def test_killed_once_at_any_moment_it_is_completed(kind: str) -> None:
    moment = 0
    while True:
        async with played(kind, moment) as end:
            await holds(end)
            assert end.operation.state is OperationState.SUCCEEDED, (moment, end.operation.result)
            assert end.scene.pair.writable == ["db2"]
            assert end.scene.pair.machines["db2"].timeline == 2
            if not end.was_killed:
                break
            await thread_tells_of_restart(end)
        moment += 1
    assert moment >= MOMENTS[kind]


async def test_killed_while_clients_are_held_at_any_moment_nobody_is_left_waiting() -> None:
    moment, killed_while_held = 0, 0
    while True:
        pool = Pool()
        async with played("switchover", moment, pool=pool) as end:
            await holds(end)
            assert not pool.held, moment
            assert [pool.leads] == end.scene.pair.writable, moment
            if not end.was_killed:
                break
            killed_while_held += pool.did.count("hold") > 0
        moment += 1
    assert killed_while_held >= MOMENTS["switchover"] // 2


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 50), min_size=2, max_size=4))
def test_killed_again_and_again_nobody_is_left_waiting(deaths: list[int]) -> None:
    async def play() -> None:
        pool = Pool()
        async with played("switchover", *deaths, pool=pool) as end:
            await holds(end)
            assert not pool.held

    asyncio.run(play())


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(["switchover", "failover"]), st.lists(st.integers(0, 40), min_size=2, max_size=4))
def test_killed_again_and_again_it_ends_and_says_where(kind: str, deaths: list[int]) -> None:
    async def play() -> None:
        async with played(kind, *deaths) as end:
            await holds(end)
            assert len(end.scene.pair.writable) <= 1

    asyncio.run(play())
