"""Promotion on a real pair over real SSH, under write load, through the dispatcher."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest

from bot.inventory import clusters_of, policies_of, secrets_of, traffic_of
from bot.settings import load_settings
from commands.asked import Answer, Asked, Decision, Form
from commands.dispatcher import Dispatcher
from commands.people import Face
from commands.registry import COMMANDS
from commands.world import World
from lab.faults import FaultKind
from lab.world import Lab, LabOptions
from ledger.audit_chain import verify
from ledger.ledger import Ledger
from ledger.operations import list_operations
from ledger.redact import Redactor
from servers.backups.in_place import InPlace
from servers.backups.instances import Instances
from servers.backups.native.archiving import Archiving
from servers.backups.offsite.from_store import FromStore
from servers.backups.partial.tool import PartialBackups
from servers.backups.partial.volumes import Volumes
from servers.backups.registry import BackupTools
from servers.engines.engine import ActionFailed, Done
from servers.engines.native import NativeEngine
from servers.heartbeat import Heartbeats
from servers.inventory import Server
from servers.observe import Observer
from servers.probe import Probes
from servers.service_manager import ServiceManagers
from servers.sql import Sessions
from servers.ssh import Shells
from servers.state import ControlData
from tests.commands.conftest import People

pytestmark = pytest.mark.lab


class Road:
    """The dispatcher on a practice world, with two people."""

    def __init__(self, lab: Lab, world: World) -> None:
        self.lab = lab
        self.world = world
        self.cluster = world.clusters[lab.cluster]
        self.dispatcher = Dispatcher(world, COMMANDS)
        begun = uuid4()
        self._deliveries = (f"delivery-{begun.hex}-{number}" for number in count(1))  # a ledger may outlive a road

    def asks(self, who: str, text: str = "") -> Asked:
        at = datetime.now(UTC)
        return Asked(next(self._deliveries), f"U-{who}", who, Face.SLACK, "C0OPS", text, at)

    async def request(self, text: str) -> str:
        form = await self.dispatcher.prepare(self.asks("alice", text))
        # That a server is dead is seen from several places, by and by on a busy machine: until then nothing is planned.
        for _ in range(10):
            if isinstance(form, Form):
                break
            await asyncio.sleep(0.5)
            form = await self.dispatcher.prepare(self.asks("alice", text))
        assert isinstance(form, Form), form
        assert form.submit_label is not None, form.page.parts[0]
        values = {"reason": "practice", "cluster": self.cluster.name}
        answer = await self.dispatcher.submit(self.asks("alice"), form.draft, values)
        assert isinstance(answer, Answer), answer
        return (await self.world.ledger.read(list_operations))[0].id

    async def approve(self, operation: str) -> Answer:
        """The second person approves; the report at the end."""
        await self.dispatcher.decide(self.asks("bob"), operation, Decision.APPROVE)
        return await self.dispatcher.wait(operation)

    async def status(self) -> Answer:
        return await self.dispatcher.ask(self.asks("alice", "status"))

    async def until_healthy(self, timeout: float = 15.0) -> None:
        """A standby whose primary was away for a moment takes as long as its settings say to try again."""
        async with asyncio.timeout(timeout):
            while (await self.status()).page.title != f"{self.cluster.name}: healthy":
                await asyncio.sleep(0.1)


@asynccontextmanager
async def road(
    tmp_path: Path, make_engine: type[NativeEngine] = NativeEngine, options: LabOptions | None = None
) -> AsyncIterator[Road]:
    async with (
        Lab.start(options or LabOptions(base_backup=False)) as lab,
        road_of(lab, tmp_path, make_engine) as made,
    ):
        yield made


@asynccontextmanager
async def road_of(
    lab: Lab, tmp_path: Path, make_engine: type[NativeEngine] = NativeEngine, extra: str = ""
) -> AsyncIterator[Road]:
    """On a lab that stands; `extra` is appended to its settings."""
    people = People()
    for key in ("alice", "bob", "carol"):
        people.add(key, "dba")
    settings = load_settings(lab.write_settings(tmp_path, "http://127.0.0.1:1/api/", extra))
    clusters = clusters_of(settings)
    redactor = Redactor(secrets_of(settings, clusters.values()))
    shells, sessions = Shells(), Sessions()
    clock = lambda: datetime.now(UTC)  # noqa: E731
    async with await Ledger.open(tmp_path / "ledger.sqlite3", redactor) as ledger:
        backups = BackupTools(shells, clock)
        partial = PartialBackups(shells, clock)
        observer = Observer(clusters, shells, sessions, clock, backups=backups, archives=backups, partial=partial)
        engine = make_engine(shells, sessions)
        traffic = traffic_of(settings, clusters, shells, sessions)
        world = World(
            clusters,
            observer,
            engine,
            backups,
            ledger,
            policies_of(settings),
            people,
            clock,
            backup_tool=backups.tool_of,
            instances=Instances(shells),
            in_place=InPlace(shells),
            archiving=Archiving(shells),
            from_store=FromStore(shells, backups.offsite),
            partial=partial,
            volumes=Volumes(shells),
            services=ServiceManagers(shells),
            traffic=traffic,
            heartbeats=Heartbeats(clusters.values(), sessions),
            probes=Probes(sessions),
        )
        try:
            yield Road(lab, world)
        finally:
            await sessions.close()
            await shells.close()


@pytest.fixture
async def on_lab(tmp_path: Path) -> AsyncIterator[Road]:
    async with road(tmp_path) as made:
        yield made


async def test_a_switchover_under_load_loses_no_acknowledged_row(on_lab: Road) -> None:
    lab = on_lab.lab
    await lab.load.start(rate=200.0)
    await lab.load.wait_for_rows(100)
    operation = await on_lab.request("promote")
    report = (await on_lab.approve(operation)).page
    assert report.title == "Switchover of shop: db1 → db2 succeeded", report
    rows = len(lab.load.acknowledged())
    await lab.load.wait_for_rows(rows + 50)
    proof = await lab.load.stop_and_report("db2")
    assert proof.acknowledged > 150
    assert proof.lost == ()
    status = (await on_lab.status()).page
    assert status.title == "shop: healthy", status
    # And back again: the old primary is a full member.
    report = (await on_lab.approve(await on_lab.request("promote db1"))).page
    assert report.title == "Switchover of shop: db2 → db1 succeeded", report
    assert (await on_lab.world.ledger.read(verify)).ok


async def test_a_failover_under_load_keeps_every_row_that_the_standby_had(on_lab: Road) -> None:
    lab = on_lab.lab
    await on_lab.status()
    await lab.load.start(rate=200.0)
    await lab.load.wait_for_rows(100)
    await on_lab.status()
    await lab.faults.apply(FaultKind.KILL, "db1")
    operation = await on_lab.request("promote")
    report = (await on_lab.approve(operation)).page
    assert report.title == "Failover of shop: db1 → db2 succeeded", report
    rows = len(lab.load.acknowledged())
    await lab.load.wait_for_rows(rows + 50)
    proof = await lab.load.stop_and_report("db2")
    assert proof.lost_received == ()
    # Were the fenced server started by accident, it would take no writes.
    assert (lab.server("db1").data_directory / "standby.signal").exists()
    assert (await on_lab.world.ledger.read(verify)).ok


async def test_a_primary_whose_host_is_silent_needs_two_who_approve_the_risk(on_lab: Road) -> None:
    lab = on_lab.lab
    await on_lab.status()
    await lab.faults.apply(FaultKind.KILL, "db1")
    await lab.faults.apply(FaultKind.STOP_SSH, "db1")
    operation = await on_lab.request("promote")
    first = await on_lab.dispatcher.decide(on_lab.asks("bob"), operation, Decision.APPROVE)
    assert first.page.summary == "1 more approval needed."
    assert await lab.server("db2").in_recovery()
    await on_lab.dispatcher.decide(on_lab.asks("carol"), operation, Decision.APPROVE)
    report = (await on_lab.dispatcher.wait(operation)).page
    assert "succeeded" in report.title, report
    assert "it could not be fenced" in repr(report)


class NeverProves(NativeEngine):
    """The real engine, but for the proof: the standby seems never to get the shutdown checkpoint."""

    async def wait_replayed(self, standby: Server, stopped: ControlData, *, timeout: float = 30.0) -> Done:
        raise ActionFailed(f"{standby.name} did not replay the shutdown checkpoint")


async def test_a_switchover_that_proves_nothing_starts_the_old_primary_again(tmp_path: Path) -> None:
    async with road(tmp_path, NeverProves) as on_lab:
        lab = on_lab.lab
        await lab.load.start(rate=100.0)
        await lab.load.wait_for_rows(50)
        report = (await on_lab.approve(await on_lab.request("promote"))).page
        assert "db2 did not replay the shutdown checkpoint" in report.summary
        assert not await lab.server("db1").in_recovery()
        rows = len(lab.load.acknowledged())
        await lab.load.wait_for_rows(rows + 20)
        assert (await lab.load.stop_and_report("db1")).lost == ()
        # The pair is as it was, as soon as the standby streams again, and the switchover can be asked for again.
        await on_lab.until_healthy()
        form = await on_lab.dispatcher.prepare(on_lab.asks("alice", "promote"))
        assert form.page.title == "Switchover of shop: db1 → db2"


async def test_a_standby_that_pauses_replay_is_not_switched_over_to(on_lab: Road) -> None:
    await on_lab.lab.faults.apply(FaultKind.PAUSE_REPLAY, "db2")
    form = await on_lab.dispatcher.prepare(on_lab.asks("alice", "promote"))
    assert isinstance(form, Form)
    assert form.submit_label is None
    assert "Replay runs on db2 — paused" in form.page.summary


async def test_a_host_that_answers_again_changes_the_plan_that_was_approved(on_lab: Road) -> None:
    lab = on_lab.lab
    await on_lab.status()
    await lab.faults.apply(FaultKind.KILL, "db1")
    await lab.faults.apply(FaultKind.STOP_SSH, "db1")
    operation = await on_lab.request("promote")
    await lab.faults.apply(FaultKind.START_SSH, "db1")
    await on_lab.dispatcher.decide(on_lab.asks("bob"), operation, Decision.APPROVE)
    await on_lab.dispatcher.decide(on_lab.asks("carol"), operation, Decision.APPROVE)
    report = (await on_lab.dispatcher.wait(operation)).page
    assert "now they are fence db1, promote db2, verify db2" in report.summary
    assert "Nothing was touched" in report.summary
    assert await lab.server("db2").in_recovery()


async def test_status_answers_soon_while_a_server_hangs(on_lab: Road) -> None:
    await on_lab.status()
    await on_lab.lab.faults.apply(FaultKind.FREEZE, "db1")
    loop = asyncio.get_running_loop()
    began = loop.time()
    page = (await on_lab.status()).page
    took = loop.time() - began
    assert "understudy by SQL to db1: " in repr(page)
    assert took < 3.0
