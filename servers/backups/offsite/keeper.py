"""Keeps clusters' backups and WAL off site too, for as long as it runs. On the servers it only reads."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from servers.backups.native.lister import NativeBackups
from servers.backups.offsite.partial import keep_partial
from servers.backups.offsite.source import RemoteFiles
from servers.backups.offsite.stores import OffsiteStores
from servers.backups.partial.state import PartialListing
from servers.backups.partial.whereabouts import offsite_name, parts_of
from servers.engines.engine import ActionFailed
from servers.inventory import BackupPlace, Cluster, Server
from servers.ssh import Shells

WAL_SECONDS = 60.0
BACKUP_SECONDS = 300.0

_log = logging.getLogger(__name__)


class OffsiteKeeper:
    """WAL and backups go side by side, so that a backup of hours holds up no WAL; they share the bandwidth."""

    def __init__(
        self,
        clusters: Iterable[Cluster],
        shells: Shells,
        lister: NativeBackups,
        stores: OffsiteStores,
        partial: PartialListing | None = None,
    ) -> None:
        self._clusters = tuple(one for one in clusters if one.backups is not None and one.backups.offsite is not None)
        self._shells = shells
        self._lister = lister
        self._stores = stores
        self._partial = partial

    async def run(self) -> None:
        """Until it is cancelled. What fails is told in the log, and tried again."""
        async with asyncio.TaskGroup() as group:
            for cluster in self._clusters:
                group.create_task(_again_and_again(self.keep_wal, cluster, WAL_SECONDS))
                group.create_task(_again_and_again(self.keep_backups, cluster, BACKUP_SECONDS))
                if self._partial is not None and parts_of(cluster):
                    group.create_task(_again_and_again(self.keep_partial, cluster, BACKUP_SECONDS))

    async def keep_wal(self, cluster: Cluster) -> int:
        """Copy the WAL that is not off site yet; how many files. Raises ActionFailed."""
        place, server = await self._where(cluster)
        copies = await self._stores.copies(cluster)
        if copies is None or place.archive_directory is None:
            return 0
        files = RemoteFiles(self._shells, server)
        copied = await copies.copy_wal(files, place.archive_directory, await files.system())
        self._stores.wal_is_there(cluster)
        return copied

    async def keep_backups(self, cluster: Cluster) -> tuple[str, ...]:
        """Copy complete backups that are not off site as a whole, newest first; which. Raises ActionFailed."""
        server, state = await self._lister.located(cluster)
        copies = await self._stores.copies(cluster)
        if copies is None or server is None or not state.answer.ok:
            raise ActionFailed(f"what backups there are is not known: {state.answer.how}")
        # One that differs is left as it is: people are told, and what is here may be what was changed.
        whole = {each.name for each in await copies.look()}
        copied = []
        for backup in state.backups:
            if backup.finished_at is None or backup.name in whole or backup.name.endswith(".part"):
                continue
            size = await copies.copy(RemoteFiles(self._shells, server), backup.path)
            self._stores.forget(cluster)
            copied.append(backup.name)
            _log.info("%s: backup %s is off site, %d bytes", cluster.name, backup.name, size)
        return tuple(copied)

    async def keep_partial(self, cluster: Cluster) -> tuple[str, ...]:
        """Copy dumps and backups of volumes that are not off site yet; which. Raises ActionFailed."""
        copies = await self._stores.copies(cluster)
        if copies is None or self._partial is None:
            return ()
        try:
            copied = await keep_partial(cluster, self._partial, copies, self._shells)
        finally:
            for part in parts_of(cluster):
                self._stores.forget(cluster, offsite_name(part))
        for name in copied:
            _log.info("%s: %s is off site", cluster.name, name)
        return copied

    async def _where(self, cluster: Cluster) -> tuple[BackupPlace, Server]:
        server, state = await self._lister.located(cluster)
        if server is None or cluster.backups is None or not state.answer.ok:
            raise ActionFailed(f"where the archive is cannot be told: {state.answer.how}")
        return cluster.backups, server


async def _again_and_again(work: Callable[[Cluster], Awaitable[object]], cluster: Cluster, seconds: float) -> None:
    while True:
        try:
            await work(cluster)
        except ActionFailed as error:
            _log.warning("%s: the copy off site failed: %s", cluster.name, error)
        except Exception:
            _log.exception("%s: the copy off site broke", cluster.name)
        await asyncio.sleep(seconds)
