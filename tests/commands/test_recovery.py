"""A process that is gone: its operation is neither repeated nor forgotten, and its lock serves nobody any more."""

import asyncio

from commands.asked import Decision
from commands.dispatcher import Dispatcher
from commands.owner import is_gone, this_process
from commands.registry import COMMANDS
from ledger import locks
from ledger.audit import AuditKind
from ledger.operations import OperationState
from ledger.steps import StepStatus
from tests.commands.conftest import Scene

GONE = f"{this_process().rsplit(':', 2)[0]}:4194305:1"  # above the highest pid_max there is


async def crashed_within(scene: Scene, action: str) -> tuple[str, Dispatcher]:
    """An operation whose process, as its lock tells, ended within that action; and that process."""
    scene.pair.holds[action] = asyncio.Event()
    operation = await scene.request()
    crashed = Dispatcher(scene.world, COMMANDS, owner=GONE)
    await crashed.decide(scene.asks("bob"), operation, Decision.APPROVE)
    await scene.pair.has_begun(action)
    return operation, crashed


async def test_an_interrupted_step_is_asked_whether_it_was_done(scene: Scene) -> None:
    operation, _ = await crashed_within(scene, "promote")
    scene.pair.machines["db2"].standby = False
    await scene.dispatcher.recover()
    stands = await scene.operation(operation)
    assert stands.state is OperationState.INTERRUPTED
    assert (await scene.steps(operation))[-1].status is StepStatus.FOUND_DONE
    assert "Understudy ended during step 4 of 7 (Promote db2)" in (stands.result or "")
    assert len(await scene.records(AuditKind.OPERATION_INTERRUPTED)) == 1
    assert len(await scene.records(AuditKind.LOCK_TAKEN_OVER)) == 1
    report = await scene.card(f"operation/{operation}/report")
    assert "db2 is the primary" in repr(report)


async def test_a_step_that_was_not_done_is_said_to_be_undone_and_is_not_repeated(scene: Scene) -> None:
    operation, _ = await crashed_within(scene, "stop")
    await scene.dispatcher.recover()
    assert (await scene.steps(operation))[-1].status is StepStatus.FOUND_UNDONE
    assert [action for action, _ in scene.pair.did] == ["checkpoint", "stop"]


async def test_a_process_that_lost_its_lock_can_do_nothing_more(scene: Scene) -> None:
    _, crashed = await crashed_within(scene, "stop")
    await scene.dispatcher.recover()
    scene.pair.holds["stop"].set()
    await crashed.shutdown(5.0)
    assert [action for action, _ in scene.pair.did] == ["checkpoint", "stop"]


async def test_recovering_twice_says_it_once_and_frees_the_cluster(scene: Scene) -> None:
    await crashed_within(scene, "checkpoint")
    await scene.dispatcher.recover()
    await scene.dispatcher.tick(scene.pair.now)
    assert len(await scene.records(AuditKind.OPERATION_INTERRUPTED)) == 1
    assert await scene.ledger.read(locks.holders) == []
    assert (await scene.form()).submit_label is not None


async def test_an_operation_of_a_living_process_is_left_alone(scene: Scene) -> None:
    scene.pair.holds["checkpoint"] = asyncio.Event()
    operation = await scene.request()
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    await scene.pair.has_begun("checkpoint")
    other = Dispatcher(scene.world, COMMANDS, owner=f"{this_process()}0")
    await other.recover()
    assert (await scene.operation(operation)).state is OperationState.RUNNING
    scene.pair.holds["checkpoint"].set()
    await scene.dispatcher.wait(operation)


def test_only_a_process_of_this_host_is_ever_known_to_be_gone() -> None:
    assert is_gone(GONE)
    assert not is_gone(this_process())
    assert not is_gone("another-host:4194305:1")
    assert not is_gone("nonsense")
