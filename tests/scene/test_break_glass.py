"""At night, alone: break glass in Slack, on real servers, and maintenance in the channel."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from lab.stage import CLUSTER_CHANNEL, Stage, open_stage
from lab.world import LabOptions
from ledger.audit import AuditKind
from tests.scene.play import audit_records, fill_in, says, wait_for_form
from tests.scene.terminal import as_person, understudy

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def night() -> AsyncIterator[Stage]:
    """One stage on which a DBA may break the glass, Alice at the terminal too; the last test ends its bot."""
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


async def test_maintenance_ends_by_itself_and_the_channel_hears_it(night: Stage) -> None:
    slack, bob = night.slack, night.slack.person("U0BOB")
    await bob.command("/ha", "maintenance on shop for 2s Swapping a Disk", channel=CLUSTER_CHANNEL)
    await slack.wait_for_message(CLUSTER_CHANNEL, says("is in maintenance", "Swapping a Disk"), timeout=10)
    await slack.wait_for_message(CLUSTER_CHANNEL, says("Maintenance of shop has ended", "time is over"), timeout=20)
    await slack.wait_for_message(CLUSTER_CHANNEL, says("shop: maintenance has ended"), timeout=10)


async def test_at_the_terminal_it_is_followed_to_its_end(night: Stage) -> None:
    """Slack and the bot are down: the command itself carries it out."""
    stage = night
    (standby,) = [server for server in stage.lab.servers.values() if await server.in_recovery()]
    await stage.bot.kill()
    words = ("ha", "promote", "shop", "--break-glass", "--reason", "Slack is down", "--confirm", "shop")
    ended = await understudy(stage, *words)
    assert (ended.status, "succeeded" in ended.output) == (0, True), ended.output
    assert not await standby.in_recovery()
