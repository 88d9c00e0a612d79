"""A host that has nothing is given a backup from off site, and the WAL that recovery needs from there on."""

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from servers.backups.offsite.source import RemoteFiles
from servers.backups.offsite.stores import OffsiteStores
from servers.backups.target import Target
from servers.engines.engine import ActionFailed
from servers.inventory import BackupPlace, Cluster, Server
from servers.lsn import Lsn
from servers.ssh import Shells
from servers.state import OffsiteBackup

_NAME = "%Y%m%dT%H%M%SZ"  # as the native tool names a backup, by when it began
_SEGMENT = re.compile(r"^[0-9A-F]{8}([0-9A-F]{8})([0-9A-F]{8})")
_HALF = 2**32
_FETCHERS = 4  # files of WAL that come at once: SSH's round trips are what takes time
Progress = Callable[[int, int], None]  # done, of how many
_LARGEST_SEGMENT = 2**30  # bytes; PostgreSQL has no larger ones


@dataclass(frozen=True, slots=True)
class InStore:
    """The backup that serves, and how many files of WAL there are."""

    backup: OffsiteBackup
    wal_files: int


class FromStore:
    """Everything raises ActionFailed. What is on the host already stays as it is; doing it again goes on."""

    def __init__(self, shells: Shells, stores: OffsiteStores) -> None:
        self._shells = shells
        self._stores = stores

    async def look(self, cluster: Cluster, target: Target) -> InStore:
        """The newest backup off site that is as it was copied, and began before the target."""
        copies = await self._stores.copies(cluster)
        if copies is None:
            raise ActionFailed(f"the settings name no place off site: set [clusters.{cluster.name}.backups.offsite]")
        return InStore(newest_usable(await copies.look(), target.at), len(await copies.wal_files()))

    async def bring_backup(
        self, cluster: Cluster, server: Server, name: str, tell: Progress = lambda done, total: None
    ) -> None:
        """Into the directory of backups on that host, which must be there. `tell`: bytes, of how many."""
        bring, files, place = await self._stores.bring_back(cluster), RemoteFiles(self._shells, server), _place(cluster)
        if bring is None:
            raise ActionFailed(f"the settings name no place off site for {cluster.name}")
        if name not in await files.names(place.directory):
            await bring.backup(name, files, place.directory, tell)

    async def bring_wal(
        self, cluster: Cluster, server: Server, begin: Lsn, tell: Progress = lambda done, total: None
    ) -> int:
        """What recovery from `begin` may need, into the archive on that host, several at once; how many files it has
        of that. `tell`: files, of how many."""
        bring, copies = await self._stores.bring_back(cluster), await self._stores.copies(cluster)
        archive = _place(cluster).archive_directory
        if bring is None or copies is None or archive is None:
            raise ActionFailed(f"the settings name no archive_directory, or no place off site, for {cluster.name}")
        files = RemoteFiles(self._shells, server)
        there = frozenset(await files.names(archive))
        stored = await copies.wal_files()
        needed = needed_wal(stored, begin)
        missing = deque(name for name in needed if name not in there)

        done = len(needed) - len(missing)

        async def bring_some() -> None:
            nonlocal done
            while missing:
                name = missing.popleft()
                await bring.wal(name, files, archive, stored[name])
                done += 1
                tell(done, len(needed))

        await _at_once(bring_some, _FETCHERS)
        return len(needed)


async def _at_once(work: Callable[[], Awaitable[None]], count: int) -> None:
    """The first failure ends all of them."""

    async def one() -> None:
        await work()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(count):
                group.create_task(one())
    except* ActionFailed as failed:
        raise next(each for each in failed.exceptions if isinstance(each, ActionFailed)) from None


def newest_usable(backups: Iterable[OffsiteBackup], before: datetime | None) -> OffsiteBackup:
    """Pure. A backup whose name does not tell when it began serves only where no moment is asked for."""
    every = sorted(backups, key=lambda one: one.name)
    if not every:
        raise ActionFailed("there is no backup off site")
    whole = [one for one in every if not one.differences]
    if not whole:
        raise ActionFailed(f"no backup off site is as it was copied: {every[-1].differences[0]}")
    serving = [one for one in whole if before is None or _began_before(one.name, before)]
    if not serving:
        raise ActionFailed(f"every backup off site began after that moment; the oldest is {whole[0].name}")
    return serving[-1]


def needed_wal(names: Iterable[str], begin: Lsn) -> tuple[str, ...]:
    """History files, and every segment that may have bytes after `begin`, oldest first. Pure.

    How large segments are is not known here. The highest number that is met says how large they are at most, and by
    that too much may be brought, never too little.
    """
    every = sorted(names)
    numbers = {name: (int(match[1], 16), int(match[2], 16)) for name in every if (match := _SEGMENT.match(name))}
    most = max((low for _, low in numbers.values()), default=0)
    size = _LARGEST_SEGMENT
    while size * most >= _HALF:
        size //= 2
    first = begin // _HALF, begin % _HALF // size
    return tuple(name for name in every if name not in numbers or numbers[name] >= first)


def _began_before(name: str, at: datetime) -> bool:
    try:
        return datetime.strptime(name, _NAME).replace(tzinfo=UTC) < at
    except ValueError:
        return False


def _place(cluster: Cluster) -> BackupPlace:
    if cluster.backups is None:
        raise ActionFailed(f"the settings name no place for backups of {cluster.name}")
    return cluster.backups
