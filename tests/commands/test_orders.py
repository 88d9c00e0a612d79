"""The life of an order: who decides, what starts it, what stops it, and what is left in the audit log."""

import asyncio
from datetime import timedelta
from unittest.mock import AsyncMock

import pytest

from commands.asked import Decision
from ledger.audit import AuditKind
from ledger.audit_chain import verify
from ledger.errors import LedgerError, Problem
from ledger.operations import OperationState
from ledger.page import Items, Tone
from ledger.steps import Direction, StepStatus
from tests.commands.conftest import Scene

SWITCHOVER = [
    ("checkpoint", "db1"),
    ("stop", "db1"),
    ("wait_replayed", "db2"),
    ("promote", "db2"),
    ("verify_write", "db2"),
    ("ensure_slot", "db2"),
    ("start_as_standby", "db1"),
]


async def test_a_switchover_runs_once_somebody_else_has_approved(scene: Scene) -> None:
    operation = await scene.request("alice")
    assert scene.pair.did == []
    answer = await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    assert answer.page.title == "Approved: Switchover of shop: db1 → db2"
    report = (await scene.dispatcher.wait(operation)).page
    assert scene.pair.did == SWITCHOVER
    assert report.title == "Switchover of shop: db1 → db2 succeeded"
    assert "Measured outage" in repr(report)
    assert (await scene.operation(operation)).state is OperationState.SUCCEEDED
    assert scene.pair.writable == ["db2"]
    problem = await scene.ledger.read(verify)
    assert problem.ok


async def test_every_step_has_its_intent_before_and_its_result_after(scene: Scene) -> None:
    operation = await scene.request()
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    await scene.dispatcher.wait(operation)
    kinds = [record.entry.kind for record in await scene.records()]
    begin = kinds.index(AuditKind.OPERATION_STARTED)
    assert kinds[begin + 1 : -1] == [AuditKind.STEP_INTENT, AuditKind.STEP_RESULT] * 7
    assert kinds[-1] is AuditKind.OPERATION_FINISHED
    records = await scene.steps(operation)
    assert all(record.status is StepStatus.SUCCEEDED and record.output_digest for record in records)
    assert len({record.fencing for record in records}) == 1


async def test_the_intent_is_on_disk_while_the_step_acts(scene: Scene) -> None:
    scene.pair.holds["stop"] = asyncio.Event()
    operation = await scene.request()
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    await scene.pair.has_begun("stop")
    under_way = (await scene.steps(operation))[-1]
    assert (under_way.action, under_way.server, under_way.status) == ("stop", "db1", None)
    scene.pair.holds["stop"].set()
    await scene.dispatcher.wait(operation)


async def test_the_cards_follow_the_operation(scene: Scene) -> None:
    operation = await scene.request()
    card = await scene.card(f"operation/{operation}")
    assert [button.action for button in card.buttons] == ["order.approve", "order.reject", "order.cancel"]
    assert {button.value for button in card.buttons} == {operation}
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    await scene.dispatcher.wait(operation)
    assert (await scene.card(f"operation/{operation}")).buttons == ()
    progress = await scene.card(f"operation/{operation}/progress")
    (items,) = [part for part in progress.parts if isinstance(part, Items)]
    assert {item.tone for item in items.items} == {Tone.GOOD}
    assert (await scene.card(f"operation/{operation}/report")).tone is Tone.GOOD


async def test_the_requester_never_approves(scene: Scene) -> None:
    operation = await scene.request("alice")
    answer = await scene.dispatcher.decide(scene.asks("alice"), operation, Decision.APPROVE)
    assert answer.page.summary.startswith("You asked for this, so you cannot approve it.")
    assert (await scene.operation(operation)).state is OperationState.AWAITING_APPROVAL
    assert scene.pair.did == []
    assert len(await scene.records(AuditKind.REFUSAL)) == 1


async def test_somebody_without_the_right_approves_nothing(scene: Scene) -> None:
    operation = await scene.request()
    for decision in (Decision.APPROVE, Decision.REJECT, Decision.CANCEL):
        await scene.dispatcher.decide(scene.asks("guest"), operation, decision)
    assert (await scene.operation(operation)).state is OperationState.AWAITING_APPROVAL
    assert len(await scene.records(AuditKind.REFUSAL)) == 3


