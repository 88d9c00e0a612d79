"""How an operation that was left goes on: whatever the records and the look say, within what is safe. Pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.plan import Loss, Plan
from commands.promotion import steps
from commands.promotion.actions import ACTIONS
from commands.running.resumption import LONGEST_PAUSE, MOST_ATTEMPTS, Decision, GoOn, Left, Seen, Stop, TakeBack, decide
from ledger.operations import OperationState
from ledger.steps import Direction, StepRecord, StepStatus

NOW = datetime(2026, 1, 31, 3, 12, tzinfo=UTC)
PLAN = Plan(
    kind="switchover",
    cluster="shop",
    system_identifier="7300000000000000001",
    timeline=1,
    source="db1",
    target="db2",
    steps=(
        steps.checkpoint("db1", "db2"),
        steps.stop("db1"),
        steps.prove("db1", "db2"),
        steps.promote("db2"),
        steps.verify("db2"),
        steps.rejoin("db1", "db2"),
    ),
    checks=(),
    outage_seconds=1.0,
    loss=Loss(0, 0.0, ""),
)
STOP, PROMOTE = 1, 3
ENDS = st.sampled_from(StepStatus)
SEEN = st.builds(Seen, no_longer=st.none() | st.integers(0, 5), obstacle=st.none() | st.just("db1 runs again."))
FINE = Seen()


def record(index: int, status: StepStatus, direction: Direction = Direction.DO, attempt: int = 1) -> StepRecord:
    step = PLAN.steps[index]
    return StepRecord(
        operation_id="7K3F",
        index=index,
        direction=direction,
        attempt=attempt,
        action=step.action,
        server=step.server,
        fencing=1,
        intended_at=NOW,
        finished_at=NOW,
        status=status,
        exit_status=None,
        output_digest=None,
        detail="It went so.",
        duration=timedelta(seconds=1),
    )


def left(*records: StepRecord, left_at: datetime = NOW, cancelled_by: str | None = None) -> Left:
    return Left(PLAN, ACTIONS, records, left_at, cancelled_by)


def done(count: int) -> tuple[StepRecord, ...]:
    return tuple(record(index, StepStatus.SUCCEEDED) for index in range(count))


def decided(*records: StepRecord, seen: Seen = FINE, cancelled_by: str | None = None) -> Decision:
    return decide(left(*records, cancelled_by=cancelled_by), seen, NOW)


@given(st.integers(0, 5), ENDS, SEEN, st.none() | st.just("alice"))
def test_once_the_promotion_was_tried_nothing_is_taken_back(
    count: int, status: StepStatus, seen: Seen, cancelled_by: str | None
) -> None:
    decision = decided(*done(count), record(count, status), seen=seen, cancelled_by=cancelled_by)
    if count >= PROMOTE:
        assert not isinstance(decision, TakeBack)


@given(st.integers(0, 5), ENDS, SEEN)
def test_it_goes_on_with_the_step_that_is_next_and_never_with_a_later_one(
    count: int, status: StepStatus, seen: Seen
) -> None:
    decision = decided(*done(count), record(count, status), seen=seen)
    if isinstance(decision, GoOn):
        assert seen.no_longer is None
        passed_over = ACTIONS[PLAN.steps[count].action].may_fail and status in (StepStatus.FAILED, StepStatus.TIMED_OUT)
        behind = passed_over or status in (StepStatus.SUCCEEDED, StepStatus.FOUND_DONE)
        assert decision.index == count + behind


@given(
    st.integers(0, 5),
    ENDS,
    SEEN,
    st.timedeltas(min_value=LONGEST_PAUSE + timedelta(seconds=1), max_value=LONGEST_PAUSE * 1000),
)
def test_after_a_long_time_nothing_is_touched(count: int, status: StepStatus, seen: Seen, pause: timedelta) -> None:
    records = (*done(count), record(count, status))
    for then in (NOW - pause, NOW + pause):  # a clock that was set back tells no more than one that went on
        assert isinstance(decide(left(*records, left_at=then), seen, NOW), Stop)


def test_between_stop_and_promotion_it_goes_on_where_the_world_allows_and_else_back() -> None:
    stopped = (*done(1), record(STOP, StepStatus.FOUND_DONE))
    assert decided(*stopped) == GoOn(STOP + 1)
    back = decided(*stopped, seen=Seen(obstacle="db2 is on timeline 2 now, not 1."))
    assert isinstance(back, TakeBack)
    assert back.state is OperationState.FAILED
    assert "db2 is on timeline 2 now" in back.line


def test_a_proof_that_holds_no_more_takes_the_stop_back() -> None:
    assert isinstance(decided(*done(PROMOTE), seen=Seen(no_longer=2)), TakeBack)


def test_a_stop_that_somebody_has_undone_is_left_alone() -> None:
    assert isinstance(decided(*done(PROMOTE), seen=Seen(no_longer=STOP)), Stop)


@pytest.mark.parametrize(("count", "state"), [(2, OperationState.CANCELLED), (4, None)])
def test_a_cancel_is_met_up_to_the_point_of_no_return(count: int, state: OperationState | None) -> None:
    decision = decided(*done(count), cancelled_by="alice")
    assert decision == (GoOn(count) if state is None else TakeBack(state, "alice cancelled it."))


def test_a_step_that_no_process_survives_is_not_tried_for_ever() -> None:
    tries = [record(PROMOTE, StepStatus.FOUND_UNDONE, attempt=attempt) for attempt in range(1, MOST_ATTEMPTS + 1)]
    assert decided(*done(PROMOTE), *tries[:-1]) == GoOn(PROMOTE)
    assert isinstance(decided(*done(PROMOTE), *tries), Stop)


def test_undoing_goes_on_undoing_for_the_reason_that_it_had() -> None:
    records = (*done(2), record(2, StepStatus.FAILED), record(STOP, StepStatus.FOUND_UNDONE, Direction.UNDO))
    decision = decided(*records)
    assert isinstance(decision, TakeBack)
    assert decision.line == "Step 3 (Prove that db2 has everything) failed: It went so."
    assert left(*records).undoable == (STOP,)


class TestWhatWaitsForAJob:
    """The job went on by itself meanwhile: that nobody looked for hours changes nothing about it."""

    def decided(self, *records: StepRecord, hours: float) -> Decision:
        lasting = {**ACTIONS, "checkpoint": replace(ACTIONS["checkpoint"], lasting=True, repeatable=True)}
        return decide(Left(PLAN, lasting, records, NOW - timedelta(hours=hours)), FINE, NOW)

    @pytest.mark.parametrize("status", [StepStatus.UNKNOWN, StepStatus.FOUND_UNDONE, StepStatus.CANCELLED])
    def test_it_is_waited_for_again_however_long_ago_it_was_left(self, status: StepStatus) -> None:
        assert self.decided(record(0, status), hours=9) == GoOn(0)
        assert isinstance(self.decided(record(0, StepStatus.SUCCEEDED), record(1, status), hours=9), Stop)

    def test_it_is_waited_for_again_however_often_it_was_left(self) -> None:
        tries = [record(0, StepStatus.UNKNOWN, attempt=attempt) for attempt in range(1, MOST_ATTEMPTS + 2)]
        assert self.decided(*tries, hours=0) == GoOn(0)
