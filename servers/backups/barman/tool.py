"""Barman as the backup tool: its own commands on its own host, by SSH. From version 3.4 on."""

import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from servers.backups.archive import ArchiveState
from servers.backups.archive_runs import histories_of, runs_of
from servers.backups.barman import job_scripts
from servers.backups.barman.asking import (
    NOT_ASKED,
    Barman,
    Directories,
    barman_of,
    checked,
    directories_of,
    failed_checks_of,
    obsolete_of,
)
from servers.backups.barman.failures import explain
from servers.backups.barman.listing import Catalogue, parse_catalogue, parse_disk, parse_verified
from servers.backups.barman.restoring import restore_command, tablespace_options
from servers.backups.barman.scripts import ARCHIVE, ASK, LIST, RUNNING
from servers.backups.needed import missing_segment
from servers.backups.tool_host import acting, ask, within
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
from servers.engines.jobs import Jobs
from servers.engines.rejoining import JobReport, JobState
from servers.errors import ServerUnreachable
from servers.inventory import Cluster, Server, SshTarget
from servers.sections import Sections
from servers.ssh import Shells
from servers.state import Answer, BackupState, Outcome

REPOSITORY = "barman"
MOST_BACKUPS = 100  # the newest that are told
MOST_RUNS = 500
_OUTPUT = frozenset({"output"})
_ID = re.compile(r"\d{8}T\d{6}")