async def test_an_expired_approval_starts_nothing_and_says_so(scene: Scene) -> None:
    operation = await scene.request()
    scene.pair.now += timedelta(minutes=16)
    answer = await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    assert answer.page.title == f"Operation {operation} expired"
    assert (await scene.operation(operation)).state is OperationState.EXPIRED
    assert scene.pair.did == []
    assert len(await scene.records(AuditKind.APPROVAL_EXPIRED)) == 1
    assert len(await scene.records()) == 3
    assert (await scene.card(f"operation/{operation}")).buttons == ()


async def test_the_tick_expires_what_waited_too_long(scene: Scene) -> None:
    operation = await scene.request()
    await scene.dispatcher.tick(scene.pair.now + timedelta(minutes=14))
    assert (await scene.operation(operation)).state is OperationState.AWAITING_APPROVAL
    await scene.dispatcher.tick(scene.pair.now + timedelta(minutes=16))
    await scene.dispatcher.tick(scene.pair.now + timedelta(minutes=17))
    assert (await scene.operation(operation)).state is OperationState.EXPIRED
    assert len(await scene.records(AuditKind.APPROVAL_EXPIRED)) == 1


async def test_a_second_click_is_told_who_was_first(scene: Scene) -> None:
    operation = await scene.request()
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    answer = await scene.dispatcher.decide(scene.asks("carol"), operation, Decision.APPROVE)
    assert "bob" in repr(answer.page)
    await scene.dispatcher.wait(operation)
    assert scene.pair.did == SWITCHOVER
    assert len(await scene.records(AuditKind.APPROVAL_GIVEN)) == 1
    assert len(await scene.records(AuditKind.REFUSAL)) == 1


async def test_two_clicks_at_once_start_it_once(scene: Scene) -> None:
    operation = await scene.request()
    await asyncio.gather(
        *(scene.dispatcher.decide(scene.asks(who), operation, Decision.APPROVE) for who in ("bob", "carol", "bob"))
    )
    await scene.dispatcher.wait(operation)
    assert scene.pair.did == SWITCHOVER
    assert len(await scene.records(AuditKind.APPROVAL_GIVEN)) == 1


async def test_a_click_that_is_delivered_twice_leaves_one_record(scene: Scene) -> None:
    operation = await scene.request()
    asked = scene.asks("bob")
    await asyncio.gather(*(scene.dispatcher.decide(asked, operation, Decision.APPROVE) for _ in range(3)))
    await scene.dispatcher.wait(operation)
    assert scene.pair.did == SWITCHOVER
    assert len(await scene.records(AuditKind.APPROVAL_GIVEN)) == 1
    assert await scene.records(AuditKind.REFUSAL) == []


async def test_facts_that_changed_before_the_last_approval_stop_it(scene: Scene) -> None:
    operation = await scene.request()
    scene.pair.kill("db1")
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    report = (await scene.dispatcher.wait(operation)).page
    assert scene.pair.did == []
    assert "it was a switchover, now it is a failover" in report.summary
    assert "Nothing was touched" in report.summary
    assert (await scene.operation(operation)).state is OperationState.FAILED
    finished = await scene.records(AuditKind.OPERATION_FINISHED)
    assert len(finished) == 1
    assert "failover" in (await scene.card(f"operation/{operation}")).summary
    # The lock is free again: the failover can be asked for at once.
    form = await scene.form()
    assert form.page.title.startswith("Failover")


async def test_a_check_that_fails_before_the_last_approval_stops_it(scene: Scene) -> None:
    operation = await scene.request()
    scene.pair.machines["db2"].replay_paused = True
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    report = (await scene.dispatcher.wait(operation)).page
    assert scene.pair.did == []
    assert "A check fails now that did not before: Replay runs on db2" in report.summary


async def test_the_requester_cancels_and_an_approver_rejects(scene: Scene) -> None:
    first = await scene.request()
    await scene.dispatcher.decide(scene.asks("alice"), first, Decision.CANCEL)
    assert (await scene.operation(first)).state is OperationState.CANCELLED
    second = await scene.request()
    await scene.dispatcher.decide(scene.asks("bob"), second, Decision.REJECT)
    assert (await scene.operation(second)).state is OperationState.REJECTED
    third = await scene.request()
    await scene.dispatcher.decide(scene.asks("guest"), third, Decision.CANCEL)
    assert (await scene.operation(third)).state is OperationState.AWAITING_APPROVAL
    await scene.dispatcher.decide(scene.asks("bob"), third, Decision.CANCEL)
    assert (await scene.operation(third)).state is OperationState.CANCELLED
    assert scene.pair.did == []


