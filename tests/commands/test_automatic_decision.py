"""When a failover may start without a person: every reason against it, one by one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from commands.automatic.decision import (
    Act,
    Announce,
    Held,
    Idle,
    Move,
    Obstacle,
    Over,
    Situation,
    Withdrawn,
    agrees,
    decide,
)
from commands.automatic.memory import LastWord, Memory, loss_at_most
from commands.automatic.policy import AutomaticFailover
from commands.plan import CheckResult, Plan
from commands.promote import plan_promotion
from ledger.outages import Outage, OutageState
from servers.lsn import Lsn
from servers.state import ClusterState
from servers.verdict import Verdict
from tests.commands.inventory import SHOP
from tests.commands.practice import NOW, START, Pair, practice_pair

RULES = AutomaticFailover(after=timedelta(seconds=10), countdown=timedelta(seconds=30), loss_limit=1000)
LATER = NOW + timedelta(minutes=1)


async def down(prepare: Callable[[Pair], None] = lambda pair: None) -> ClusterState:
    pair = practice_pair()
    await pair.observe(SHOP)
    pair.kill("db1")
    prepare(pair)
    return await pair.observe(SHOP)


@pytest.fixture
async def plan() -> Plan:
    return plan_promotion(SHOP, None, await down())


@pytest.fixture
def ready(plan: Plan) -> Situation:
    """Nothing speaks against it."""
    return Situation(Verdict.PRIMARY_DOWN, timedelta(seconds=12), plan, loss=0, sees=frozenset({"db1", "db2"}))


def against(move: Move) -> list[str]:
    assert isinstance(move, Held | Withdrawn), move
    return [one.code for one in move.obstacles]


def announced(plan: Plan, acts_at: datetime, **other: Any) -> Outage:
    outage = Outage("A1", "shop", "db1", NOW, OutageState.ANNOUNCED, 1, plan.hash, acts_at)
    return replace(outage, **other)


def test_what_all_agree_on_for_long_enough_is_announced_with_its_time(ready: Situation, plan: Plan) -> None:
    assert decide(RULES, ready, LATER) == Announce(plan, LATER + RULES.countdown)


def test_nothing_is_done_before_all_have_agreed_for_so_long(ready: Situation) -> None:
    assert decide(RULES, replace(ready, agreed_for=timedelta(seconds=9.9)), LATER) == Idle()
    assert decide(RULES, replace(ready, agreed_for=None), LATER) == Idle()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sees": frozenset()}, "blind"),
        ({"in_maintenance": True}, "maintenance"),
        ({"last_failover_at": LATER - timedelta(minutes=59)}, "cooldown"),
        ({"last_failover_at": LATER + timedelta(minutes=1)}, "cooldown"),  # a clock that was set back
        ({"open_operation": "operation 7K3F is open"}, "operation"),
        ({"managed_by": "Patroni"}, "managed"),
        ({"plan": None, "why_no_plan": "Too little is known"}, "plan"),
        ({"loss": None}, "unknown loss"),
        ({"loss": 1001}, "loss"),
    ],
)
def test_whatever_speaks_against_it_holds_it_back_and_is_said(
    ready: Situation, plan: Plan, changes: dict[str, Any], code: str
) -> None:
    assert against(decide(RULES, replace(ready, **changes), LATER)) == [code]
    standing = replace(ready, outage=announced(plan, LATER), **changes)
    assert against(decide(RULES, standing, LATER)) == [code]


def test_an_old_failover_a_small_loss_or_an_accepted_unknown_one_is_no_obstacle(ready: Situation) -> None:
    fine = replace(ready, last_failover_at=LATER - timedelta(hours=1), loss=1000)
    assert isinstance(decide(RULES, fine, LATER), Announce)
    accepting = replace(RULES, accept_unknown_loss=True)
    assert isinstance(decide(accepting, replace(ready, loss=None), LATER), Announce)


async def test_without_a_fence_nothing_is_done(ready: Situation) -> None:
    def silent(pair: Pair) -> None:
        pair.machines["db1"].reachable_by_ssh = False

    unfenced = plan_promotion(SHOP, None, await down(silent))
    assert against(decide(RULES, replace(ready, plan=unfenced), LATER)) == ["fence"]


def test_a_check_that_fails_is_said_in_its_own_words(ready: Situation, plan: Plan) -> None:
    (*others, last) = plan.checks
    bad = replace(plan, checks=(*others, replace(last, result=CheckResult.FAIL)))
    move = decide(RULES, replace(ready, plan=bad), LATER)
    assert move == Held((Obstacle(f"check {last.name}", f"{last.title}: {last.evidence}"),))


def test_it_acts_when_the_countdown_is_over_and_not_before(ready: Situation, plan: Plan) -> None:
    standing = replace(ready, outage=announced(plan, LATER))
    assert decide(RULES, standing, LATER - timedelta(milliseconds=1)) == Idle()
    assert decide(RULES, standing, LATER) == Act(plan)


def test_somebody_who_says_do_it_now_shortens_the_wait_and_nothing_else(ready: Situation, plan: Plan) -> None:
    hastened = announced(plan, LATER + timedelta(minutes=5), hastened=True)
    assert decide(RULES, replace(ready, outage=hastened), LATER) == Act(plan)
    # Also after a restart, which has begun to count anew.
    fresh = replace(ready, outage=hastened, agreed_for=timedelta(0))
    assert decide(RULES, fresh, LATER) == Act(plan)
    assert against(decide(RULES, replace(fresh, agreed_for=None), LATER)) == ["disagreement"]
    assert against(decide(RULES, replace(fresh, in_maintenance=True), LATER)) == ["maintenance"]


def test_a_restart_counts_anew_before_it_acts_on_what_was_announced(ready: Situation, plan: Plan) -> None:
    standing = replace(ready, outage=announced(plan, LATER), agreed_for=timedelta(0))
    assert decide(RULES, standing, LATER) == Idle()


@pytest.mark.parametrize("hastened", [False, True])
def test_what_was_due_hours_ago_is_announced_anew(ready: Situation, plan: Plan, hastened: bool) -> None:
    """Understudy was away from then on; the primary may have come back and died again, and nobody was told of that."""
    outage = announced(plan, LATER, hastened=hastened, decided_at=NOW if hastened else None)
    for agreed_for in (timedelta(0), RULES.after):
        seen = replace(ready, agreed_for=agreed_for, outage=outage)
        assert against(decide(RULES, seen, LATER + timedelta(hours=3))) == ["lapsed"]
    withdrawn = replace(ready, outage=replace(outage, state=OutageState.WATCHED))
    assert isinstance(decide(RULES, withdrawn, LATER + timedelta(hours=3)), Announce)


@pytest.mark.parametrize("state", [OutageState.STOPPED, OutageState.ACTED])
def test_what_was_stopped_or_tried_is_not_begun_again_in_this_outage(
    ready: Situation, plan: Plan, state: OutageState
) -> None:
    assert decide(RULES, replace(ready, outage=announced(plan, LATER, state=state)), LATER) == Idle()


@pytest.mark.parametrize("verdict", [Verdict.HEALTHY, Verdict.STANDBY_DOWN, Verdict.REPLICATION_BROKEN])
def test_a_primary_that_works_again_ends_the_outage(ready: Situation, plan: Plan, verdict: Verdict) -> None:
    back = replace(ready, verdict=verdict, agreed_for=None, outage=announced(plan, LATER))
    assert decide(RULES, back, LATER) == Over()
    assert decide(RULES, replace(back, outage=None), LATER) == Idle()


@pytest.mark.parametrize(
    "verdict", [Verdict.UNKNOWN, Verdict.PRIMARY_UNREACHABLE, Verdict.SPLIT_BRAIN, Verdict.NO_PRIMARY]
)
def test_when_they_no_longer_agree_what_was_announced_is_called_off(
    ready: Situation, plan: Plan, verdict: Verdict
) -> None:
    unsure = replace(ready, verdict=verdict, agreed_for=None)
    assert decide(RULES, unsure, LATER) == Idle()
    assert against(decide(RULES, replace(unsure, outage=announced(plan, LATER)), LATER)) == ["disagreement"]


def test_another_plan_than_the_announced_one_is_announced_anew(ready: Situation, plan: Plan) -> None:
    other = announced(plan, LATER, plan_hash="another")
    assert against(decide(RULES, replace(ready, outage=other), LATER)) == ["changed"]


async def test_viewpoints_agree_only_when_none_disagrees_and_enough_can_tell(plan: Plan) -> None:
    assert agrees(Verdict.PRIMARY_DOWN, plan)
    assert not agrees(Verdict.PRIMARY_UNREACHABLE, plan)
    assert not agrees(Verdict.PRIMARY_DOWN, None)

    def seen(*results: CheckResult) -> Plan:
        views = [check for check in plan.checks if check.name.startswith("down_")]
        return replace(plan, checks=tuple(replace(view, result=one) for view, one in zip(views, results, strict=True)))

    good, unsure, bad = CheckResult.PASS, CheckResult.WARN, CheckResult.FAIL
    assert agrees(Verdict.PRIMARY_DOWN, seen(good, unsure, good))
    assert not agrees(Verdict.PRIMARY_DOWN, seen(good, unsure, unsure))
    assert not agrees(Verdict.PRIMARY_DOWN, seen(good, good, bad))


async def remembered(*seconds: float) -> Memory:
    """Looks at a primary that writes 100 bytes a second, then at one that is down, at these seconds."""
    pair, memory = practice_pair(), Memory()
    for second in seconds[:-1]:
        pair.now = NOW + timedelta(seconds=second)
        pair.machines["db1"].lsn = Lsn(START + round(100 * second))
        memory = memory.after(await pair.observe(SHOP), agrees=False)
    pair.kill("db1")
    pair.now = NOW + timedelta(seconds=seconds[-1])
    return memory.after(await pair.observe(SHOP), agrees=True)


async def loss(memory: Memory, received: int) -> int | None:
    state = await down(lambda pair: setattr(pair.machines["db2"], "lsn", Lsn(START + received)))
    return loss_at_most(memory, "db1", state.server("db2"), frozenset({"db2"}))


async def test_the_loss_is_what_was_not_received_and_what_may_have_been_written_since() -> None:
    memory = await remembered(0, 10, 12)
    assert await loss(memory, received=1000) == 200
    assert await loss(memory, received=400) == 600 + 200
    assert await loss(memory, received=5000) == 200


async def test_the_loss_is_not_known_of_a_primary_that_was_not_seen_lately_or_only_once() -> None:
    assert await loss(await remembered(0, 2), received=0) is None
    assert await loss(await remembered(0, 10, 80), received=1000) is None
    assert await loss(Memory(), received=0) is None


async def test_a_synchronous_standby_loses_nothing_that_was_acknowledged() -> None:
    memory = await remembered(0, 2)
    assert isinstance(memory.last_word, LastWord)
    memory = replace(memory, last_word=replace(memory.last_word, synchronous=frozenset({"db2"})))
    assert await loss(memory, received=0) == 0


@pytest.mark.parametrize(
    ("setting", "lost"), [("on", 0), ("remote_apply", 0), ("remote_write", 1200), ("local", 1200), ("off", 1200)]
)
async def test_a_synchronous_standby_has_everything_only_where_commits_wait_for_it(setting: str, lost: int) -> None:
    pair, memory = practice_pair(), Memory()
    for second in (0, 10):
        pair.now, pair.machines["db1"].lsn = NOW + timedelta(seconds=second), Lsn(START + 100 * second)
        state = await pair.observe(SHOP)
        memory = memory.after(with_synchronous_db2(state, setting), agrees=False)
    pair.kill("db1")
    pair.now += timedelta(seconds=2)
    assert await loss(memory.after(await pair.observe(SHOP), agrees=True), received=0) == lost


def with_synchronous_db2(state: ClusterState, setting: str) -> ClusterState:
    primary = state.server("db1")
    assert primary.sql is not None
    (row,) = primary.sql.replication
    sql = replace(
        primary.sql,
        synchronous_commit=setting,
        replication=(replace(row, application_name="db2", sync_state="sync"),),
    )
    return replace(state, servers=(replace(primary, sql=sql), state.server("db2")))


async def test_a_clock_that_was_set_back_begins_the_memory_anew() -> None:
    memory, state = await remembered(0, 10, 12), await down()
    late = replace(state, at=NOW + timedelta(seconds=10))
    assert memory.overtakes(late)
    earlier = replace(state, at=NOW - timedelta(hours=1))
    assert not memory.overtakes(earlier)
    assert memory.after(earlier, agrees=True) == Memory(earlier.at, earlier.at, earlier.at)


async def test_agreement_that_was_not_watched_begins_anew() -> None:
    state, memory = await down(), Memory()
    for second in (0, 10, 20):
        memory = memory.after(replace(state, at=NOW + timedelta(seconds=second)), agrees=True)
    assert memory.agreed_for == timedelta(seconds=20)
    assert memory.after(replace(state, at=NOW + timedelta(seconds=60)), agrees=True).agreed_for == timedelta(0)
    assert memory.after(replace(state, at=NOW + timedelta(seconds=21)), agrees=False).agreed_for is None
    assert memory.after(replace(state, at=NOW + timedelta(seconds=19)), agrees=True).agreed_for == timedelta(0)
