"""The code behind a switchover's steps: nothing is asked for twice within the outage, and nothing old is believed."""

from datetime import timedelta

from commands.command import StepContext
from commands.promotion import actions, steps
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
