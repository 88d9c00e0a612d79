"""A failover drill's own judgement: its two ways, who approves it, and what it is refused for."""

from dataclasses import replace

import pytest

from commands.command import Action, Meant, Misunderstood, StepContext, StepOutcome
from commands.drill import Drill
from commands.drilling import legs
from commands.drilling.actions import ACTIONS
from commands.drilling.failover_plan import both
from commands.drilling.failover_report import what_next
from commands.drilling.probe_actions import ACTIONS as AROUND
from commands.drilling.probe_actions import THERE
from commands.drilling.report import conclude, so_far
from commands.governing import governed_by, right_of
from commands.plan import Loss, Plan, Step
from commands.promote import Promote
from commands.promotion.actions import ACTIONS as PROMOTING
from commands.promotion.actions import CHECKPOINT, TIMELINE, WRITES_ACCEPTED
from commands.running.resumption import to_take_back
from ledger.drills import FAILOVER_DRILL, FULL_DRILL, OUTAGE, WANTED
from servers.drilling import HeartbeatPlace
from servers.probe import Noticed
from tests.commands.conftest import Scene
from tests.commands.inventory import SHOP


async def switchover(scene: Scene) -> Plan:
    cluster = scene.world.clusters["shop"]
    return await Promote().plan(Meant(cluster), await scene.world.observer.observe(cluster), scene.world)


async def plan(scene: Scene) -> Plan:
    there = await switchover(scene)
    back = legs.way_back(there, scene.world.clusters["shop"], ())
    return replace(there, kind=FAILOVER_DRILL, steps=(*there.steps, *back))


async def test_the_way_back_has_the_same_steps_with_the_parts_exchanged(scene: Scene) -> None:
    there = await switchover(scene)
    back = legs.way_back(there, scene.world.clusters["shop"], ())
    swapped = {"db1": "db2", "db2": "db1"}
    assert [(one.action, one.server) for one in back] == [
        (f"back_{one.action}", swapped[one.server]) for one in there.steps
    ]


async def test_the_way_back_is_told_the_other_direction_on_the_next_timeline(scene: Scene) -> None:
    whole = await plan(scene)
    told = legs.coming(whole)
    assert (told.kind, told.source, told.target) == ("switchover", whole.target, whole.source)
    assert told.timeline == whole.timeline + 1


async def test_a_standby_that_was_moved_follows_the_old_primary_again(scene: Scene) -> None:
    whole = await plan(scene)
    follow = Step("follow", "db3", "", "", "", 1.0)
    stays = Step("keep_up", "db4", "", "", "", 1.0)
    facts = (("db3 follows", "db2"), ("db4 follows", "db2"))
    told = legs.coming(replace(whole, steps=(*whole.steps, follow, stays), facts=facts))
    assert told.facts == (("db3 follows", "db1"), ("db4 follows", "db2"))


async def test_what_the_way_there_found_is_unknown_on_the_way_back(scene: Scene) -> None:
    """The shutdown checkpoint of the first stop would prove anything of the second."""
    whole = await plan(scene)
    step = next(one for one in whole.steps if one.action == "back_prove")
    found = {CHECKPOINT: "0/1", f"{legs.BACK}{CHECKPOINT}": "0/2"}
    context = StepContext(scene.world, SHOP, whole, step, lambda line: None, found)
    assert legs.coming_back(context).found == {CHECKPOINT: "0/2"}
    assert legs.coming_back(context).step.action == "prove"


def test_a_stop_on_the_way_back_can_be_taken_back_and_what_came_before_the_promotion_cannot() -> None:
    actions = {name: legs.ACTIONS[name] for name in ("stop", "promote", "back_stop", "back_promote")}
    steps = tuple(Step(name, "db1", "", "", "", 1.0) for name in actions)
    whole = Plan("failover drill", "shop", "", 1, "db1", "db2", steps, (), None, Loss(0, 0.0, ""))
    assert to_take_back(whole, actions, (0, 1, 2), (0, 1), after=1) == (2,)
    assert to_take_back(whole, actions, (0, 1, 2, 3), (0, 1, 2), after=3) == ()


def test_every_step_of_a_promotion_is_there_both_ways_and_none_may_fail_unseen() -> None:
    assert {*PROMOTING, *(f"back_{name}" for name in PROMOTING)} <= legs.ACTIONS.keys()
    assert not [name for name, action in legs.ACTIONS.items() if action.optional]


def test_no_two_of_a_drills_actions_have_one_name() -> None:
    assert len(Drill().actions()) == len(ACTIONS) + len(AROUND) + len(legs.ACTIONS)


