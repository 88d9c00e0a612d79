"""Operations: the order of their states, decisions of people, steps under a lock."""

import hashlib
import itertools
import secrets
import sqlite3
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from ledger import locks
from ledger.approvals import ApprovalDecision, approve, decisions
from ledger.ids import ALPHABET
from ledger.operations import (
    FINISHED,
    TRANSITIONS,
    UNFINISHED,
    IllegalTransition,
    NoSuchOperation,
    Operation,
    OperationRefused,
    OperationState,
    create,
    get,
    list_operations,
    transition,
)
from ledger.redact import REPLACEMENT
from ledger.steps import Direction, StepStatus, step_intent, step_result, step_under_way, steps
from ledger.who import Who
from tests.ledger.values import ANNA, BEN, NOW, SECRET, later

S = OperationState
APPROVED, REJECTED = ApprovalDecision.APPROVED, ApprovalDecision.REJECTED


def new(db: Database, cluster: str = "orders", reason: str = "primary is down") -> Operation:
    return create(
        db,
        kind="failover",
        cluster=cluster,
        plan='{"steps": ["fence"]}',
        plan_hash="abc",
        requester=ANNA,
        reason=reason,
        channel="C0OPS",
        created_at=NOW,
        expires_at=later(900),
    )


def awaiting(db: Database) -> Operation:
    return transition(db, new(db).id, S.AWAITING_APPROVAL, at=NOW)


def running(db: Database, cluster: str = "orders") -> Operation:
    operation = new(db, cluster)
    transition(db, operation.id, S.APPROVED, at=NOW)
    fencing = locks.acquire(db, cluster, operation.id, "bot 1", at=NOW)
    return transition(db, operation.id, S.RUNNING, at=NOW, fencing=fencing)


def in_state(db: Database, state: OperationState) -> Operation:
    operation = new(db)
    fencing = locks.acquire(db, operation.cluster, operation.id, "bot 1", at=NOW)
    db.execute("UPDATE operation SET state = ? WHERE id = ?", [state.value, operation.id])
    db.execute("UPDATE operation SET fencing = ? WHERE id = ?", [fencing, operation.id])
    return get(db, operation.id)


class TestOperation:
    def test_it_is_kept_as_it_was_ordered(self, db: Database) -> None:
        operation = new(db)
        assert get(db, operation.id) == operation
        assert operation.state is S.PLANNED
        assert (operation.requester, operation.channel, operation.plan_hash) == (ANNA, "C0OPS", "abc")
        assert (operation.created_at, operation.expires_at) == (NOW, later(900))

    def test_ids_are_short_and_never_given_twice(self, db: Database) -> None:
        db.execute("BEGIN")
        ids = [new(db).id for _ in range(300)]
        db.execute("COMMIT")
        assert len(set(ids)) == 300
        assert all(len(operation_id) == 4 and set(operation_id) <= set(ALPHABET) for operation_id in ids)

    def test_an_unknown_one(self, db: Database) -> None:
        with pytest.raises(NoSuchOperation, match="no operation 7K3F"):
            get(db, "7K3F")

    def test_lists_by_cluster_and_state_newest_first(self, db: Database) -> None:
        first, second, other = new(db), awaiting(db), new(db, "billing")
        cancelled = transition(db, new(db).id, S.CANCELLED, at=NOW)
        assert list_operations(db) == [cancelled, other, second, first]
        assert list_operations(db, cluster="orders", states=UNFINISHED) == [second, first]
        assert list_operations(db, states=[S.CANCELLED]) == [cancelled]
        assert list_operations(db, limit=1) == [cancelled]

    def test_reason_and_result_are_kept_without_secrets(self, db: Database) -> None:
        operation = new(db, reason=f"password is {SECRET}")
        assert operation.reason == f"password is {REPLACEMENT}"
        ended = transition(db, operation.id, S.FAILED, at=later(1), result=f'{{"output": "{SECRET}"}}')
        assert ended.result == f'{{"output": "{REPLACEMENT}"}}'
        assert ended.finished_at == later(1)