class BarmanTool:
    """Lists, backs up, verifies, restores and expires by Barman, which decides where things are and what is kept."""

    name = "barman"
    kinds = tuple(BackupKind)

    def __init__(self, shells: Shells, clock: Callable[[], datetime]) -> None:
        self._shells = shells
        self._clock = clock
        self._jobs = Jobs(shells)
        # Barman takes a second to say where it has things, and they stay there. By host, name, configuration.
        self._directories: dict[tuple[SshTarget, str, str], Directories] = {}

    async def list(self, cluster: Cluster, *, timeout: float = 5.0) -> BackupState:
        started = time.perf_counter()
        barman = barman_of(cluster)
        if barman is None:
            return BackupState(self._answer(started, Outcome.NOT_ASKED, NOT_ASKED), (), None, None)
        try:
            async with within(timeout):
                directories = await self._where(barman, timeout)
                found, catalogue = await self._catalogue(barman, directories, timeout)
        except ServerUnreachable as error:
            detail = f"{barman.host.name}: {error.detail}"[:300]
            return BackupState(self._answer(started, error.outcome, detail), (), None, None)
        segments, at = found.one("segments"), found.one("segment_at")
        return BackupState(
            answer=self._answer(started, Outcome.ANSWERED),
            backups=catalogue.backups,
            archived_segments=int(segments) if segments else None,
            last_archived_at=datetime.fromtimestamp(int(at), UTC) if at else None,
            disks=parse_disk(found.one("disk"), directories.backups),
        )

    async def archive(self, cluster: Cluster, *, timeout: float = 10.0) -> ArchiveState:
        started = time.perf_counter()
        barman = barman_of(cluster)
        if barman is None:
            return ArchiveState(self._answer(started, Outcome.NOT_ASKED, NOT_ASKED))
        try:
            async with within(timeout):
                return await self._archive(barman, started, timeout)
        except ServerUnreachable as error:
            return ArchiveState(self._answer(started, error.outcome, f"{barman.host.name}: {error.detail}"[:300]))
        except ValueError as error:
            return ArchiveState(self._answer(started, Outcome.FAILED, str(error)[:200]))

    async def begin_backup(
        self, cluster: Cluster, wanted: BackupWanted, key: str, *, timeout: float = 15.0
    ) -> JobPlace:
        """From the server that Barman's own configuration names (its conninfo), whatever the source is."""
        barman = _barman(cluster)
        _check_repository(wanted.repository)
        async with acting(timeout):
            directories = await self._where(barman, timeout)
            place = JobPlace(BackupJob.BACKUP, wanted.source, directories.backups, key)
            before = await self.job(cluster, place, timeout=timeout)
            if before.key != key or before.state not in (JobState.RUNNING, JobState.DONE):
                if wanted.kind is not BackupKind.FULL:
                    state = barman.host.service.data_directory
                    await self._jobs.run(barman.host, state, job_scripts.INCREMENTAL, (), timeout)
                await self._refuse_beside_another(barman, directories, timeout)
            await self._begin(barman, place, job_scripts.BACKUP, (wanted.kind,), timeout)
        return place

    async def begin_verify(
        self, cluster: Cluster, wanted: VerifyWanted, key: str, *, timeout: float = 15.0
    ) -> JobPlace:
        """By pg_verifybackup. Segments that the backup cannot do without are looked for in the archive first."""
        barman = _barman(cluster)
        _check(wanted.backup, wanted.repository)
        async with acting(timeout):
            _, catalogue = await self._catalogue(barman, await self._where(barman, timeout), timeout)
            backup = next((each for each in catalogue.backups if each.name == wanted.backup), None)
            if backup is None:
                raise ActionFailed(f"no backup {wanted.backup} is in Barman's catalogue of {barman.place.name}")
            missing = missing_segment(backup, await self._archive(barman, time.perf_counter(), timeout))
            if missing is not None:
                raise ActionFailed(f"the archive lacks WAL segment {missing}, which {backup.name} cannot do without")
            place = JobPlace(BackupJob.VERIFY, cluster.servers[0], backup.path, key)
            await self._begin(barman, place, job_scripts.VERIFY, (backup.name,), timeout)
        return place

    async def begin_restore(
        self, cluster: Cluster, wanted: RestoreWanted, key: str, *, timeout: float = 15.0
    ) -> JobPlace:
        """Barman copies from its own host to the server's, over its own SSH where that is another one."""
        barman = _barman(cluster)
        _check(wanted.backup, wanted.repository)
        directory = wanted.directory.rstrip("/")
        place = JobPlace(BackupJob.RESTORE, wanted.server, directory, key)
        async with acting(timeout):
            _, catalogue = await self._catalogue(barman, await self._where(barman, timeout), timeout)
            if wanted.backup not in catalogue.tablespaces:
                raise ActionFailed(f"no backup {wanted.backup} is in Barman's catalogue of {barman.place.name}")
            options = tablespace_options(catalogue.tablespaces[wanted.backup], wanted.tablespaces)
            await self._jobs.run(wanted.server, directory, job_scripts.READY, (key,), timeout)
            where = (wanted.backup, directory, barman.to_server(wanted.server))
            await self._begin(barman, place, job_scripts.RESTORE, (*where, *options), timeout)
        return place

    async def job(self, cluster: Cluster, place: JobPlace, *, patience: float = 0.0, timeout: float = 5.0) -> JobReport:
        """On Barman's host, wherever the job's place is."""
        host, state = _barman(cluster).runs(place)
        report = await self._jobs.report(host, state, place.job, patience=patience, timeout=timeout)
        return replace(report, log=explain(report.log)) if report.state is JobState.FAILED else report

    async def stop_job(self, cluster: Cluster, place: JobPlace, *, timeout: float = 15.0) -> str:
        host, state = _barman(cluster).runs(place)
        return await self._jobs.stop(host, state, place.job, place.key, timeout=timeout)

    def restore_command(self, cluster: Cluster, server: Server) -> str:
        barman = _barman(cluster)
        return restore_command(barman.place, barman.from_server(server))

    async def decrypts(self, cluster: Cluster, server: Server, backup: str, *, timeout: float = 15.0) -> str | None:
        """Barman decrypts by itself, on its own host."""
        return None

    async def expire(self, cluster: Cluster, *, dry_run: bool, timeout: float = 60.0) -> Expired:
        """What Barman's retention policy calls obsolete, by `barman delete`: it keeps what is needed by the others."""
        barman = _barman(cluster)
        async with acting(timeout):
            listed = await self._ask(barman, ("-f", "json", "list-backups", barman.place.name), timeout)
            obsolete = obsolete_of(listed.blocks.get("output", ""), barman.place.name)
            if not obsolete:
                return Expired((), 0, "Barman's retention policy keeps everything that is there")
            for name in () if dry_run else obsolete:
                await self._ask(barman, ("delete", barman.place.name, name), timeout)
        verb = "would let" if dry_run else "let"
        return Expired(obsolete, 0, f"Barman's retention policy {verb} go of {len(obsolete)} backups, with their WAL")

    async def check(self, cluster: Cluster, *, timeout: float = 60.0) -> str:
        barman = _barman(cluster)
        async with acting(timeout):
            words = (*barman.words(), "-f", "json", "check", barman.place.name)
            found = await ask(self._shells, barman.host, ASK, words, _OUTPUT, timeout=timeout)
            failed = failed_checks_of(found.blocks.get("output", ""), barman.place.name)
        if failed:
            raise ActionFailed(f"Barman's own check fails: {'; '.join(failed)}"[:500])
        return f"barman check passes on {barman.host.name}"

    async def _where(self, barman: Barman, timeout: float) -> Directories:
        key = (barman.host.ssh, *barman.words())
        if key not in self._directories:
            self._directories[key] = await directories_of(self._shells, barman, timeout=timeout)
        return self._directories[key]

    async def _catalogue(self, barman: Barman, directories: Directories, timeout: float) -> tuple[Sections, Catalogue]:
        arguments = (*barman.words(), directories.backups, directories.wals, str(MOST_BACKUPS))
        found = checked(await ask(self._shells, barman.host, LIST, arguments, _OUTPUT, timeout=timeout))
        verified = parse_verified(found.values.get("verified", ()))
        try:
            return found, parse_catalogue(directories.backups, found.values.get("info", ()), verified)
        except ValueError as error:
            raise ServerUnreachable(Outcome.FAILED, f"Barman's catalogue makes no sense: {error}") from None

    async def _archive(self, barman: Barman, started: float, timeout: float) -> ArchiveState:
        directories = await self._where(barman, timeout)
        _, catalogue = await self._catalogue(barman, directories, timeout)
        arguments = (*barman.words(), str(MOST_RUNS), directories.wals, *directories.incoming)
        found = await ask(self._shells, barman.host, ARCHIVE, arguments, frozenset(), timeout=timeout)
        error = found.one("error")
        if error is not None:
            raise ServerUnreachable(Outcome.FAILED, error)
        size = catalogue.segment_size
        histories = histories_of(found.values.get("history", ()))
        answer = self._answer(started, Outcome.ANSWERED)
        return ArchiveState(answer, runs_of(found.values.get("run", ()), size), histories, size)

    async def _refuse_beside_another(self, barman: Barman, directories: Directories, timeout: float) -> None:
        arguments = (*barman.words(), directories.locks)
        found = await ask(self._shells, barman.host, RUNNING, arguments, frozenset(), timeout=timeout)
        if found.one("backup_runs") is not None:
            message = f"{barman.host.name}: another backup of {barman.place.name} runs already: wait for its end"
            raise ActionFailed(message)

    async def _ask(self, barman: Barman, words: tuple[str, ...], timeout: float) -> Sections:
        return checked(await ask(self._shells, barman.host, ASK, (*barman.words(), *words), _OUTPUT, timeout=timeout))

    async def _begin(
        self, barman: Barman, place: JobPlace, script: str, arguments: tuple[str, ...], timeout: float
    ) -> None:
        host, state = barman.runs(place)
        words = (*barman.words(), *arguments)
        await self._jobs.begin(host, state, place.job, place.key, script, words, timeout=timeout)

    def _answer(self, started: float, outcome: Outcome, detail: str = "") -> Answer:
        return Answer(outcome, self._clock(), time.perf_counter() - started, detail)


def _barman(cluster: Cluster) -> Barman:
    barman = barman_of(cluster)
    if barman is None:
        raise ActionFailed(f"{NOT_ASKED} of {cluster.name}")
    return barman


def _check(backup: str, repository: str) -> None:
    if not _ID.fullmatch(backup):
        raise ActionFailed(f"no backup of Barman's can be called {backup[:60]!r}")
    _check_repository(repository)


def _check_repository(repository: str) -> None:
    if repository not in (REPOSITORY, "local"):
        raise ActionFailed(f"Barman has no repository {repository[:60]!r}, only {REPOSITORY}")
