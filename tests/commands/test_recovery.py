"""A process that is gone: its operation is neither repeated nor forgotten, and its lock serves nobody any more."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE, Popen
from unittest.mock import AsyncMock

import pytest
from sqlite_utils import Database

from commands.asked import Decision
from commands.dispatcher import Dispatcher
from commands.owner import Owner, is_gone
from commands.registry import COMMANDS
from ledger import locks
from ledger.audit import AuditKind
from ledger.errors import LedgerError, Problem
from ledger.operations import OperationState
from ledger.steps import StepStatus
from tests.commands.conftest import Scene


class Gone(Owner):
    """A process that has ended, as it looks to others."""

    def appear(self) -> None:
        """Nobody sees it."""


async def crashed_within(scene: Scene, action: str) -> tuple[str, Dispatcher]:
    """An operation whose process, as its lock tells, ended within that action; and that process."""
    scene.pair.holds[action] = asyncio.Event()
    operation = await scene.request()
    crashed = Dispatcher(scene.world, COMMANDS, owner=Gone(scene.ledger.path))
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
    assert "Understudy broke off during step 4 of 7 (Promote db2)" in (stands.result or "")
    assert len(await scene.records(AuditKind.OPERATION_INTERRUPTED)) == 1
    assert len(await scene.records(AuditKind.LOCK_TAKEN_OVER)) == 1
    report = await scene.card(f"operation/{operation}/report")
    assert "db2 is the primary" in repr(report)


async def test_a_step_that_was_not_done_is_said_to_be_undone_and_is_not_repeated(scene: Scene) -> None:
    operation, _ = await crashed_within(scene, "stop")
    await scene.dispatcher.recover()
    assert (await scene.steps(operation))[-1].status is StepStatus.FOUND_UNDONE
    assert [action for action, _ in scene.pair.did] == ["checkpoint", "stop"]


async def test_of_a_step_that_leaves_nothing_to_be_found_by_nothing_is_claimed(scene: Scene) -> None:
    operation, _ = await crashed_within(scene, "verify_write")
    await scene.dispatcher.recover()
    assert (await scene.steps(operation))[-1].status is StepStatus.UNKNOWN
    assert "Whether it was done cannot be told" in ((await scene.operation(operation)).result or "")


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
    other = Dispatcher(scene.world, COMMANDS)
    await other.recover()
    assert (await scene.operation(operation)).state is OperationState.RUNNING
    scene.pair.holds["checkpoint"].set()
    await scene.dispatcher.wait(operation)


def test_a_process_is_gone_when_the_kernel_has_let_go_of_its_lock(tmp_path: Path) -> None:
    """Whatever its id and its host's name: a container has its own of both, and gets new ones with each start."""
    ledger = tmp_path / "ledger.sqlite3"
    program = (
        "import pathlib, sys; from commands.owner import Owner; owner = Owner(pathlib.Path(sys.argv[1]));"
        "owner.appear(); print(owner.name, flush=True); sys.stdin.read()"
    )
    with Popen([sys.executable, "-c", program, str(ledger)], stdin=PIPE, stdout=PIPE, text=True) as other:
        assert other.stdout is not None
        name = other.stdout.readline().strip()
        _, _, token = name.rpartition(":")
        assert not is_gone(ledger, name)
        assert not is_gone(ledger, f"another-host:1:{token}")
        other.kill()
        other.wait()
    assert is_gone(ledger, name)
    assert list(tmp_path.iterdir()) == []


def test_who_left_is_gone_and_what_cannot_be_told_counts_as_alive(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.sqlite3"
    owner = Owner(ledger)
    owner.appear()
    assert not is_gone(ledger, owner.name)
    owner.leave()
    assert is_gone(ledger, owner.name)
    assert not is_gone(ledger, "nonsense")
    assert not is_gone(ledger, "host:1:../../etc/passwd")


async def test_an_operation_whose_ledger_was_lost_in_the_middle_is_in_nobodys_way(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process lives, but carries it on no more: no restart may be needed to order the next one."""
    monkeypatch.setattr("commands.run.LEDGER_PATIENCE", 0.0)
    scene.pair.holds["checkpoint"] = asyncio.Event()
    operation = await scene.request()
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    await scene.pair.has_begun("checkpoint")
    write = scene.ledger.write
    broken = AsyncMock(side_effect=LedgerError(Problem.FULL, "the disk is full"))
    monkeypatch.setattr(scene.ledger, "write", broken)
    scene.pair.holds["checkpoint"].set()
    while scene.dispatcher._runner.running:
        await asyncio.sleep(0)
    monkeypatch.setattr(scene.ledger, "write", write)
    await scene.dispatcher.tick(scene.pair.now)
    assert (await scene.operation(operation)).state is OperationState.INTERRUPTED
    assert (await scene.form()).submit_label is not None


async def test_an_approval_whose_click_was_cancelled_after_the_commit_blocks_nobody(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = await scene.request()
    write = scene.ledger.write

    async def cancelled(change: Callable[[Database], object]) -> object:
        await write(change)
        raise asyncio.CancelledError

    monkeypatch.setattr(scene.ledger, "write", cancelled)
    with pytest.raises(asyncio.CancelledError):
        await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    monkeypatch.setattr(scene.ledger, "write", write)
    await scene.dispatcher.tick(scene.pair.now)
    assert (await scene.operation(operation)).state is OperationState.FAILED
    assert scene.pair.did == []
    assert (await scene.form()).submit_label is not None


async def test_an_operation_that_runs_here_is_not_recovered_under_its_feet(scene: Scene) -> None:
    scene.pair.holds["checkpoint"] = asyncio.Event()
    operation = await scene.request()
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    await scene.pair.has_begun("checkpoint")
    await scene.dispatcher.tick(scene.pair.now)
    assert (await scene.operation(operation)).state is OperationState.RUNNING
    scene.pair.holds["checkpoint"].set()
    await scene.dispatcher.wait(operation)
    assert (await scene.operation(operation)).state is OperationState.SUCCEEDED
