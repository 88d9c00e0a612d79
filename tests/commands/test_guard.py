"""The guard over an old primary: fenced when it comes back beside the new one, never when it is the only one."""

from dataclasses import replace

import pytest

from commands.asked import Decision, Form
from commands.automatic.policy import AutomaticPolicy
from commands.command import Misunderstood
from commands.fence import plan_fence
from ledger import old_primaries
from ledger.audit import AuditKind
from ledger.page import Page
from ledger.page_json import from_json
from servers.inventory import Cluster, PatroniPlace
from servers.lsn import Lsn, format_lsn
from servers.timelines import read_history
from tests.commands.automatic_scene import POLICY, Automatic
from tests.commands.conftest import Scene
from tests.commands.inventory import SHOP, cluster
from tests.commands.practice import START, Pair, practice_pair

FAILOVER = [("fence", "db1"), ("promote", "db2"), ("verify_write", "db2")]


def come_back(pair: Pair, name: str = "db1") -> None:
    """Somebody takes the mark away and starts it."""
    machine = pair.machines[name]
    machine.running, machine.marked, machine.standby, machine.state = True, False, False, "in production"
    machine.lsn = Lsn(START + 168)


async def failed_over(scene: Scene, policy: AutomaticPolicy = POLICY) -> Automatic:
    """People have failed over to db2, and the guard has seen it."""
    automatic = Automatic(scene, replace(policy, failover=None))
    await automatic.looks(4)
    automatic.pair.kill("db1")
    await automatic.look()
    operation = await automatic.scene.request("alice")
    await automatic.scene.dispatcher.decide(automatic.scene.asks("bob"), operation, Decision.APPROVE)
    await automatic.settle()
    assert automatic.pair.did == FAILOVER
    automatic.pair.machines["db2"].history = read_history(2, f"1\t{format_lsn(START)}\tnone")
    await automatic.looks(12)
    return automatic


async def told(automatic: Automatic) -> list[Page]:
    sql = "SELECT page FROM outbox WHERE card LIKE 'old-primary/%' ORDER BY id"
    return await automatic.scene.ledger.read(lambda db: [from_json(row["page"]) for row in db.query(sql)])


async def test_an_old_primary_that_comes_back_writable_is_fenced_at_once(scene: Scene) -> None:
    automatic = await failed_over(scene)
    come_back(automatic.pair)
    await automatic.looks(2)
    assert automatic.pair.did == [*FAILOVER, ("fence", "db1")]
    assert automatic.pair.writable == ["db2"]
    fence, failover = await automatic.operations()
    assert (fence.kind, fence.reason) == ("fence", f"db1 takes writes again beside db2 (failover {failover.id})")
    report = await automatic.scene.card(f"operation/{fence.id}/report")
    assert "db1 is fenced. db2 alone takes writes." in report.summary
    assert "What db1 has written since 0/5000028 (168 bytes) is not on db2" in repr(report)
    given = (await automatic.scene.records(AuditKind.APPROVAL_GIVEN))[-1]
    assert given.entry.actor.name == "the policy of shop"


async def test_on_a_cluster_that_patroni_runs_nothing_is_fenced_and_no_failover_announced(scene: Scene) -> None:
    automatic = await failed_over(scene)
    did, cards = list(automatic.pair.did), await automatic.cards()
    managed = replace(SHOP, patroni=PatroniPlace((("db1", "http://127.0.0.1:1"), ("db2", "http://127.0.0.1:1"))))
    scene.world = replace(scene.world, clusters={"shop": managed})
    automatic.restart()
    come_back(automatic.pair)
    await automatic.looks(60)
    automatic.pair.kill("db1")
    automatic.pair.kill("db2")
    await automatic.looks(60)
    assert automatic.pair.did == did
    assert await automatic.cards() == cards


async def test_the_guard_survives_a_restart_and_a_failover_of_another_process(scene: Scene) -> None:
    automatic = await failed_over(scene)
    automatic.restart()
    come_back(automatic.pair)
    await automatic.looks(2)
    assert automatic.pair.writable == ["db2"]


async def test_without_that_policy_people_are_told_once_and_may_fence_it_themselves(scene: Scene) -> None:
    automatic = await failed_over(scene, AutomaticPolicy())
    come_back(automatic.pair)
    await automatic.looks(20)
    assert automatic.pair.did == FAILOVER
    (page,) = await told(automatic)
    assert page.title == "shop: old primary db1 takes writes again"
    assert page.summary.endswith("If db2 is the right one: /ha fence shop db1")
    form = await automatic.scene.form("alice", "fence shop db1")
    assert form.submit_label is not None
    operation = await automatic.scene.request("alice", "fence shop db1")
    await automatic.scene.dispatcher.decide(automatic.scene.asks("bob"), operation, Decision.APPROVE)
    await automatic.settle()
    assert automatic.pair.writable == ["db2"]


async def test_the_only_primary_that_is_seen_is_never_fenced(scene: Scene) -> None:
    automatic = await failed_over(scene)
    automatic.pair.kill("db2")
    come_back(automatic.pair)
    await automatic.looks(30)
    assert automatic.pair.did == FAILOVER
    assert automatic.pair.writable == ["db1"]
    (page,) = await told(automatic)
    assert "db2, which was promoted in its place, is not seen to take writes: nothing is fenced" in page.summary


