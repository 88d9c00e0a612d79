"""Restart and reload: who is cut off is said before, what was put in force after, and where it stands if it fails."""

from dataclasses import replace

import pytest

from commands.asked import Decision
from commands.command import Misunderstood
from commands.plan import CheckResult, Plan
from commands.reload import Reload
from commands.restart import Restart
from ledger.operations import OperationState
from ledger.page import Page
from servers.engines.upkeep import Configuration, FileError, InUse, Transaction
from tests.commands.conftest import Scene
from tests.commands.practice_upkeep import GOOD_FILES, NOBODY

BROKEN = Configuration((FileError("/data/postgresql.conf", 12, "work_mem: invalid value"),), (), "1" * 64)


async def plan_of(scene: Scene, order: Restart | Reload, *words: str) -> Plan:
    meant = order.resolve(words, scene.world)
    return await order.plan(meant, await scene.pair.observe(meant.cluster), scene.world)


async def run(scene: Scene, text: str) -> Page:
    operation = await scene.request("alice", text)
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    return (await scene.dispatcher.wait(operation)).page


def results(plan: Plan) -> dict[str, CheckResult]:
    return {check.name: check.result for check in plan.checks}


class TestRestart:
    async def test_a_primary_is_an_outage_and_asks_for_the_clusters_name(self, scene: Scene) -> None:
        plan = await plan_of(scene, Restart(), "db1")
        assert [step.action for step in plan.steps] == ["checkpoint", "restart"]
        assert plan.dangerous
        assert plan.outage_seconds == 5.0
        standby = await plan_of(scene, Restart(), "db2")
        assert not standby.dangerous
        assert standby.outage_seconds == 0.0

    async def test_who_is_cut_off_is_said_before(self, scene: Scene) -> None:
        long = Transaction(4711, "shop app", "idle in transaction", 3600.0)
        scene.pair.used = InUse(12, (long,), 1, 0, ("db2",), 0)
        plan = await plan_of(scene, Restart(), "db1")
        evidence = {check.name: check.evidence for check in plan.checks if check.result is CheckResult.WARN}
        assert evidence["sessions"] == "12 sessions"
        assert evidence["transactions"] == "1 transaction, the oldest for 1 h by shop app"
        assert evidence["base_backups"] == "1 base backup"
        assert evidence["replicas"] == "db2: until it is back"
        assert plan.listing is not None
        assert plan.failed_checks == ()

    async def test_a_broken_file_is_a_failed_check_with_its_line(self, scene: Scene) -> None:
        scene.pair.files = BROKEN
        plan = await plan_of(scene, Restart(), "db1")
        (failed,) = plan.failed_checks
        assert "/data/postgresql.conf line 12: work_mem: invalid value" in failed.evidence

    async def test_what_waits_for_it_and_since_when_it_runs_is_what_people_approve(self, scene: Scene) -> None:
        before = await plan_of(scene, Restart(), "db1")
        scene.pair.files = replace(GOOD_FILES, needs_restart=("max_connections",))
        pending = await plan_of(scene, Restart(), "db1")
        scene.pair.machines["db1"].started_at = scene.pair.clock()
        restarted = await plan_of(scene, Restart(), "db1")
        assert len({plan.hash for plan in (before, pending, restarted)}) == 3

    async def test_it_comes_back_in_its_role_with_its_settings_in_force(self, scene: Scene) -> None:
        scene.pair.files = replace(GOOD_FILES, needs_restart=("max_connections",))
        scene.pair.used = replace(NOBODY, replicas=("db2",))
        report = await run(scene, "restart db1")
        assert report.title == "Restart of shop: db1 succeeded"
        assert "db1 runs again as the primary." in report.summary
        assert "max_connections" in repr(report)
        assert scene.pair.did == [("checkpoint", "db1"), ("restart", "db1")]

    async def test_a_server_that_does_not_come_up_is_told_with_where_it_stands(self, scene: Scene) -> None:
        scene.pair.fails["restart"] = "db1 is DOWN. It was stopped, and did not come up: FATAL: no space"
        report = await run(scene, "restart db1")
        assert "db1 is DOWN. It was stopped, and did not come up: FATAL: no space" in report.summary
        (operation,) = await scene.operations()
        assert operation.state is OperationState.FAILED

    async def test_one_server_at_a_time(self, scene: Scene) -> None:
        with pytest.raises(Misunderstood, match="Which server of shop"):
            Restart().resolve((), scene.world)


class TestReload:
    async def test_all_servers_or_one(self, scene: Scene) -> None:
        assert [step.server for step in (await plan_of(scene, Reload())).steps] == ["db1", "db2"]
        plan = await plan_of(scene, Reload(), "db2")
        assert [step.server for step in plan.steps] == ["db2"]
        assert not plan.dangerous

    async def test_files_with_an_error_are_not_loaded(self, scene: Scene) -> None:
        scene.pair.files = BROKEN
        plan = await plan_of(scene, Reload(), "db1")
        assert results(plan)["files_db1"] is CheckResult.FAIL

    async def test_other_files_are_another_plan(self, scene: Scene) -> None:
        before = await plan_of(scene, Reload(), "db1")
        scene.pair.files = replace(GOOD_FILES, digest="2" * 64)
        assert (await plan_of(scene, Reload(), "db1")).hash != before.hash

    async def test_the_report_says_what_changed_and_what_needs_a_restart(self, scene: Scene) -> None:
        scene.pair.files = replace(GOOD_FILES, needs_restart=("max_connections",))
        report = await run(scene, "reload")
        assert report.title == "Reload of shop: db1 and db2 succeeded"
        told = repr(report)
        assert "work_mem 4096 → 8192" in told
        assert "/ha restart shop db1" in told
        assert scene.pair.did == [("reload", "db1"), ("reload", "db2")]
