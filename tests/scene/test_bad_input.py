"""Garbage of every kind gets one private line: what was understood, and what to type. Nothing runs."""

import pytest

from lab.stage import CLUSTER_CHANNEL, Stage
from ledger.audit import AuditKind
from tests.scene.play import audit_records

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

BAD = (
    "promote nonsuch",
    "promote shop db9",
    "promote shop db1",
    "promte shop",
    "status shop; rm -rf /",
    "status <!channel> <@U0BOB>",
    "`reboot` $(reboot)",
    "promote\nshop\ndb2 extra words here",
    "\u0000\u202estatus",
    "скажи статус",
    "状態 " * 50,
    "x" * 10_000,
)


async def _answered(stage: Stage, count: int) -> None:
    """So many answers, as lines or as modals, have come."""
    alice = stage.slack.person("U0ALICE")
    await stage.slack.wait_until(lambda: len(alice.ephemerals(CLUSTER_CHANNEL)) + len(alice.views) >= count, timeout=10)


async def test_bad_input_is_answered_in_private_and_nothing_runs(stage: Stage) -> None:
    alice = stage.slack.person("U0ALICE")
    public = len(stage.slack.messages(CLUSTER_CHANNEL))
    for count, text in enumerate(BAD, start=1):
        outcome = await alice.command("/ha", text, channel=CLUSTER_CHANNEL)
        assert outcome.error is None, text
        await _answered(stage, count)
    for answer in alice.ephemerals(CLUSTER_CHANNEL):
        assert "<!channel>" not in str(answer["blocks"])
        assert len(answer["text"]) < 1000
        assert "Traceback" not in answer["text"]
    assert len(stage.slack.messages(CLUSTER_CHANNEL)) == public
    assert await audit_records(stage, AuditKind.STEP_INTENT) == []
    by_alice = [record for record in await audit_records(stage) if record.entry.actor.id == "U0ALICE"]
    assert len(by_alice) == len(BAD)