class TestTransitions:
    def test_the_table_is_the_one_that_was_designed(self) -> None:
        road = [S.PLANNED, S.AWAITING_APPROVAL, S.APPROVED, S.RUNNING]
        for before, after in itertools.pairwise(road):
            assert after in TRANSITIONS[before]
        assert {S.SUCCEEDED, S.FAILED, S.CANCELLED, S.EXPIRED, S.REJECTED} == FINISHED
        assert set(TRANSITIONS) == set(S)
        # Nothing runs but what was approved, or what was interrupted while it ran.
        assert {state for state in S if S.RUNNING in TRANSITIONS[state]} == {S.APPROVED, S.INTERRUPTED}
        assert {state for state in S if S.APPROVED in TRANSITIONS[state]} == {S.PLANNED, S.AWAITING_APPROVAL}
        # Once it has run it cannot expire or be rejected.
        assert not TRANSITIONS[S.RUNNING] & {S.EXPIRED, S.REJECTED, S.PLANNED, S.AWAITING_APPROVAL, S.APPROVED}

    @pytest.mark.parametrize("before", S)
    @pytest.mark.parametrize("after", S)
    def test_every_pair(self, db: Database, before: OperationState, after: OperationState) -> None:
        operation = in_state(db, before)
        if after in TRANSITIONS[before]:
            moved = transition(db, operation.id, after, at=later(5), fencing=operation.fencing)
            assert moved.state is after
            assert moved.finished_at == (later(5) if after in FINISHED else None)
        else:
            with pytest.raises(IllegalTransition, match=f"is {before} and cannot become {after}"):
                transition(db, operation.id, after, at=later(5), fencing=operation.fencing)
            assert get(db, operation.id) == operation

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
    @given(st.lists(st.sampled_from(S), max_size=12))
    def test_no_road_runs_what_was_never_approved(self, db: Database, road: list[OperationState]) -> None:
        operation = new(db, cluster=secrets.token_hex(8))
        fencing = locks.acquire(db, operation.cluster, operation.id, "bot", at=NOW)
        seen = [operation.state]
        for state in road:
            try:
                seen.append(transition(db, operation.id, state, at=NOW, fencing=fencing).state)
            except IllegalTransition:
                assert get(db, operation.id).state is seen[-1]
        if S.RUNNING in seen:
            assert S.APPROVED in seen[: seen.index(S.RUNNING)]
        assert all(state not in FINISHED for state in seen[:-1])

    def test_to_run_takes_the_lock(self, db: Database) -> None:
        operation = transition(db, new(db).id, S.APPROVED, at=NOW)
        for fencing in (None, 1):
            with pytest.raises(locks.LockLost):
                transition(db, operation.id, S.RUNNING, at=NOW, fencing=fencing)
        assert get(db, operation.id).state is S.APPROVED


class TestApprovals:
    def test_one_decision_a_person(self, db: Database) -> None:
        operation = awaiting(db)
        first = approve(db, operation.id, BEN, APPROVED, plan_hash="abc", at=later(1))
        again = approve(db, operation.id, BEN, REJECTED, plan_hash="abc", at=later(2))
        assert not first.repeated
        assert (again.repeated, again.decision, again.at) == (True, APPROVED, later(1))
        third = approve(db, operation.id, Who("U3", "Cleo"), REJECTED, plan_hash="abc", at=later(3))
        assert decisions(db, operation.id) == [first, third]

    def test_a_second_click_after_the_end_still_says_who_was_first(self, db: Database) -> None:
        operation = awaiting(db)
        approve(db, operation.id, BEN, APPROVED, plan_hash="abc", at=later(1))
        transition(db, operation.id, S.APPROVED, at=later(1))
        assert approve(db, operation.id, BEN, APPROVED, plan_hash="abc", at=later(2)).repeated

    def test_the_requester_is_never_an_approver(self, db: Database) -> None:
        operation = awaiting(db)
        renamed = Who(ANNA.id, "Somebody Else")
        with pytest.raises(OperationRefused, match="never an approver"):
            approve(db, operation.id, renamed, APPROVED, plan_hash="abc", at=NOW)
        with pytest.raises(sqlite3.IntegrityError, match="never an approver"):
            db.execute("INSERT INTO approval VALUES (?, ?, 'x', 'approved', 'now')", [operation.id, ANNA.id])
        assert decisions(db, operation.id) == []

    def test_a_decision_stands(self, db: Database) -> None:
        operation = awaiting(db)
        approve(db, operation.id, BEN, APPROVED, plan_hash="abc", at=NOW)
        for statement in ("UPDATE approval SET decision = 'rejected'", "DELETE FROM approval"):
            with pytest.raises(sqlite3.IntegrityError, match="as it was made"):
                db.execute(statement)

    @pytest.mark.parametrize("state", [state for state in S if state is not S.AWAITING_APPROVAL])
    def test_only_while_it_awaits_approval(self, db: Database, state: OperationState) -> None:
        operation = in_state(db, state)
        with pytest.raises(OperationRefused, match=f"is {state}"):
            approve(db, operation.id, BEN, APPROVED, plan_hash="abc", at=NOW)

    def test_only_in_time(self, db: Database) -> None:
        operation = awaiting(db)
        with pytest.raises(OperationRefused, match="is over"):
            approve(db, operation.id, BEN, APPROVED, plan_hash="abc", at=operation.expires_at)

    def test_only_the_plan_that_was_seen(self, db: Database) -> None:
        operation = awaiting(db)
        with pytest.raises(OperationRefused, match="another plan"):
            approve(db, operation.id, BEN, APPROVED, plan_hash="abd", at=NOW)


