"""Fencing in order: over SSH with proof, else by the hook that was approved, else people approve the risk."""

import pytest

from commands.asked import Decision
from commands.dispatcher import Dispatcher
from commands.promote import plan_promotion
from commands.registry import COMMANDS
from servers.inventory import Cluster, CommandFence, Ec2Fence, FencePlace
from tests.commands.conftest import Scene, make_world
from tests.commands.inventory import SHOP, server
from tests.commands.practice import practice_pair


def shop_with(fence: FencePlace) -> Cluster:
    return Cluster("shop", SHOP.channel, (server("db1", fence=fence), server("db2")))


HOOK = CommandFence(("off",), ("is-off",))


@pytest.fixture
def hooked(scene: Scene) -> Scene:
    """The scene, with a fence hook for db1."""
    world = make_world(scene.pair, scene.people, scene.ledger, scene.pair.clock, shop_with(HOOK))
    scene.world, scene.dispatcher = world, Dispatcher(world, COMMANDS)
    return scene


async def fail_over(scene: Scene) -> str:
    """Somebody asks, somebody approves; the report."""
    operation = await scene.request()
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    return repr((await scene.dispatcher.wait(operation)).page)


async def observed(scene: Scene) -> None:
    await scene.pair.observe(SHOP)
    scene.pair.kill("db1")


async def test_a_host_that_answers_is_fenced_over_ssh_and_its_hook_is_left_alone(hooked: Scene) -> None:
    await observed(hooked)
    report = await fail_over(hooked)
    assert [what for what, _ in hooked.pair.did] == ["fence", "promote", "verify_write"]
    assert "by its hook it is" not in report


async def test_a_host_that_is_silent_is_fenced_by_its_hook_and_needs_no_stronger_approval(hooked: Scene) -> None:
    await observed(hooked)
    hooked.pair.machines["db1"].reachable_by_ssh = False
    report = await fail_over(hooked)
    assert [what for what, _ in hooked.pair.did] == ["fence", "hook", "promote", "verify_write"]
    assert "Keep db1 off: its hook has cut it off" in report
    assert hooked.pair.writable == ["db2"]


async def test_a_host_that_falls_silent_after_the_approval_is_fenced_by_what_was_approved(hooked: Scene) -> None:
    await observed(hooked)
    hooked.pair.fails["fence"] = "the connection broke"
    report = await fail_over(hooked)
    assert [what for what, _ in hooked.pair.did] == ["fence", "hook", "promote", "verify_write"]
    assert "the connection broke" in report


async def test_when_the_hook_fails_as_well_nothing_is_promoted(hooked: Scene) -> None:
    await observed(hooked)
    hooked.pair.machines["db1"].reachable_by_ssh = False
    hooked.pair.fails["hook"] = "no such outlet"
    report = await fail_over(hooked)
    assert "no such outlet. Over SSH: db1 does not answer by SSH." in report
    assert "promote" not in [what for what, _ in hooked.pair.did]
    assert hooked.pair.writable == []


async def test_without_a_hook_an_ssh_that_fails_in_the_run_promotes_nothing(scene: Scene) -> None:
    await observed(scene)
    scene.pair.fails["fence"] = "the connection broke"
    await fail_over(scene)
    assert scene.pair.did == [("fence", "db1")]


async def test_which_hook_it_is_and_to_what_it_acts_is_approved() -> None:
    pair = practice_pair()
    await pair.observe(SHOP)
    pair.kill("db1")
    places = (CommandFence(("off", "db1")), CommandFence(("off", "db2")), Ec2Fence("i-1"), Ec2Fence("i-2"))
    state = await pair.observe(SHOP)
    plans = [plan_promotion(shop_with(place), None, state) for place in places]
    assert len({plan.hash for plan in plans}) == len(plans)
    assert "run off db1" in plans[0].steps[0].does
    # Whether SSH answers just then is not material: what was approved covers both.
    pair.machines["db1"].reachable_by_ssh = False
    assert plan_promotion(shop_with(places[0]), None, await pair.observe(SHOP)).hash == plans[0].hash


@pytest.mark.parametrize("ssh_answers", [True, False])
async def test_a_hook_that_nothing_confirms_is_a_risk_in_so_many_words(*, ssh_answers: bool) -> None:
    pair = practice_pair()
    await pair.observe(SHOP)
    pair.kill("db1")
    pair.machines["db1"].reachable_by_ssh = ssh_answers
    state = await pair.observe(SHOP)
    unproved, proved = (plan_promotion(shop_with(place), None, state) for place in (CommandFence(("off",)), HOOK))
    (risk,) = unproved.risks
    assert risk.startswith("Nothing confirms that the fence hook of db1 has cut it off")
    assert "two servers take writes" in risk
    assert unproved.steps[0].verified_by.endswith("or the hook ends with success, unconfirmed")
    assert proved.risks == ()
    assert proved.steps[0].verified_by.endswith("or the hook confirms that db1 is off")


async def test_without_a_confirmation_one_approval_is_not_enough(scene: Scene) -> None:
    cluster = shop_with(CommandFence(("off",)))
    scene.world = make_world(scene.pair, scene.people, scene.ledger, scene.pair.clock, cluster)
    scene.dispatcher = Dispatcher(scene.world, COMMANDS)
    await observed(scene)
    scene.pair.machines["db1"].reachable_by_ssh = False
    operation = await scene.request()
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    assert scene.pair.did == []
    await scene.dispatcher.decide(scene.asks("carol"), operation, Decision.APPROVE)
    await scene.dispatcher.wait(operation)
    assert [what for what, _ in scene.pair.did] == ["fence", "hook", "promote", "verify_write"]
