"""What a look means for a promotion: switchover, failover, or neither and why; and what each check stops."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from commands.command import Misunderstood
from commands.plan import Plan
from commands.promote import plan_promotion
from commands.promotion.actions import ACTIONS, TIMELINE, WRITES_ACCEPTED, WRITES_STOPPED
from commands.promotion.report import conclude, measured_outage
from servers.lsn import Lsn
from servers.state import ClusterState, HostFacts, ServerState, SqlFacts
from tests.commands.inventory import SHOP
from tests.commands.practice import NOW, Pair, practice_pair


async def seen(prepare: Callable[[Pair], None] = lambda pair: None) -> ClusterState:
    """A look at the pair, as it is after a first one and what is done to it then."""
    pair = practice_pair()
    await pair.observe(SHOP)
    prepare(pair)
    return await pair.observe(SHOP)


def with_sql(state: ClusterState, name: str, **facts: Any) -> ClusterState:
    """The same look, with other SQL facts of one server."""

    def changed(server: ServerState) -> ServerState:
        assert isinstance(server.sql, SqlFacts)
        return replace(server, sql=replace(server.sql, **facts)) if server.name == name else server

    return replace(state, servers=tuple(changed(one) if one.name == name else one for one in state.servers))


def failing(plan: Plan) -> list[str]:
    return [check.name for check in plan.failed_checks]


def down(pair: Pair) -> None:
    pair.kill("db1")


def down_and_silent(pair: Pair) -> None:
    pair.kill("db1")
    pair.machines["db1"].reachable_by_ssh = False


async def test_a_healthy_pair_is_switched_over() -> None:
    plan = plan_promotion(SHOP, None, await seen())
    assert (plan.kind, plan.source, plan.target) == ("switchover", "db1", "db2")
    assert failing(plan) == []
    assert plan.loss.bytes == 0
    assert [step.action for step in plan.steps] == [
        "checkpoint",
        "stop",
        "prove",
        "promote",
        "verify",
        "slot",
        "rejoin",
    ]


@pytest.mark.parametrize(
    ("server", "facts", "check"),
    [
        ("db1", {"replication": ()}, "streaming"),
        ("db2", {"receiver": None}, "receiver"),
        ("db2", {"replay_paused": True}, "replay"),
        ("db2", {"replay_lsn": Lsn(1)}, "lag"),
        ("db2", {"replay_lsn": None}, "lag"),
        ("db2", {"sees_everything": False}, "pg_monitor_db2"),
        ("db2", {"synchronous_standby_names": "db1"}, "synchronous"),
    ],
)
async def test_a_switchover_that_could_not_keep_its_promise_is_refused(
    server: str, facts: dict[str, Any], check: str
) -> None:
    try:
        plan = plan_promotion(SHOP, "db2", with_sql(await seen(), server, **facts))
    except Misunderstood:
        return  # the verdict already says that this is no case for a promotion
    assert check in failing(plan)
    assert all(one.evidence for one in plan.checks)


async def test_a_standby_that_is_down_is_said_to_be_down_and_no_more() -> None:
    plan = plan_promotion(SHOP, None, await seen(lambda pair: pair.kill("db2")))
    assert failing(plan) == ["sql_db2"]


async def test_a_primary_that_is_down_is_failed_over_from_and_fenced_first() -> None:
    plan = plan_promotion(SHOP, None, await seen(down))
    assert (plan.kind, plan.source, plan.target) == ("failover", "db1", "db2")
    assert [step.action for step in plan.steps] == ["fence", "promote", "verify"]
    assert failing(plan) == []
    assert plan.risks == ()
    assert plan.writes_seen_at == NOW


async def test_a_failover_never_says_that_nothing_is_lost() -> None:
    plan = plan_promotion(SHOP, None, await seen(down))
    assert plan.loss.bytes is None
    assert "db2 has everything up to 03:12:00 UTC" in plan.loss.explanation

    def behind(pair: Pair) -> None:
        pair.kill("db1")
        pair.machines["db2"].lsn = Lsn(pair.machines["db1"].lsn - 4096)

    assert plan_promotion(SHOP, None, await seen(behind)).loss.bytes == 4096


async def test_what_cannot_be_fenced_is_a_risk_in_so_many_words() -> None:
    plan = plan_promotion(SHOP, None, await seen(down_and_silent))
    assert [step.action for step in plan.steps] == ["promote", "verify"]
    (risk,) = plan.risks
    assert risk.startswith("db1 cannot be fenced")
    assert plan.hash != plan_promotion(SHOP, None, await seen(down)).hash


async def test_the_same_world_a_moment_later_gives_the_same_hash() -> None:
    state = await seen(down)
    answers = tuple(
        replace(one, sql_answer=replace(one.sql_answer, seconds=0.9, detail="other words")) for one in state.servers
    )
    later = with_sql(replace(state, servers=answers), "db2", replay_lsn=Lsn(0x6000000), connections=50)
    assert plan_promotion(SHOP, None, later).hash == plan_promotion(SHOP, None, state).hash


async def test_a_primary_that_an_earlier_order_has_fenced_is_failed_over_from() -> None:
    def fenced(pair: Pair) -> None:
        down(pair)
        pair.machines["db1"].marked = True

    assert plan_promotion(SHOP, None, await seen(fenced)).kind == "failover"


async def test_a_standby_without_ssh_can_still_be_failed_over_to() -> None:
    def cut_off(pair: Pair) -> None:
        down(pair)
        pair.machines["db2"].reachable_by_ssh = False

    assert failing(plan_promotion(SHOP, None, await seen(cut_off))) == []


async def test_naming_the_dead_primary_says_what_to_name() -> None:
    with pytest.raises(Misunderstood, match="db1 was the primary of shop and is down: name the standby"):
        plan_promotion(SHOP, "db1", await seen(down))


@pytest.mark.parametrize("pid", [1, None])
async def test_a_primary_that_only_we_cannot_reach_is_not_failed_over_from(pid: int | None) -> None:
    """Its host shows a postmaster, or the standby still streams from it: it may well take writes."""
    state = await seen()
    db1, db2 = state.servers
    assert isinstance(db1.host, HostFacts)
    silent = (await seen(down_and_silent)).servers[0]
    cut = replace(db1, sql=None, sql_answer=silent.sql_answer)
    cut = cut if pid else replace(cut, host=None, ssh_answer=silent.ssh_answer)
    with pytest.raises(Misunderstood, match="unreachable from here only"):
        plan_promotion(SHOP, None, replace(state, servers=(cut, db2)))


def promoted_first(pair: Pair) -> None:
    pair.machines["db2"].standby = False


def another_system(pair: Pair) -> None:
    pair.machines["db2"].system = "7300000000000000002"


@pytest.mark.parametrize(
    ("prepare", "says"), [(promoted_first, "two primaries"), (another_system, "not copies of one")]
)
async def test_what_a_promotion_would_not_mend_is_refused_with_evidence(
    prepare: Callable[[Pair], None], says: str
) -> None:
    with pytest.raises(Misunderstood, match=says) as refused:
        plan_promotion(SHOP, None, await seen(prepare))
    assert "What was seen: " in str(refused.value)


async def test_every_step_has_code_and_nothing_is_taken_back_after_the_promotion() -> None:
    for plan in (plan_promotion(SHOP, None, await seen()), plan_promotion(SHOP, None, await seen(down))):
        actions = [step.action for step in plan.steps]
        assert set(actions) <= set(ACTIONS)
        (final,) = (index for index, action in enumerate(actions) if ACTIONS[action].final)
        assert all(ACTIONS[action].undo is None for action in actions[final:])


async def test_the_outage_is_measured_from_the_stop_or_from_the_last_time_it_was_seen() -> None:
    accepted = {WRITES_ACCEPTED: (NOW + timedelta(seconds=2)).isoformat(), TIMELINE: "2"}
    stopped = {**accepted, WRITES_STOPPED: (NOW + timedelta(seconds=1.5)).isoformat()}
    switchover, failover = plan_promotion(SHOP, None, await seen()), plan_promotion(SHOP, None, await seen(down))
    assert measured_outage(switchover, stopped) == pytest.approx(0.5)
    assert measured_outage(failover, accepted) == pytest.approx(2.0)
    assert measured_outage(switchover, accepted) is None
    assert "not known" in dict(conclude(switchover, accepted).facts)["Measured outage"]
