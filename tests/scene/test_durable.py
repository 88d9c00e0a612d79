"""kill -9 the bot in the middle of an order, on a real pair: it comes back and ends it, in the same thread."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from lab.stage import CLUSTER_CHANNEL, Stage, open_stage
from lab.world import LabOptions
from ledger.operations import OperationState
from tests.faults.cell import When
from tests.faults.watch import LedgerWatch, PrimaryWatch
from tests.scene.play import Requested, audit_is_whole, request_promotion, says, wait_for_report

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

OVER = frozenset({OperationState.SUCCEEDED.value, OperationState.FAILED.value, OperationState.INTERRUPTED.value})


async def killed_during(stage: Stage, watch: LedgerWatch, requested: Requested, action: str) -> None:
    """Approved, killed once the intent of that step is on disk, and started again as a supervisor would."""
    await stage.slack.person("U0BOB").press(requested.card, text="Approve")
    await watch.reached(requested.operation, When(action), timeout=30)
    await stage.bot.kill()
    await stage.bot.start()


@asynccontextmanager
async def primaries_watched(stage: Stage) -> AsyncIterator[PrimaryWatch]:
    watch = PrimaryWatch(tuple(stage.lab.servers.values()))
    task = asyncio.create_task(watch.run())
    try:
        yield watch
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def ended_well(stage: Stage, watch: LedgerWatch, requested: Requested) -> None:
    """It succeeded, and the thread of the card says what happened in between."""
    assert await watch.ended(requested.operation, timeout=30, over=OVER) == OperationState.SUCCEEDED
    await wait_for_report(stage.slack, requested, "succeeded")
    restarted = await stage.slack.wait_for_message(
        CLUSTER_CHANNEL,
        lambda message: "Understudy was restarted" in repr(message.get("blocks")) and says("steps done")(message),
        timeout=10,
        thread_ts=requested.card["ts"],
    )
    # One message shows the steps, before the restart and after it.
    shown = [one for one in stage.slack.messages(CLUSTER_CHANNEL, requested.card["ts"]) if says("steps done")(one)]
    assert [one["ts"] for one in shown] == [restarted["ts"]]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage(LabOptions(base_backup=False)) as opened:
        yield opened


async def test_kill_9_at_any_step_ends_as_approved_and_loses_nothing(stage: Stage) -> None:
    """Three switchovers there and back, and in the end a failover: a step of each is the bot's last."""
    watch = LedgerWatch(stage.settings.parent / "ledger.sqlite3")
    alice = stage.slack.person("U0ALICE")
    await stage.lab.load.start(rate=100)
    await stage.lab.load.wait_for_rows(50)
    async with primaries_watched(stage) as primaries:
        for action, target in (("stop", "db2"), ("prove", "db1"), ("promote", "db2")):
            requested = await request_promotion(stage.slack, alice, f"promote shop {target}")
            await killed_during(stage, watch, requested, action)
            await ended_well(stage, watch, requested)
            assert not await stage.lab.servers[target].in_recovery()
        report = await stage.lab.load.stop_and_report("db2")
        await fail_over(stage, watch, "db2", "fence")
    assert not await stage.lab.servers["db1"].in_recovery()
    assert primaries.most == 1
    assert report.lost == ()
    assert await audit_is_whole(stage)


async def test_slack_that_goes_down_in_the_middle_stops_nothing_and_hears_of_it_later(stage: Stage) -> None:
    """And after it, a failover whose promotion is the bot's last step."""
    watch = LedgerWatch(stage.settings.parent / "ledger.sqlite3")
    requested = await request_promotion(stage.slack, stage.slack.person("U0ALICE"))
    await stage.slack.person("U0BOB").press(requested.card, text="Approve")
    await watch.reached(requested.operation, When("checkpoint"), timeout=30)
    stage.slack.faults.server_error()
    stage.slack.faults.refuse_sockets = True
    stage.slack.faults.drop_sockets()
    assert await watch.ended(requested.operation, timeout=30, over=OVER) == OperationState.SUCCEEDED
    assert not await stage.lab.servers["db2"].in_recovery()
    stage.slack.faults.heal()
    await wait_for_report(stage.slack, requested, "succeeded", timeout=30)
    await stage.slack.wait_until(lambda: stage.slack.sockets == 2, timeout=20)
    await fail_over(stage, watch, "db2", "promote")
    assert not await stage.lab.servers["db1"].in_recovery()


async def fail_over(stage: Stage, watch: LedgerWatch, old: str, action: str) -> None:
    """The primary dies, and the bot within that step of the failover."""
    await stage.lab.servers[old].kill()
    requested = await request_promotion(stage.slack, stage.slack.person("U0ALICE"))
    await killed_during(stage, watch, requested, action)
    await ended_well(stage, watch, requested)
