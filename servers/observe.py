"""Looking at a cluster: one concurrent pass over its servers by SQL and SSH, each question with its own deadline."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from servers.backups.archive import ArchiveState
from servers.backups.filling import Filling, Sample
from servers.backups.native.lister import NativeBackups
from servers.backups.partial.state import PartialListing, PartialState
from servers.backups.tool import ArchiveListing, BackupListing
from servers.engines.patroni.engine import PatroniEngine
from servers.errors import ServerUnreachable
from servers.host_facts import host_facts
from servers.host_script import host_command
from servers.inside import run_inside
from servers.inventory import Cluster, Server
from servers.knock import Endpoint
from servers.last_seen import LastSeen, answered, silent
from servers.patroni_state import PatroniState
from servers.slow_looks import SlowLooks
from servers.sql import Row, Sessions
from servers.sql_errors import SqlFailed
from servers.sql_facts import FACTS, FACTS_FOR_ANYBODY, sql_facts
from servers.ssh import Shells
from servers.state import (
    Answer,
    BackupState,
    ClusterState,
    HostFacts,
    Outcome,
    Role,
    ServerState,
    SqlFacts,
    WitnessView,
)
from servers.traffic.looks import TrafficLooks
from servers.traffic.target import TrafficTarget
from servers.watching.watched import NOTHING_WATCHED, Watched
from servers.watching.watches import Watches
from servers.witness import ask_witness

SQL_TIMEOUT = 1.0
SSH_TIMEOUT = 1.5
BACKUPS_MAX_AGE = 60.0
WATCHES_MAX_AGE = 60.0
# Both go on in the background when a look has waited long enough: a repository far away answers in its own time.
LIST_TIMEOUT, ARCHIVE_TIMEOUT = 5.0, 20.0
# A postmaster that is stopped takes no new connection while kept ones still answer: so knock now and then. A knock has
# the server start a process, which costs it five times what all the facts do: not more often than hosts are looked at,
# but where a look wants everything fresh.
KNOCK_EVERY, KNOCK_EVERY_WHEN_FRESH = 10.0, 2.0
PEER_PATIENCE = 0.4  # of the SSH time-out, for a server's own try of another
# Kept host facts are used only if SQL has answered well by then: whoever is in trouble is looked at anew.
PROMPT = 0.05
_INSUFFICIENT_PRIVILEGE = "42501"

_log = logging.getLogger(__name__)

SqlLook = tuple[SqlFacts | None, Answer]
HostLook = tuple[HostFacts | None, Answer]


@dataclass(slots=True)
class _Memory:
    """What is remembered of a server between passes."""

    last: LastSeen = field(default_factory=LastSeen)
    host: HostLook | None = None
    host_role: Role = Role.UNKNOWN  # the role it had when its host was looked at
    host_at: float = 0.0
    knocked_at: float = float("-inf")
    may_list_archive_status: bool = True


class Observer:
    """Looks at clusters, and remembers the role each server had when it was last seen."""

    def __init__(
        self,
        clusters: Mapping[str, Cluster],
        shells: Shells,
        sessions: Sessions,
        clock: Callable[[], datetime],
        *,
        backups: BackupListing | None = None,
        archives: ArchiveListing | None = None,
        partial: PartialListing | None = None,
        sql_timeout: float = SQL_TIMEOUT,
        ssh_timeout: float = SSH_TIMEOUT,
        traffic: Mapping[str, Sequence[TrafficTarget]] | None = None,
        watches: Watches | None = None,
    ) -> None:
        self._shells = shells
        self._sessions = sessions
        self._clock = clock
        listing = backups or NativeBackups(shells, clock)
        self._backups = SlowLooks(lambda cluster: listing.list(cluster, timeout=LIST_TIMEOUT), _answered)
        self._archives = (
            SlowLooks(lambda cluster: archives.archive(cluster, timeout=ARCHIVE_TIMEOUT), _answered)
            if archives is not None
            else None
        )
        self._partial = (
            SlowLooks(lambda cluster: partial.list(cluster, timeout=LIST_TIMEOUT), lambda state: state.ok)
            if partial is not None
            else None
        )
        self._sql_timeout = sql_timeout
        self._ssh_timeout = ssh_timeout
        self._memories = {
            (name, each.name): _Memory() for name, cluster in clusters.items() for each in cluster.servers
        }
        self._filling: dict[tuple[str, str], Filling] = {}
        self._traffic = TrafficLooks(traffic or {}, clock)
        self._watches = watches

    async def observe(
        self,
        cluster: Cluster,
        *,
        host_facts_max_age: float = 0.0,
        backups_max_age: float = BACKUPS_MAX_AGE,
        traffic_max_age: float | None = None,
        sql_timeout: float | None = None,
        ssh_timeout: float | None = None,
        archive_patience: float = 0.0,
    ) -> ClusterState:
        """One look. Never raises for what a server does or says; ends within the longer time-out.

        Host facts, backups and views of traffic targets that are younger than their maximum age (seconds; 0: none, inf:
        any; for targets None: whatever was seen last, even nothing) are not asked for again; their Answer says when
        they were. Host facts are asked for anyway as soon as a server of the cluster does not answer by SQL, or has
        changed its role. The WAL archive and partial backups are listed in the background as often as the backups;
        `archive_patience` is how long this look waits for that, in seconds. Nothing waits for the slower watches.
        """
        at = self._clock()
        sql_timeout = self._sql_timeout if sql_timeout is None else sql_timeout
        ssh_timeout = self._ssh_timeout if ssh_timeout is None else ssh_timeout
        async with asyncio.TaskGroup() as tasks:
            knock_every = KNOCK_EVERY if host_facts_max_age > 0 else KNOCK_EVERY_WHEN_FRESH
            sql = {
                s.name: tasks.create_task(self._by_sql(cluster, s, sql_timeout, knock_every)) for s in cluster.servers
            }
            backups = tasks.create_task(self._backup_state(cluster, backups_max_age, ssh_timeout))
            archive = tasks.create_task(self._archive_state(cluster, backups_max_age, archive_patience))
            partial = tasks.create_task(self._partial_state(cluster, backups_max_age, archive_patience))
            reuse = tasks.create_task(self._may_reuse(cluster, sql, host_facts_max_age))
            host = {s.name: tasks.create_task(self._by_ssh(cluster, s, reuse, ssh_timeout)) for s in cluster.servers}
            witness = tasks.create_task(self._by_witness(cluster, reuse, ssh_timeout))
            patroni = tasks.create_task(self._by_patroni(cluster, ssh_timeout))
            traffic = tasks.create_task(self._traffic.look(cluster.name, traffic_max_age))
            watched = tasks.create_task(self._watched(cluster))
        return ClusterState(
            cluster=cluster.name,
            at=at,
            servers=tuple(
                self._server_state(cluster, s, sql[s.name].result(), host[s.name].result()) for s in cluster.servers
            ),
            backups=backups.result(),
            witness=witness.result(),
            patroni=patroni.result(),
            traffic=traffic.result(),
            archive=archive.result(),
            partial=partial.result(),
            filling=self._filling_of(cluster, backups.result()),
            watched=watched.result(),
        )

    def wake(self, cluster: Cluster) -> None:
        """Let the next look try every server at once, whatever pauses earlier failures have earned it."""
        for server in cluster.servers:
            self._shells.wake(server)
            self._sessions.wake(server)
        if cluster.witness is not None:
            self._shells.wake(cluster.witness)

    async def _by_patroni(self, cluster: Cluster, timeout: float) -> PatroniState | None:
        if cluster.patroni is None:
            return None
        return await PatroniEngine(cluster.patroni, self._clock).look(timeout=timeout)

    def _memory(self, cluster: Cluster, server: Server) -> _Memory:
        return self._memories.setdefault((cluster.name, server.name), _Memory())

    def _server_state(self, cluster: Cluster, server: Server, sql: SqlLook, host: HostLook) -> ServerState:
        memory = self._memory(cluster, server)
        return ServerState(
            server.name,
            *sql,
            *host,
            last_role=memory.last.role,
            last_seen_at=memory.last.at,
            last_wal_lsn=memory.last.wal_lsn,
            wal_rate=memory.last.wal_rate,
            missed_at=memory.last.missed_at,
        )

    async def _by_sql(self, cluster: Cluster, server: Server, timeout: float, knock_every: float) -> SqlLook:
        memory, started = self._memory(cluster, server), time.perf_counter()
        try:
            facts, refusal = await asyncio.gather(
                self._facts(memory, server, timeout),
                self._knock(memory, server, timeout, knock_every),
                return_exceptions=True,
            )
            if isinstance(facts, BaseException):
                raise facts
            if isinstance(refusal, ServerUnreachable):
                detail = f"it takes no new connections, though a kept one still answers ({refusal.detail})"
                raise ServerUnreachable(refusal.outcome, detail)
            if isinstance(refusal, BaseException):
                raise refusal
        except Exception as error:
            answer = self._answer(started, _unreachable(error))
            memory.last = silent(memory.last, answer.at)
            return None, answer
        answer = self._answer(started)
        memory.last = answered(memory.last, facts, answer.at)
        return facts, answer

    async def _knock(self, memory: _Memory, server: Server, timeout: float, every: float) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() - memory.knocked_at >= every:
            await self._sessions.takes_connections(server, timeout=timeout)
            memory.knocked_at = loop.time()

    async def _facts(self, memory: _Memory, server: Server, timeout: float) -> SqlFacts:
        deadline = asyncio.get_running_loop().time() + timeout
        try:
            rows = await self._sessions.query(
                server, FACTS if memory.may_list_archive_status else FACTS_FOR_ANYBODY, timeout=timeout
            )
        except SqlFailed as error:
            if error.sqlstate != _INSUFFICIENT_PRIVILEGE or not memory.may_list_archive_status:
                raise
            memory.may_list_archive_status = False
            left = deadline - asyncio.get_running_loop().time()
            rows = await self._sessions.query(server, FACTS_FOR_ANYBODY, timeout=left)
        facts = _understood(rows)
        memory.may_list_archive_status = memory.may_list_archive_status or facts.sees_everything
        return facts

    async def _may_reuse(
        self, cluster: Cluster, sql: Mapping[str, "asyncio.Task[SqlLook]"], max_age: float
    ) -> Callable[[Server], HostLook | None]:
        """What says, for each server, whether its kept host facts will do."""
        memories = {server.name: self._memory(cluster, server) for server in cluster.servers}
        oldest = asyncio.get_running_loop().time() - max_age
        if max_age <= 0 or all(memory.host is None or memory.host_at < oldest for memory in memories.values()):
            return lambda server: None
        await asyncio.wait(sql.values(), timeout=PROMPT)
        for name, memory in memories.items():
            facts = sql[name].result()[0] if sql[name].done() else None
            if facts is None or _role(facts) is not memory.host_role:
                return lambda server: None
        return lambda server: memories[server.name].host if memories[server.name].host_at >= oldest else None

    async def _by_ssh(
        self,
        cluster: Cluster,
        server: Server,
        reuse: "asyncio.Task[Callable[[Server], HostLook | None]]",
        timeout: float,
    ) -> HostLook:
        kept = (await asyncio.shield(reuse))(server)
        if kept is not None:
            return kept
        memory, started = self._memory(cluster, server), time.perf_counter()
        others = {
            peer.name: endpoint
            for peer in cluster.servers
            if (endpoint := Endpoint.known(peer.replication)) and peer != server
        }
        try:
            sent_at = self._clock().timestamp()
            command = host_command(server, tuple(others.values()), timeout * PEER_PATIENCE)
            completed = await run_inside(self._shells, server, command, timeout=timeout)
            sent_at += max(0.0, time.perf_counter() - started - completed.seconds)  # less the time to connect
            paths = (server.service.data_directory, *server.disks)
            facts = host_facts(completed, server.name, tuple(others), paths, sent_at)
        except Exception as error:
            memory.host = None
            return None, self._answer(started, _unreachable(error))
        look = facts, self._answer(started)
        memory.host, memory.host_role, memory.host_at = look, memory.last.role, asyncio.get_running_loop().time()
        return look

    async def _by_witness(
        self, cluster: Cluster, reuse: "asyncio.Task[Callable[[Server], HostLook | None]]", timeout: float
    ) -> WitnessView | None:
        """Asked together with the hosts: while all is well, their kept facts do, and it is left alone."""
        kept = await asyncio.shield(reuse)
        if cluster.witness is None or all(kept(server) is not None for server in cluster.servers):
            return None
        endpoints = {
            server.name: endpoint for server in cluster.servers if (endpoint := Endpoint.known(server.replication))
        }
        return await ask_witness(self._shells, cluster, endpoints, self._clock, timeout)

    async def _backup_state(self, cluster: Cluster, max_age: float, timeout: float) -> BackupState | None:
        if cluster.backups is None:
            return None
        state = await self._backups.get(cluster, max_age, timeout)
        if state is not None:
            return state
        answer = Answer(Outcome.TIMED_OUT, self._clock(), timeout, f"the backups are not listed within {timeout:g} s")
        return BackupState(answer, (), None, None)

    def remember_disk(self, cluster: str, path: str, samples: Iterable[Sample]) -> None:
        """What was used of a repository's disk before, oldest first. What this process has seen itself comes after."""
        known = Filling(path, ())
        for sample in (*samples, *self._filling.get((cluster, path), known).samples):
            known = known.with_sample(sample)
        self._filling[cluster, path] = known

    def _filling_of(self, cluster: Cluster, backups: BackupState | None) -> tuple[Filling, ...]:
        """The listing's file systems as they were over time, this look included. What is not listed now is left out."""
        if backups is None or not backups.answer.ok:
            return ()
        at = backups.answer.at
        for disk in backups.disks:
            known = self._filling.get((cluster.name, disk.path), Filling(disk.path, ()))
            self._filling[cluster.name, disk.path] = known.with_sample(Sample(at, disk.used, disk.available))
        return tuple(self._filling[cluster.name, disk.path] for disk in backups.disks)

    async def _archive_state(self, cluster: Cluster, max_age: float, patience: float) -> ArchiveState | None:
        if cluster.backups is None or self._archives is None:
            return None
        return await self._archives.get(cluster, max_age, patience)

    async def _partial_state(self, cluster: Cluster, max_age: float, patience: float) -> PartialState | None:
        if not (cluster.dumps or cluster.volumes) or self._partial is None:
            return None
        return await self._partial.get(cluster, max_age, patience)

    async def _watched(self, cluster: Cluster) -> Watched:
        return NOTHING_WATCHED if self._watches is None else await self._watches.look(cluster, WATCHES_MAX_AGE)

    def _answer(self, started: float, error: ServerUnreachable | None = None) -> Answer:
        outcome = Outcome.ANSWERED if error is None else error.outcome
        return Answer(outcome, self._clock(), time.perf_counter() - started, error.detail if error else "")


def _answered(state: BackupState | ArchiveState) -> bool:
    return state.answer.ok


def _role(facts: SqlFacts) -> Role:
    return Role.STANDBY if facts.in_recovery else Role.PRIMARY


def _understood(rows: list[Row]) -> SqlFacts:
    try:
        (row,) = rows
        return sql_facts(row)
    except (KeyError, TypeError, ValueError) as error:
        raise ServerUnreachable(Outcome.FAILED, f"its answer makes no sense: {error}"[:200]) from None


def _unreachable(error: Exception) -> ServerUnreachable:
    if isinstance(error, ServerUnreachable):
        return error
    _log.error("a look at a server failed in an unforeseen way", exc_info=error)
    return ServerUnreachable(Outcome.FAILED, f"the look failed: {type(error).__name__}")
