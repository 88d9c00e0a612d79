"""The further standbys of a cluster: who is moved, who stays, when, and what is said of each."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from commands.asked import Decision
from commands.command import failure_of
from commands.dispatcher import Dispatcher
from commands.plan import CheckResult, Plan
from commands.promote import plan_promotion
from commands.promotion.actions import TIMELINE, WRITES_ACCEPTED
from commands.promotion.report import conclude
from commands.promotion.synchronous import Demand, demand_of
from commands.registry import COMMANDS
from ledger.ledger import Ledger
from ledger.operations import OperationState
from ledger.redact import Redactor
from ledger.steps import StepStatus
from servers.lsn import Lsn
from servers.state import ClusterState
from servers.topology import upstream_of
from tests.commands.conftest import People, Scene, make_world
from tests.commands.inventory import MANY
from tests.commands.practice import NOW, START, Pair, practice_cluster


async def seen(prepare: Callable[[Pair], None] = lambda pair: None) -> ClusterState:
    pair = practice_cluster()
    await pair.observe(MANY)
    prepare(pair)
    return await pair.observe(MANY)


def said(plan: Plan, server: str) -> tuple[CheckResult, str, str]:
    (check,) = (check for check in plan.checks if check.name == f"follows_{server}")
    return check.result, check.title, check.evidence


def actions(plan: Plan) -> list[tuple[str, str]]:
    return [(step.action, step.server) for step in plan.steps]


async def test_who_streams_from_whom_is_known_with_and_without_the_primary() -> None:
    for prepare in (lambda pair: None, lambda pair: pair.kill("db1")):
        state = await seen(prepare)
        found = {name: upstream_of(MANY, state, name) for name in ("db1", "db2", "db3", "db4", "db5")}
        assert found == {"db1": None, "db2": "db1", "db3": "db1", "db4": "db3", "db5": "db2"}


async def test_an_address_that_the_settings_do_not_know_is_told_by_who_sends() -> None:
    state = await seen()

    def elsewhere(name: str) -> ClusterState:
        changed = []
        for server in state.servers:
            sql = server.sql
            assert sql is not None
            if server.name == name and sql.receiver is not None:
                sql = replace(sql, receiver=replace(sql.receiver, sender_host="10.9.9.9"), upstream=None)
            changed.append(replace(server, sql=sql))
        return replace(state, servers=tuple(changed))

    assert upstream_of(MANY, elsewhere("db4"), "db4") == "db3"


async def test_others_are_moved_after_the_first_write_and_cascades_stay_where_they_are() -> None:
    plan = plan_promotion(MANY, "db2", await seen())
    assert plan.kind == "switchover"
    assert actions(plan)[3:] == [
        ("promote", "db2"),
        ("verify", "db2"),
        ("follow", "db3"),
        ("keep_up", "db4"),
        ("keep_up", "db5"),
        ("slot", "db2"),
        ("rejoin", "db1"),
    ]
    assert plan.facts == (("db3 follows", "db2"), ("db4 follows", "db3"), ("db5 follows", "db2"))
    assert said(plan, "db3") == (CheckResult.PASS, "db3 will follow db2", "it streams from db1 now")
    assert said(plan, "db4")[1] == "db4 will follow db3, which follows db2"


async def test_a_failover_moves_them_too_and_a_standby_behind_another_says_nothing_of_the_primary() -> None:
    """db4's receiver still hears db3, and db5's hears db2: that does not make db1 alive."""
    plan = plan_promotion(MANY, "db2", await seen(lambda pair: pair.kill("db1")))
    assert plan.kind == "failover"
    assert actions(plan)[:4] == [("fence", "db1"), ("promote", "db2"), ("verify", "db2"), ("follow", "db3")]


async def test_who_follows_whom_is_material() -> None:
    def moved(pair: Pair) -> None:
        pair.machines["db4"].upstream = "db1"

    plain, other = plan_promotion(MANY, "db2", await seen()), plan_promotion(MANY, "db2", await seen(moved))
    assert plain.hash != other.hash


async def test_a_cascading_standby_cannot_be_switched_over_to() -> None:
    """What it has came through another standby: the primary cannot say that it has everything."""
    plan = plan_promotion(MANY, "db4", await seen())
    assert "streaming" in [check.name for check in plan.failed_checks]


async def test_what_keeps_a_standby_from_following_is_a_warning_and_no_obstacle() -> None:
    def behind(pair: Pair) -> None:
        pair.kill("db1")
        pair.kill("db5")
        pair.machines["db3"].reachable_by_ssh = False
        pair.machines["db4"].lsn = Lsn(START + 4096)
        pair.machines["db2"].lsn = Lsn(START + 8192)

    plan = plan_promotion(MANY, "db2", await seen(behind))
    assert plan.failed_checks == ()
    assert said(plan, "db3")[0] is CheckResult.WARN
    assert "its host does not answer by SSH" in said(plan, "db3")[2]
    assert "SQL alone is tried" in said(plan, "db3")[2]
    assert "it does not answer by SQL" in said(plan, "db5")[2]
    assert said(plan, "db4")[0] is CheckResult.PASS


async def test_without_ssh_a_password_keeps_a_standby_from_following() -> None:
    """By SQL alone it could be logged there."""

    def unreachable(pair: Pair) -> None:
        pair.machines["db3"].reachable_by_ssh = False

    secret = [replace(each, replication=f"host={each.name} password=secret") for each in MANY.servers]
    plan = plan_promotion(replace(MANY, servers=tuple(secret)), "db2", await seen(unreachable))
    assert "has a password, which SQL alone would log: use a passfile" in said(plan, "db3")[2]


async def test_a_standby_that_is_ahead_is_said_to_need_a_rewind() -> None:
    def ahead(pair: Pair) -> None:
        pair.kill("db1")
        pair.machines["db3"].lsn = Lsn(START + 4096)

    plan = plan_promotion(MANY, "db2", await seen(ahead))
    assert "ahead of db2, and would need a rewind or a new copy" in said(plan, "db3")[2]
    assert [check.name for check in plan.failed_checks] == ["candidate"]


async def test_the_candidate_is_the_one_with_the_most_wal_on_the_newest_timeline() -> None:
    def prepare(pair: Pair) -> None:
        pair.kill("db1")
        pair.machines["db3"].lsn = Lsn(START + 4096)
        pair.machines["db2"].upstream = pair.machines["db5"].upstream = None
        pair.machines["db2"].timeline = 0
        pair.machines["db2"].lsn = Lsn(START + 8192)  # more bytes, on an older timeline

    state = await seen(prepare)
    plan = plan_promotion(MANY, None, state)
    assert (plan.target, plan.failed_checks) == ("db3", ())
    (check,) = (check for check in plan_promotion(MANY, "db2", state).checks if check.name == "candidate")
    assert check.result is CheckResult.FAIL
    assert "is on timeline 1. Promote db" in check.evidence


@pytest.mark.parametrize(
    ("setting", "demand"),
    [
        ("", None),
        ("db1", Demand(1, frozenset({"db1"}))),
        ("db1, DB3", Demand(1, frozenset({"db1", "db3"}))),
        ("2 (db1, db3)", Demand(2, frozenset({"db1", "db3"}))),
        ("FIRST 1 (db1, db3)", Demand(1, frozenset({"db1", "db3"}))),
        ('any 2 ("my ""db""", *)', Demand(2, frozenset({'my "db"', "*"}))),
        ("*", Demand(1, frozenset({"*"}))),
    ],
)
def test_synchronous_standby_names_is_read_as_postgresql_reads_it(setting: str, demand: Demand | None) -> None:
    assert demand_of(setting) == demand