@pytest.mark.parametrize(
    ("typed", "says"), [("7K3F", "There is no operation 7K3F."), ("<!here>", "That is no operation's id;")]
)
async def test_an_unknown_operation_is_one_line(scene: Scene, typed: str, says: str) -> None:
    answer = await scene.dispatcher.decide(scene.asks("bob"), typed, Decision.APPROVE)
    assert answer.page.summary.startswith(says)
    assert len(await scene.records(AuditKind.REFUSAL)) == 1


async def test_a_failover_that_cannot_fence_needs_two_approvals(scene: Scene) -> None:
    scene.pair.machines["db1"].last_role = scene.pair._server(scene.world.clusters["shop"], "db1").role
    scene.pair.kill("db1")
    scene.pair.machines["db1"].reachable_by_ssh = False
    operation = await scene.request()
    card = await scene.card(f"operation/{operation}")
    assert "db1 cannot be fenced" in repr(card)
    answer = await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    assert answer.page.summary == "1 more approval needed."
    assert scene.pair.did == []
    again = await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    assert "already" in again.page.title or "already" in repr(again.page)
    await scene.dispatcher.decide(scene.asks("carol"), operation, Decision.APPROVE)
    await scene.dispatcher.wait(operation)
    assert scene.pair.did == [("promote", "db2"), ("verify_write", "db2")]


async def test_a_failover_fences_first(scene: Scene) -> None:
    await scene.dispatcher.ask(scene.asks("guest", "status"))
    scene.pair.kill("db1")
    operation = await scene.request()
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    report = (await scene.dispatcher.wait(operation)).page
    assert scene.pair.did == [("fence", "db1"), ("promote", "db2"), ("verify_write", "db2")]
    assert "db1 must be rejoined" in repr(report)


async def test_without_a_fence_that_holds_nothing_is_promoted(scene: Scene) -> None:
    await scene.dispatcher.ask(scene.asks("guest", "status"))
    scene.pair.kill("db1")
    scene.pair.fails["fence"] = "db1 could not be fenced, and may still take writes: somebody listens."
    operation = await scene.request()
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    report = (await scene.dispatcher.wait(operation)).page
    assert scene.pair.did == [("fence", "db1")]
    assert "may still take writes" in report.summary
    assert scene.pair.writable == []


