"""A dump as an order: its job is begun and waited for in one step, and ends with a cancel or a failover."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import cast

import pytest

from commands.asked import Decision
from commands.automatic.policy import AutomaticPolicy, Scheduled
from commands.automatic.timetable import read_timetable
from commands.dispatcher import Dispatcher
from commands.registry import COMMANDS
from ledger.audit import AuditKind
from ledger.operations import OperationState
from ledger.page_json import from_json
from servers.backups.partial.place import DumpPlace, Part, PartKind
from servers.backups.partial.state import PartialBackup, PartSeen
from servers.backups.partial.tool import PartialBackups
from servers.backups.wanted import BackupJob, JobPlace
from servers.engines.rejoining import JobReport, JobState
from servers.inventory import Cluster, Server
from tests.commands.conftest import Scene
from tests.commands.inventory import SHOP
from tests.commands.practice_backups import ANSWERED, GIB, NOW, RUNNING

NIGHTLY = DumpPlace("nightly", "/dumps")
AT_FOUR = Scheduled("dump nightly", "backup", (), ("dump", "nightly"), read_timetable("daily 04:00"), "alice")
MADE = PartialBackup(PartKind.DUMP, "nightly", "made", "db2", "/dumps/made", NOW, NOW, GIB)


@dataclass
class Dumps:
    """`report` says how a job stands. What is begun runs until it is stopped, or done."""

    report: JobReport = RUNNING
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    running: set[str] = field(default_factory=set)

    async def seen(self, cluster: Cluster, part: Part, **_: float) -> PartSeen:
        return PartSeen(part, ANSWERED, (MADE,), 80 * GIB)

    async def begin_dump(self, cluster: Cluster, dump: DumpPlace, source: Server, key: str, **_: float) -> JobPlace:
        self.begun.set()
        self.running.add(key)
        return JobPlace(BackupJob.BACKUP, source, MADE.path, key)

    async def begin_verify(self, cluster: Cluster, part: Part, backup: PartialBackup, key: str, **_: float) -> JobPlace:
        return JobPlace(BackupJob.VERIFY, cluster.servers[1], backup.path, key)

    async def job(self, cluster: Cluster, place: JobPlace, **_: float) -> JobReport:
        if self.report.state is not JobState.RUNNING:
            self.running.discard(place.key)
        return replace(self.report, key=place.key)

    async def stop_job(self, cluster: Cluster, place: JobPlace, **_: float) -> str:
        self.running.discard(place.key)
        return f"the {place.job} on {place.server.name} has ended"


@pytest.fixture
def dumps() -> Dumps:
    return Dumps()


@pytest.fixture
async def dumping(scene: Scene, dumps: Dumps) -> AsyncIterator[Scene]:
    """The small world with a dump in its settings."""
    world = replace(
        scene.world,
        clusters={"shop": replace(SHOP, dumps=(NIGHTLY,))},
        partial=cast(PartialBackups, dumps),
        automatic={"shop": AutomaticPolicy(schedule=(AT_FOUR,))},
    )
    dispatcher = Dispatcher(world, COMMANDS)
    yield replace(scene, world=world, dispatcher=dispatcher)
    await dispatcher.shutdown(1.0)


async def begun(scene: Scene, dumps: Dumps) -> str:
    """The operation, whose job runs."""
    operation = await scene.request("alice", "backup dump nightly")
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    async with asyncio.timeout(5):
        await dumps.begun.wait()
    return operation


async def test_it_is_taken_verified_and_reported(dumping: Scene, dumps: Dumps) -> None:
    dumps.report = JobReport(JobState.DONE, seconds=100.0, log="1 database")
    operation = await begun(dumping, dumps)

    report = (await dumping.dispatcher.wait(operation)).page

    assert "dump nightly of shop was taken from db2, and verified." in repr(report)


async def test_a_cancel_finds_no_moment_at_which_its_job_runs_on(dumping: Scene, dumps: Dumps) -> None:
    """The wish is there as soon as the job is begun: before anybody has waited for it."""
    operation = await begun(dumping, dumps)
    await dumping.dispatcher.decide(dumping.asks("alice"), operation, Decision.CANCEL)

    await dumping.dispatcher.wait(operation)

    assert (await dumping.operation(operation)).state is OperationState.CANCELLED
    assert dumps.running == set()


async def test_it_gives_way_to_a_failover(dumping: Scene, dumps: Dumps) -> None:
    operation = await begun(dumping, dumps)
    dumping.pair.kill("db1")

    report = (await dumping.dispatcher.wait(operation)).page

    assert "gave way, so that it holds up no failover" in report.summary
    assert dumps.running == set()


async def due(scene: Scene) -> str:
    """The operation that is started by itself at four; the world's clock stands at 03:12 before."""
    await scene.dispatcher._scheduler.look()
    scene.pair.now += timedelta(hours=1)
    await scene.dispatcher._scheduler.look()
    (operation,) = await scene.operations()
    return operation.id


async def test_at_its_time_it_is_taken_by_itself_with_the_policy_as_approver(dumping: Scene, dumps: Dumps) -> None:
    dumps.report = JobReport(JobState.DONE, seconds=100.0, log="1 database")
    operation = await due(dumping)
    report = (await dumping.dispatcher.wait(operation)).page
    assert "dump nightly of shop was taken from db2, and verified." in repr(report)
    (given,) = await dumping.records(AuditKind.APPROVAL_GIVEN)
    assert given.entry.actor.id == "policy:shop"
    told = "SELECT page FROM outbox WHERE card LIKE 'schedule/%' ORDER BY id"
    pages = await dumping.ledger.read(lambda db: [from_json(row["page"]).title for row in db.query(told)])
    assert pages[0] == "Dump nightly of shop by itself: daily 04:00 UTC"
    assert pages[1] == f"Dump nightly of shop starts by itself: operation {operation}"


async def test_one_that_is_started_by_itself_gives_way_to_a_failover_as_well(dumping: Scene, dumps: Dumps) -> None:
    operation = await due(dumping)
    dumping.pair.kill("db1")
    report = (await dumping.dispatcher.wait(operation)).page
    assert "gave way, so that it holds up no failover" in report.summary
    assert dumps.running == set()
