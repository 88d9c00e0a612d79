"""A failover needs evidence of at least three viewpoints; more standbys and a witness add theirs."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from commands.plan import CheckResult, Plan
from commands.promote import plan_promotion
from commands.promotion.evidence import viewpoints
from commands.promotion.pair import Pair as Chosen
from servers.state import Answer, ClusterState, Outcome, PeerReply, PeerTry, WitnessView
from tests.commands.inventory import MANY, SHOP
from tests.commands.practice import NOW, Pair, practice_cluster, practice_pair

PASS, WARN, FAIL = CheckResult.PASS, CheckResult.WARN, CheckResult.FAIL


async def seen(prepare: Callable[[Pair], None]) -> ClusterState:
    pair = practice_pair()
    await pair.observe(SHOP)
    prepare(pair)
    return await pair.observe(SHOP)


def down(pair: Pair) -> None:
    pair.kill("db1")


def down_and_silent(pair: Pair) -> None:
    down(pair)
    pair.machines["db1"].reachable_by_ssh = False


def results(plan: Plan) -> dict[str, CheckResult]:
    return {check.name: check.result for check in plan.checks}


def agreeing(state: ClusterState) -> tuple[str, ...]:
    return viewpoints(Chosen(SHOP, state, SHOP.server("db1"), SHOP.server("db2")))


@pytest.mark.parametrize("prepare", [down, down_and_silent])
async def test_a_pair_alone_has_four(prepare: Callable[[Pair], None]) -> None:
    state = await seen(prepare)
    assert len(agreeing(state)) == 4
    assert results(plan_promotion(SHOP, None, state))["viewpoints"] is PASS


async def test_our_own_silence_on_both_ways_counts_once() -> None:
    """One cut between Understudy and the host explains both; the standby's two ways make it three."""
    pair = practice_pair()
    await pair.observe(SHOP)
    pair.kill("db1")
    pair.out_of_reach.add("db1")
    state = await pair.observe(SHOP)
    assert agreeing(state) == ("understudy's SQL", "db2's receiver", "db2's own try")
    assert results(plan_promotion(SHOP, None, state))["viewpoints"] is PASS
    deaf = replace(state.server("db2"), host=None)
    alone = replace(state, servers=(state.server("db1"), deaf))
    assert agreeing(alone) == ("understudy's SQL", "db2's receiver")


async def test_two_are_not_enough() -> None:
    """Our SQL, and a host without a postmaster; the standby can be asked by neither of its ways."""

    def blind(pair: Pair) -> None:
        down(pair)
        pair.kill("db2")
        pair.machines["db2"].reachable_by_ssh = False

    state = await seen(blind)
    assert agreeing(state) == ("understudy's SQL", "the host of db1 itself")
    plan = plan_promotion(SHOP, None, state)
    assert "viewpoints" in [check.name for check in plan.failed_checks]


async def test_every_further_standby_adds_its_view() -> None:
    pair = practice_cluster()
    await pair.observe(MANY)
    pair.kill("db1")
    plan = plan_promotion(MANY, "db2", await pair.observe(MANY))
    found = results(plan)
    assert [found[name] for name in ("down_standby", "down_db3", "down_db4", "down_db5")] == [PASS] * 4
    (db4,) = (check for check in plan.checks if check.name == "down_db4")
    assert db4.evidence == "receiver: streaming (from db3); its own try: no response"


def answered(outcome: Outcome = Outcome.ANSWERED) -> Answer:
    return Answer(outcome, NOW, 0.01)


@pytest.mark.parametrize(
    ("view", "result"),
    [
        (WitnessView(answered(), (PeerTry("db1", PeerReply.NO_RESPONSE),)), PASS),
        (WitnessView(answered(), (PeerTry("db1", PeerReply.NOT_TRIED),)), WARN),
        (WitnessView(answered(Outcome.TIMED_OUT), ()), WARN),
        (None, WARN),
    ],
)
async def test_a_witness_adds_its_view(view: WitnessView | None, result: CheckResult) -> None:
    cluster = replace(SHOP, witness=SHOP.server("db2").ssh)
    plan = plan_promotion(cluster, None, replace(await seen(down), witness=view))
    assert results(plan)["down_witness"] is result


async def test_a_witness_that_reaches_it_makes_a_dead_host_no_less_dead_and_is_shown() -> None:
    """The host itself shows that no postmaster is left. Still, nothing runs against a contradiction."""
    cluster = replace(SHOP, witness=SHOP.server("db2").ssh)
    view = WitnessView(answered(), (PeerTry("db1", PeerReply.ACCEPTING),))
    plan = plan_promotion(cluster, None, replace(await seen(down), witness=view))
    assert results(plan)["down_witness"] is FAIL


async def test_without_a_witness_none_is_spoken_of() -> None:
    assert "down_witness" not in results(plan_promotion(SHOP, None, await seen(down)))
