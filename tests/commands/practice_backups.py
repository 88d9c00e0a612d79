"""A backup tool in memory: for the life of orders that back up and verify."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from servers.backups.archive import ArchiveState
from servers.backups.wanted import (
    BackupJob,
    BackupKind,
    BackupWanted,
    Expired,
    JobPlace,
    RestoreWanted,
    VerifyWanted,
)
from servers.engines.engine import ActionFailed
from servers.engines.rejoining import JobReport, JobState
from servers.inventory import Cluster, Server
from servers.lsn import Lsn
from servers.state import Answer, BackupState, BaseBackup, DiskUse, Outcome

GIB = 2**30
NOW = datetime.fromisoformat("2026-01-31T03:12:00+00:00")
ANSWERED = Answer(Outcome.ANSWERED, NOW, 0.1)
ROOMY = DiskUse("/backups", "/backups", 100 * GIB, 20 * GIB, 80 * GIB)
RUNNING = JobReport(JobState.RUNNING, seconds=10.0, copied=2 * GIB, total=10 * GIB)


def backup(name: str, hours_ago: float, **more: object) -> BaseBackup:
    """A complete full one of 10 GB that took ten minutes."""
    ended = NOW - timedelta(hours=hours_ago)
    made = BaseBackup(
        name, f"/backups/{name}", ended - timedelta(minutes=10), ended, 10 * GIB, Lsn(0x3000000), Lsn(0x3000100), 1
    )
    return replace(made, **more)  # type: ignore[arg-type]


@dataclass
class PracticeTool:
    """`reports` says how a job stands, each look in turn; the last one stays. A backup that is done is listed."""

    backups: list[BaseBackup] = field(default_factory=list)
    archived: ArchiveState = field(default_factory=lambda: ArchiveState(ANSWERED))
    disks: tuple[DiskUse, ...] = (ROOMY,)
    answer: Answer = ANSWERED
    reports: dict[BackupJob, list[JobReport]] = field(default_factory=dict)
    begun: list[tuple[BackupJob, str, str]] = field(default_factory=list)  # job, what, key
    stopped: list[BackupJob] = field(default_factory=list)
    refuses: str = ""
    will_not_expire: str = ""
    name: str = "practice"
    kinds: tuple[BackupKind, ...] = tuple(BackupKind)

    async def list(self, cluster: Cluster, *, timeout: float = 5.0) -> BackupState:
        return BackupState(self.answer, tuple(self.backups) if self.answer.ok else (), None, None, self.disks)

    async def archive(self, cluster: Cluster, *, timeout: float = 10.0) -> ArchiveState:
        return self.archived

    async def begin_backup(
        self, cluster: Cluster, wanted: BackupWanted, key: str, *, timeout: float = 15.0
    ) -> JobPlace:
        if self.refuses:
            raise ActionFailed(self.refuses)
        self.begun.append((BackupJob.BACKUP, f"{wanted.kind} from {wanted.source.name}", key))
        return JobPlace(BackupJob.BACKUP, wanted.source, "/backups/made", key)

    async def begin_verify(
        self, cluster: Cluster, wanted: VerifyWanted, key: str, *, timeout: float = 15.0
    ) -> JobPlace:
        self.begun.append((BackupJob.VERIFY, wanted.backup, key))
        return JobPlace(BackupJob.VERIFY, cluster.servers[0], f"/backups/{wanted.backup}", key)

    async def begin_restore(
        self, cluster: Cluster, wanted: RestoreWanted, key: str, *, timeout: float = 15.0
    ) -> JobPlace:
        self.begun.append((BackupJob.RESTORE, wanted.backup, key))
        return JobPlace(BackupJob.RESTORE, wanted.server, wanted.directory, key)

    async def job(self, cluster: Cluster, place: JobPlace, *, patience: float = 0.0, timeout: float = 5.0) -> JobReport:
        reports = self.reports.get(place.job, [])
        done = JobReport(JobState.DONE, seconds=100.0, copied=10 * GIB, total=10 * GIB)
        report = reports.pop(0) if len(reports) > 1 else next(iter(reports), done)
        if place.job is BackupJob.BACKUP and report.state is JobState.DONE:
            self._make()
        return replace(report, key=place.key)

    async def stop_job(self, cluster: Cluster, place: JobPlace, *, timeout: float = 15.0) -> str:
        self.stopped.append(place.job)
        return f"the {place.job} on {place.server.name} has ended"

    def restore_command(self, cluster: Cluster, server: Server) -> str:
        return "cp /archive/%f %p"

    async def decrypts(self, cluster: Cluster, server: Server, backup: str, *, timeout: float = 15.0) -> str | None:
        return None

    async def expire(self, cluster: Cluster, *, dry_run: bool, timeout: float = 60.0) -> Expired:
        if self.will_not_expire:
            raise ActionFailed(self.will_not_expire)
        going = [] if dry_run else [one for one in self.backups if one.name != "made"]
        self.backups = [one for one in self.backups if one not in going]
        return Expired(tuple(one.name for one in going), 3, f"{len(going)} backups and 3 WAL segments went")

    def _make(self) -> None:
        if all(one.name != "made" for one in self.backups):
            self.backups.insert(0, backup("made", 0.0))
