"""What must not happen does not: each attempt is refused in private, and leaves exactly one audit record."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from lab.stage import CLUSTER_CHANNEL, Stage, open_stage
from lab.world import LabOptions
from ledger.audit import AuditKind, AuditRecord
from tests.scene.play import audit_records, has_button, request_promotion, says, wait_for_report

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]


@pytest.fixture
async def quick_expiry() -> AsyncIterator[Stage]:
    """A stage on which an approval must come within two seconds."""
    async with open_stage(
        LabOptions(), edit=lambda settings: settings.replace('expires = "15m"', 'expires = "2s"')
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


async def test_who_asked_cannot_approve(stage: Stage) -> None:
    alice = stage.slack.person("U0ALICE")
    requested = await request_promotion(stage.slack, alice)
    before = await _recorded_by(stage, "U0ALICE", AuditKind.REFUSAL)
    await alice.press(requested.card, text="Approve")
    await alice.wait_for_ephemeral(says("asked"), timeout=5)
    assert len(await _recorded_by(stage, "U0ALICE", AuditKind.REFUSAL)) == len(before) + 1
    await _nothing_has_run(stage)


async def test_a_person_without_rights_can_neither_ask_nor_approve(stage: Stage) -> None:
    dave = stage.slack.person("U0DAVE")
    await dave.command("/ha", "promote shop", channel=CLUSTER_CHANNEL)
    await dave.wait_for_view(lambda view: "not allowed" in str(view) and not view.get("submit"), timeout=10)
    assert len(await _recorded_by(stage, "U0DAVE")) == 1

    requested = await request_promotion(stage.slack, stage.slack.person("U0ALICE"))
    await dave.press(requested.card, text="Approve")
    await dave.wait_for_ephemeral(timeout=5)
    assert len(await _recorded_by(stage, "U0DAVE", AuditKind.REFUSAL)) == 2
    await _nothing_has_run(stage)


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


async def test_a_double_click_approves_once(stage: Stage) -> None:
    bob = stage.slack.person("U0BOB")
    requested = await request_promotion(stage.slack, stage.slack.person("U0ALICE"))
    await asyncio.gather(*(bob.press(requested.card, text="Approve", stale=True) for _ in range(2)))
    await wait_for_report(stage.slack, requested, "outage")
    assert len(await audit_records(stage, AuditKind.APPROVAL_GIVEN)) == 1
    assert len(await audit_records(stage, AuditKind.OPERATION_STARTED)) == 1


async def test_a_redelivered_envelope_counts_once(stage: Stage) -> None:
    requested = await request_promotion(stage.slack, stage.slack.person("U0ALICE"))
    stage.slack.faults.deliver_twice()
    await stage.slack.person("U0BOB").press(requested.card, text="Approve")
    await wait_for_report(stage.slack, requested, "outage")
    assert len(await _recorded_by(stage, "U0BOB")) == 1
    assert len(await audit_records(stage, AuditKind.OPERATION_STARTED)) == 1
