"""pgBackRest as the backup tool: its own commands on its own hosts, by SSH. From version 2.45 on."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from servers.backups.archive import ArchiveState, segment_name, segment_number
from servers.backups.archive_runs import histories_of, runs_of
from servers.backups.needed import missing_segment
from servers.backups.pgbackrest import job_scripts
from servers.backups.pgbackrest.asking import (
    NOT_ASKED,
    PgBackRest,
    about_of,
    answer_of,
    first_of,
    info_of,
    patience,
    pgbackrest_of,
)
from servers.backups.pgbackrest.expiring import expired_of
from servers.backups.pgbackrest.failures import NO_PRIMARY, explain
from servers.backups.pgbackrest.info import Info, Repository, segment_size_or_default
from servers.backups.pgbackrest.restoring import restore_command, tablespace_options
from servers.backups.pgbackrest.scripts import ARCHIVE
from servers.backups.tool_host import acting, ask, within
from servers.backups.wanted import BackupJob, BackupKind, BackupWanted, Expired, JobPlace, RestoreWanted, VerifyWanted
from servers.engines.engine import ActionFailed
from servers.engines.jobs import Jobs
from servers.engines.rejoining import JobReport, JobState
from servers.errors import ServerUnreachable
from servers.inventory import Cluster, Server
from servers.lsn import Lsn
from servers.sections import Sections
from servers.ssh import Shells
from servers.state import Answer, BackupState, BaseBackup, Outcome

MOST_RUNS = 500  # the newest; an archive with more gaps than that is a ruin
_LABEL = re.compile(r"\d{8}-\d{6}F(?:_\d{8}-\d{6}[DI])?")
_REPOSITORY = re.compile(r"repo(\d{1,3})")


class PgBackRestTool:
    """Lists, backs up, verifies, restores and expires by pgBackRest; it finds its repositories by its configuration."""

    name = "pgbackrest"
    kinds = tuple(BackupKind)

    def __init__(self, shells: Shells, clock: Callable[[], datetime]) -> None:
        self._shells = shells
        self._clock = clock
        self._jobs = Jobs(shells)

    async def list(self, cluster: Cluster, *, timeout: float = 5.0) -> BackupState:
        started = time.perf_counter()
        tool = pgbackrest_of(cluster)
        if tool is None:
            return BackupState(self._answer(started, Outcome.NOT_ASKED, NOT_ASKED), (), None, None)
        try:
            async with within(timeout):
                server, info = await self._info(tool, timeout)
                archived_at = await self._archived_at(tool, server, info, timeout)
        except ServerUnreachable as error:
            return BackupState(self._answer(started, error.outcome, error.detail[:300]), (), None, None)
        return BackupState(self._answer(started, Outcome.ANSWERED, info.problem), info.backups, None, archived_at)

    async def archive(self, cluster: Cluster, *, timeout: float = 10.0) -> ArchiveState:
        """By repo-ls, of all repositories together: archive-get looks into each of them."""
        started = time.perf_counter()
        tool = pgbackrest_of(cluster)
        if tool is None:
            return ArchiveState(self._answer(started, Outcome.NOT_ASKED, NOT_ASKED))
        try:
            async with within(timeout):
                server, info = await self._info(tool, timeout)
                return await self._archive(tool, server, info, started, timeout)
        except ServerUnreachable as error:
            return ArchiveState(self._answer(started, error.outcome, error.detail[:300]))
        except ValueError as error:
            return ArchiveState(self._answer(started, Outcome.FAILED, str(error)[:200]))

    async def begin_backup(
        self, cluster: Cluster, wanted: BackupWanted, key: str, *, timeout: float = 15.0
    ) -> JobPlace:
        """On the host that the settings name, else on the source's own; which server is copied from is decided by
        pgBackRest's configuration (backup-standby)."""
        tool, number = _tool(cluster), _repository_number(wanted.repository)
        place = JobPlace(BackupJob.BACKUP, wanted.source, f"backup/{tool.place.stanza}", key)
        server, _ = tool.runs(place)
        async with acting(timeout):
            before = await self.job(cluster, place, timeout=timeout)
            if before.key != key or before.state not in (JobState.RUNNING, JobState.DONE):
                info = await info_of(self._shells, tool, server, timeout=timeout)
                if info.running is not None:
                    other = f"another backup of stanza {tool.place.stanza} runs already{info.running.progress}"
                    raise ActionFailed(f"{server.name}: {other}: wait for its end")
            await self._begin(tool, place, job_scripts.BACKUP, (wanted.kind, number), timeout)
        return place

    async def begin_verify(
        self, cluster: Cluster, wanted: VerifyWanted, key: str, *, timeout: float = 15.0
    ) -> JobPlace:
        """Before version 2.48 pgBackRest reads the whole repository for it. Segments that the backup cannot do without
        are looked for in the archive first, which pgBackRest's own command does not do."""
        tool = _tool(cluster)
        _check_label(wanted.backup)
        async with acting(timeout):
            server, info = await self._info(tool, timeout)
            backup = _found(info, wanted.backup, wanted.repository)
            archive = await self._archive(tool, server, info, time.perf_counter(), timeout)
            missing = missing_segment(backup, archive)
            if missing is not None:
                raise ActionFailed(f"the archive lacks WAL segment {missing}, which {backup.name} cannot do without")
            first = segment_name(
                1, segment_number(backup.start_lsn or Lsn(0), archive.segment_size), archive.segment_size
            )
            here = server if server in cluster.servers else cluster.servers[0]
            place = JobPlace(BackupJob.VERIFY, here, backup.path, key)
            number = backup.repository.removeprefix("repo")
            await self._begin(tool, place, job_scripts.VERIFY, (number, backup.name, first), timeout)
        return place

    async def begin_restore(
        self, cluster: Cluster, wanted: RestoreWanted, key: str, *, timeout: float = 15.0
    ) -> JobPlace:
        """On the host where it goes; pgBackRest there must find the repositories."""
        tool = _tool(cluster)
        _check_label(wanted.backup)
        path, number = wanted.directory.rstrip("/"), _repository_number(wanted.repository)
        place = JobPlace(BackupJob.RESTORE, wanted.server, path, key)
        async with acting(timeout):
            await self._jobs.run(wanted.server, path, job_scripts.READY, (key,), timeout)
            said = await about_of(self._shells, tool, wanted.server, wanted.backup, number or "1", timeout=timeout)
            options = tablespace_options(said, wanted.tablespaces)
            await self._begin(tool, place, job_scripts.RESTORE, (key, number, wanted.backup, *options), timeout)
        return place

    async def job(self, cluster: Cluster, place: JobPlace, *, patience: float = 0.0, timeout: float = 5.0) -> JobReport:
        host, path = _tool(cluster).runs(place)
        report = await self._jobs.report(host, path, place.job, patience=patience, timeout=timeout)
        failed = report.state is JobState.FAILED and "ERROR: [" in report.log
        return replace(report, log=explain(report.log)) if failed else report

    async def stop_job(self, cluster: Cluster, place: JobPlace, *, timeout: float = 15.0) -> str:
        host, path = _tool(cluster).runs(place)
        return await self._jobs.stop(host, path, place.job, place.key, timeout=timeout)

    def restore_command(self, cluster: Cluster, server: Server) -> str:
        return restore_command(_tool(cluster).place)

    async def decrypts(self, cluster: Cluster, server: Server, backup: str, *, timeout: float = 15.0) -> str | None:
        """The backup's manifest is read there, which pgBackRest cannot without the key."""
        tool = _tool(cluster)
        _check_label(backup)
        try:
            async with within(timeout):
                info = await info_of(self._shells, tool, server, timeout=timeout)
                for one in info.backups:
                    if one.name == backup and one.encrypted:
                        number = _repository_number(one.repository)
                        await about_of(self._shells, tool, server, backup, number, timeout=timeout)
        except ServerUnreachable as error:
            return error.detail
        return None

    async def expire(self, cluster: Cluster, *, dry_run: bool, timeout: float = 60.0) -> Expired:
        """As pgBackRest's own configuration has the retention. It does so by itself after each backup."""
        tool = _tool(cluster)
        async with acting(timeout):
            server, info = await self._info(tool, timeout)
            command = ("expire", *(("--dry-run",) if dry_run else ()))
            found = await answer_of(self._shells, tool, server, command, timeout=timeout, told="info")
        return expired_of(found.blocks.get("output", ""), segment_size_or_default(info, None), dry_run=dry_run)

    async def check(self, cluster: Cluster, *, timeout: float = 60.0) -> str:
        """On every host: on the primary's, a segment must reach every repository.

        A standby's host may have a configuration without the way to the primary: it passes once it is the primary's.
        """
        tool = _tool(cluster)
        async with acting(timeout):
            asked = (answer_of(self._shells, tool, host, ("check",), timeout=timeout) for host in tool.hosts)
            answers = await asyncio.gather(*asked, return_exceptions=True)
        passed, failed, standbys = list[str](), list[str](), list[str]()
        for host, answer in zip(tool.hosts, answers, strict=True):
            if isinstance(answer, BaseException) and not isinstance(answer, ServerUnreachable):
                raise answer
            if not isinstance(answer, ServerUnreachable):
                passed.append(host.name)
            else:
                (standbys if NO_PRIMARY in answer.detail else failed).append(f"{host.name}: {answer.detail}")
        if failed or not passed:
            raise ActionFailed("; ".join((*failed, *standbys))[:500])
        return f"pgbackrest check passes on {', '.join(passed)}"

    async def _info(self, tool: PgBackRest, timeout: float) -> tuple[Server, Info]:
        return await first_of(tool.hosts, lambda server: info_of(self._shells, tool, server, timeout=timeout))

    async def _archived_at(self, tool: PgBackRest, server: Server, info: Info, timeout: float) -> datetime | None:
        """When the newest segment of the newest archive was archived: its directory alone is listed."""
        newest = [
            (each, f"{each.archive}/{each.newest_segment[:16]}")
            for each in info.repositories
            if each.archive and each.newest_segment
        ]
        if not newest:
            return None
        found = await self._listing(tool, server, newest, timeout)
        runs = runs_of(found.values.get("run", ()), segment_size_or_default(info, None))
        return max((run.ended_at for run in runs if run.ended_at), default=None)

    async def _archive(
        self, tool: PgBackRest, server: Server, info: Info, started: float, timeout: float
    ) -> ArchiveState:
        places = [(each, each.archive) for each in info.repositories if each.archive]
        if not places:
            return ArchiveState(self._answer(started, Outcome.ANSWERED, "no WAL was archived yet"))
        found = await self._listing(tool, server, places, timeout)
        size = segment_size_or_default(info, found.one("segment_size"))
        answer = self._answer(started, Outcome.ANSWERED, info.problem)
        return ArchiveState(
            answer, runs_of(found.values.get("run", ()), size), histories_of(found.values.get("history", ())), size
        )

    async def _listing(
        self, tool: PgBackRest, server: Server, places: Sequence[tuple[Repository, str]], timeout: float
    ) -> Sections:
        words = (word for repository, place in places for word in (str(repository.key), place))
        arguments = (*tool.words(), patience(timeout), str(MOST_RUNS), *words)
        found = await ask(self._shells, server, ARCHIVE, arguments, frozenset(), timeout=timeout)
        exits = [line.partition(" ") for line in found.values.get("exit", ())]
        failed = [said for status, _, said in exits if status != "0"]
        if failed and len(failed) == len(exits):  # what one repository lacks another one may have
            raise ServerUnreachable(Outcome.FAILED, explain(failed[0]))
        return found

    async def _begin(
        self, tool: PgBackRest, place: JobPlace, script: str, arguments: tuple[str, ...], timeout: float
    ) -> None:
        host, path = tool.runs(place)
        words = (*tool.words(), *arguments)
        await self._jobs.begin(host, path, place.job, place.key, script, words, timeout=timeout)

    def _answer(self, started: float, outcome: Outcome, detail: str = "") -> Answer:
        return Answer(outcome, self._clock(), time.perf_counter() - started, detail)


def _tool(cluster: Cluster) -> PgBackRest:
    tool = pgbackrest_of(cluster)
    if tool is None:
        raise ActionFailed(f"{NOT_ASKED} of {cluster.name}")
    return tool


def _check_label(label: str) -> None:
    if not _LABEL.fullmatch(label):
        raise ActionFailed(f"no backup of pgBackRest can be called {label[:60]!r}")


def _repository_number(repository: str) -> str:
    """pgBackRest's number of it; '' for "local": pgBackRest then takes the first that has the backup."""
    if repository == "local":
        return ""
    match = _REPOSITORY.fullmatch(repository)
    if match is None:
        raise ActionFailed(f"pgBackRest has no repository {repository[:60]!r}: they are repo1, repo2, ...")
    return match[1]


def _found(info: Info, label: str, repository: str) -> BaseBackup:
    _repository_number(repository)
    for backup in info.backups:
        if backup.name == label and repository in ("local", backup.repository):
            return backup
    raise ActionFailed(
        f"no backup {label} is there in {repository}; the newest is {info.backups[0].name if info.backups else 'none'}"
    )