async def test_one_that_cannot_be_fenced_is_told_of(scene: Scene) -> None:
    automatic = await failed_over(scene)
    come_back(automatic.pair)
    automatic.pair.machines["db1"].reachable_by_ssh = False
    await automatic.looks(10)
    (page,) = await told(automatic)
    assert "it cannot be fenced: SSH does not answer, and it has no fence hook" in page.summary
    automatic.pair.machines["db1"].reachable_by_ssh = True
    await automatic.looks(2)
    assert automatic.pair.writable == ["db2"]


async def test_a_fence_that_fails_is_tried_again_but_not_for_ever(scene: Scene) -> None:
    automatic = await failed_over(scene)
    come_back(automatic.pair)
    automatic.pair.fails["fence"] = "the process does not end"
    await automatic.looks(20)
    assert automatic.pair.did == [*FAILOVER, ("fence", "db1")]
    await automatic.looks(600)
    assert automatic.pair.did == [*FAILOVER, *[("fence", "db1")] * 3]
    (page,) = await told(automatic)
    last = (await automatic.operations())[0]
    assert f"3 fences have failed, the last is operation {last.id}: nothing more is tried" in page.summary


async def test_an_old_primary_that_is_started_again_and_again_is_fenced_every_time(scene: Scene) -> None:
    automatic = await failed_over(scene)
    for _ in range(4):
        come_back(automatic.pair)
        await automatic.looks(4)
        assert automatic.pair.writable == ["db2"], automatic.pair.did


async def test_what_people_ordered_and_rejected_is_no_try_of_the_guard(scene: Scene) -> None:
    automatic = await failed_over(scene, AutomaticPolicy())
    come_back(automatic.pair)
    for _ in range(3):
        operation = await automatic.scene.request("alice", "fence shop db1")
        await automatic.scene.dispatcher.decide(automatic.scene.asks("bob"), operation, Decision.REJECT)
    automatic.policy = POLICY
    automatic.restart()
    await automatic.looks(4)
    assert automatic.pair.writable == ["db2"]


async def test_one_left_behind_by_an_earlier_failover_is_fenced_beside_the_primary_of_now(scene: Scene) -> None:
    """db1 was left for db2, and db2 for db3: db2, which was promoted in the place of db1, takes no writes."""
    automatic = await failed_over(scene)
    three = cluster("shop", "db1", "db2", "db3")
    automatic.scene.world = replace(automatic.scene.world, clusters={"shop": three})
    automatic.restart()
    automatic.pair.kill("db2")
    history = read_history(3, f"1\t{format_lsn(START)}\tnone\n2\t{format_lsn(Lsn(START + 100))}\tnone")
    newest = replace(automatic.pair.machines["db2"], name="db3", timeline=3, history=history)
    automatic.pair.machines["db3"] = newest
    come_back(automatic.pair, "db3")
    come_back(automatic.pair)
    await automatic.looks(2)
    assert automatic.pair.writable == ["db3"], [page.summary for page in await told(automatic)]
    assert (await automatic.operations())[0].reason.startswith("db1 takes writes again beside db3")


async def test_one_that_follows_again_is_guarded_no_more(scene: Scene) -> None:
    automatic = await failed_over(scene)
    old = automatic.pair.machines["db1"]
    old.running, old.standby, old.timeline, old.state = True, True, 2, "in archive recovery"
    await automatic.looks(12)
    assert await automatic.scene.ledger.read(lambda db: old_primaries.guarded(db, "shop")) == []
    # Whatever is promoted by hand afterwards is not the guard's business.
    come_back(automatic.pair)
    old.timeline = 3
    await automatic.looks(20)
    assert automatic.pair.did == FAILOVER


async def split(one: int, other: int, **of_db2: object) -> tuple[Cluster, Pair]:
    pair = practice_pair()
    come_back(pair)
    come_back(pair, "db2")
    pair.machines["db1"].timeline, pair.machines["db2"].timeline = one, other
    for name, value in of_db2.items():
        setattr(pair.machines["db2"], name, value)
    return SHOP, pair


@pytest.mark.parametrize(
    ("one", "other", "of_db2"),
    [
        (2, 2, {"history": read_history(2, f"1\t{format_lsn(START)}\tnone")}),  # both were promoted
        (2, 3, {"history": read_history(3, f"1\t{format_lsn(START)}\tnone")}),  # db2 never was on db1's timeline
        (1, 2, {"system": "another"}),
    ],
)
async def test_who_was_left_behind_is_not_guessed(one: int, other: int, of_db2: dict[str, object]) -> None:
    cluster, pair = await split(one, other, **of_db2)
    with pytest.raises(Misunderstood, match="Stop the wrong one by hand"):
        plan_fence(cluster, None, await pair.observe(cluster))


async def test_the_promoted_one_is_not_fenced_by_name(scene: Scene) -> None:
    cluster, pair = await split(1, 2)
    state = await pair.observe(cluster)
    assert plan_fence(cluster, None, state).target == "db1"
    with pytest.raises(Misunderstood, match="db2 is not the one that was left behind: that is db1, on timeline 1"):
        plan_fence(cluster, "db2", state)
    with pytest.raises(Misunderstood, match="There is nothing to fence: db1 alone takes writes in shop"):
        plan_fence(SHOP, None, await practice_pair().observe(SHOP))
    shown = await scene.dispatcher.prepare(scene.asks("alice", "fence shop"))
    assert not isinstance(shown, Form)
