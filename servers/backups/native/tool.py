"""Understudy's own backup tool: pg_basebackup and tar on the hosts, by constant scripts. Nothing is to be installed."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from servers.backups.archive import ArchiveState
from servers.backups.native.archive_script import MOST_RUNS, archive_of
from servers.backups.native.archive_script import SCRIPT as ARCHIVE
from servers.backups.native.backup_script import BACKUP, FIND
from servers.backups.native.decryption import DECRYPT, what_is_wrong
from servers.backups.native.expiry import Expiry
from servers.backups.native.fetching import restore_command
from servers.backups.native.lister import NOT_ASKED, NativeBackups, hosts_of
from servers.backups.native.restore_script import READY, RESTORE
from servers.backups.native.verify_script import VERIFY
from servers.backups.offsite.stores import OffsiteStores
from servers.backups.wanted import (
    BackupJob,
    BackupKind,
    BackupWanted,
    Expired,
    JobPlace,
    RestoreWanted,
    VerifyWanted,
)
from servers.engines.by_job import source_of
from servers.engines.engine import ActionFailed
from servers.engines.jobs import Jobs
from servers.engines.rejoining import JobReport
from servers.errors import ServerUnreachable
from servers.inside import run_inside
from servers.inventory import BackupPlace, Cluster, Server
from servers.ssh import Shells
from servers.state import Answer, BackupState, Outcome

_NAME = "%Y%m%dT%H%M%SZ"


class NativeTool:
    """Backups in a directory on a host, one directory each, and WAL in another directory of that host."""

    name = "native"
    kinds: tuple[BackupKind, ...] = (BackupKind.FULL,)

    def __init__(self, shells: Shells, clock: Callable[[], datetime], offsite: OffsiteStores | None = None) -> None:
        self._shells = shells
        self._clock = clock
        self._jobs = Jobs(shells)
        self._lister = NativeBackups(shells, clock)
        self._offsite = offsite or OffsiteStores(clock)
        self._expiry = Expiry(shells, clock, self.archive)

    async def list(self, cluster: Cluster, *, timeout: float = 5.0) -> BackupState:
        here, offsite = await asyncio.gather(
            self._lister.list(cluster, timeout=timeout), self._offsite.look(cluster, timeout=timeout)
        )
        return replace(here, offsite=offsite) if offsite else here

    async def archive(self, cluster: Cluster, *, timeout: float = 10.0) -> ArchiveState:
        """Of the host that has the backups, where the settings name none."""
        started = time.perf_counter()
        place = cluster.backups
        if place is None or place.archive_directory is None:
            return ArchiveState(self._answer(started, Outcome.NOT_ASKED, NOT_ASKED))
        try:
            server = await self._host(cluster, timeout)
            command = ("sh", "-c", ARCHIVE, "sh", place.archive_directory, *_key_options(place), str(MOST_RUNS))
            completed = await run_inside(self._shells, server, command, timeout=timeout)
            return archive_of(completed.stdout, self._answer(started, Outcome.ANSWERED))
        except ServerUnreachable as error:
            return ArchiveState(self._answer(started, error.outcome, error.detail))
        except (ActionFailed, ValueError) as error:
            return ArchiveState(self._answer(started, Outcome.FAILED, str(error)[:200]))

    async def begin_backup(
        self, cluster: Cluster, wanted: BackupWanted, key: str, *, timeout: float = 15.0
    ) -> JobPlace:
        """On the host that the settings name for backups, else on the source's own."""
        place = _place(cluster)
        if wanted.kind is not BackupKind.FULL:
            raise ActionFailed(f"the native tool takes full backups only, no {wanted.kind}: ask for a full one")
        server = wanted.source if place.server is None else cluster.server(place.server)
        directory = place.directory.rstrip("/")
        home, _ = _key_options(place)
        recipients = _recipients(place)
        found = await self._jobs.run(server, directory, FIND, (key, home, *recipients), timeout)
        path = found.one("path") or f"{directory}/{self._clock():{_NAME}}"
        stdin = source_of(wanted.source).stdin
        await self._jobs.begin(
            server, path, BackupJob.BACKUP, key, BACKUP, (home, *recipients), timeout=timeout, stdin=stdin
        )
        return JobPlace(BackupJob.BACKUP, server, path, key)

    async def begin_verify(
        self, cluster: Cluster, wanted: VerifyWanted, key: str, *, timeout: float = 15.0
    ) -> JobPlace:
        server = await self._host(cluster, timeout)
        path, keys = _backup_path(cluster, wanted.backup, wanted.repository), _key_options(_place(cluster))
        await self._jobs.begin(server, path, BackupJob.VERIFY, key, VERIFY, keys, timeout=timeout)
        return JobPlace(BackupJob.VERIFY, server, path, key)

    async def begin_restore(
        self, cluster: Cluster, wanted: RestoreWanted, key: str, *, timeout: float = 15.0
    ) -> JobPlace:
        """The backup must be visible on the host where it is laid out: the same host's, or a shared file system's."""
        backup, path = _backup_path(cluster, wanted.backup, wanted.repository), wanted.directory.rstrip("/")
        await self._jobs.run(wanted.server, path, READY, (key, backup), timeout)
        where = (word for old_and_new in wanted.tablespaces for word in old_and_new)
        arguments = (backup, *_key_options(_place(cluster)), *where)
        await self._jobs.begin(wanted.server, path, BackupJob.RESTORE, key, RESTORE, arguments, timeout=timeout)
        return JobPlace(BackupJob.RESTORE, wanted.server, path, key)

    async def job(self, cluster: Cluster, place: JobPlace, *, patience: float = 0.0, timeout: float = 5.0) -> JobReport:
        return await self._jobs.report(place.server, place.path, place.job, patience=patience, timeout=timeout)

    async def stop_job(self, cluster: Cluster, place: JobPlace, *, timeout: float = 15.0) -> str:
        return await self._jobs.stop(place.server, place.path, place.job, place.key, timeout=timeout)

    def restore_command(self, cluster: Cluster, server: Server) -> str:
        """The archive must be visible on that host."""
        place = _place(cluster)
        if place.archive_directory is None:
            raise ActionFailed("the settings name no archive_directory to get WAL from")
        return restore_command(place.archive_directory, place.encryption)

    async def decrypts(self, cluster: Cluster, server: Server, backup: str, *, timeout: float = 15.0) -> str | None:
        path, keys = _backup_path(cluster, backup, "local"), _key_options(_place(cluster))
        try:
            return what_is_wrong(await self._jobs.run(server, path, DECRYPT, keys, timeout))
        except ActionFailed as error:
            return str(error)

    async def expire(self, cluster: Cluster, *, dry_run: bool, timeout: float = 60.0) -> Expired:
        """Removes what goes: the settings' retention is the order to. ActionFailed where what there is is not known."""
        return await self._expiry.expire(cluster, dry_run=dry_run, timeout=timeout)

    async def _host(self, cluster: Cluster, timeout: float) -> Server:
        """The server on whose host the backups are. ActionFailed where that cannot be told."""
        hosts = hosts_of(cluster)
        if len(hosts) == 1:
            return hosts[0]
        server, state = await self._lister.located(cluster, timeout=timeout)
        if server is None or not state.answer.ok:
            raise ActionFailed(f"where the backups are cannot be told: {state.answer.how}")
        return server

    def _answer(self, started: float, outcome: Outcome, detail: str = "") -> Answer:
        return Answer(outcome, self._clock(), time.perf_counter() - started, detail)


def _place(cluster: Cluster) -> BackupPlace:
    if cluster.backups is None:
        raise ActionFailed(f"{NOT_ASKED} of {cluster.name}")
    return cluster.backups


def _key_options(place: BackupPlace) -> tuple[str, str]:
    """GnuPG's home and the passphrase's file, '' where they are not set."""
    keys = place.encryption
    return (keys.gpg_home or "", keys.passphrase_file or "") if keys else ("", "")


def _recipients(place: BackupPlace) -> tuple[str, ...]:
    """As gpg's options."""
    fingerprints = place.encryption.recipients if place.encryption else ()
    return tuple(word for fingerprint in fingerprints for word in ("--recipient", fingerprint))


def _backup_path(cluster: Cluster, name: str, repository: str) -> str:
    """Where a backup of that name is. ActionFailed for what is no name of one."""
    if repository != "local":
        raise ActionFailed(f"the native tool has no repository {repository}, only local")
    if not name or "/" in name or name.startswith(".") or not name.isprintable():
        raise ActionFailed(f"no backup can be called {name[:60]!r}")
    return f"{_place(cluster).directory.rstrip('/')}/{name}"
