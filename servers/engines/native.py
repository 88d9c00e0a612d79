"""Plain PostgreSQL, without an HA manager: everything over SQL and SSH."""

from collections.abc import Mapping, Sequence

from servers.engines.by_examining import ExamineActions
from servers.engines.by_following import FollowActions
from servers.engines.by_job import JobActions
from servers.engines.by_setup import SetupActions
from servers.engines.by_sql import SqlActions
from servers.engines.by_ssh import HostActions
from servers.engines.by_upkeep import UpkeepActions
from servers.engines.deadline import Deadline
from servers.engines.engine import Done, FenceProof, Promoted, StopMode, Stopped
from servers.engines.rejoining import DirectoryFacts, Job, JobReport, Moved, Reach, SourceFacts
from servers.engines.replicating import ReplicationFacts
from servers.engines.upkeep import Configuration, InUse, Reloaded
from servers.inventory import Server
from servers.readiness import ArchiveTry, Readiness
from servers.sql import Sessions
from servers.ssh import Shells
from servers.state import ControlData


class NativeEngine:
    """The actions of `servers.engines.engine.Engine` on plain PostgreSQL."""

    name = "native"

    def __init__(self, shells: Shells, sessions: Sessions) -> None:
        self._host = HostActions(shells)
        self._sql = SqlActions(sessions, self._host)
        self._jobs = JobActions(shells, sessions)
        self._setup = SetupActions(self._host, self._jobs)
        self._examining = ExamineActions(shells, sessions)
        self._upkeep = UpkeepActions(sessions, self._host)
        self._following = FollowActions(sessions, self._host, self._sql)

    async def checkpoint(self, server: Server, *, timeout: float = 60.0) -> Done:
        return await self._sql.checkpoint(server, timeout)

    async def switch_wal(self, server: Server, *, timeout: float = 10.0) -> str:
        return await self._sql.switch_wal(server, timeout)

    async def stop(
        self, server: Server, mode: StopMode = StopMode.FAST, *, mark: bool = False, timeout: float = 60.0
    ) -> Stopped:
        return await self._host.stop(server, mode, timeout, mark=mark)

    async def start(self, server: Server, *, timeout: float = 60.0) -> Done:
        return await self._host.start(server, timeout)

    async def fence(self, server: Server, *, system: str = "", timeout: float = 10.0) -> FenceProof:
        return await self._host.fence(server, system, timeout)

    async def fence_proof(self, server: Server, *, timeout: float = 5.0) -> FenceProof:
        deadline = Deadline(timeout)
        answer = await self._host.look(server, timeout)
        return answer.proof(deadline.seconds)

    async def mark_fenced(self, server: Server, *, timeout: float = 5.0) -> Done:
        return await self._host.mark(server, timeout)

    async def control_data(self, server: Server, *, timeout: float = 5.0) -> ControlData:
        return await self._host.control(server, timeout)

    async def wait_replayed(self, standby: Server, stopped: ControlData, *, timeout: float = 30.0) -> Done:
        return await self._sql.wait_replayed(standby, stopped, timeout)

    async def promote(self, standby: Server, *, timeout: float = 60.0) -> Promoted:
        return await self._sql.promote(standby, timeout)

    async def verify_write(self, server: Server, note: str, *, timeout: float = 10.0) -> Done:
        return await self._sql.verify_write(server, note, timeout)

    async def ensure_slot(self, server: Server, slot: str, *, timeout: float = 10.0) -> Done:
        return await self._sql.ensure_slot(server, slot, timeout)

    async def start_as_standby(self, server: Server, upstream: Server, *, timeout: float = 60.0) -> Done:
        deadline = Deadline(timeout)
        started = await self._host.start_as_standby(server, upstream, timeout)
        seen = await self._sql.wait_streaming(server, upstream, deadline)
        return Done(f"{seen}; {started.detail}", deadline.seconds, started.exit_status, started.output)

    async def directory(self, server: Server, archive: str | None = None, *, timeout: float = 5.0) -> DirectoryFacts:
        return await self._jobs.directory(server, archive, timeout)

    async def history(self, server: Server, timeline: int, *, timeout: float = 5.0) -> str:
        return await self._jobs.history(server, timeline, timeout)

    async def source(self, server: Server, *, timeout: float = 10.0) -> SourceFacts:
        return await self._jobs.source(server, timeout)

    async def reach(self, server: Server, upstream: Server, *, timeout: float = 8.0) -> Reach:
        return await self._jobs.reach(server, upstream, timeout)

    async def begin_rewind(
        self, server: Server, upstream: Server, key: str, archive: str | None = None, *, timeout: float = 15.0
    ) -> JobReport:
        return await self._jobs.begin_rewind(server, upstream, key, archive, timeout)

    async def begin_copy(self, server: Server, upstream: Server, key: str, *, timeout: float = 15.0) -> JobReport:
        return await self._jobs.begin_copy(server, upstream, key, timeout)

    async def end_copy(self, server: Server, key: str, *, timeout: float = 10.0) -> str:
        return await self._jobs.end_copy(server, key, timeout)

    async def job(self, server: Server, job: Job, *, timeout: float = 5.0) -> JobReport:
        return await self._jobs.job(server, job, timeout)

    async def use_copy(self, server: Server, aside: str, *, timeout: float = 30.0) -> Moved:
        return await self._jobs.use_copy(server, aside, timeout)

    async def follow(self, standby: Server, upstream: Server, *, timeout: float = 30.0) -> Done:
        return await self._following.follow(standby, upstream, timeout)

    async def drop_slot(self, server: Server, slot: str, *, timeout: float = 10.0) -> str:
        return await self._sql.drop_slot(server, slot, timeout)

    async def readiness(self, server: Server, *, timeout: float = 1.0) -> Readiness:
        return await self._examining.readiness(server, timeout)

    async def archive_try(self, server: Server, directory: str | None, *, timeout: float = 5.0) -> ArchiveTry:
        return await self._examining.archive_try(server, directory, timeout)

    async def configuration(self, server: Server, *, timeout: float = 5.0) -> Configuration:
        return await self._upkeep.configuration(server, timeout)

    async def in_use(self, server: Server, *, timeout: float = 5.0) -> InUse:
        return await self._upkeep.in_use(server, timeout)

    async def reload(self, server: Server, *, timeout: float = 15.0) -> Reloaded:
        return await self._upkeep.reload(server, timeout)

    async def restart(self, server: Server, *, timeout: float = 120.0) -> Done:
        return await self._upkeep.restart(server, timeout)

    async def replication_facts(self, primary: Server, role: str, *, timeout: float = 5.0) -> ReplicationFacts:
        return await self._setup.facts(primary, role, timeout)

    async def change_settings(self, primary: Server, changes: Mapping[str, str], *, timeout: float = 15.0) -> str:
        return await self._setup.change_settings(primary, changes, timeout)

    async def make_role(self, primary: Server, role: str, verifier: str | None, *, timeout: float = 15.0) -> str:
        return await self._setup.make_role(primary, role, verifier, timeout)

    async def keep_password(
        self, server: Server, passfile: str, entries: Sequence[tuple[str, str]], *, timeout: float = 10.0
    ) -> str:
        return await self._setup.keep_password(server, passfile, entries, timeout)

    async def allow(self, primary: Server, lines: Sequence[str], stamp: str, *, timeout: float = 15.0) -> str:
        return await self._setup.allow(primary, lines, stamp, timeout)