class TestSteps:
    def intent(self, db: Database, operation: Operation, index: int = 0, **changed: object) -> object:
        arguments = {"action": "fence", "server": "pg1", "fencing": operation.fencing, "at": NOW, **changed}
        return step_intent(db, operation.id, index, **arguments)  # type: ignore[arg-type]

    def result(self, db: Database, operation: Operation, index: int = 0, **changed: object) -> object:
        arguments = {"status": StepStatus.SUCCEEDED, "at": later(2), "detail": "no listener", **changed}
        arguments.setdefault("duration", timedelta(seconds=1.25))
        return step_result(db, operation.id, index, **arguments)  # type: ignore[arg-type]

    def test_intent_then_result(self, db: Database) -> None:
        operation = running(db)
        self.intent(db, operation)
        under_way = step_under_way(db, operation.id)
        assert under_way is not None
        assert (under_way.action, under_way.server, under_way.status) == ("fence", "pg1", None)
        self.result(db, operation, exit_status=0, output="stopped\n", detail=f"said {SECRET}")
        assert step_under_way(db, operation.id) is None
        (step,) = steps(db, operation.id)
        assert (step.status, step.exit_status, step.duration) == (StepStatus.SUCCEEDED, 0, timedelta(seconds=1.25))
        assert step.output_digest == hashlib.sha256(b"stopped\n").hexdigest()
        assert step.detail == f"said {REPLACEMENT}"
        assert (step.intended_at, step.finished_at) == (NOW, later(2))

    def test_no_intent_without_the_lock(self, db: Database) -> None:
        operation = running(db)
        assert operation.fencing is not None
        locks.take_over(db, "orders", operation.id, "bot 2", fencing=operation.fencing, at=NOW)
        with pytest.raises(locks.LockLost, match="bot 2"):
            self.intent(db, operation)
        assert steps(db, operation.id) == []

    def test_no_intent_with_another_operations_lock(self, db: Database) -> None:
        operation, other = running(db), running(db, "billing")
        with pytest.raises(locks.LockLost):
            self.intent(db, operation, fencing=other.fencing)

    def test_no_intent_unless_it_runs(self, db: Database) -> None:
        operation = running(db)
        transition(db, operation.id, S.CANCELLED, at=NOW)
        with pytest.raises(OperationRefused, match="no step of it may act"):
            self.intent(db, operation)

    def test_no_intent_while_another_has_no_result(self, db: Database) -> None:
        operation = running(db)
        self.intent(db, operation)
        for index in (0, 1):
            with pytest.raises(OperationRefused, match="has no result yet"):
                self.intent(db, operation, index)

    def test_no_result_without_an_intent_and_none_twice(self, db: Database) -> None:
        operation = running(db)
        with pytest.raises(OperationRefused, match="not under way"):
            self.result(db, operation)
        self.intent(db, operation)
        self.result(db, operation)
        with pytest.raises(OperationRefused, match="not under way"):
            self.result(db, operation, status=StepStatus.FAILED)

    def test_after_a_crash_the_step_is_looked_at_and_tried_again_with_a_new_number(self, db: Database) -> None:
        operation = running(db)
        assert operation.fencing is not None
        self.intent(db, operation)
        transition(db, operation.id, S.INTERRUPTED, at=later(1))
        new_number = locks.take_over(db, "orders", operation.id, "bot 2", fencing=operation.fencing, at=later(2))
        resumed = transition(db, operation.id, S.RUNNING, at=later(2), fencing=new_number)
        assert resumed.fencing == new_number
        self.result(db, resumed, status=StepStatus.FOUND_UNDONE)
        self.intent(db, resumed)
        self.result(db, resumed)
        self.intent(db, resumed, direction=Direction.UNDO)
        self.result(db, resumed, direction=Direction.UNDO)
        kept = [(step.direction, step.attempt, step.status, step.fencing) for step in steps(db, operation.id)]
        assert kept == [
            (Direction.DO, 1, StepStatus.FOUND_UNDONE, operation.fencing),
            (Direction.DO, 2, StepStatus.SUCCEEDED, new_number),
            (Direction.UNDO, 1, StepStatus.SUCCEEDED, new_number),
        ]
