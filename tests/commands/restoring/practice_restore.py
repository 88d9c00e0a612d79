"""A backup tool, restored instances and swapped directories in memory, on the pair of `tests.commands.practice`."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

from commands.asked import Decision, Form
from commands.dispatcher import Dispatcher
from commands.registry import COMMANDS
from commands.restoring import actions
from ledger.page import Page
from servers.backups.archive import ArchiveState, Segments
from servers.backups.in_place import InPlace, InPlaceState
from servers.backups.instances import HostForInstance, Instances, InstanceState, Place
from servers.backups.live_facts import LiveFacts
from servers.backups.tool import BackupTool
from servers.backups.wanted import BackupJob, JobPlace, RestoreWanted
from servers.engines.engine import ActionFailed
from servers.engines.rejoining import JobReport, JobState
from servers.inventory import BackupPlace, Cluster, Server
from servers.inventory import BackupTool as Tool
from servers.lsn import Lsn
from servers.state import Answer, BackupState, BaseBackup, Outcome
from tests.commands.conftest import Scene, open_scene
from tests.commands.inventory import SHOP
from tests.commands.practice import NOW, START, SYSTEM, Pair

KEPT = replace(SHOP, backups=BackupPlace(Tool.NATIVE, "/backups", "/archive"))
AT = NOW - timedelta(minutes=10)  # a moment that can be restored
BACKUP = BaseBackup(
    "20260131T020000Z", "/backups/20260131T020000Z", NOW - timedelta(hours=1, minutes=10), NOW - timedelta(hours=1),
    4_000_000, Lsn(0x1000028), Lsn(0x2000000), 1, has_wal=True,
)  # fmt: skip
ANSWERED = Answer(Outcome.ANSWERED, NOW, 0.001)


@dataclass
class Shelf:
    """Plays tool, instances and swaps. `data` is what the restored one has; `fails`: what fails, and its words."""

    pair: Pair
    fails: dict[str, str] = field(default_factory=dict)
    did: list[str] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)  # directory → key of what was laid out
    configured: set[str] = field(default_factory=set)
    running: set[str] = field(default_factory=set)
    compared: set[str] = field(default_factory=set)
    copied: dict[str, str] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    gone: str = ""  # the job whose host was restarted in its middle
    endless: str = ""  # the step that does not come to its end
    waited_for: asyncio.Event = field(default_factory=asyncio.Event)
    data: str = "live"
    was_standby: bool = False
    encrypted_to: str | None = None
    runs: tuple[Segments, ...] = (Segments(1, 2, 5, NOW - timedelta(hours=1), NOW - timedelta(minutes=1)),)
    backups: tuple[BaseBackup, ...] = (BACKUP,)
    room: int = 2**40
    system: str = SYSTEM
    name: str = "practice"

    async def list(self, cluster: Cluster, **_: float) -> BackupState:
        return BackupState(ANSWERED, self.backups, 4, NOW)

    async def archive(self, cluster: Cluster, **_: float) -> ArchiveState:
        if ("switch_wal", "db1") in self.pair.did and "archive" not in self.fails:
            return ArchiveState(ANSWERED, (*self.runs[:-1], replace(self.runs[-1], last=6, ended_at=self.pair.now)))
        return ArchiveState(ANSWERED, self.runs)

    async def decrypts(self, cluster: Cluster, server: Server, backup: str, **_: float) -> str | None:
        return self.encrypted_to

    def restore_command(self, cluster: Cluster, server: Server) -> str:
        return "cp /archive/%f %p"

    async def begin_restore(self, cluster: Cluster, wanted: RestoreWanted, key: str, **_: float) -> JobPlace:
        self._do("begin_restore")
        self.keys[wanted.directory] = key
        return JobPlace(BackupJob.RESTORE, wanted.server, wanted.directory, key)

    async def job(self, cluster: Cluster, place: JobPlace, **_: float) -> JobReport:
        await self._wait("lay_out")
        key = self.keys.get(place.path, "")
        if self.gone == "lay_out":
            return JobReport(JobState.GONE, key, 1.0)
        if "lay_out" in self.fails:
            return JobReport(JobState.FAILED, key, 1.0, log=f"understudy: {self.fails['lay_out']}")
        return JobReport(JobState.DONE if key else JobState.NONE, key, 1.0, 4_000_000, 4_000_000, "done")

    async def stop_job(self, cluster: Cluster, place: JobPlace, **_: float) -> str:
        self._do(f"stop_{place.job}")
        return f"the {place.job} on {place.server.name} has ended"

    async def host(self, server: Server, directory: str, libraries: object = (), **_: float) -> HostForInstance:
        return HostForInstance(self.room, 2**33, "18", 54321, (), "")

    async def live(self, server: Server, **_: float) -> LiveFacts:
        if not self.pair.machines[server.name].running:
            raise ActionFailed(f"{server.name}: it does not run")
        return LiveFacts((), (("max_connections", 100),), 4_000_000, START, 900, ("app", "postgres"), (), ())

    async def begin_verify(self, place: Place, *, sizes: bool, **_: float) -> JobReport:
        self._do("compare")
        self.compared.add(place.key)
        return JobReport(JobState.RUNNING, place.key)

    async def stop_verify(self, place: Place, **_: float) -> str:
        self._do("stop_compare")
        return f"the compare on {place.server.name} has ended"

    async def verified(self, place: Place, **_: float) -> JobReport:
        await self._wait("compare")
        if place.key not in self.compared:
            return JobReport(JobState.NONE)
        if self.gone == "compare":
            return JobReport(JobState.GONE, place.key, 1.0)
        if "altered" in self.fails:
            return JobReport(JobState.FAILED, place.key, 1.0, log=f"pg_verifybackup: error: {self.fails['altered']}")
        return JobReport(JobState.DONE, place.key, 1.0, log="backup successfully verified")

    async def configure(self, place: Place, wanted: object, **_: float) -> None:
        self._do("configure")
        self.configured.add(place.directory)

    async def start(self, place: Place, **_: float) -> None:
        self._do("start_instance")
        self.running.add(place.directory)

    async def look(self, place: Place, **_: float) -> InstanceState:
        if not self.waited_for.is_set():  # who ends what takes long looks at it as well
            await self._wait("recover")
        there, running = place.directory in self.keys, place.directory in self.running
        broken = self.fails.get("recover", "")
        return InstanceState(
            there=there and self.data != place.directory,
            key=place.key if place.directory in self.configured and self.data != place.directory else "",
            running=running and not broken,
            port=54321,
            sockets=f"{place.directory}.understudy/s",
            reads="",
            waits_for="",
            in_recovery=True if running else None,
            paused=running,
            lsn=START if running else None,
            replayed_at=AT,
            timeline=1,
            stopped_at="recovery stopping before commit" if running else "",
            log=f"2026-01-31 03:12:00 UTC [7] FATAL:  {broken}" if broken else "",
        )

    async def ask(self, place: Place, sql: str, **_: float) -> str:
        return f"800|on|t|{self.system}|app, postgres"

    async def stop(self, place: Place, **_: float) -> None:
        self._do("stop_instance")
        self.running.discard(place.directory)

    async def drop(self, place: Place, **_: float) -> bool:
        self._do("drop")
        there = self.keys.pop(place.directory, None) is not None
        self.configured.discard(place.directory)
        self.removed.append(place.directory)
        return there

    async def begin_tables(self, place: Place, database: str, schema: str, tables: object, **_: float) -> JobReport:
        self._do("copy_tables")
        self.copied[place.key] = schema
        return JobReport(JobState.RUNNING, place.key)

    async def stop_tables(self, place: Place, **_: float) -> str:
        self._do("stop_tables")
        return f"the tables on {place.server.name} has ended"

    async def tables(self, place: Place, **_: float) -> JobReport:
        await self._wait("copy_tables")
        done = place.key in self.copied
        return JobReport(
            JobState.DONE if done else JobState.NONE, place.key if done else "", 1.0, log="1 tables copied"
        )

    async def tables_there(self, place: Place, database: str, schema: str, **_: float) -> int:
        return list(self.copied.values()).count(schema)

    async def swap(self, place: Place, target: object, command: str, **_: float) -> str:
        self._do("swap")
        machine = self.pair.machines[place.server.name]
        assert not machine.running, "swapped under a running server"
        assert place.directory not in self.running, "swapped while it still runs beside"
        if self.data != place.directory:
            self.was_standby = machine.standby
        self.data, machine.standby, machine.state = place.directory, True, "shut down in recovery"
        return f"/data/db1.aside-{place.operation}"

    async def swap_back(self, place: Place, **_: float) -> None:
        self._do("swap_back")
        machine = self.pair.machines[place.server.name]
        assert not machine.running, "swapped back under a running server"
        if self.data == place.directory:
            state = "shut down in recovery" if self.was_standby else "shut down"
            self.data, machine.standby, machine.state = "live", self.was_standby, state

    async def state(self, place: Place, **_: float) -> InPlaceState:
        machine = self.pair.machines[place.server.name]
        swapped = self.data == place.directory
        in_recovery = machine.standby if machine.running else None
        lsn = machine.lsn if machine.running else None
        return InPlaceState(swapped, True, machine.running, machine.state, "", in_recovery, True, lsn, 1)

    async def settle(self, place: Place, **_: object) -> None:
        self._do("settle")

    async def _wait(self, step: str) -> None:
        if self.endless == step:
            self.waited_for.set()
            await asyncio.Event().wait()

    def _do(self, action: str) -> None:
        self.did.append(action)
        if action in self.fails:
            raise ActionFailed(self.fails[action])


@asynccontextmanager
async def restoring(place: Path) -> AsyncIterator[tuple[Scene, Shelf]]:
    """The small world with something to restore from. Nothing starts slowly here, so that is not waited for."""
    with patch.object(actions, "STARTING", 0.3):
        async with open_scene(place) as scene:
            shelf = Shelf(scene.pair)
            world = replace(
                scene.world,
                clusters={"shop": KEPT},
                backup_tool=lambda cluster: cast(BackupTool, shelf),
                instances=cast(Instances, shelf),
                in_place=cast(InPlace, shelf),
            )
            dispatcher = Dispatcher(world, COMMANDS)
            yield replace(scene, world=world, dispatcher=dispatcher), shelf
        await dispatcher.shutdown(1.0)


class MortalShelf:
    """The shelf as a process sees it that dies at a moment: before an action has its effect, or right after it."""

    def __init__(self, shelf: Shelf, moment: Callable[[], None]) -> None:
        self._shelf, self._moment = shelf, moment

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._shelf, name)
        if name in ("restore_command", "name"):
            return found

        async def call(*arguments: Any, **options: Any) -> Any:
            self._moment()
            result = await found(*arguments, **options)
            self._moment()
            return result

        return call


async def shown(scene: Scene, text: str) -> tuple[bool, str]:
    """Whether it may be asked for, and what it says."""
    page = await scene.dispatcher.prepare(scene.asks("alice", text))
    return isinstance(page, Form) and page.submit_label is not None, repr(page.page)


async def ended(scene: Scene, text: str, *approvers: str) -> Page:
    operation = await scene.request(text=text)
    for one in approvers or ("bob",):
        await scene.dispatcher.decide(scene.asks(one), operation, Decision.APPROVE)
    return (await scene.dispatcher.wait(operation)).page


async def reminders(scene: Scene) -> list[Page]:
    """The posts of their own that say what is still there."""
    cards = await scene.ledger.read(
        lambda db: [row["card"] for row in db.query("SELECT DISTINCT card FROM outbox WHERE card LIKE 'restored/%/%'")]
    )
    return [await scene.card(card) for card in cards]