@pytest.mark.parametrize(
    ("words", "governing", "right"),
    [
        (("restore", "newest", ""), "drill", "drill"),
        (("failover", "newest", ""), "promote", "promote"),
        (("full", "newest", ""), "promote", "promote"),
    ],
)
def test_what_touches_production_is_under_the_policy_of_a_promotion(
    words: tuple[str, ...], governing: str, right: str
) -> None:
    assert governed_by("drill", words) == governing
    assert right_of("drill", "drill", words) == right
    assert governed_by("promote", ("at", "03:00")) == "promote"


async def test_without_a_place_for_the_probe_it_is_refused(scene: Scene) -> None:
    meant = Drill().resolve(("failover",), scene.world)
    with pytest.raises(Misunderstood, match=r"\[clusters.shop.heartbeat\]"):
        await Drill().plan(meant, await scene.world.observer.observe(meant.cluster), scene.world)


async def test_while_the_primary_is_down_it_is_no_drill(scene: Scene) -> None:
    shop = replace(scene.world.clusters["shop"], heartbeat=HeartbeatPlace("app", 5.0))
    world = replace(scene.world, clusters={"shop": shop})
    scene.pair.kill("db1")
    with pytest.raises(Misunderstood, match="no drill"):
        await Drill().plan(Meant(shop, None, ("failover", "newest", "")), await world.observer.observe(shop), world)


async def test_a_full_drill_restores_first_and_compares_once(scene: Scene) -> None:
    failover = await plan(scene)
    judged = replace(failover, steps=(*failover.steps, Step("judge_drill", "db1", "", "", "", 1.0)))
    restored = tuple(Step(name, "db2", "", "", "", 1.0) for name in ("mark_drill", "prove_restored", "judge_drill"))
    whole = both(replace(judged, kind="restore drill", steps=restored), judged)
    actions = [step.action for step in whole.steps]
    assert whole.kind == FULL_DRILL
    assert actions[:3] == ["mark_drill", "prove_restored", "see_ready"]
    assert [name for name in actions if name == "judge_drill"] == [actions[-1]]


class TestReport:
    async def test_it_says_how_long_clients_waited_each_way(self, scene: Scene) -> None:
        found = {THERE: "0.43", "probe_outage_back": "0.34", "probe_acknowledged": "37", WANTED[OUTAGE]: "60"}
        rows = dict(conclude(await plan(scene), found).facts)
        assert rows["Outage db1 → db2"] == "430 ms (at most 1 min)"
        assert rows["Outage db2 → db1"] == "340 ms (at most 1 min)"
        assert rows["Lost"] == "none of 37 acknowledged rows"

    async def test_where_only_the_way_there_was_made_it_says_how_to_go_back(self, scene: Scene) -> None:
        whole = await plan(scene)
        assert "/ha promote shop db1" in " ".join(what_next(whole, {TIMELINE: "2"}))
        both_ways = {WRITES_ACCEPTED: "x", f"{legs.BACK}{WRITES_ACCEPTED}": "y"}
        assert "promote" not in " ".join(what_next(whole, both_ways))
        assert "drill again: /ha drill failover shop" in so_far(whole, {}).next_steps[-1]


class TestNoticed:
    def test_the_outage_is_the_longest_time_without_an_acknowledged_row(self) -> None:
        noticed = Noticed(began=10.0)
        for number, at in enumerate((10.1, 10.2, 12.2, 12.3), 1):
            noticed.acknowledge(number, at)
        assert noticed.turn(12.4) == pytest.approx(2.0)
        noticed.acknowledge(5, 12.5)
        assert noticed.turn(12.5) == pytest.approx(0.2)

    def test_one_that_still_lasts_counts(self) -> None:
        noticed = Noticed(began=10.0)
        noticed.acknowledge(1, 10.1)
        assert noticed.gap_until(15.1) == pytest.approx(5.0)


async def test_on_the_way_back_what_a_step_finds_is_marked_as_such(scene: Scene) -> None:
    async def finds(context: StepContext) -> StepOutcome:
        return StepOutcome("", found={TIMELINE: "3"})

    whole = await plan(scene)
    step = next(one for one in whole.steps if one.action == "back_promote")
    context = StepContext(scene.world, SHOP, whole, step, lambda line: None)
    turned = legs._back(Action(finds, lambda context: _never()))
    assert (await turned.run(context)).found == {f"{legs.BACK}{TIMELINE}": "3"}


async def _never() -> None:
    return None
