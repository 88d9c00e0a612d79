"""Garbage of every kind gets one private line: what was understood, and what to type. Nothing runs."""

from collections.abc import Iterator

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


def _interpreted(value: object) -> Iterator[str]:
    """Every text of the blocks in which Slack looks for markup; in rich text and plain text it does not."""
    if isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            yield str(value["text"])
        for inner in value.values():
            yield from _interpreted(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _interpreted(inner)


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
        assert "<!channel>" not in answer["text"]
        assert not any("<!channel>" in text or "<@U0BOB>" in text for text in _interpreted(answer["blocks"]))
        assert len(answer["text"]) < 1000
        assert "Traceback" not in answer["text"]
    assert len(stage.slack.messages(CLUSTER_CHANNEL)) == public
    assert await audit_records(stage, AuditKind.STEP_INTENT) == []
    by_alice = [record for record in await audit_records(stage) if record.entry.actor.id == "U0ALICE"]
    assert len(by_alice) == len(BAD)