@pytest.mark.parametrize(
    ("setting", "result", "first"),
    [
        ("db1", CheckResult.FAIL, "verify"),  # the old primary: back only after the first write
        ("ANY 1 (db1, db5)", CheckResult.PASS, "verify"),  # db5 streams from db2 already
        ("FIRST 1 (db1, db3)", CheckResult.WARN, "follow"),  # db3 is moved before the first write
        ("2 (db3, db5)", CheckResult.WARN, "follow"),
        ("3 (db3, db5, db1)", CheckResult.FAIL, "verify"),
        ("*", CheckResult.PASS, "verify"),
    ],
)
async def test_commits_must_not_block_on_the_new_primary(setting: str, result: CheckResult, first: str) -> None:
    def synchronous(pair: Pair) -> None:
        pair.machines["db2"].synchronous_standby_names = setting

    plan = plan_promotion(MANY, "db2", await seen(synchronous))
    (check,) = (check for check in plan.checks if check.name == "synchronous")
    assert check.result is result, check
    assert plan.steps[4].action == first


async def test_the_report_says_what_became_of_each() -> None:
    plan = plan_promotion(MANY, "db2", await seen(lambda pair: pair.kill("db1")))
    follow = next(step for step in plan.steps if step.action == "follow")
    found = {WRITES_ACCEPTED: (NOW + timedelta(seconds=2)).isoformat(), TIMELINE: "2", failure_of(follow): "no answer."}
    report = conclude(plan, found)
    assert report.line == (
        "db2 is the primary of shop and takes writes. db4, db5 follow it as standbys. db3 does not follow."
    )
    assert dict(report.facts)["db3"] == "does not follow: no answer."
    assert dict(report.facts)["db5"] == "streams, unchanged"
    assert report.next_steps[0].startswith("db3 does not follow db2.")


@pytest.fixture
async def many(tmp_path: Path) -> AsyncIterator[Scene]:
    """The life of an order on a cluster with further standbys."""
    pair, people = practice_cluster(), People()
    for key in ("alice", "bob"):
        people.add(key, "dba")
    async with await Ledger.open(tmp_path / "ledger.sqlite3", Redactor(())) as ledger:
        world = make_world(pair, people, ledger, pair.clock, MANY)
        dispatcher = Dispatcher(world, COMMANDS)
        yield Scene(pair, people, ledger, world, dispatcher)
        await dispatcher.shutdown(1.0)


async def test_a_standby_that_cannot_follow_keeps_nothing_from_being_done(many: Scene) -> None:
    many.pair.fails["follow"] = "db3 does not answer by SQL."
    many.pair.machines["db4"].upstream = "db2"
    operation = await many.request(text="promote db2")
    await many.dispatcher.decide(many.asks("bob"), operation, Decision.APPROVE)
    report = (await many.dispatcher.wait(operation)).page
    assert report.title == "Switchover of shop: db1 → db2 succeeded"
    assert "db3 does not follow." in report.summary
    assert many.pair.did[-1] == ("start_as_standby", "db1")
    records = {record.server: record for record in await many.steps(operation) if record.action == "follow"}
    assert records["db3"].status is StepStatus.FAILED
    assert (await many.operation(operation)).state is OperationState.SUCCEEDED
