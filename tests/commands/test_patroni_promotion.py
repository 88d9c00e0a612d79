"""What Understudy would ask of Patroni, and what it would not; from what Patroni and PostgreSQL say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from commands.command import Misunderstood
from commands.plan import CheckResult, Plan
from commands.promote import Promote, plan_promotion, timed
from commands.promotion import actions, patroni, patroni_actions, traffic
from commands.promotion.patroni import look_at, plan_by_patroni, plan_cancel
from servers.inventory import Cluster, PatroniPlace
from servers.patroni_state import PatroniConfig, PatroniMember, PatroniState, ScheduledSwitchover
from servers.state import Answer, ClusterState, Outcome
from tests.commands.inventory import SHOP
from tests.commands.practice import practice_pair

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MANAGED = replace(SHOP, patroni=PatroniPlace((("db1", "http://127.0.0.1:1"), ("db2", "http://127.0.0.1:1"))))
LEADER = PatroniMember("db1", "leader", "running", None, 1)
REPLICA = PatroniMember("db2", "replica", "streaming", 0, 1)
SEEN = PatroniState(Answer(Outcome.ANSWERED, AT, 0.01), (LEADER, REPLICA))


async def observed(said: PatroniState = SEEN, cluster: Cluster = MANAGED) -> ClusterState:
    return replace(await practice_pair().observe(cluster), patroni=said)


def failing(plan: Plan) -> set[str]:
    return {check.name for check in plan.failed_checks}


async def test_a_leader_that_works_hands_over_by_patroni_alone() -> None:
    plan = plan_promotion(MANAGED, None, await observed())
    assert (plan.kind, plan.source, plan.target) == ("switchover", "db1", "db2")
    assert [step.action for step in plan.steps] == [patroni.SWITCHOVER, patroni.VERIFY, patroni.FOLLOWERS]
    assert failing(plan) == set()
    assert patroni_actions.is_by_patroni(plan)


@pytest.mark.parametrize(
    ("replica", "config", "check"),
    [
        (replace(REPLICA, state="stopped"), PatroniConfig(), "candidate"),
        (replace(REPLICA, lag=2_000_000), PatroniConfig(), "lag"),
        (replace(REPLICA, lag=None), PatroniConfig(), "lag"),
        (replace(REPLICA, tags=(("nofailover", "True"),)), PatroniConfig(), "tags"),
        (replace(REPLICA, timeline=7), PatroniConfig(), "timeline"),
        (REPLICA, PatroniConfig(synchronous_mode=True), "synchronous"),
    ],
)
async def test_each_check_can_fail(replica: PatroniMember, config: PatroniConfig, check: str) -> None:
    plan = plan_promotion(MANAGED, "db2", await observed(replace(SEEN, members=(LEADER, replica), config=config)))
    assert failing(plan) == {check}


async def test_a_leader_that_is_no_primary_by_sql_fails_the_check() -> None:
    said = replace(SEEN, members=(replace(LEADER, name="db2"), replace(REPLICA, name="db1")))
    assert failing(plan_promotion(MANAGED, "db1", await observed(said))) == {"leader"}


async def test_the_synchronous_standby_comes_first_and_passes() -> None:
    said = replace(
        SEEN, members=(LEADER, replace(REPLICA, role="sync_standby")), config=PatroniConfig(synchronous_mode=True)
    )
    assert failing(plan_promotion(MANAGED, None, await observed(said))) == set()


async def test_a_pause_is_shown_and_does_not_hinder() -> None:
    plan = plan_promotion(MANAGED, None, await observed(replace(SEEN, paused=True)))
    assert [check.result for check in plan.checks if check.name == "pause"] == [CheckResult.WARN]


async def test_where_nobody_leads_patroni_is_asked_to_fail_over() -> None:
    plan = plan_promotion(MANAGED, None, await observed(replace(SEEN, members=(replace(REPLICA, lag=4096),))))
    assert (plan.kind, plan.target, plan.loss.bytes) == ("failover", "db2", 4096)
    assert plan.steps[0].action == patroni.FAILOVER


async def test_a_leader_that_is_down_is_left_to_patroni_unless_it_is_paused() -> None:
    said = replace(SEEN, members=(replace(LEADER, state="crashed"), REPLICA))
    with pytest.raises(Misunderstood, match="Patroni fails over by itself"):
        plan_promotion(MANAGED, None, await observed(said))
    plan = plan_promotion(MANAGED, None, await observed(replace(said, paused=True)))
    assert (plan.kind, plan.source, plan.target) == ("failover", "db1", "db2")
    assert plan.risks == ("db1 answers by SQL: it may still take writes",)


async def test_without_patronis_answer_nothing_is_planned() -> None:
    silent = PatroniState(Answer(Outcome.UNREACHABLE, AT, 0.1, "Connection refused"))
    with pytest.raises(Misunderstood, match="Patroni does not answer for shop, so nothing can be asked of it"):
        plan_promotion(MANAGED, None, await observed(silent))
    with pytest.raises(Misunderstood, match="it was not asked"):
        look_at(MANAGED, replace(await observed(), patroni=None))


async def test_a_switchover_at_a_time_has_the_absolute_time_in_what_is_approved() -> None:
    state = await observed()
    at = AT + timedelta(hours=15)
    plan = plan_by_patroni(look_at(MANAGED, state), "db2", at)
    assert (plan.kind, [step.action for step in plan.steps]) == (patroni.SCHEDULED, [patroni.SCHEDULE])
    assert dict(plan.facts)["at"] == "2026-11-25 03:00:00 UTC"
    assert plan.hash != plan_by_patroni(look_at(MANAGED, state), "db2", at + timedelta(hours=1)).hash
    paused = replace(SEEN, paused=True)
    assert failing(plan_by_patroni(look_at(MANAGED, await observed(paused)), "db2", at)) == {"pause"}


async def test_what_is_scheduled_can_be_cancelled_and_nothing_else() -> None:
    scheduled = replace(SEEN, scheduled=ScheduledSwitchover(AT, "db1", "db2"))
    plan = plan_cancel(look_at(MANAGED, await observed(scheduled)))
    assert [step.action for step in plan.steps] == [patroni.CANCEL]
    with pytest.raises(Misunderstood, match="nothing to cancel"):
        plan_cancel(look_at(MANAGED, await observed()))


async def test_no_plan_for_patroni_contains_a_step_of_our_own_but_traffic() -> None:
    ours = set(actions.ACTIONS) - set(traffic.ACTIONS)
    there = replace(SEEN, scheduled=ScheduledSwitchover(AT, "db1", "db2"))
    plans = [
        plan_promotion(MANAGED, None, await observed()),
        plan_promotion(MANAGED, None, await observed(replace(SEEN, members=(REPLICA,)))),
        plan_by_patroni(look_at(MANAGED, await observed()), "db2", AT),
        plan_cancel(look_at(MANAGED, await observed(there))),
    ]
    for plan in plans:
        assert {step.action for step in plan.steps} & ours == set()
        assert {step.action for step in plan.steps} <= set(Promote().actions())


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("shop db2 at 13:30", "2026-11-24T13:30:00+00:00"),
        ("shop db2 at 03:00", "2026-11-25T03:00:00+00:00"),
        ("shop db2 at 2026-11-25t03:00z", "2026-11-25T03:00:00+00:00"),
        ("shop db2 at 2026-11-25t04:00+01:00", "2026-11-25T03:00:00+00:00"),
    ],
)
def test_times_are_understood_as_the_next_such_moment_in_utc(typed: str, meant: str) -> None:
    assert timed(typed.split(), AT) == (("at", meant), ["shop", "db2"])


@pytest.mark.parametrize("typed", ["at soon", "at 2026-11-24t11:00z", "at 2027-11-24t11:00z", "at", "at 03:00 db2"])
def test_times_that_make_no_sense_are_said_to(typed: str) -> None:
    with pytest.raises(Misunderstood):
        timed(typed.split(), AT)
