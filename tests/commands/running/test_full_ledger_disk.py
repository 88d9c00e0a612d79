"""The ledger's disk is full in the middle of an order: no record is lost, and nothing is done without an intent."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from commands.asked import Decision
from commands.dispatcher import Dispatcher
from commands.registry import COMMANDS
from lab.errors import FaultNotAvailable
from ledger.audit_chain import verify
from ledger.operations import OperationState
from ledger.steps import StepStatus
from tests.commands.conftest import Scene, open_scene
from tests.faults.ledger_disk import fill_up, ledger_disk, make_room

ENGINE = {"checkpoint": "checkpoint", "stop": "stop", "wait_replayed": "prove", "promote": "promote"}


@pytest.fixture
async def place() -> AsyncIterator[Path]:
    try:
        with ledger_disk() as mounted:
            yield mounted
    except FaultNotAvailable as error:
        pytest.skip(str(error))


@pytest.fixture
async def small(place: Path) -> AsyncIterator[Scene]:
    async with open_scene(place) as scene:
        yield scene


async def until_full_in_the_stop(scene: Scene, place: Path) -> str:
    """An approved switchover whose stop is under way, when not a record goes into the ledger any more."""
    operation = await scene.request()
    scene.pair.holds["stop"] = asyncio.Event()
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    await scene.pair.has_begun("stop")
    await fill_up(place)
    scene.pair.holds["stop"].set()
    return operation


async def intended(scene: Scene, operation: str) -> set[str]:
    return {record.action for record in await scene.steps(operation)}


async def test_no_step_begins_and_what_was_done_is_recorded_once_there_is_room(small: Scene, place: Path) -> None:
    operation = await until_full_in_the_stop(small, place)
    while small.pair.writable:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.5)  # time for a step that would not wait for its intent
    assert [action for action, _ in small.pair.did] == ["checkpoint", "stop"]
    await make_room(place)
    await small.dispatcher.wait(operation)
    assert (await small.operation(operation)).state is OperationState.SUCCEEDED
    records = await small.steps(operation)
    assert [record.status for record in records] == [StepStatus.SUCCEEDED] * 7
    assert (await small.ledger.read(verify)).ok


async def test_where_it_stays_full_nothing_more_is_done_and_the_next_process_ends_it(
    small: Scene, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("commands.running.patience.LEDGER_PATIENCE", 0.3)
    with capture_logs() as logs:
        operation = await until_full_in_the_stop(small, place)
        while not any(line["event"] == "an operation was left" for line in logs):
            await asyncio.sleep(0.01)
    assert [action for action, _ in small.pair.did] == ["checkpoint", "stop"]
    assert await intended(small, operation) == {"checkpoint", "stop"}
    await small.dispatcher.shutdown(1.0)

    await make_room(place)
    after = Dispatcher(small.world, COMMANDS)
    await after.recover()
    await after.wait(operation)
    await after.shutdown(1.0)
    assert (await small.operation(operation)).state in (OperationState.SUCCEEDED, OperationState.FAILED)
    assert len(small.pair.writable) == 1
    assert {ENGINE[action] for action, _ in small.pair.did if action in ENGINE} <= await intended(small, operation)
    assert (await small.ledger.read(verify)).ok


async def test_a_shutdown_does_not_wait_for_room(small: Scene, place: Path) -> None:
    operation = await until_full_in_the_stop(small, place)
    async with asyncio.timeout(5.0):  # the run itself would go on trying for 10 s
        await small.dispatcher.shutdown(1.0)
    assert await intended(small, operation) == {"checkpoint", "stop"}
    assert [action for action, _ in small.pair.did] == ["checkpoint", "stop"]
    await make_room(place)
    assert (await small.ledger.read(verify)).ok
