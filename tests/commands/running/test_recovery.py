"""A process that is gone: its operation is carried on or ended by the next one, and its lock serves nobody any more."""

import asyncio
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from subprocess import PIPE, Popen
from unittest.mock import AsyncMock

import pytest
from sqlite_utils import Database

from commands.asked import Answer, Decision, Form
from commands.dispatcher import Dispatcher
from commands.registry import COMMANDS
from commands.running.owner import Owner, is_gone
from commands.running.resumption import LONGEST_PAUSE
from ledger import locks
from ledger.audit import AuditKind
from ledger.errors import LedgerError, Problem
from ledger.operations import Operation, OperationState
from ledger.steps import StepStatus
from tests.commands.conftest import Scene
from tests.commands.mortal import Gone, Killed, Life, Watch, mortal
from tests.commands.test_orders import SWITCHOVER


async def crashed_within(scene: Scene, action: str) -> tuple[str, Dispatcher]:
    """An operation whose process, as its lock tells, ended within that action; and that process."""
    scene.pair.holds[action] = asyncio.Event()
    operation = await scene.request()
    crashed = Dispatcher(scene.world, COMMANDS, owner=Gone(scene.ledger.path))
    await crashed.decide(scene.asks("bob"), operation, Decision.APPROVE)
    await scene.pair.has_begun(action)
    return operation, crashed


async def carried_on(scene: Scene, operation: str) -> Operation:
    """The operation once the next process has brought it to its end."""
    scene.pair.holds.clear()
    await scene.dispatcher.recover()
    await scene.dispatcher._runner.wait(operation)
    return await scene.operation(operation)


async def test_an_interrupted_step_is_asked_whether_it_was_done(scene: Scene) -> None:
    operation, _ = await crashed_within(scene, "promote")
    machine = scene.pair.machines["db2"]
    machine.standby, machine.timeline = False, 2
    assert (await carried_on(scene, operation)).state is OperationState.SUCCEEDED
    statuses = [record.status for record in await scene.steps(operation)]
    assert statuses == [StepStatus.SUCCEEDED] * 3 + [StepStatus.FOUND_DONE] + [StepStatus.SUCCEEDED] * 3
    assert scene.pair.did.count(("promote", "db2")) == 1
    assert len(await scene.records(AuditKind.OPERATION_RESUMED)) == 1
    assert len(await scene.records(AuditKind.LOCK_TAKEN_OVER)) == 1
    report = await scene.card(f"operation/{operation}/report")
    assert "step 4 (Promote db2) was found done" in repr(report)


async def test_a_step_that_was_not_done_is_done_again(scene: Scene) -> None:
    operation, _ = await crashed_within(scene, "stop")
    assert (await carried_on(scene, operation)).state is OperationState.SUCCEEDED
    stops = [(record.attempt, record.status) for record in await scene.steps(operation) if record.action == "stop"]
    assert stops == [(1, StepStatus.FOUND_UNDONE), (2, StepStatus.SUCCEEDED)]


async def test_of_a_step_that_leaves_nothing_to_be_found_by_nothing_is_claimed(scene: Scene) -> None:
    operation, _ = await crashed_within(scene, "verify_write")
    assert (await carried_on(scene, operation)).state is OperationState.SUCCEEDED
    writes = [record for record in await scene.steps(operation) if record.action == "verify"]
    assert [record.status for record in writes] == [StepStatus.UNKNOWN, StepStatus.SUCCEEDED]
    assert "Whether it was done cannot be told" in (writes[0].detail or "")


async def test_what_the_steps_before_found_is_in_the_report(scene: Scene) -> None:
    operation, _ = await crashed_within(scene, "verify_write")
    await carried_on(scene, operation)
    report = repr(await scene.card(f"operation/{operation}/report"))
    assert "from the stop of db1 to the first write on db2" in report
    assert "('Timeline', ('2',))" in report


async def test_a_process_that_lost_its_lock_can_do_nothing_more(scene: Scene) -> None:
    operation, crashed = await crashed_within(scene, "stop")
    held = scene.pair.holds["stop"]
    await carried_on(scene, operation)
    did = list(scene.pair.did)
    held.set()
    await crashed.shutdown(5.0)
    # Its own call of the stop ends, which the next process has found undone; nothing follows it.
    assert scene.pair.did == did


async def test_recovering_twice_carries_it_on_once_and_frees_the_cluster(scene: Scene) -> None:
    operation, _ = await crashed_within(scene, "checkpoint")
    scene.pair.holds.clear()
    await asyncio.gather(scene.dispatcher.recover(), scene.dispatcher.tick(scene.pair.now))
    await scene.dispatcher._runner.wait(operation)
    await scene.dispatcher.tick(scene.pair.now)
    assert len(await scene.records(AuditKind.OPERATION_RESUMED)) == 1
    assert await scene.ledger.read(locks.holders) == []
    assert (await scene.form()).submit_label is not None


