"""The code behind a switchover's steps: nothing is asked for twice within the outage, and nothing old is believed."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from commands.command import StepContext, StepFailed
from commands.plan import CheckResult
from commands.promotion import actions, fencing, steps
from commands.promotion.fencing import fence_step
from commands.promotion.pair import Pair
from commands.promotion.switchover import plan_switchover
from servers.lsn import Lsn
from tests.commands.conftest import Scene
from tests.commands.inventory import SHOP


async def context(scene: Scene) -> StepContext:
    state = await scene.pair.observe(SHOP)
    plan = plan_switchover(Pair(SHOP, state, SHOP.server("db1"), SHOP.server("db2")))
    return StepContext(scene.world, SHOP, plan, steps.stop("db1"), lambda line: None)


async def test_a_mark_made_with_the_stop_is_not_made_again(scene: Scene) -> None:
    stopping = await context(scene)
    found = (await actions.stop(stopping)).found
    proving = StepContext(scene.world, SHOP, stopping.plan, steps.prove("db1", "db2"), stopping.say, found)
    await actions.prove(proving)
    assert scene.pair.did == [("stop", "db1"), ("wait_replayed", "db2")]
    assert scene.pair.machines["db1"].marked


async def test_a_stop_that_takes_long_says_so_and_when_it_is_given_up(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "STOP_WORD_SECONDS", 0.01)
    scene.pair.holds["stop"] = asyncio.Event()
    said: list[str] = []
    stopping = asyncio.create_task(actions.stop(replace(await context(scene), say=said.append)))
    await scene.pair.has_begun("stop")
    scene.pair.now += timedelta(seconds=20)
    async with asyncio.timeout(10):
        while not said or "after 20 s" not in said[-1]:
            await asyncio.sleep(0.005)
    assert said[-1] == "db1 is still stopping after 20 s; given up after 54 s, and db1 started again"
    scene.pair.holds["stop"].set()
    assert (await stopping).found


async def test_a_stop_that_is_broken_off_leaves_nothing_behind(scene: Scene) -> None:
    scene.pair.holds["stop"] = asyncio.Event()
    before = asyncio.all_tasks()
    stopping = asyncio.create_task(actions.stop(await context(scene)))
    await scene.pair.has_begun("stop")
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert asyncio.all_tasks() - before == set()


@pytest.mark.parametrize(
    ("behind", "result", "says"),
    [
        (16_000_000, CheckResult.PASS, "of WAL since its last one: at most about "),
        (
            2_000_000_000,
            CheckResult.WARN,
            "of WAL since its last one: at most about 1 min 40 s, while clients go on",
        ),
        (20_000_000_000, CheckResult.WARN, "it has 5 min, else nothing is done. Run CHECKPOINT on db1 first"),
    ],
)
async def test_the_plan_says_how_long_the_checkpoint_takes(
    scene: Scene, behind: int, result: CheckResult, says: str
) -> None:
    state = await scene.pair.observe(SHOP)
    old = state.server("db1")
    assert old.host is not None
    assert old.host.control is not None
    assert old.sql is not None
    at = old.host.control.redo_lsn
    db1 = replace(old, sql=replace(old.sql, wal_lsn=Lsn(at + behind)))
    plan = plan_switchover(
        Pair(SHOP, replace(state, servers=(db1, state.server("db2"))), SHOP.server("db1"), SHOP.server("db2"))
    )
    (check,) = [one for one in plan.checks if one.name == "checkpoint"]
    assert check.result is result
    assert says in check.evidence


async def test_a_mark_that_is_not_fresh_is_made_again(scene: Scene) -> None:
    stopping = await context(scene)
    found = (await actions.stop(stopping)).found
    scene.pair.now += timedelta(minutes=1)
    scene.pair.machines["db1"].marked = False
    proving = StepContext(scene.world, SHOP, stopping.plan, steps.prove("db1", "db2"), stopping.say, found)
    await actions.prove(proving)
    assert ("mark_fenced", "db1") in scene.pair.did
    assert scene.pair.machines["db1"].marked


async def test_another_database_system_that_is_quiet_is_no_fenced_primary(scene: Scene) -> None:
    """The settings name a data directory of something else on that host."""
    fencing_step = replace(await context(scene), step=fence_step(SHOP.server("db1")))
    assert await fencing.is_fenced(fencing_step) is False
    await fencing.fence(fencing_step)
    assert await fencing.is_fenced(fencing_step) is True
    scene.pair.machines["db1"].system = "7300000000000000002"
    assert await fencing.is_fenced(fencing_step) is False
    scene.pair.machines["db1"].marked = False
    with pytest.raises(StepFailed, match="nothing was touched"):
        await fencing.fence(fencing_step)
    assert not scene.pair.machines["db1"].marked
