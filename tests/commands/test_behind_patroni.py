"""On a cluster that Patroni runs, no order is planned that Patroni is not asked to carry out."""

from contextlib import suppress
from dataclasses import replace

import pytest

from commands.behind_patroni import BESIDE
from commands.command import Meant, Misunderstood, Order
from commands.document import Document
from commands.plan import Plan
from commands.planning import make_plan
from commands.promote import plan_promotion
from commands.promotion.patroni import BY
from commands.recheck import not_as_approved
from commands.registry import COMMANDS
from commands.restart import Restart
from commands.world import World
from servers.inventory import Cluster, PatroniPlace
from servers.patroni_state import PatroniMember, PatroniState
from servers.state import Answer as SeenAnswer
from servers.state import ClusterState, Outcome
from tests.commands.conftest import Scene
from tests.commands.inventory import SHOP
from tests.commands.practice import NOW

MANAGED = replace(SHOP, patroni=PatroniPlace((("db1", "http://127.0.0.1:1"), ("db2", "http://127.0.0.1:1"))))
SAID = PatroniState(
    SeenAnswer(Outcome.ANSWERED, NOW, 0.01),
    (PatroniMember("db1", "leader", "running", None, 1), PatroniMember("db2", "replica", "streaming", 0, 1)),
)
ORDERS = {command.name: command for command in COMMANDS if isinstance(command, Order)}
TYPED = {
    "promote": "promote db2",
    "rejoin": "rejoin db2 copy",
    "fence": "fence",
    "standby": "standby rebuild db2",
    "restart": "restart db2",
    "reload": "reload",
    "replication": "replication setup db2",
    "restore": "restore",
    "archive": "archive setup db2",
}


def managed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> World:
    """The same pair, in Patroni's care."""
    look = scene.pair.observe

    async def observe(cluster: Cluster, **options: float | None) -> ClusterState:
        return replace(await look(cluster, **options), patroni=SAID)

    monkeypatch.setattr(scene.pair, "observe", observe)
    return replace(scene.world, clusters={"shop": MANAGED})


def test_every_order_is_looked_at_here() -> None:
    assert set(ORDERS) == {*TYPED, *BESIDE}


@pytest.mark.parametrize("order", sorted(TYPED))
async def test_an_order_is_patronis_or_refused_before_anybody_is_asked(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    world = managed(scene, monkeypatch)
    meant = ORDERS[order].resolve(TYPED[order].split()[1:], world)
    planned: list[Plan] = []
    with suppress(Misunderstood):
        planned.append(await make_plan(ORDERS[order], meant, world))
    assert planned or order != "promote"
    for plan in planned:
        assert BY in plan.facts
        assert all(step.action.startswith("patroni") for step in plan.steps), plan.steps
    assert scene.pair.did == []


class Heedless(Restart):
    """An order that somebody adds and that has never heard of Patroni."""

    name = "heedless"

    async def plan(self, meant: Meant, state: ClusterState, world: World) -> Plan:
        return plan_promotion(SHOP, None, replace(state, patroni=None))


async def test_an_order_that_knows_nothing_of_patroni_is_refused_with_what_to_do(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = managed(scene, monkeypatch)
    with pytest.raises(Misunderstood, match="Patroni runs shop: heedless is not done behind its back"):
        await make_plan(Heedless(), Meant(MANAGED), world)
    own = replace(world, clusters={"shop": SHOP})
    assert (await make_plan(Heedless(), Meant(SHOP), own)).kind == "switchover"


async def test_what_was_approved_before_patroni_came_is_refused_at_the_last_look(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = await make_plan(Heedless(), Meant(SHOP), scene.world)
    document = Document("heedless", None, None, plan)
    world = managed(scene, monkeypatch)
    state = await scene.pair.observe(MANAGED)
    said = await not_as_approved(world, Heedless(), document, MANAGED, state)
    assert said is not None
    assert "is not done behind its back" in said
