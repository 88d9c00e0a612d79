"""A row of our own in the live database, written every few seconds: wherever it is read, it tells how much is missing.

In a restored instance that is the RPO, on a standby the replay lag in seconds, also while nobody else writes. Its time
is the primary's own, so that two of its times can be compared whatever the clocks of others say.

The schema `understudy` must be there and be the role's own: nothing else is asked of the database.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import LiteralString

import structlog
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from servers.drilling import HeartbeatPlace
from servers.engines.engine import ActionFailed
from servers.errors import ServerUnreachable
from servers.inventory import Cluster, Server
from servers.sql import Sessions, SqlFailed

TIMEOUT = 2.0  # seconds; a commit that waits for a synchronous standby is given up, and beats again
SHORTEST_PAUSE = 0.2

_UNDEFINED_TABLE = "42P01"
_NO_SCHEMA = "3F000"
_NO_RIGHT = "42501"

_CREATE: LiteralString = """
CREATE TABLE IF NOT EXISTS understudy.heartbeat (
    one int PRIMARY KEY DEFAULT 1 CHECK (one = 1), beaten_at timestamptz NOT NULL)
"""
_BEAT: LiteralString = """
INSERT INTO understudy.heartbeat (beaten_at) VALUES (clock_timestamp())
ON CONFLICT (one) DO UPDATE SET beaten_at = excluded.beaten_at
RETURNING beaten_at
"""
_ROLE: LiteralString = "SELECT pg_is_in_recovery() AS standby, to_regclass('understudy.heartbeat') IS NOT NULL AS there"
_READ: LiteralString = "SELECT beaten_at FROM understudy.heartbeat"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Beats:
    """The last heartbeat that each server has, as its primary wrote it; one that has none, or is silent, is missing.

    `primary` is the only server that took writes; None: nobody, or more than one, was seen to.
    """

    at: Mapping[str, datetime] = field(default_factory=dict)
    primary: str | None = None


def lag_seconds(beats: Beats, standby: str) -> float | None:
    """How far a standby's replay is behind, to within the time between two beats; None: not known."""
    written = beats.at.get(beats.primary) if beats.primary is not None else None
    seen = beats.at.get(standby)
    return None if written is None or seen is None else max(0.0, (written - seen).total_seconds())


def in_database(server: Server, database: str) -> Server:
    """The same server, by a connection to that database."""
    if conninfo_to_dict(server.conninfo).get("dbname") == database:
        return server
    return replace(server, conninfo=make_conninfo(server.conninfo, dbname=database))


def explained(place: HeartbeatPlace, error: ServerUnreachable) -> str:
    """What is wrong, and what to do about it, where that is known."""
    mend = ""
    if isinstance(error, SqlFailed) and error.sqlstate in (_NO_SCHEMA, _NO_RIGHT):
        mend = f". In {place.database}: CREATE SCHEMA understudy AUTHORIZATION the bot's role"
    return f"{error.detail}{mend}"


class Heartbeat:
    """Writes and reads one cluster's heartbeat. Its methods raise ActionFailed, but for `look`."""

    def __init__(self, cluster: Cluster, place: HeartbeatPlace, sessions: Sessions) -> None:
        self.every = place.every
        self._cluster = cluster
        self._place = place
        self._sessions = sessions

    async def look(self) -> Beats:
        """What every server has now; who is silent is missing."""
        found = await asyncio.gather(*(self._look_at(server) for server in self._cluster.servers))
        seen = {server.name: one for server, one in zip(self._cluster.servers, found, strict=True) if one is not None}
        primaries = [name for name, (standby, _) in seen.items() if not standby]
        beats = {name: at for name, (_, at) in seen.items() if at is not None}
        return Beats(beats, primaries[0] if len(primaries) == 1 else None)

    async def beat(self, seen: Beats | None = None) -> datetime:
        """Writes it on the primary, where exactly one server takes writes by what was `seen`; its time there."""
        primary = (seen or await self.look()).primary
        if primary is None:
            raise ActionFailed(f"{self._cluster.name}: no heartbeat, for not exactly one server is seen to take writes")
        return await self.write(self._cluster.server(primary))

    async def write(self, primary: Server) -> datetime:
        """Writes it there, and makes its table where there is none yet."""
        server = in_database(primary, self._place.database)
        try:
            try:
                [row] = await self._sessions.query(server, _BEAT, timeout=TIMEOUT)
            except SqlFailed as error:
                if error.sqlstate != _UNDEFINED_TABLE:
                    raise
                await self._sessions.query(server, _CREATE, timeout=TIMEOUT)
                [row] = await self._sessions.query(server, _BEAT, timeout=TIMEOUT)
        except ServerUnreachable as error:
            raise ActionFailed(f"{primary.name} took no heartbeat: {explained(self._place, error)}") from error
        at: datetime = row["beaten_at"]
        return at

    async def _look_at(self, server: Server) -> tuple[bool, datetime | None] | None:
        """Whether it is a standby, and the heartbeat that it has; None: it is silent."""
        there = in_database(server, self._place.database)
        try:
            [role] = await self._sessions.query(there, _ROLE, timeout=TIMEOUT)
            rows = await self._sessions.query(there, _READ, timeout=TIMEOUT) if role["there"] else []
        except ServerUnreachable:
            return None
        return bool(role["standby"]), rows[0]["beaten_at"] if rows else None


class Heartbeats:
    """The heartbeats of all clusters that have one: `run` keeps them beating, `beats` has what was seen last."""

    def __init__(self, clusters: Iterable[Cluster], sessions: Sessions) -> None:
        self._hearts = {
            cluster.name: Heartbeat(cluster, cluster.heartbeat, sessions)
            for cluster in clusters
            if cluster.heartbeat is not None
        }
        self._beats: dict[str, Beats] = {}

    def of(self, cluster: str) -> Heartbeat | None:
        """None where the settings want none."""
        return self._hearts.get(cluster)

    def beats(self, cluster: str) -> Beats:
        """What was seen at the last beat; nothing where there is none."""
        return self._beats.get(cluster, Beats())

    async def run(self) -> None:
        """Until it is cancelled. A heartbeat that cannot be written is told once, and tried again."""
        async with asyncio.TaskGroup() as tasks:
            for name, heart in self._hearts.items():
                tasks.create_task(self._run(name, heart))

    async def _run(self, name: str, heart: Heartbeat) -> None:
        told = ""
        while True:
            said = await self._once(name, heart)
            if said and said != told:
                _log.warning("heartbeat.not_written", cluster=name, why=said)
            told = said
            await asyncio.sleep(max(heart.every, SHORTEST_PAUSE))

    async def _once(self, name: str, heart: Heartbeat) -> str:
        """A look at what has arrived of those before, and the next one; why not, where it was not written."""
        try:
            async with asyncio.timeout(4 * TIMEOUT):
                self._beats[name] = await heart.look()
                await heart.beat(self._beats[name])
        except (ActionFailed, TimeoutError) as failed:
            return str(failed) or "it took too long"
        return ""
