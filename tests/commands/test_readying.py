"""The last moment before a switchover's outage: a standby that has not kept up is not waited for by clients."""

import asyncio
from dataclasses import replace

import pytest

from commands.asked import Decision
from commands.command import StepFailed
from commands.promotion import readying, steps
from ledger.operations import OperationState
from servers.lsn import Lsn
from tests.commands.conftest import Scene
from tests.commands.practice import START
from tests.commands.test_promotion_actions import context

AHEAD = Lsn(START + 4096)


async def ready(scene: Scene, patience: float = 0.3) -> str:
    step = replace(await context(scene), step=steps.checkpoint("db1", "db2"))
    return (await readying.checkpoint(step, patience=patience)).detail


async def test_a_standby_that_is_level_is_gone_on_with(scene: Scene) -> None:
    assert await ready(scene) == "Checkpoint done.; db2 has replayed 0/5000028"


async def test_one_that_lags_is_waited_for_before_anything_is_stopped(scene: Scene) -> None:
    scene.pair.machines["db1"].lsn = AHEAD
    looks, readied = scene.pair.looks, asyncio.create_task(ready(scene, patience=20))
    while scene.pair.looks < looks + 3:
        await asyncio.sleep(0.01)
    assert not readied.done()
    scene.pair.machines["db2"].lsn = AHEAD
    assert "db2 has replayed 0/5001028" in await readied


async def test_one_that_stays_behind_ends_it(scene: Scene) -> None:
    scene.pair.machines["db1"].lsn = AHEAD
    with pytest.raises(
        StepFailed, match="db2 has not replayed up to 0/5001028 within 300 ms: it is streaming, and has"
    ):
        await ready(scene)


async def test_a_pause_of_replay_is_not_waited_for(scene: Scene) -> None:
    scene.pair.machines["db1"].lsn = AHEAD
    scene.pair.machines["db2"].replay_paused = True
    with pytest.raises(
        StepFailed, match=r"db2 has not replayed up to 0/5001028: replay is paused\. Nothing was stopped"
    ):
        await ready(scene, patience=3600)


@pytest.mark.parametrize(
    ("gone", "said"), [("db1", "does not say how far it is"), ("db2", r"it does not answer by SQL \(")]
)
async def test_a_server_that_falls_silent_meanwhile_ends_it(scene: Scene, gone: str, said: str) -> None:
    step = replace(await context(scene), step=steps.checkpoint("db1", "db2"))
    scene.pair.out_of_reach.add(gone)
    with pytest.raises(StepFailed, match=said):
        await readying.checkpoint(step, patience=0.05)


async def test_a_disk_that_filled_up_meanwhile_ends_it(scene: Scene) -> None:
    step = replace(await context(scene), step=steps.checkpoint("db1", "db2"))
    scene.pair.machines["db2"].disk_used = 990
    with pytest.raises(StepFailed, match="Disk space on db2: /data/db2 is 99% full"):
        await readying.checkpoint(step)


async def test_the_order_fails_with_the_old_primary_untouched(scene: Scene) -> None:
    operation = await scene.request()
    scene.pair.holds["checkpoint"] = asyncio.Event()
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    await scene.pair.has_begun("checkpoint")
    scene.pair.machines["db1"].lsn = AHEAD
    scene.pair.machines["db2"].replay_paused = True
    scene.pair.holds["checkpoint"].set()
    await scene.dispatcher.wait(operation)
    assert (await scene.operation(operation)).state is OperationState.FAILED
    assert scene.pair.did == [("checkpoint", "db1")]
    assert scene.pair.writable == ["db1"]