async def test_left_for_too_long_it_stops_and_says_where(scene: Scene) -> None:
    """Nobody is waiting for it any more: a promotion out of the blue would be the next incident."""
    operation, _ = await crashed_within(scene, "wait_replayed")
    scene.pair.now += LONGEST_PAUSE + timedelta(seconds=1)
    did = list(scene.pair.did)
    ended = await carried_on(scene, operation)
    assert ended.state is OperationState.INTERRUPTED
    assert {action for action, _ in scene.pair.did[len(did) :]} <= {"wait_replayed"}  # which only looks
    assert "too long ago to go on by itself" in (ended.result or "")
    assert "db1 does not answer (refused), db2 is a standby" in (ended.result or "")
    assert await scene.ledger.read(locks.holders) == []


async def test_approved_long_ago_and_never_begun_it_is_not_begun(scene: Scene) -> None:
    operation = await scene.request()
    life = Life(1)  # it dies right after the approval is on disk
    with pytest.raises(Killed):
        await mortal(scene.world, scene.pair, life, Watch()).decide(scene.asks("bob"), operation, Decision.APPROVE)
    scene.pair.now += LONGEST_PAUSE + timedelta(seconds=1)
    ended = await carried_on(scene, operation)
    assert ended.state is OperationState.FAILED
    assert scene.pair.did == []
    assert "Nothing was touched" in (ended.result or "")


async def test_once_the_promotion_was_tried_nothing_is_taken_back_after_a_restart_either(scene: Scene) -> None:
    operation, _ = await crashed_within(scene, "promote")
    scene.pair.fails["wait_replayed"] = "db2 did not replay the shutdown checkpoint."
    ended = await carried_on(scene, operation)
    # The promotion was tried: whether it went through in the meantime, nobody can promise.
    assert ended.state is OperationState.INTERRUPTED
    assert ("start", "db1") not in scene.pair.did
    assert "Where it stands" in (ended.result or "")


async def test_a_standby_that_lacks_something_is_not_promoted_after_a_restart(scene: Scene) -> None:
    operation, _ = await crashed_within(scene, "wait_replayed")
    scene.pair.fails["wait_replayed"] = "db2 did not replay the shutdown checkpoint."
    ended = await carried_on(scene, operation)
    assert ended.state is OperationState.FAILED
    assert scene.pair.did[-1] == ("start", "db1")
    assert scene.pair.writable == ["db1"]


async def test_nothing_is_promoted_beside_a_primary_that_came_back_in_between(scene: Scene) -> None:
    await scene.dispatcher.ask(scene.asks("guest", "status"))
    scene.pair.kill("db1")
    operation, _ = await crashed_within(scene, "promote")
    scene.pair.machines["db1"].running = True
    scene.pair.machines["db1"].marked = False
    ended = await carried_on(scene, operation)
    assert ended.state is OperationState.INTERRUPTED
    assert scene.pair.writable == ["db1"]
    assert "does not hold any more" in (ended.result or "")


async def test_undoing_that_was_interrupted_goes_on_undoing(scene: Scene) -> None:
    scene.pair.fails["wait_replayed"] = "db2 did not replay the shutdown checkpoint."
    operation, _ = await crashed_within(scene, "start")
    ended = await carried_on(scene, operation)
    assert ended.state is OperationState.FAILED
    assert scene.pair.writable == ["db1"]
    assert "Step 3 (Prove that db2 has everything) failed" in (ended.result or "")
    assert "db1 runs again" in (ended.result or "")


async def test_what_a_shutdown_left_after_the_promotion_goes_on_with_the_next_start(scene: Scene) -> None:
    scene.pair.holds["promote"] = asyncio.Event()
    operation = await scene.request()
    first = Dispatcher(scene.world, COMMANDS)
    await first.decide(scene.asks("bob"), operation, Decision.APPROVE)
    await scene.pair.has_begun("promote")
    ending = asyncio.create_task(first.shutdown(5.0))
    await asyncio.sleep(0)
    scene.pair.holds["promote"].set()
    await ending
    stopped = await scene.operation(operation)
    assert stopped.state is OperationState.INTERRUPTED
    assert "It goes on when Understudy is back." in (stopped.result or "")
    assert (await carried_on(scene, operation)).state is OperationState.SUCCEEDED
    assert scene.pair.did == SWITCHOVER
    assert "Understudy was restarted" in repr(await scene.card(f"operation/{operation}/progress"))


