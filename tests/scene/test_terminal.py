"""The terminal face, for the night that Slack is down: the same commands, the same policy, the same log."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from lab.stage import Stage, open_stage
from lab.world import LabOptions
from ledger.audit import AuditKind
from tests.scene.play import audit_is_whole, audit_records, request_promotion, wait_for_card, wait_for_report
from tests.scene.terminal import as_person, understudy

pytestmark = [pytest.mark.lab, pytest.mark.timeout(150), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def alice_at_the_terminal() -> AsyncIterator[Stage]:
    """One stage for all that she does; her last test ends its bot."""
    async with open_stage(LabOptions(), edit=lambda settings: as_person(settings, "alice")) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def bob_at_the_terminal() -> AsyncIterator[Stage]:
    async with open_stage(LabOptions(), edit=lambda settings: as_person(settings, "bob")) as opened:
        yield opened


async def test_check_tries_everything_and_finds_a_healthy_stage_in_order(alice_at_the_terminal: Stage) -> None:
    stage = alice_at_the_terminal
    tokens = {"bot_token": stage.slack.bot_token, "app_token": stage.slack.app_token}
    secrets = stage.settings.parent / "tokens.toml"
    text = stage.settings.read_text()
    lines = "".join(f'{name} = "{token}"\n' for name, token in tokens.items())
    secrets.write_text(text.replace("[slack]\n", f"[slack]\n{lines}"))
    well = await understudy(stage, "check", "--settings", str(secrets))
    assert well.status == 0, well.output
    for words in (
        "scopes",
        "channel C0OPS",
        "user group S0DBA",
        "rights of the role",
        "the way to db1",
        "base backups",
    ):
        assert words in well.output
    assert stage.slack.bot_token not in well.output
    assert not [line for line in well.output.splitlines() if line.lstrip().startswith("?")]

    await stage.lab.servers["db2"].ssh.stop()
    try:
        ill = await understudy(stage, "check", "--settings", str(secrets))
    finally:
        await stage.lab.servers["db2"].ssh.start()
    assert ill.status == 1
    assert "shop/db2" in ill.output


async def test_somebody_whom_the_settings_do_not_know_may_only_look(alice_at_the_terminal: Stage) -> None:
    stage = alice_at_the_terminal
    text = stage.settings.read_text()
    stage.settings.write_text(text.replace("operating_system_user", "# operating_system_user"))
    try:
        assert (await understudy(stage, "ha", "status")).status == 0
        refused = await understudy(stage, "ha", "--reason", "x", "--confirm", "shop", "promote", "shop")
    finally:
        stage.settings.write_text(text)
    assert refused.status != 0
    assert "not allowed" in refused.output
    assert await audit_records(stage, AuditKind.APPROVAL_REQUESTED) == []


async def test_what_is_asked_at_the_terminal_is_approved_in_slack(alice_at_the_terminal: Stage) -> None:
    stage = alice_at_the_terminal
    asked = await understudy(stage, "ha", "--reason", "kernel update", "--confirm", "shop", "promote", "shop", "db2")
    requested = await wait_for_card(stage.slack)
    assert requested.operation in asked.output, asked.output
    alice = stage.slack.person("U0ALICE")
    await alice.press(requested.card, text="Approve")
    # The same human at another face is still the one who asked.
    await alice.wait_for_ephemeral(timeout=5)
    assert await audit_records(stage, AuditKind.APPROVAL_GIVEN) == []
    await stage.slack.person("U0BOB").press(requested.card, text="Approve")
    await wait_for_report(stage.slack, requested, "outage")
    assert not await stage.lab.servers["db2"].in_recovery()


async def test_looking_works_while_the_bot_and_slack_are_down(alice_at_the_terminal: Stage) -> None:
    stage = alice_at_the_terminal
    await stage.bot.kill()
    status = await understudy(stage, "ha", "status")
    assert (status.status, "healthy" in status.output) == (0, True), status.output
    assert "audit log is whole" in (await understudy(stage, "audit", "verify")).output
    unknown = await understudy(stage, "ha", "statsu")
    assert "status" in unknown.output
    assert "Traceback" not in unknown.output


async def test_a_failover_is_approved_and_run_at_the_terminal_while_the_bot_is_down(bob_at_the_terminal: Stage) -> None:
    stage = bob_at_the_terminal
    requested = await request_promotion(stage.slack, stage.slack.person("U0ALICE"))
    await stage.bot.kill()
    approved = await understudy(stage, "ha", "approve", requested.operation)
    assert approved.status == 0, approved.output
    assert "outage" in approved.output.lower()
    assert not await stage.lab.servers["db2"].in_recovery()
    assert await audit_is_whole(stage)
    # What was said meanwhile reaches the channel when the bot is back.
    await stage.bot.start()
    await wait_for_report(stage.slack, requested, "outage")
