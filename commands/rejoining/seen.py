"""What was asked of the servers before a rejoin is planned; each answer that is missing says why."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

from commands.world import World
from servers.engines.engine import ActionFailed
from servers.engines.rejoining import DirectoryFacts, Reach, SourceFacts
from servers.inventory import Cluster, Server
from servers.lag import received_lsn
from servers.lsn import Lsn
from servers.state import ClusterState, Role, ServerState
from servers.timelines import Fork, fork_of, read_history

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seen:
    """`server` is to follow `upstream`. `problems` has, by name, why an answer is None."""

    cluster: Cluster
    server: Server
    upstream: Server
    old: ServerState
    new: ServerState
    directory: DirectoryFacts | None
    reach: Reach | None
    source: SourceFacts | None
    fork: Fork | None
    problems: dict[str, str]

    @property
    def running(self) -> bool:
        """PostgreSQL runs on the server, by whatever tells."""
        by_host = self.old.host is not None and self.old.host.postmaster_pid is not None
        return self.old.sql is not None or by_host or (self.directory is not None and self.directory.running)

    @property
    def writable(self) -> bool:
        """It runs as a primary, by its own word or by its control file's."""
        control = self.directory.control if self.directory else None
        by_control = self.running and control is not None and control.state == "in production"
        return self.old.role is Role.PRIMARY or (by_control and self.old.role is Role.UNKNOWN)

    @property
    def position(self) -> Lsn | None:
        """How far its WAL is known to go, at the least."""
        sql, facts = self.old.sql, self.directory
        by_sql = (sql.wal_lsn or received_lsn(sql)) if sql else None
        by_file = (facts.end_lsn, facts.control.checkpoint_lsn if facts.control else None) if facts else ()
        known = [lsn for lsn in (by_sql, self.old.last_wal_lsn, *by_file) if lsn is not None]
        return max(known, default=None)

    @property
    def left_behind(self) -> int | None:
        """Bytes of WAL past the fork, at the least; None where either is not known."""
        if self.fork is None or self.position is None:
            return None
        return 0 if self.fork.lsn is None else max(0, self.position - self.fork.lsn)


async def see(world: World, cluster: Cluster, state: ClusterState, server: str, upstream: str) -> Seen:
    """Asks everything at once."""
    here, there, engine = cluster.server(server), cluster.server(upstream), world.engine
    sql = state.server(upstream).sql
    archive = cluster.backups.archive_directory if cluster.backups else None
    problems: dict[str, str] = {}
    directory, reach, source, history = await asyncio.gather(
        _answer("directory", engine.directory(here, archive), problems),
        _answer("reach", engine.reach(here, there), problems),
        _answer("source", engine.source(there), problems),
        _answer("history", engine.history(there, sql.timeline if sql else 1), problems),
    )
    fork = None
    if directory is not None and directory.control is not None and history is not None and sql is not None:
        try:
            mine = read_history(directory.control.timeline, directory.history)
            fork = fork_of(mine, read_history(sql.timeline, history))
        except ValueError as error:
            problems["history"] = str(error)
    return Seen(
        cluster, here, there, state.server(server), state.server(upstream), directory, reach, source, fork, problems
    )


async def _answer(name: str, asked: Awaitable[T], problems: dict[str, str]) -> T | None:
    try:
        return await asked
    except ActionFailed as failed:
        problems[name] = str(failed)
        return None
