"""A pair in memory, behind the real protocols of the engine and the observer: for orders' life, where a real pair would
be too slow. What it does to a server shows at the next look, as on a real one.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from servers.engines.engine import ActionFailed, Done, FenceProof, Promoted, StopMode, Stopped
from servers.inventory import Cluster, Server
from servers.lsn import Lsn
from servers.readiness import LIMITS, ArchiveTry, Readiness, WalLevel
from servers.state import (
    Answer,
    Archiver,
    ClusterState,
    ControlData,
    DiskUse,
    HostFacts,
    Outcome,
    PeerReply,
    PeerTry,
    Receiver,
    ReplicationRow,
    Role,
    ServerState,
    Slot,
    SqlFacts,
    Upstream,
)
from servers.timelines import Stretch
from tests.commands.practice_jobs import Jobs
from tests.commands.practice_upkeep import Keeping

NOW = datetime(2026, 1, 31, 3, 12, tzinfo=UTC)
SYSTEM = "7300000000000000001"
START = Lsn(0x5000028)

READY = Readiness(
    wal_level=WalLevel.REPLICA,
    hot_standby=True,
    limits=dict.fromkeys(LIMITS, 10),
    max_replication_slots=10,
    archive_mode="on",
    archive_command="digest",
    archive_library="",
    backups=(),
    prepared=(),
    transactions=(),
)


@dataclass
class Machine:
    """One server and its host."""

    name: str
    standby: bool
    running: bool = True
    reachable_by_ssh: bool = True
    timeline: int = 1
    lsn: Lsn = START
    state: str = "in production"
    marked: bool = False
    replay_paused: bool = False
    synchronous_standby_names: str = ""
    system: str = SYSTEM
    upstream: str | None = None  # None: whoever is the primary
    history: tuple[Stretch, ...] = ()
    started_at: datetime = NOW
    last_role: Role = Role.UNKNOWN
    last_seen_at: datetime | None = None
    last_wal_lsn: Lsn | None = None
    disk_used: int = 300  # of 1000
    archiver: Archiver | None = None


@dataclass
class Pair(Jobs, Keeping):
    """Plays engine and observer. `did` lists what was done, in order; `fails` names actions that fail, with the words;
    `holds` lets an action wait until the test lets it go.
    """

    machines: dict[str, Machine]
    now: datetime = NOW
    did: list[tuple[str, str]] = field(default_factory=list)
    fails: dict[str, str] = field(default_factory=dict)
    holds: dict[str, asyncio.Event] = field(default_factory=dict)
    began: dict[str, asyncio.Event] = field(default_factory=dict)
    readinesses: dict[str, Readiness] = field(default_factory=dict)
    looks: int = 0
    name: str = "practice"
    out_of_reach: set[str] = field(default_factory=set)  # servers that we reach in no way, though others may

    @property
    def writable(self) -> list[str]:
        return [machine.name for machine in self.machines.values() if machine.running and not machine.standby]

    def clock(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def kill(self, name: str) -> None:
        self.machines[name].running = False

    def wake(self, cluster: Cluster) -> None:
        """Nothing here pauses."""

    async def observe(self, cluster: Cluster, **_: float | None) -> ClusterState:
        self.looks += 1
        await asyncio.sleep(0)
        return ClusterState(cluster.name, self.now, tuple(self._server(cluster, one.name) for one in cluster.servers))

    async def checkpoint(self, server: Server, *, timeout: float = 60.0) -> Done:
        await self._do("checkpoint", server)
        return Done("Checkpoint done.", 0.1)

    async def switch_wal(self, server: Server, *, timeout: float = 10.0) -> str:
        await self._do("switch_wal", server)
        return "000000010000000000000006"

    async def stop(
        self, server: Server, mode: StopMode = StopMode.FAST, *, mark: bool = False, timeout: float = 60.0
    ) -> Stopped:
        machine = await self._do("stop", server)
        machine.marked = machine.marked or mark
        machine.running, machine.state = False, "shut down"
        return Stopped("Stopped.", 0.1, 0, "server stopped", _control(machine), machine.marked)

    async def start(self, server: Server, *, timeout: float = 60.0) -> Done:
        machine = await self._do("start", server)
        machine.running, machine.marked = True, False
        machine.state = "in archive recovery" if machine.standby else "in production"
        return Done(f"{server.name} runs again.", 0.1, 0, "server started")

    async def fence(self, server: Server, *, system: str = "", timeout: float = 10.0) -> FenceProof:
        machine = await self._do("fence", server)
        if system not in ("", machine.system):
            raise ActionFailed(f"{server.name} was not fenced, and nothing was touched: another database system.")
        if not machine.reachable_by_ssh:
            raise ActionFailed(f"{server.name} does not answer by SSH.")
        machine.running, machine.marked = False, True
        return await self.fence_proof(server)

    async def fence_proof(self, server: Server, *, timeout: float = 5.0) -> FenceProof:
        machine = self.machines[server.name]
        if server.name in self.out_of_reach or not machine.reachable_by_ssh:
            raise ActionFailed(f"{server.name} does not answer by SSH.")
        pid = 4711 if machine.running else None
        return FenceProof(f"Nothing runs on {server.name}.", 0.1, 0, "", pid, (), (), machine.marked, _control(machine))

    async def mark_fenced(self, server: Server, *, timeout: float = 5.0) -> Done:
        machine = await self._do("mark_fenced", server)
        machine.marked = True
        return Done("Marked.", 0.1, 0)

    async def control_data(self, server: Server, *, timeout: float = 5.0) -> ControlData:
        return _control(self.machines[server.name])

    async def wait_replayed(self, standby: Server, stopped: ControlData, *, timeout: float = 30.0) -> Done:
        await self._do("wait_replayed", standby)
        return Done("Everything is replayed.", 0.1)

    async def promote(self, standby: Server, *, timeout: float = 60.0) -> Promoted:
        machine = await self._do("promote", standby)
        if machine.standby:
            machine.timeline += 1
        machine.standby, machine.state = False, "in production"
        return Promoted("Promoted.", 0.1, None, "", machine.timeline, machine.lsn)

    async def verify_write(self, server: Server, note: str, *, timeout: float = 10.0) -> Done:
        await self._do("verify_write", server)
        return Done("A write was committed.", 0.01)

    async def ensure_slot(self, server: Server, slot: str, *, timeout: float = 10.0) -> Done:
        await self._do("ensure_slot", server)
        return Done("The slot is there.", 0.01)

    async def start_as_standby(self, server: Server, upstream: Server, *, timeout: float = 60.0) -> Done:
        machine = await self._do("start_as_standby", server)
        machine.running, machine.standby, machine.marked = True, True, True
        machine.state = "in archive recovery"
        machine.timeline = self.machines[upstream.name].timeline
        return Done("It streams.", 0.1)

    async def follow(self, standby: Server, upstream: Server, *, timeout: float = 30.0) -> Done:
        machine = await self._do("follow", standby)
        machine.upstream, machine.timeline = upstream.name, self.machines[upstream.name].timeline
        return Done(f"{standby.name} streams.", 0.1)

    async def readiness(self, server: Server, *, timeout: float = 1.0) -> Readiness:
        return self.readinesses.get(server.name, READY)

    async def archive_try(self, server: Server, directory: str | None, *, timeout: float = 5.0) -> ArchiveTry:
        return ArchiveTry(True, True, "its program test is there")

    async def _do(self, action: str, server: Server) -> Machine:
        self.did.append((action, server.name))
        self.began.setdefault(action, asyncio.Event()).set()
        if action in self.holds:
            await self.holds[action].wait()
        if action in self.fails:
            raise ActionFailed(self.fails[action], exit_status=1, output="it went wrong")
        return self.machines[server.name]

    def hook(self, server: Server) -> "Hook | None":
        """The server's fence hook, where the settings give it one."""
        return Hook(self) if server.fence is not None else None

    async def has_begun(self, action: str) -> None:
        await self.began.setdefault(action, asyncio.Event()).wait()

    def _server(self, cluster: Cluster, name: str) -> ServerState:
        machine = self.machines[name]
        if name in self.out_of_reach:
            cut = _answer(Outcome.TIMED_OUT, self.now)
            return ServerState(name, None, cut, None, cut, machine.last_role, machine.last_seen_at)
        if machine.running:
            machine.last_role = Role.STANDBY if machine.standby else Role.PRIMARY
            machine.last_seen_at, machine.last_wal_lsn = self.now, None if machine.standby else machine.lsn
        return ServerState(
            name=name,
            sql=self._sql(cluster, machine) if machine.running else None,
            sql_answer=_answer(Outcome.ANSWERED if machine.running else Outcome.REFUSED, self.now),
            host=self._host(machine) if machine.reachable_by_ssh else None,
            ssh_answer=_answer(Outcome.ANSWERED if machine.reachable_by_ssh else Outcome.TIMED_OUT, self.now),
            last_role=machine.last_role,
            last_seen_at=machine.last_seen_at,
            last_wal_lsn=machine.last_wal_lsn,
        )

    def _primary(self) -> Machine | None:
        return next((one for one in self.machines.values() if one.running and not one.standby), None)

    def _feeder(self, standby: Machine) -> Machine | None:
        """Whom a standby streams from now."""
        if not standby.running or not standby.standby:
            return None
        if standby.upstream is None:
            return self._primary()
        upstream = self.machines[standby.upstream]
        return upstream if upstream.running else None

    def _sql(self, cluster: Cluster, machine: Machine) -> SqlFacts:
        feeder = self._feeder(machine)
        if feeder is not None and machine.upstream is not None:
            machine.timeline = max(machine.timeline, self._sql(cluster, feeder).timeline)  # as a real one does
        standbys = [one for one in self.machines.values() if self._feeder(one) is machine]
        return SqlFacts(
            version_number=180001,
            in_recovery=machine.standby,
            timeline=machine.timeline,
            system_identifier=machine.system,
            started_at=machine.started_at,
            wal_lsn=None if machine.standby else machine.lsn,
            receive_lsn=machine.lsn if machine.standby else None,
            replay_lsn=machine.lsn if machine.standby else None,
            replay_paused=machine.replay_paused,
            last_replayed_transaction_age_seconds=0.5 if machine.standby else None,
            receiver=_receiver(machine, feeder) if feeder is not None else None,
            replication=tuple(_row(one) for one in standbys),
            slots=tuple(Slot(one.name, True, one.lsn, "reserved", None) for one in standbys),
            archiver=machine.archiver,
            connections=3,
            max_connections=100,
            reserved_connections=3,
            sees_everything=True,
            synchronous_standby_names=machine.synchronous_standby_names,
            data_checksums=True,
            wal_log_hints=True,
            wal_segment_size=16 * 1024 * 1024,
            upstream=Upstream(machine.upstream, 5432) if machine.upstream is not None else None,
        )

    def _host(self, machine: Machine) -> HostFacts:
        replies = {
            one.name: PeerReply.ACCEPTING if one.running else PeerReply.NO_RESPONSE for one in self.machines.values()
        }
        return HostFacts(
            postmaster_pid=4711 if machine.running else None,
            postmaster_stopped=False,
            standby_signal=machine.standby or machine.marked,
            control=_control(machine),
            disks=(DiskUse(f"/data/{machine.name}", "/", 1000, machine.disk_used, 1000 - machine.disk_used),),
            load=(0.1, 0.1, 0.1),
            clock_offset_seconds=0.0,
            peers=tuple(PeerTry(name, reply) for name, reply in replies.items()),
            timeline_history=machine.history,
        )


