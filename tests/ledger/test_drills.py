"""What the ledger knows of drills that were held, and of how fast restores were."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlite_utils import Database

from ledger import locks
from ledger.approvals import ApprovalDecision, approve
from ledger.drills import (
    FAILOVER_DRILL,
    FULL_DRILL,
    OUTAGE,
    RESTORE_DRILL,
    RPO,
    RTO,
    SWITCHING,
    count_of_drills,
    drills,
)
from ledger.ledger import Ledger
from ledger.operations import OperationState, create, transition
from ledger.recovery_rates import (
    LAID_OUT_BYTES,
    LAID_OUT_SECONDS,
    NOTHING_MEASURED,
    REPLAYED_BYTES,
    REPLAYED_SECONDS,
    recovery_rates,
)
from ledger.redact import Redactor
from ledger.steps import Direction, StepStatus, step_intent, step_result
from ledger.who import Who

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with await Ledger.open(tmp_path / "ledger.sqlite3", Redactor(())) as opened:
        yield opened


def held(
    db: Database,
    days: int,
    *found: Mapping[str, str],
    kind: str = RESTORE_DRILL,
    end: OperationState = OperationState.SUCCEEDED,
    cluster: str = "shop",
) -> str:
    """An operation that ended so many days after the first, each step of which found that."""
    at = NOON + timedelta(days=days)
    one = create(
        db,
        kind=kind,
        cluster=cluster,
        plan="{}",
        plan_hash="0" * 64,
        requester=Who("U1", "alice"),
        reason="practice",
        channel="C1",
        created_at=at,
        expires_at=at + timedelta(hours=1),
    )
    transition(db, one.id, OperationState.AWAITING_APPROVAL, at=at)
    approve(db, one.id, Who("U2", "bob"), ApprovalDecision.APPROVED, plan_hash="0" * 64, at=at)
    fencing = locks.acquire(db, cluster, one.id, "test", at=at)
    transition(db, one.id, OperationState.APPROVED, at=at)
    transition(db, one.id, OperationState.RUNNING, at=at, fencing=fencing)
    for index, each in enumerate(found):
        step_intent(db, one.id, index, action="act", server="db2", fencing=fencing, at=at, direction=Direction.DO)
        step_result(
            db,
            one.id,
            index,
            status=StepStatus.SUCCEEDED,
            at=at,
            detail="",
            duration=timedelta(seconds=1),
            found=each,
            direction=Direction.DO,
        )
    transition(db, one.id, end, at=at)
    locks.release(db, cluster, fencing)
    return one.id


def _held_with(db: Database, days: int) -> str:
    return held(db, days, {RTO: str(days)})


class TestDrills:
    async def test_the_newest_first_with_what_their_steps_have_found(self, ledger: Ledger) -> None:
        await ledger.write(lambda db: held(db, 0, {RTO: "60"}, {RPO: "3.5"}))
        await ledger.write(lambda db: held(db, 7, {"other": "x"}, end=OperationState.FAILED))

        newer, older = await ledger.read(lambda db: drills(db, "shop"))

        assert (older.passed, older.rto_seconds, older.rpo_seconds, older.outage_seconds) == (True, 60.0, 3.5, None)
        assert (newer.passed, newer.rto_seconds, newer.at) == (False, None, NOON + timedelta(days=7))

    async def test_a_full_drill_is_among_those_that_restore_and_those_that_switch_over(self, ledger: Ledger) -> None:
        await ledger.write(lambda db: held(db, 0, {RTO: "60"}))
        await ledger.write(lambda db: held(db, 1, {OUTAGE: "1.5"}, kind=FAILOVER_DRILL))
        await ledger.write(lambda db: held(db, 2, {RTO: "50", OUTAGE: "2"}, kind=FULL_DRILL))

        restoring = await ledger.read(lambda db: drills(db, "shop"))
        switching = await ledger.read(lambda db: drills(db, "shop", SWITCHING))

        assert [one.kind for one in restoring] == [FULL_DRILL, RESTORE_DRILL]
        assert [one.outage_seconds for one in switching] == [2.0, 1.5]
        assert await ledger.read(lambda db: count_of_drills(db, "shop", SWITCHING)) == 2

    async def test_what_was_cancelled_and_other_clusters_and_orders_are_no_drills_of_it(self, ledger: Ledger) -> None:
        await ledger.write(lambda db: held(db, 0, {RTO: "60"}, end=OperationState.CANCELLED))
        await ledger.write(lambda db: held(db, 1, {RTO: "60"}, cluster="books"))
        await ledger.write(lambda db: held(db, 2, {RTO: "60"}, kind="restore"))

        assert await ledger.read(lambda db: drills(db, "shop")) == ()
        assert await ledger.read(lambda db: count_of_drills(db, "shop")) == 0

    async def test_no_more_than_are_wanted(self, ledger: Ledger) -> None:
        for days in range(4):
            await ledger.write(partial(_held_with, days=days))
        newest = await ledger.read(lambda db: drills(db, "shop", limit=2))
        assert [one.rto_seconds for one in newest] == [3.0, 2.0]


LAID_OUT = {LAID_OUT_BYTES: "1000", LAID_OUT_SECONDS: "10"}
REPLAYED = {REPLAYED_BYTES: "600", REPLAYED_SECONDS: "2"}


class TestRecoveryRates:
    async def test_nothing_is_known_before_the_first(self, ledger: Ledger) -> None:
        assert await ledger.read(lambda db: recovery_rates(db, "shop")) == NOTHING_MEASURED

    async def test_the_newest_of_each_whatever_restored(self, ledger: Ledger) -> None:
        older = await ledger.write(lambda db: held(db, 0, LAID_OUT, REPLAYED, kind="restore"))
        newer = await ledger.write(
            lambda db: held(db, 1, {LAID_OUT_BYTES: "4000", LAID_OUT_SECONDS: "10"}, kind=FULL_DRILL)
        )

        rates = await ledger.read(lambda db: recovery_rates(db, "shop"))

        assert rates.lay_out is not None
        assert rates.replay is not None
        assert (rates.lay_out.bytes_a_second, rates.lay_out.operation) == (400.0, newer)
        assert (rates.replay.bytes_a_second, rates.replay.operation) == (300.0, older)

    async def test_what_took_less_than_a_second_measures_nothing(self, ledger: Ledger) -> None:
        await ledger.write(lambda db: held(db, 0, {LAID_OUT_BYTES: "1000", LAID_OUT_SECONDS: "0.9"}))
        assert await ledger.read(lambda db: recovery_rates(db, "shop")) == NOTHING_MEASURED

    async def test_a_drill_that_failed_later_has_measured_all_the_same(self, ledger: Ledger) -> None:
        await ledger.write(lambda db: held(db, 0, LAID_OUT, end=OperationState.FAILED))
        rates = await ledger.read(lambda db: recovery_rates(db, "shop"))
        assert rates.lay_out is not None
