"""The code behind a switchover's steps: nothing is asked for twice within the outage, and nothing old is believed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from commands.command import StepContext, StepFailed
from commands.promotion import actions, fencing, steps
from commands.promotion.fencing import fence_step
from commands.promotion.pair import Pair
from commands.promotion.switchover import plan_switchover
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
