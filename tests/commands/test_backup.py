"""Taking a base backup: from whom, what speaks against it, how it is followed, cancelled, carried on and reported."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from commands.asked import Decision
from commands.backup import Backup
from commands.command import Misunderstood
from commands.dispatcher import Dispatcher
from commands.plan import CheckResult, Plan
from commands.registry import COMMANDS
from ledger.operations import OperationState
from ledger.page import Page
from servers.backups.wanted import BackupJob, BackupKind
from servers.engines.rejoining import JobReport, JobState
from servers.engines.upkeep import InUse
from servers.inventory import BackupPlace, Retention
from servers.inventory import BackupTool as ToolName
from servers.lsn import Lsn
from servers.state import Answer, Outcome
from tests.commands.conftest import Scene
from tests.commands.inventory import SHOP
from tests.commands.mortal import Killed, Life, Watch, mortal
from tests.commands.practice import START
from tests.commands.practice_backups import ANSWERED, GIB, NOW, ROOMY, RUNNING, PracticeTool, backup

FAILED = JobReport(JobState.FAILED, seconds=10.0, log="pg_basebackup: error: could not write: No space left on device")


@pytest.fixture
def tool() -> PracticeTool:
    return PracticeTool([backup("monday", 3.0)])


@pytest.fixture
async def backing(scene: Scene, tool: PracticeTool) -> AsyncIterator[Scene]:
    """The small world with backups in its settings."""
    shop = replace(SHOP, backups=BackupPlace(ToolName.NATIVE, "/backups", "/archive"))
    world = replace(scene.world, clusters={"shop": shop}, backup_tool=lambda cluster: tool)
    dispatcher = Dispatcher(world, COMMANDS)
    yield replace(scene, world=world, dispatcher=dispatcher)
    await dispatcher.shutdown(1.0)


async def plan_of(scene: Scene, *words: str) -> Plan:
    meant = Backup().resolve(words, scene.world)
    return await Backup().plan(meant, await scene.pair.observe(meant.cluster), scene.world)


async def run(scene: Scene, text: str) -> Page:
    operation = await scene.request("alice", text)
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    return (await scene.dispatcher.wait(operation)).page


def evidence(plan: Plan, result: CheckResult) -> dict[str, str]:
    return {check.name: check.evidence for check in plan.checks if check.result is result}


class TestFromWhom:
    async def test_from_the_standby_when_it_does_not_lag(self, backing: Scene) -> None:
        plan = await plan_of(backing)

        assert {step.server for step in plan.steps} == {"db2"}
        assert evidence(plan, CheckResult.PASS)["source"] == "standby db2, level with the primary"
        assert not plan.dangerous
        assert plan.outage_seconds == 0.0

    async def test_never_from_a_lagging_standby_but_from_the_primary_with_a_warning(self, backing: Scene) -> None:
        backing.pair.machines["db1"].lsn = Lsn(START + 65 * 2**20)

        plan = await plan_of(backing)

        assert plan.target == "db1"
        assert "db2 lags by 65.0 MB" in evidence(plan, CheckResult.WARN)["source"]

    async def test_a_lagging_standby_that_is_named_is_refused(self, backing: Scene) -> None:
        backing.pair.machines["db2"].replay_paused = True

        plan = await plan_of(backing, "db2")

        assert "has its replay paused" in evidence(plan, CheckResult.FAIL)["source"]

    async def test_with_nobody_to_read_from_there_is_no_plan(self, backing: Scene) -> None:
        backing.pair.kill("db1")
        backing.pair.kill("db2")

        with pytest.raises(Misunderstood, match="no server that a backup could be taken from"):
            await plan_of(backing)

    async def test_another_source_is_another_plan(self, backing: Scene) -> None:
        assert (await plan_of(backing, "db1")).hash != (await plan_of(backing, "db2")).hash


class TestChecks:
    async def test_a_tool_that_does_not_answer_stops_it(self, backing: Scene, tool: PracticeTool) -> None:
        tool.answer = Answer(Outcome.TIMED_OUT, NOW, 5.0, "no answer within 5 s")

        assert "no answer within 5 s" in evidence(await plan_of(backing), CheckResult.FAIL)["tool"]

    async def test_a_disk_too_small_for_what_the_last_one_took_stops_it(
        self, backing: Scene, tool: PracticeTool
    ) -> None:
        tool.disks = (replace(ROOMY, available=9 * GIB),)

        failed = evidence(await plan_of(backing), CheckResult.FAIL)
        assert failed["room"].startswith("9.0 GB free on /backups, about 10.0 GB to be written")

    async def test_room_that_nobody_knows_of_is_no_room_that_is_there(self, backing: Scene, tool: PracticeTool) -> None:
        tool.disks = ()

        assert evidence(await plan_of(backing), CheckResult.WARN)["room"] == "not known: the tool does not tell"

    async def test_another_one_that_runs_stops_it(self, backing: Scene) -> None:
        backing.pair.used = InUse(1, (), 1, 0, (), 0)

        assert "1 base backup is being read from db2" in evidence(await plan_of(backing), CheckResult.FAIL)["alone"]

    async def test_an_incremental_one_needs_one_to_build_on(self, backing: Scene, tool: PracticeTool) -> None:
        assert "monday, 3 h old" in evidence(await plan_of(backing, "incr"), CheckResult.PASS)["base"]
        tool.backups.clear()
        assert "no complete full one" in evidence(await plan_of(backing, "incr"), CheckResult.FAIL)["base"]

    async def test_a_kind_that_the_tool_does_not_take_stops_it(self, backing: Scene, tool: PracticeTool) -> None:
        tool.kinds = (BackupKind.FULL,)

        assert "it takes full only" in evidence(await plan_of(backing, "diff"), CheckResult.FAIL)["kind"]

    async def test_how_long_it_takes_is_told_from_the_last_ones(self, backing: Scene) -> None:
        assert evidence(await plan_of(backing), CheckResult.PASS)["duration"].startswith("about 10 min")

    async def test_without_backups_in_the_settings_it_says_what_to_add(self, scene: Scene) -> None:
        with pytest.raises(Misunderstood, match=r"add \[clusters\.shop\.backups\]"):
            await plan_of(scene)

    def test_one_kind_at_a_time(self, backing: Scene) -> None:
        with pytest.raises(Misunderstood, match="One kind at a time: full or incr"):
            Backup().resolve(("full", "incr"), backing.world)


class TestItsLife:
    async def test_it_is_taken_verified_and_reported_with_size_and_duration(
        self, backing: Scene, tool: PracticeTool
    ) -> None:
        tool.reports[BackupJob.BACKUP] = [RUNNING, JobReport(JobState.DONE, seconds=100.0)]

        report = await run(backing, "backup full")

        assert report.title == "Backup of shop: db2 succeeded"
        assert "A full backup of shop was taken from db2, and verified." in report.summary
        assert "10.0 GB (local)" in repr(report)
        assert "1 min 40 s, 102 MB a second" in repr(report)
        assert [(job, what) for job, what, _ in tool.begun] == [
            (BackupJob.BACKUP, "full from db2"),
            (BackupJob.VERIFY, "made"),
        ]

    async def test_one_that_fails_says_why_and_is_not_verified(self, backing: Scene, tool: PracticeTool) -> None:
        tool.reports[BackupJob.BACKUP] = [FAILED]

        report = await run(backing, "backup")

        assert "No space left on device. What it made so far is left at /backups/made" in report.summary
        assert [job for job, _, _ in tool.begun] == [BackupJob.BACKUP]

    async def test_one_that_does_not_verify_has_failed(self, backing: Scene, tool: PracticeTool) -> None:
        tool.reports[BackupJob.VERIFY] = [
            JobReport(JobState.FAILED, seconds=1.0, log='pg_verifybackup: error: checksum mismatch for file "base/1/2"')
        ]

        report = await run(backing, "backup")

        assert "Backup made does not verify" in report.summary
        assert "checksum mismatch" in report.summary
        assert (await backing.operations())[0].state is OperationState.FAILED

    async def test_a_cancel_stops_the_job_and_nothing_after_it_is_begun(
        self, backing: Scene, tool: PracticeTool
    ) -> None:
        tool.reports[BackupJob.BACKUP] = [RUNNING]
        operation = await backing.request("alice", "backup")
        await backing.dispatcher.decide(backing.asks("bob"), operation, Decision.APPROVE)
        async with asyncio.timeout(5):
            while not tool.begun:
                await asyncio.sleep(0.01)

        await backing.dispatcher.decide(backing.asks("alice"), operation, Decision.CANCEL)
        await backing.dispatcher.wait(operation)

        assert (await backing.operation(operation)).state is OperationState.CANCELLED
        assert tool.stopped == [BackupJob.BACKUP]
        assert [job for job, _, _ in tool.begun] == [BackupJob.BACKUP]

    async def test_it_gives_way_to_a_failover(self, backing: Scene, tool: PracticeTool) -> None:
        tool.reports[BackupJob.BACKUP] = [RUNNING]
        operation = await backing.request("alice", "backup")
        await backing.dispatcher.decide(backing.asks("bob"), operation, Decision.APPROVE)
        async with asyncio.timeout(5):
            while not tool.begun:
                await asyncio.sleep(0.01)

        backing.pair.kill("db1")
        report = (await backing.dispatcher.wait(operation)).page

        assert "gave way, so that it holds up no failover" in report.summary
        assert tool.stopped == [BackupJob.BACKUP]
        assert await backing.request("alice", "promote") != operation

    async def test_after_a_restart_the_job_that_runs_on_is_taken_up_and_no_second_one_begun(
        self, backing: Scene, tool: PracticeTool
    ) -> None:
        tool.reports[BackupJob.BACKUP] = [RUNNING]
        operation = await backing.request("alice", "backup")
        await backing.dispatcher.decide(backing.asks("bob"), operation, Decision.APPROVE)
        async with asyncio.timeout(5):
            while not tool.begun:
                await asyncio.sleep(0.01)
        await backing.dispatcher.shutdown(0.0)
        # On a busy machine the last words last longer than a shutdown waits for them: only then is the process gone.
        await backing.dispatcher._runner.wait(operation)
        await backing.dispatcher.shutdown(0.0)

        backing.pair.now += timedelta(hours=3)
        tool.reports[BackupJob.BACKUP] = [JobReport(JobState.DONE, seconds=100.0)]
        again = Dispatcher(backing.world, COMMANDS)
        await again.recover()
        await again._runner.wait(operation)

        assert (await backing.operation(operation)).state is OperationState.SUCCEEDED
        keys = {key for job, _, key in tool.begun if job is BackupJob.BACKUP}
        assert len(keys) == 1
        await again.shutdown(1.0)


@pytest.mark.parametrize("dies_at", range(1, 26, 6))
async def test_killed_at_any_moment_it_is_completed_with_one_backup(
    backing: Scene, tool: PracticeTool, dies_at: int
) -> None:
    """kill -9: whatever was under way, the next process finds the job by its key and goes on."""
    tool.reports[BackupJob.BACKUP] = [RUNNING, RUNNING, JobReport(JobState.DONE, seconds=100.0)]
    operation = await backing.request("alice", "backup")
    for life in (Life(dies_at), Life()):
        process = mortal(backing.world, backing.pair, life, Watch())
        with suppress(Killed):
            if life.dies_at is not None:
                await process.decide(backing.asks("bob"), operation, Decision.APPROVE)
            else:
                await process.recover()
        while process._runner.running:
            await asyncio.sleep(0.01)
    if (await backing.operation(operation)).state is OperationState.AWAITING_APPROVAL:
        await process.decide(backing.asks("bob"), operation, Decision.APPROVE)
        await process._runner.wait(operation)

    assert (await backing.operation(operation)).state is OperationState.SUCCEEDED
    assert len({key for job, _, key in tool.begun if job is BackupJob.BACKUP}) == 1


class TestVerify:
    async def test_the_newest_one_or_the_one_that_is_named(self, backing: Scene, tool: PracticeTool) -> None:
        tool.backups.append(backup("20260130T0312Z", 24.0))

        assert dict((await plan_of(backing, "verify")).facts)["verified backup"] == "monday"
        plan = await plan_of(backing, "verify", "shop", "20260130t0312z")
        assert dict(plan.facts)["verified backup"] == "20260130T0312Z"

    async def test_a_name_that_is_not_there_gets_the_nearest(self, backing: Scene) -> None:
        with pytest.raises(Misunderstood, match="Did you mean monday"):
            await plan_of(backing, "verify", "mondy")

    async def test_it_is_read_as_a_whole_and_reported(self, backing: Scene, tool: PracticeTool) -> None:
        report = await run(backing, "backup verify shop monday")

        assert "monday is whole: it agrees with its checksums." in report.summary
        assert [(job, what) for job, what, _ in tool.begun] == [(BackupJob.VERIFY, "monday")]

    async def test_without_an_answer_nothing_is_planned(self, backing: Scene, tool: PracticeTool) -> None:
        tool.answer = replace(ANSWERED, outcome=Outcome.DENIED)

        with pytest.raises(Misunderstood, match="could not be listed"):
            await plan_of(backing, "verify")


class TestRetention:
    @pytest.fixture
    def keeping(self, backing: Scene) -> Scene:
        """The settings say what is kept."""
        place = BackupPlace(ToolName.NATIVE, "/backups", "/archive", retention=Retention(1, 14 * 86400.0))
        world = replace(backing.world, clusters={"shop": replace(SHOP, backups=place)})
        return replace(backing, world=world, dispatcher=Dispatcher(world, COMMANDS))

    async def test_without_any_in_the_settings_nothing_is_removed(self, backing: Scene) -> None:
        assert "expire_backups" not in {step.action for step in (await plan_of(backing)).steps}

    async def test_what_is_kept_is_part_of_what_is_approved(self, keeping: Scene, backing: Scene) -> None:
        plan = await plan_of(keeping)

        assert plan.steps[-1].action == "expire_backups"
        assert dict(plan.facts)["kept"] == "the newest backup and all moments of the last 14 d"
        assert plan.hash != (await plan_of(backing)).hash

    async def test_what_went_is_named_in_the_report(self, keeping: Scene, tool: PracticeTool) -> None:
        page = str(await run(keeping, "backup"))

        assert [one.name for one in tool.backups] == ["made"]
        assert "No longer kept" in page
        assert "monday" in page

    async def test_what_cannot_be_removed_takes_nothing_from_the_backup(
        self, keeping: Scene, tool: PracticeTool
    ) -> None:
        tool.will_not_expire = "the archive cannot be looked into"

        await run(keeping, "backup")

        assert (await keeping.operations())[0].state is OperationState.SUCCEEDED
        assert [one.name for one in tool.backups] == ["made", "monday"]
