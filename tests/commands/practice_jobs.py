"""What rewinds and copies in memory: the part of the practice engine that brings servers back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from servers.engines.engine import ActionFailed
from servers.engines.rejoining import DirectoryFacts, Job, JobReport, JobState, Moved, Reach, SourceFacts
from servers.engines.replicating import ReplicationFacts
from servers.inventory import Server
from servers.lsn import Lsn, format_lsn
from servers.state import ControlData

FORK = Lsn(0x5000028)  # where a promotion leaves the old timeline
ROOM = 100 * 1024**3
READY = ReplicationFacts(
    wal_level="replica",
    max_wal_senders=10,
    max_replication_slots=10,
    hot_standby=True,
    rewindable=True,
    pending=(),
    hba_errors=0,
    role_exists=True,
    role_may=True,
    has_password=True,
    reads_files=True,
)


@dataclass
class Jobs:
    """`directories` has what a look at a server's data directory finds; `reached` how others get to the primary.

    `ends` says how a job ends that is begun, each look in turn; the last one stays. Of a `silent`
    job nothing can be seen.
    """

    directories: dict[str, DirectoryFacts] = field(default_factory=dict, kw_only=True)
    reached: Reach = field(default=Reach(replication=True, files=True), kw_only=True)
    source_facts: SourceFacts = field(default=SourceFacts(10 * 1024**3, (), Lsn(0x1000000), 8, 8), kw_only=True)
    ends: dict[Job, list[JobReport]] = field(default_factory=dict, kw_only=True)
    silent: set[Job] = field(default_factory=set, kw_only=True)
    begun: list[tuple[Job, str, str]] = field(default_factory=list, kw_only=True)
    moved: list[str] = field(default_factory=list, kw_only=True)
    dropped: list[tuple[str, str]] = field(default_factory=list, kw_only=True)
    setup: ReplicationFacts = field(default=READY, kw_only=True)
    done: list[str] = field(default_factory=list, kw_only=True)
    passwords: list[str] = field(default_factory=list, kw_only=True)

    async def directory(self, server: Server, archive: str | None = None, *, timeout: float = 5.0) -> DirectoryFacts:
        return self.directories.get(server.name, stopped("shut down", FORK))

    async def history(self, server: Server, timeline: int, *, timeout: float = 5.0) -> str:
        return "".join(f"{number}\t{format_lsn(FORK)}\tpromoted\n" for number in range(1, timeline))

    async def source(self, server: Server, *, timeout: float = 10.0) -> SourceFacts:
        return self.source_facts

    async def reach(self, server: Server, upstream: Server, *, timeout: float = 8.0) -> Reach:
        return self.reached

    async def begin_rewind(
        self, server: Server, upstream: Server, key: str, archive: str | None = None, *, timeout: float = 15.0
    ) -> JobReport:
        return self._begin(Job.REWIND, server, key)

    async def begin_copy(self, server: Server, upstream: Server, key: str, *, timeout: float = 15.0) -> JobReport:
        return self._begin(Job.COPY, server, key)

    async def end_copy(self, server: Server, key: str, *, timeout: float = 10.0) -> str:
        self.done.append(f"end copy on {server.name}")
        return f"/data/{server.name}.copy-1"

    async def job(self, server: Server, job: Job, *, timeout: float = 5.0) -> JobReport:
        if job in self.silent:
            raise ActionFailed(f"{server.name}'s host does not answer")
        reports = self.ends.get(job, [])
        keys = [key for kind, name, key in self.begun if (kind, name) == (job, server.name)]
        if not keys:
            return JobReport(JobState.NONE)
        report = reports.pop(0) if len(reports) > 1 else next(iter(reports), JobReport(JobState.DONE))
        return replace(report, key=keys[-1])

    async def use_copy(self, server: Server, aside: str, *, timeout: float = 30.0) -> Moved:
        if not any((kind, name) == (Job.COPY, server.name) for kind, name, _ in self.begun):
            raise ActionFailed("no complete copy is there")
        where = f"/data/{server.name}.aside-{aside}"
        self.moved.append(where)
        return Moved("The copy is in its place.", where)

    async def drop_slot(self, server: Server, slot: str, *, timeout: float = 10.0) -> str:
        self.dropped.append((server.name, slot))
        return "The slot is dropped."

    async def replication_facts(self, primary: Server, role: str, *, timeout: float = 5.0) -> ReplicationFacts:
        return self.setup

    async def change_settings(self, primary: Server, changes: Mapping[str, str], *, timeout: float = 15.0) -> str:
        self.done.append(f"settings {dict(changes)}")
        return "The settings are changed"

    async def make_role(self, primary: Server, role: str, verifier: str | None, *, timeout: float = 15.0) -> str:
        self.done.append(f"role {role} {'with a new password' if verifier else ''}".strip())
        return "The role is made"

    async def keep_password(
        self, server: Server, passfile: str, entries: Sequence[tuple[str, str]], *, timeout: float = 10.0
    ) -> str:
        self.done.append(f"password for {server.name}")
        self.passwords += [password for _, password in entries]
        return "The password is kept"

    async def allow(self, primary: Server, lines: Sequence[str], stamp: str, *, timeout: float = 15.0) -> str:
        self.done += lines
        self.reached = Reach(replication=True, files=True)
        return "It is let in"

    def _begin(self, job: Job, server: Server, key: str) -> JobReport:
        self.begun.append((job, server.name, key))
        return JobReport(JobState.RUNNING, key)


def stopped(state: str, checkpoint: Lsn, system: str = "7300000000000000001") -> DirectoryFacts:
    """An old primary's directory, on timeline 1."""
    return DirectoryFacts(
        exists=True,
        running=False,
        control=ControlData(state, system, 1, checkpoint, checkpoint),
        version="18",
        data_checksums=True,
        wal_log_hints=True,
        full_page_writes=True,
        end_lsn=None,
        end_timeline=0,
        history="",
        available=ROOM,
        tablespaces=(),
        obstacle="",
        restores=True,
        archive_seen=True,
    )
