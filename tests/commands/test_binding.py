"""Approval binds to machines, not to their names: what a name leads to by the time it runs is what was approved."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from commands.asked import Answer, Decision, Form
from commands.binding import bound
from commands.dispatcher import Dispatcher
from commands.document import Draft, write_draft
from commands.promote import plan_promotion
from commands.registry import COMMANDS
from ledger.operations import OperationState
from servers.inventory import Cluster, Server
from tests.commands.conftest import Scene
from tests.commands.inventory import cluster
from tests.commands.mortal import Gone
from tests.commands.practice import Machine, practice_pair
from tests.commands.traffic import Pool

# Elsewhere in every way that a settings file knows.
MOVES: tuple[Callable[[Server], Server], ...] = (
    lambda db2: replace(db2, conninfo="host=10.9.9.9 dbname=postgres"),
    lambda db2: replace(db2, ssh=replace(db2.ssh, host="10.9.9.9")),
    lambda db2: replace(db2, service=replace(db2.service, data_directory="/somewhere/else")),
    lambda db2: replace(db2, replication="host=10.9.9.9"),
    lambda db2: replace(db2, slot="another"),
)


def with_db2(shop: Cluster, change: Callable[[Server], Server]) -> Cluster:
    return replace(shop, servers=tuple(change(one) if one.name == "db2" else one for one in shop.servers))


def restarted(scene: Scene, change: Callable[[Server], Server], pool: Pool | None = None) -> Dispatcher:
    """The bot with other settings, after the same ledger."""
    shop = with_db2(scene.world.clusters["shop"], change)
    traffic = {"shop": (pool,)} if pool else scene.world.traffic
    return Dispatcher(replace(scene.world, clusters={"shop": shop}, traffic=traffic), COMMANDS)


async def approved(scene: Scene, dispatcher: Dispatcher, operation: str) -> str:
    """What became of it, once somebody approves it there."""
    await dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    return (await dispatcher.wait(operation)).page.summary


@pytest.mark.parametrize("change", MOVES)
async def test_a_server_that_is_another_one_by_now_is_not_what_was_approved(
    scene: Scene, change: Callable[[Server], Server]
) -> None:
    operation = await scene.request()
    said = await approved(scene, restarted(scene, change), operation)
    assert "the settings of db2 were changed" in said
    assert scene.pair.did == []
    assert (await scene.operation(operation)).state is OperationState.FAILED


async def test_a_new_password_is_still_the_same_server(scene: Scene) -> None:
    operation = await scene.request()
    changed = restarted(scene, lambda db2: replace(db2, conninfo="host=db2 password=another-secret"))
    await approved(scene, changed, operation)
    assert (await scene.operation(operation)).state is OperationState.SUCCEEDED


async def test_a_time_out_that_was_changed_leaves_what_waits_for_approval_as_it_is(scene: Scene) -> None:
    operation = await scene.request()
    changed = restarted(scene, lambda db2: replace(db2, conninfo=f"{db2.conninfo} connect_timeout=9", disks=("/var",)))
    await approved(scene, changed, operation)
    assert (await scene.operation(operation)).state is OperationState.SUCCEEDED


async def test_a_target_that_leads_elsewhere_by_now_is_not_what_was_approved(scene: Scene) -> None:
    pool = Pool()
    scene.dispatcher = restarted(scene, lambda db2: db2, pool)
    operation = await scene.request()
    elsewhere = Pool(identity="another pool")
    said = await approved(scene, restarted(scene, lambda db2: db2, elsewhere), operation)
    assert "the settings of pool were changed" in said
    assert (pool.did, elsewhere.did, scene.pair.did) == ([], [], [])


async def test_a_form_of_other_settings_asks_for_nothing(scene: Scene) -> None:
    form = await scene.form()
    values = {"reason": "drill", "cluster": "shop"}
    answer = await restarted(scene, MOVES[1]).submit(scene.asks("alice"), form.draft, values)
    assert isinstance(answer, Answer)
    assert "the settings of db2 were changed" in answer.page.summary
    assert await scene.operations() == []


async def test_what_was_left_in_the_middle_is_not_carried_on_elsewhere(scene: Scene) -> None:
    """Nor is anything taken back there: the undo of a step would act on a server that nobody has touched."""
    scene.pair.holds["promote"] = asyncio.Event()
    operation = await scene.request()
    crashed = Dispatcher(scene.world, COMMANDS, owner=Gone(scene.ledger.path))
    await crashed.decide(scene.asks("bob"), operation, Decision.APPROVE)
    await scene.pair.has_begun("promote")
    scene.pair.holds.clear()
    did = list(scene.pair.did)
    changed = restarted(scene, MOVES[1])
    await changed.recover()
    said = (await changed.wait(operation)).page.summary
    assert scene.pair.did == did
    assert "the settings of db2 are not those that were approved" in said
    assert (await scene.operation(operation)).state is OperationState.FAILED


async def left_while_clients_were_held(scene: Scene, pool: Pool, step: str) -> str:
    """An approved switchover whose process has gone in the middle of that step; its id."""
    scene.dispatcher = restarted(scene, lambda db2: db2, pool)
    scene.pair.holds[step] = asyncio.Event()
    operation = await scene.request()
    world = replace(scene.world, traffic={"shop": (pool,)})
    crashed = Dispatcher(world, COMMANDS, owner=Gone(scene.ledger.path))
    await crashed.decide(scene.asks("bob"), operation, Decision.APPROVE)
    await scene.pair.has_begun(step)
    scene.pair.holds.clear()
    assert pool.held
    return operation


async def test_who_is_held_is_let_go_though_the_settings_of_others_changed(scene: Scene) -> None:
    """Another target is new under its name: the pool is the one that was approved, and so are both servers."""
    pool, other = Pool(), Pool(name="other")
    scene.world = replace(scene.world, traffic={"shop": (pool, other)})
    scene.dispatcher = Dispatcher(scene.world, COMMANDS)
    scene.pair.holds["stop"] = asyncio.Event()
    operation = await scene.request()
    crashed = Dispatcher(scene.world, COMMANDS, owner=Gone(scene.ledger.path))
    await crashed.decide(scene.asks("bob"), operation, Decision.APPROVE)
    await scene.pair.has_begun("stop")
    scene.pair.holds.clear()
    did, before = list(scene.pair.did), list(other.did)
    elsewhere = Pool(name="other", identity="another pool")
    world = replace(scene.world, traffic={"shop": (pool, elsewhere)})
    changed = Dispatcher(world, COMMANDS)
    await changed.recover()
    said = (await changed.wait(operation)).page.summary
    assert not pool.held
    assert "the settings of other are not those that were approved" in said
    assert "Clients may wait at other: let them go by hand there (for PgBouncer, RESUME" in said
    assert (scene.pair.did, other.did, elsewhere.did) == (did, before, [])
    assert (await scene.operation(operation)).state is OperationState.FAILED


@pytest.mark.parametrize("what", ["the pool", "db2"])
async def test_who_cannot_be_let_go_is_named_with_who_has_to(scene: Scene, what: str) -> None:
    pool = Pool()
    operation = await left_while_clients_were_held(scene, pool, "stop")
    did, other = list(pool.did), Pool(identity="another pool", held=True)
    changed = restarted(scene, lambda db2: db2, other) if what == "the pool" else restarted(scene, MOVES[1], pool)
    await changed.recover()
    said = (await changed.wait(operation)).page.summary
    assert (pool.did, other.did) == (did, [])
    assert "Clients may wait at pool: let them go by hand there (for PgBouncer, RESUME on its admin console" in said
    assert (await scene.operation(operation)).state is OperationState.FAILED


async def test_of_a_cluster_that_is_no_more_those_who_wait_are_named(scene: Scene) -> None:
    operation = await left_while_clients_were_held(scene, Pool(), "stop")
    changed = Dispatcher(replace(scene.world, clusters={"other": scene.world.clusters["shop"]}, traffic={}), COMMANDS)
    await changed.recover()
    said = (await changed.wait(operation)).page.summary
    assert "has no cluster shop" in said
    assert "Clients may wait at pool" in said


@pytest.mark.parametrize("order", ["promote", "restart db2", "reload", "reload db2"])
async def test_every_order_is_bound_to_the_machines_that_it_names(scene: Scene, order: str) -> None:
    form = await scene.dispatcher.prepare(scene.asks("alice", order))
    other = await restarted(scene, MOVES[1]).prepare(scene.asks("alice", order))
    assert isinstance(form, Form)
    assert isinstance(other, Form)
    assert form.draft != other.draft


async def test_a_server_that_the_plan_does_not_name_may_move(scene: Scene) -> None:
    form = await scene.dispatcher.prepare(scene.asks("alice", "reload db1"))
    other = await restarted(scene, MOVES[1]).prepare(scene.asks("alice", "reload db1"))
    assert isinstance(form, Form)
    assert isinstance(other, Form)
    assert form.draft == other.draft


@pytest.mark.parametrize("down", [False, True])
async def test_a_draft_of_twelve_servers_fits_into_a_form_of_slack(scene: Scene, down: bool) -> None:
    """Slack carries 3000 characters; with one more no form is opened at all."""
    names = [f"shop-db-{number:02}.eu-west-1" for number in range(1, 13)]
    pair, large = practice_pair(), cluster("shop", *names)
    standbys = (Machine(name, standby=True, state="in archive recovery", upstream=names[0]) for name in names[1:])
    pair.machines = {names[0]: Machine(names[0], standby=False), **{one.name: one for one in standbys}}
    if down:
        pair.kill(names[0])
    plan = bound(plan_promotion(large, names[1], await pair.observe(large)), large, scene.world)
    assert [name for name, _ in plan.settings] == names
    draft = write_draft(Draft("promote", "shop", names[1], plan.material()))
    assert len(draft) < 3000, len(draft)
