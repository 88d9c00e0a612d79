"""What must not happen does not: each attempt is refused in private, and leaves exactly one audit record."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from lab.stage import CLUSTER_CHANNEL, Stage, open_stage
from lab.world import LabOptions
from ledger.audit import AuditKind, AuditRecord
from tests.scene.play import Requested, audit_records, has_button, request_promotion, says, wait_for_report

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def untouched() -> AsyncIterator[Stage]:
    """One stage for attempts after which nothing has run."""
    async with open_stage(LabOptions(base_backup=False)) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def switched() -> AsyncIterator[Stage]:
    """One stage for switchovers there and back."""
    async with open_stage(LabOptions(base_backup=False)) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    async with open_stage(LabOptions(base_backup=False)) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def quick_expiry() -> AsyncIterator[Stage]:
    """A stage on which an approval must come within two seconds."""
    async with open_stage(
        LabOptions(base_backup=False), edit=lambda settings: settings.replace('expires = "15m"', 'expires = "2s"')
    ) as opened:
        yield opened


async def _recorded_by(stage: Stage, person: str, *kinds: AuditKind) -> list[AuditRecord]:
    return [
        record
        for record in await audit_records(stage)
        if record.entry.actor.id == person and (not kinds or record.entry.kind in kinds)
    ]


async def _nothing_has_run(stage: Stage) -> None:
    assert await audit_records(stage, AuditKind.STEP_INTENT) == []
    assert await stage.lab.servers["db2"].in_recovery()


async def _taken_back(stage: Stage, requested: Requested) -> None:
    """Who asked has cancelled it: nothing is in the next one's way."""
    await stage.slack.person("U0ALICE").press(requested.card, text="Cancel")
    await stage.slack.wait_for_message(
        CLUSTER_CHANNEL,
        lambda message: message["ts"] == requested.card["ts"] and not has_button(message, "Approve"),
        timeout=20,
    )


async def _approved_and_started(stage: Stage) -> tuple[int, int]:
    """How many approvals were given and operations started so far."""
    given = await audit_records(stage, AuditKind.APPROVAL_GIVEN)
    return len(given), len(await audit_records(stage, AuditKind.OPERATION_STARTED))


async def test_who_asked_cannot_approve(untouched: Stage) -> None:
    stage = untouched
    alice = stage.slack.person("U0ALICE")
    requested = await request_promotion(stage.slack, alice)
    before = await _recorded_by(stage, "U0ALICE", AuditKind.REFUSAL)
    await alice.press(requested.card, text="Approve")
    await alice.wait_for_ephemeral(says("asked"), timeout=5)
    assert len(await _recorded_by(stage, "U0ALICE", AuditKind.REFUSAL)) == len(before) + 1
    await _nothing_has_run(stage)
    await _taken_back(stage, requested)


async def test_a_person_without_rights_can_neither_ask_nor_approve(untouched: Stage) -> None:
    stage = untouched
    dave = stage.slack.person("U0DAVE")
    await dave.command("/ha", "promote shop", channel=CLUSTER_CHANNEL)
    await dave.wait_for_view(lambda view: "not allowed" in str(view) and not view.get("submit"), timeout=10)
    assert len(await _recorded_by(stage, "U0DAVE")) == 1

    requested = await request_promotion(stage.slack, stage.slack.person("U0ALICE"))
    await dave.press(requested.card, text="Approve")
    await dave.wait_for_ephemeral(timeout=5)
    assert len(await _recorded_by(stage, "U0DAVE", AuditKind.REFUSAL)) == 2
    await _nothing_has_run(stage)
    await _taken_back(stage, requested)


async def test_an_approval_that_comes_too_late_starts_nothing(quick_expiry: Stage) -> None:
    stage = quick_expiry
    requested = await request_promotion(stage.slack, stage.slack.person("U0ALICE"))
    await stage.slack.wait_for_message(
        CLUSTER_CHANNEL,
        lambda message: message["ts"] == requested.card["ts"] and not has_button(message, "Approve"),
        timeout=20,
    )
    assert len(await audit_records(stage, AuditKind.APPROVAL_EXPIRED)) == 1
    bob = stage.slack.person("U0BOB")
    await bob.press(requested.card, text="Approve", stale=True)
    await bob.wait_for_ephemeral(says("expired"), timeout=5)
    assert len(await _recorded_by(stage, "U0BOB")) == 1
    await _nothing_has_run(stage)


async def test_a_plan_whose_facts_changed_is_not_run(stage: Stage) -> None:
    """A switchover was approved; before the approval arrives the primary dies, so it would be a failover."""
    requested = await request_promotion(stage.slack, stage.slack.person("U0ALICE"))
    await stage.lab.servers["db1"].kill()
    await stage.slack.person("U0BOB").press(requested.card, text="Approve")
    await stage.slack.wait_for_message(
        CLUSTER_CHANNEL,
        lambda message: message["ts"] == requested.card["ts"] and not has_button(message, "Approve"),
        timeout=20,
    )
    await wait_for_report(stage.slack, requested, "approved")
    assert len(await _recorded_by(stage, "U0BOB")) == 1
    await _nothing_has_run(stage)


async def test_a_double_click_approves_once(switched: Stage) -> None:
    stage, before = switched, await _approved_and_started(switched)
    bob = stage.slack.person("U0BOB")
    requested = await request_promotion(stage.slack, stage.slack.person("U0ALICE"))
    await asyncio.gather(*(bob.press(requested.card, text="Approve", stale=True) for _ in range(2)))
    await wait_for_report(stage.slack, requested, "outage")
    assert await _approved_and_started(stage) == (before[0] + 1, before[1] + 1)


async def test_a_redelivered_envelope_counts_once(switched: Stage) -> None:
    stage, before = switched, await _approved_and_started(switched)
    by_bob = len(await _recorded_by(stage, "U0BOB"))
    requested = await request_promotion(stage.slack, stage.slack.person("U0ALICE"))
    stage.slack.faults.deliver_twice()
    await stage.slack.person("U0BOB").press(requested.card, text="Approve")
    await wait_for_report(stage.slack, requested, "outage")
    assert len(await _recorded_by(stage, "U0BOB")) == by_bob + 1
    assert await _approved_and_started(stage) == (before[0] + 1, before[1] + 1)
