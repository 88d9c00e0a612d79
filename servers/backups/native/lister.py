"""Base backups as pg_basebackup leaves them (one directory each), and a WAL archive in a directory."""

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import datetime

from servers.backups.native.listing import parse_listing
from servers.backups.native.listing_script import SCRIPT
from servers.errors import ServerUnreachable
from servers.inside import run_inside
from servers.inventory import BackupPlace, Cluster, Encryption, Server, SshTarget
from servers.ssh import Shells
from servers.state import Answer, BackupState, Outcome

MOST_BACKUPS = 64  # the newest that are looked into
NOT_ASKED = "the settings name no place for backups"


class NativeBackups:
    """Finds base backups and archived WAL by one SSH round trip to the server that has them."""

    def __init__(self, shells: Shells, clock: Callable[[], datetime], *, most: int = MOST_BACKUPS) -> None:
        self._shells = shells
        self._clock = clock
        self._most = most
        # Complete backups do not change: their size is asked for once. By SSH server, directory, name.
        self._sizes: dict[tuple[SshTarget, str], dict[str, int]] = {}

    async def list(self, cluster: Cluster, *, timeout: float = 5.0) -> BackupState:
        """The base backups, newest first, and the archive. Never raises: the answer says why nothing is known.

        Where the settings name no server, all are asked at once, and the one whose newest complete backup is newest
        is believed (of those that have the directories).
        """
        return (await self.located(cluster, timeout=timeout))[1]

    async def located(self, cluster: Cluster, *, timeout: float = 5.0) -> tuple[Server | None, BackupState]:
        """The same, with the server on whose host it was found; None where no place for backups is named."""
        started = time.perf_counter()
        if cluster.backups is None:
            return None, BackupState(self._answer(started, Outcome.NOT_ASKED, NOT_ASKED), (), None, None)
        found = await self.everywhere(cluster, timeout=timeout)
        best = best_of(state for _, state in found)
        return next(one for one in found if one[1] is best)

    async def everywhere(self, cluster: Cluster, *, timeout: float = 5.0) -> tuple[tuple[Server, BackupState], ...]:
        """What each host has where backups may be."""
        place, servers = cluster.backups, hosts_of(cluster)
        if place is None:
            return ()
        states = await asyncio.gather(*(self._ask(server, place, timeout) for server in servers))
        return tuple(zip(servers, states, strict=True))

    async def _ask(self, server: Server, place: BackupPlace, timeout: float) -> BackupState:
        started = time.perf_counter()
        archive = place.archive_directory or ""
        known = self._sizes.get((server.ssh, place.directory), {})
        keys = place.encryption or Encryption(())
        asked = (keys.gpg_home or "", str(len(keys.recipients)), *keys.recipients)
        command = ("sh", "-c", SCRIPT, "sh", place.directory, archive, str(self._most), *asked, *known)
        try:
            completed = await run_inside(self._shells, server, command, timeout=timeout)
            listing = parse_listing(place.directory, completed.stdout, known, place.archive_directory)
        except ServerUnreachable as error:
            detail = f"{server.name}: {error.detail}"
            return BackupState(self._answer(started, error.outcome, detail), (), None, None)
        except ValueError as error:
            detail = f"{server.name}: {error}"[:200]
            return BackupState(self._answer(started, Outcome.FAILED, detail), (), None, None)
        self._sizes[server.ssh, place.directory] = {b.name: b.size for b in listing.backups if b.finished_at and b.size}
        return BackupState(
            answer=self._answer(started, Outcome.ANSWERED),
            backups=listing.backups,
            archived_segments=listing.archived_segments,
            last_archived_at=listing.last_archived_at,
            disks=listing.disks,
            keys=listing.keys,
        )

    def _answer(self, started: float, outcome: Outcome, detail: str = "") -> Answer:
        return Answer(outcome, self._clock(), time.perf_counter() - started, detail)


def hosts_of(cluster: Cluster) -> tuple[Server, ...]:
    """The servers on whose hosts the backups may be."""
    named = cluster.backups.server if cluster.backups else None
    return cluster.servers if named is None else (cluster.server(named),)


def best_of(states: Iterable[BackupState]) -> BackupState:
    """The state to believe when several servers were asked: one that answered, with the newest complete backup."""

    def worth(state: BackupState) -> tuple[bool, float, int]:
        newest = max((b.finished_at.timestamp() for b in state.backups if b.finished_at), default=0.0)
        return state.answer.ok, newest, state.archived_segments or 0

    return max(states, key=worth)