async def test_to_look_at_something_carries_nothing_on(scene: Scene) -> None:
    """What the terminal does with each command: it tells, and leaves it to the bot or to whoever asks for it."""
    operation, _ = await crashed_within(scene, "checkpoint")
    assert await scene.dispatcher.abandoned() == (operation,)
    await scene.dispatcher.ask(scene.asks("bob", "status"))
    assert (await scene.operation(operation)).state is OperationState.RUNNING
    refused = await scene.dispatcher.resume(scene.asks("guest", f"resume {operation}"), operation)
    assert "Only the person who asked and those who may approve" in refused.page.summary
    other = await scene.dispatcher.resume(scene.asks("bob", "resume ZZZZ"), "ZZZZ")
    assert "was not left" in other.page.summary
    assert await scene.dispatcher.abandoned() == (operation,)


async def test_somebody_at_the_terminal_carries_it_on_while_the_bot_is_down(scene: Scene) -> None:
    operation, _ = await crashed_within(scene, "promote")
    scene.pair.holds.clear()
    await scene.dispatcher.resume(scene.asks("bob", f"resume {operation}"), operation)
    report = await scene.dispatcher.wait(operation)
    assert report.page.title.endswith("succeeded")
    assert await scene.dispatcher.abandoned() == ()


async def test_of_two_bots_one_runs_the_operation_and_the_other_refuses(scene: Scene) -> None:
    scene.pair.holds["stop"] = asyncio.Event()
    operation = await scene.request()
    other = Dispatcher(scene.world, COMMANDS)
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    await scene.pair.has_begun("stop")
    await other.tick(scene.pair.now)
    again = await other.decide(scene.asks("carol"), operation, Decision.APPROVE)
    assert "is approved already and runs" in repr(again.page)
    form = await other.prepare(scene.asks("carol", "promote"))
    assert isinstance(form, Form | Answer)
    assert f"operation {operation} (switchover) is running" in repr(form.page)
    scene.pair.holds["stop"].set()
    await scene.dispatcher.wait(operation)
    assert scene.pair.did == SWITCHOVER


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
        "import pathlib, sys; from commands.running.owner import Owner; owner = Owner(pathlib.Path(sys.argv[1]));"
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


def test_who_lives_is_alive_by_whatever_name_the_ledger_is_known(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    ledger, link = tmp_path / "real" / "ledger.sqlite3", tmp_path / "ledger.sqlite3"
    ledger.touch()
    link.symlink_to(ledger)
    owner = Owner(ledger)
    owner.appear()
    assert not is_gone(link, owner.name)
    owner.leave()
    assert is_gone(link, owner.name)


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
    monkeypatch.setattr("commands.running.patience.LEDGER_PATIENCE", 0.0)
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
    await scene.dispatcher._runner.wait(operation)
    assert (await scene.operation(operation)).state is OperationState.SUCCEEDED
    assert (await scene.form()).page.title == "Switchover of shop: db2 → db1"


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
    await scene.dispatcher._runner.wait(operation)
    assert (await scene.operation(operation)).state is OperationState.SUCCEEDED
    assert scene.pair.did == SWITCHOVER


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


async def test_a_fence_that_never_acted_on_a_dead_primary_is_done_again(scene: Scene) -> None:
    """Nothing runs there, but nothing keeps its service manager from starting it as the primary that it was either."""
    scene.pair.kill("db1")
    operation, _ = await crashed_within(scene, "fence")
    assert (await carried_on(scene, operation)).state is OperationState.SUCCEEDED
    assert scene.pair.did.count(("fence", "db1")) == 2
    assert scene.pair.machines["db1"].marked


async def test_nothing_is_promoted_where_the_proof_cannot_be_asked_for_any_more(scene: Scene) -> None:
    """The old primary was started again by hand, and our way to its host is cut: nobody can say that it is down."""
    operation, _ = await crashed_within(scene, "promote")
    machine = scene.pair.machines["db1"]
    machine.running, machine.marked, machine.state = True, False, "in production"
    scene.pair.out_of_reach = {"db1"}
    did = len(scene.pair.did)
    await carried_on(scene, operation)
    assert ("promote", "db2") not in scene.pair.did[did:]


async def test_an_old_primary_is_not_started_beside_one_that_cannot_be_seen(scene: Scene) -> None:
    """Somebody has promoted the standby by hand while the bot was away."""
    operation, _ = await crashed_within(scene, "wait_replayed")
    machine = scene.pair.machines["db2"]
    machine.standby, machine.timeline, machine.state = False, 2, "in production"
    scene.pair.out_of_reach = {"db2"}
    await carried_on(scene, operation)
    assert scene.pair.writable == ["db2"]
