"""Clients in a promotion: held while nobody takes writes, led to the new primary, and never left waiting."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from commands.asked import Answer, Decision, Form
from commands.dispatcher import Dispatcher
from commands.registry import COMMANDS
from ledger.page import Items, Tone
from ledger.steps import Direction
from tests.commands.conftest import Scene
from tests.commands.traffic import Pool


@pytest.fixture
def pool() -> Pool:
    return Pool()


@pytest.fixture
async def pooled(scene: Scene, pool: Pool) -> AsyncIterator[Scene]:
    world = dataclasses.replace(scene.world, traffic={"shop": (pool,)})
    dispatcher = Dispatcher(world, COMMANDS)
    yield dataclasses.replace(scene, world=world, dispatcher=dispatcher)
    await dispatcher.shutdown(1.0)


async def run(scene: Scene) -> Answer:
    operation = await scene.request("alice")
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    return await scene.dispatcher.wait(operation)


async def test_clients_wait_from_before_the_stop_until_the_new_primary_takes_writes(pooled: Scene, pool: Pool) -> None:
    answer = await run(pooled)
    assert answer.page.title == "Switchover of shop: db1 → db2 succeeded"
    assert pool.did == ["hold", "redirect", "release", "verify"]
    assert "were led to db2, after they waited" in repr(answer.page)
    assert (pool.leads, pool.held) == ("db2", False)
    actions = [record.action for record in await pooled.steps((await pooled.operations())[0].id)]
    assert actions.index("hold") < actions.index("stop") < actions.index("promote")
    assert actions.index("verify") + 1 == actions.index("redirect") < actions.index("rejoin")


@pytest.mark.parametrize("failing", ["stop", "wait_replayed", "promote", "verify_write"])
async def test_whatever_fails_nobody_is_left_waiting(pooled: Scene, pool: Pool, failing: str) -> None:
    pooled.pair.fails[failing] = "practice"
    await run(pooled)
    assert not pool.held
    assert pool.leads in pooled.pair.writable or pooled.pair.writable == []


async def test_clients_that_could_not_be_held_stop_a_switchover_before_anything_else(pooled: Scene, pool: Pool) -> None:
    pool.fails["hold"] = "something was still under way"
    answer = await run(pooled)
    assert "something was still under way" in answer.page.summary
    assert pooled.pair.did == [("checkpoint", "db1")]


async def test_a_redirect_that_fails_lets_clients_go_and_keeps_the_old_primary_from_nothing(
    pooled: Scene, pool: Pool
) -> None:
    pool.fails["redirect"] = "its host does not answer"
    answer = await run(pooled)
    assert not pool.held
    assert "its host does not answer. Clients go on." in answer.page.summary
    assert ("start_as_standby", "db1") in pooled.pair.did
    assert "its host does not answer" in repr(answer.page)


async def test_a_target_that_cannot_be_seen_stops_a_switchover_and_warns_in_a_failover(
    pooled: Scene, pool: Pool
) -> None:
    pool.fails["look"] = "its console lets us not in"
    form = await pooled.dispatcher.prepare(pooled.asks("alice", "promote"))
    assert isinstance(form, Form)
    assert form.submit_label is None
    assert "its console lets us not in" in form.page.summary
    pooled.pair.kill("db1")
    form = await pooled.dispatcher.prepare(pooled.asks("alice", "promote"))
    assert isinstance(form, Form)
    assert form.submit_label is not None


@pytest.mark.parametrize(
    ("pool", "tone", "title", "detail"),
    [
        (Pool(), Tone.GOOD, "pool (practice): leads to db1", "leads to db1"),
        (Pool(leads="db2"), Tone.WARNING, "pool (practice): leads to db2, not to the primary db1", "leads to db2"),
        (Pool(held=True), Tone.WARNING, "pool (practice): clients wait", "no order is at work: see /ha operations"),
        (Pool(fails={"look": "lets us not in"}), Tone.UNKNOWN, "pool (practice): unknown", "lets us not in"),
        (Pool(hangs=True), Tone.UNKNOWN, "pool (practice): unknown", "pool did not answer within 0.85 s"),
    ],
)
async def test_the_status_says_where_clients_are_led(
    pooled: Scene, pool: Pool, tone: Tone, title: str, detail: str
) -> None:
    page = (await pooled.dispatcher.ask(pooled.asks("guest", "status"))).page
    (line,) = next(part.items for part in page.parts if isinstance(part, Items) and part.title == "Traffic")
    assert (line.tone, line.title) == (tone, title)
    assert detail in line.detail
    assert ("Clients of pool wait." in page.summary) is pool.held


async def test_the_status_of_a_cluster_without_a_target_says_nothing_of_traffic(scene: Scene) -> None:
    assert "Traffic" not in repr((await scene.dispatcher.ask(scene.asks("guest", "status"))).page)


async def test_a_failover_waits_for_no_target_that_hangs(pooled: Scene, pool: Pool) -> None:
    await pooled.dispatcher.ask(pooled.asks("guest", "status"))
    pooled.pair.kill("db1")
    pool.hangs = True
    form = await pooled.dispatcher.prepare(pooled.asks("alice", "promote"))
    assert isinstance(form, Form)
    assert form.submit_label is not None
    assert "pool did not answer within 0.5 s" in repr(form.page)
    assert pool.patience[-1] <= 0.5


async def test_where_a_target_will_lead_is_part_of_what_is_approved(pooled: Scene, pool: Pool) -> None:
    form = await pooled.form()
    assert '["pool","db2"]' in form.draft.replace("\\", "")


async def test_after_a_long_absence_of_the_bot_only_whoever_waits_is_let_go(pooled: Scene, pool: Pool) -> None:
    """The bot died while it stopped the old primary; by its return people have looked after the servers."""
    pooled.pair.holds["stop"] = asyncio.Event()
    operation = await pooled.request("alice")
    await pooled.dispatcher.decide(pooled.asks("bob"), operation, Decision.APPROVE)
    await pooled.pair.has_begun("stop")
    await pooled.dispatcher.shutdown(0.05)
    pooled.pair.holds.clear()
    pooled.pair.now += timedelta(hours=2)
    did = list(pooled.pair.did)
    assert pool.held
    again = Dispatcher(pooled.world, COMMANDS)
    await again.recover()
    async with asyncio.timeout(5):
        while pool.held:
            await asyncio.sleep(0.01)
    assert (await pooled.steps(operation))[-1].direction is Direction.UNDO
    assert pooled.pair.did == did
    await again.shutdown(1.0)


async def test_a_first_write_that_fails_does_not_leave_clients_with_the_old_primary(pooled: Scene, pool: Pool) -> None:
    """Where nobody is held, nothing is due to be let go: the redirect is what leads them on."""
    pool.holding = None
    pooled.pair.kill("db1")
    pooled.pair.fails["verify_write"] = "the link from here is cut"
    answer = await run(pooled)
    assert pool.leads == "db2"
    assert answer.page.title.endswith("failed")
    assert "the link from here is cut" in answer.page.summary


async def test_clients_are_turned_away_from_an_old_primary_that_cannot_be_fenced(pooled: Scene, pool: Pool) -> None:
    pool.holding = None
    pooled.pair.kill("db1")
    pooled.pair.machines["db1"].reachable_by_ssh = False
    operation = await pooled.request("alice")
    for who in ("bob", "carol"):
        await pooled.dispatcher.decide(pooled.asks(who), operation, Decision.APPROVE)
    await pooled.dispatcher.wait(operation)
    actions = [record.action for record in await pooled.steps(operation)]
    assert actions == ["turn_away", "promote", "verify", "redirect"]
    assert pool.did == ["redirect", "redirect", "release", "verify"]