@dataclass
class Hook:
    """Plays a fence hook: a switch that takes a machine's power away. Its disk stays as it was."""

    pair: Pair
    what: str = "run power-off"
    timeout: float = 30.0
    confirms: bool = True

    async def fence(self, cluster: str, server: Server, *, timeout: float) -> Done:
        machine = await self.pair._do("hook", server)
        machine.running, machine.reachable_by_ssh = False, False
        return Done(f"{server.name} is off.", 0.1, 0, "off")

    async def is_off(self, cluster: str, server: Server, *, timeout: float) -> bool | None:
        return not self.pair.machines[server.name].running


def practice_pair() -> Pair:
    """db1 is the primary, db2 its standby."""
    return Pair(
        {"db1": Machine("db1", standby=False), "db2": Machine("db2", standby=True, state="in archive recovery")}
    )


def practice_cluster() -> Pair:
    """db1 is the primary of db2 and db3; db4 streams from db3, db5 from db2."""
    upstreams = {"db2": "db1", "db3": "db1", "db4": "db3", "db5": "db2"}
    pair = practice_pair()
    for name, upstream in upstreams.items():
        pair.machines[name] = Machine(name, standby=True, state="in archive recovery", upstream=upstream)
    return pair


def _control(machine: Machine) -> ControlData:
    return ControlData(machine.state, machine.system, machine.timeline, machine.lsn, machine.lsn)


def _receiver(machine: Machine, feeder: Machine) -> Receiver:
    return Receiver("streaming", feeder.name, 5432, machine.name, machine.lsn, 0.5)


def _row(machine: Machine) -> ReplicationRow:
    lsn = machine.lsn
    return ReplicationRow(machine.name, "10.0.0.2", "streaming", "async", lsn, lsn, lsn, lsn, 0.0)


def _answer(outcome: Outcome, at: datetime) -> Answer:
    return Answer(outcome, at, 0.001, "" if outcome is Outcome.ANSWERED else "connection refused")
