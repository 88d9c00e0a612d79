"""At night, alone: break glass in Slack, on real servers, and maintenance in the channel."""

from collections.abc import AsyncIterator

import pytest

from lab.stage import CLUSTER_CHANNEL, Stage, open_stage
from lab.world import LabOptions
from ledger.audit import AuditKind
from tests.scene.play import audit_records, fill_in, says, wait_for_form
from tests.scene.terminal import as_person, understudy

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]


@pytest.fixture
async def night() -> AsyncIterator[Stage]:
    """A stage on which a DBA may break the glass."""
    allowed = 'approvals = 1\nbreak_glass = ["dba"]'
    async with open_stage(LabOptions(), edit=lambda text: text.replace("approvals = 1", allowed, 1)) as opened:
        yield opened


@pytest.fixture
async def night_at_the_terminal() -> AsyncIterator[Stage]:
    allowed = 'approvals = 1\nbreak_glass = ["dba"]'
    async with open_stage(
        LabOptions(), edit=lambda text: as_person(text.replace("approvals = 1", allowed, 1), "alice")
    ) as opened:
        yield opened


async def test_one_person_alone_switches_over_and_the_group_is_called(night: Stage) -> None:
    slack, alice = night.slack, night.slack.person("U0ALICE")
    await alice.command("/ha", "promote shop \N{EM DASH}break-glass", channel=CLUSTER_CHANNEL)
    form = await wait_for_form(alice)
    assert "nobody else approves it" in str(form)
    outcome = await fill_in(alice, form, reason="the disk of db1 dies", name="shop")
    assert not outcome.errors
    shout = await slack.wait_for_message(CLUSTER_CHANNEL, says("break glass", "alone", "<!subteam^S0DBA>"), timeout=10)
    assert '"usergroup_id": "S0DBA"' in str(shout["blocks"]).replace("'", '"')
    card = await slack.wait_for_message(CLUSTER_CHANNEL, says("succeeded", "nobody: break glass"), timeout=60)
    assert "Approve" not in str([block for block in card["blocks"] if block["type"] == "actions"])
    assert not await night.lab.servers["db2"].in_recovery()
    (record,) = await audit_records(night, AuditKind.BREAK_GLASS)
    assert record.entry.actor.id == "U0ALICE"
    assert await audit_records(night, AuditKind.APPROVAL_GIVEN) == []


async def test_at_the_terminal_it_is_followed_to_its_end(night_at_the_terminal: Stage) -> None:
    """Slack and the bot are down: the command itself carries it out."""
    stage = night_at_the_terminal
    await stage.bot.kill()
    words = ("ha", "promote", "shop", "--break-glass", "--reason", "Slack is down", "--confirm", "shop")
    ended = await understudy(stage, *words)
    assert (ended.status, "succeeded" in ended.output) == (0, True), ended.output
    assert not await stage.lab.servers["db2"].in_recovery()


async def test_maintenance_ends_by_itself_and_the_channel_hears_it(night: Stage) -> None:
    slack, bob = night.slack, night.slack.person("U0BOB")
    await bob.command("/ha", "maintenance on shop for 2s Swapping a Disk", channel=CLUSTER_CHANNEL)
    await slack.wait_for_message(CLUSTER_CHANNEL, says("is in maintenance", "Swapping a Disk"), timeout=10)
    await slack.wait_for_message(CLUSTER_CHANNEL, says("Maintenance of shop has ended", "time is over"), timeout=20)
    await slack.wait_for_message(CLUSTER_CHANNEL, says("shop: maintenance has ended"), timeout=10)