async def test_without_an_intent_on_disk_nothing_is_done(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk of the ledger is full from the moment of the last approval on."""
    monkeypatch.setattr("commands.running.patience.LEDGER_PATIENCE", 0.0)
    operation = await scene.request()
    write = scene.ledger.write
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    monkeypatch.setattr(scene.ledger, "write", AsyncMock(side_effect=LedgerError(Problem.FULL, "the disk is full")))
    while scene.dispatcher._runner.running:
        await asyncio.sleep(0)
    assert scene.pair.did == []
    monkeypatch.setattr(scene.ledger, "write", write)


async def test_a_failure_before_the_promotion_starts_the_old_primary_again(scene: Scene) -> None:
    scene.pair.fails["wait_replayed"] = "db2 did not replay the shutdown checkpoint."
    operation = await scene.request()
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    report = (await scene.dispatcher.wait(operation)).page
    assert scene.pair.did[-1] == ("start", "db1")
    assert scene.pair.writable == ["db1"]
    assert "db2 did not replay the shutdown checkpoint." in report.summary
    assert "db1 runs again." in report.summary
    undone = [record for record in await scene.steps(operation) if record.direction is Direction.UNDO]
    assert [(record.action, record.status) for record in undone] == [("stop", StepStatus.SUCCEEDED)]
    assert (await scene.operation(operation)).state is OperationState.FAILED


async def test_an_old_primary_is_not_started_beside_one_that_somebody_else_has_promoted(scene: Scene) -> None:
    scene.pair.holds["wait_replayed"] = asyncio.Event()
    scene.pair.fails["wait_replayed"] = "db2 did not replay the shutdown checkpoint."
    operation = await scene.request()
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    await scene.pair.has_begun("wait_replayed")
    scene.pair.machines["db2"].standby = False
    scene.pair.holds["wait_replayed"].set()
    report = (await scene.dispatcher.wait(operation)).page
    assert scene.pair.writable == ["db2"]
    assert "db2 is a primary by now, and not by this order: db1 stays down" in report.summary


async def test_a_failed_promotion_takes_nothing_back(scene: Scene) -> None:
    scene.pair.fails["promote"] = "The connection was lost."
    operation = await scene.request()
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    report = (await scene.dispatcher.wait(operation)).page
    assert ("start", "db1") not in scene.pair.did
    assert "past the point" in report.summary
    assert scene.pair.writable == []
    # What stands there can be mended by another order.
    assert (await scene.form()).page.title.startswith("Failover")


async def test_a_running_order_can_be_cancelled_before_the_promotion(scene: Scene) -> None:
    scene.pair.holds["stop"] = asyncio.Event()
    operation = await scene.request()
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    await scene.pair.has_begun("stop")
    await scene.dispatcher.decide(scene.asks("alice"), operation, Decision.CANCEL)
    scene.pair.holds["stop"].set()
    await scene.dispatcher.wait(operation)
    assert (await scene.operation(operation)).state is OperationState.CANCELLED
    assert scene.pair.writable == ["db1"]


async def test_a_shutdown_finishes_the_running_step_and_says_where_it_stopped(scene: Scene) -> None:
    scene.pair.holds["checkpoint"] = asyncio.Event()
    operation = await scene.request()
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    await scene.pair.has_begun("checkpoint")
    ending = asyncio.create_task(scene.dispatcher.shutdown(5.0))
    await asyncio.sleep(0)
    scene.pair.holds["checkpoint"].set()
    await ending
    stopped = await scene.operation(operation)
    assert stopped.state is OperationState.INTERRUPTED
    assert "1 of 7 steps were done" in (stopped.result or "")
    assert scene.pair.did == [("checkpoint", "db1")]


async def test_a_shutdown_between_stop_and_promotion_leaves_nobody_without_a_primary(scene: Scene) -> None:
    scene.pair.holds["stop"] = asyncio.Event()
    operation = await scene.request()
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    await scene.pair.has_begun("stop")
    ending = asyncio.create_task(scene.dispatcher.shutdown(5.0))
    await asyncio.sleep(0)
    scene.pair.holds["stop"].set()
    await ending
    stopped = await scene.operation(operation)
    assert stopped.state is OperationState.INTERRUPTED
    assert "db1 runs again" in (stopped.result or "")
    assert scene.pair.writable == ["db1"]


async def test_a_shutdown_before_the_first_step_touches_nothing(scene: Scene) -> None:
    operation = await scene.request()
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    await scene.dispatcher.shutdown(5.0)
    stopped = await scene.operation(operation)
    assert (stopped.state is OperationState.FAILED) == (scene.pair.did == [])
    assert stopped.state in (OperationState.FAILED, OperationState.INTERRUPTED)


async def test_a_step_that_outlasts_the_deadline_is_left_and_said_so(scene: Scene) -> None:
    scene.pair.holds["checkpoint"] = asyncio.Event()
    operation = await scene.request()
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    await scene.pair.has_begun("checkpoint")
    await scene.dispatcher.shutdown(0.01)
    assert (await scene.operation(operation)).state is OperationState.INTERRUPTED
    (record,) = await scene.steps(operation)
    assert record.status is StepStatus.CANCELLED


async def test_nothing_is_started_once_a_shutdown_has_begun(scene: Scene) -> None:
    operation = await scene.request()
    await scene.dispatcher.shutdown(0.1)
    answer = await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    assert "shutting down" in answer.page.summary
    assert (await scene.operation(operation)).state is OperationState.AWAITING_APPROVAL


@pytest.mark.parametrize("failing", ["checkpoint", "stop", "wait_replayed"])
async def test_whatever_fails_before_the_promotion_the_old_primary_takes_writes_again(
    scene: Scene, failing: str
) -> None:
    scene.pair.fails[failing] = "practice"
    operation = await scene.request("alice")
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    report = (await scene.dispatcher.wait(operation)).page
    assert "failed" in report.title
    assert "practice" in report.summary
    assert scene.pair.writable == ["db1"]
    assert ("promote", "db2") not in scene.pair.did
    assert not scene.pair.machines["db1"].marked
