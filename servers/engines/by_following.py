"""Pointing a running standby at another server, without a restart.

primary_conninfo and primary_slot_name take effect with a reload since PostgreSQL 13:
https://www.postgresql.org/docs/13/release-13.html. They are set by SQL where the bot's role may: a superuser, or from
PostgreSQL 15 on whoever was granted ALTER SYSTEM on the two and EXECUTE on pg_reload_conf; else by the superuser on the
standby's own host. A conninfo with a password goes by its host alone, through standard input and unlogged, because
SQL from elsewhere could be logged there.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import LiteralString

from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import Literal

from servers.engines.by_sql import SqlActions
from servers.engines.by_ssh import HostActions
from servers.engines.deadline import Deadline
from servers.engines.engine import ActionFailed, Done
from servers.engines.standby_settings import holds_secret, standby_values
from servers.errors import ServerUnreachable
from servers.inventory import Server
from servers.lsn import Lsn, format_lsn, parse_lsn
from servers.sql import Row, Sessions

_PAUSE = 0.05
_ONE_QUESTION = 2.0

_POSITION: LiteralString = """
SELECT pg_is_in_recovery() AS in_recovery,
       greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::text AS lsn,
       (SELECT min_recovery_end_timeline FROM pg_control_recovery()) AS timeline
"""
_TIMELINE: LiteralString = """
SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int AS timeline
 WHERE NOT pg_is_in_recovery()
"""
_RECEIVER: LiteralString = "SELECT status, received_tli AS timeline, slot_name FROM pg_stat_wal_receiver"
_RELOAD: LiteralString = "SELECT pg_reload_conf()"
_SENDERS: LiteralString = "SELECT application_name FROM pg_stat_replication WHERE state IN ('streaming', 'catchup')"

# For psql, as the superuser. Where the newest timeline parted from each before it: one line a timeline,
# https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-TIMELINES
_PSQL_HISTORY = """
SELECT pg_read_file('pg_wal/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) || '.history', 0, 1000000, true);
"""
_PSQL_UNLOGGED = (
    "SET log_statement = 'none'; SET log_min_duration_statement = -1; SET log_min_error_statement = 'panic';"
)
_PSQL_RELOAD = "SELECT pg_reload_conf();"


class FollowActions:
    """Makes a running standby follow a primary."""

    def __init__(self, sessions: Sessions, host: HostActions, sql: SqlActions) -> None:
        self._sessions = sessions
        self._host = host
        self._sql = sql

    async def follow(self, standby: Server, upstream: Server, timeout: float) -> Done:
        deadline = Deadline(timeout)
        values = standby_values(standby, upstream)
        primaries = await self._rows(upstream, _TIMELINE, deadline)
        if not primaries:
            raise ActionFailed(f"{upstream.name} is no primary: {standby.name} was left as it was")
        timeline = int(primaries[0]["timeline"])
        if await self._follows(standby, upstream, timeline, deadline):
            return Done(f"{standby.name} streams from {upstream.name} on timeline {timeline} already", deadline.seconds)
        await self._refuse_if_ahead(standby, upstream, deadline)
        if standby.slot is not None:
            await self._sql.ensure_slot(upstream, standby.slot, deadline.left())
        how = await self._point(standby, values, deadline)
        while not await self._follows(standby, upstream, timeline, deadline):
            deadline.check(
                f"{standby.name} was pointed at {upstream.name} {how}, but does not stream from it on timeline "
                f"{timeline}: look at its log. If WAL that it needs is gone, it needs a new copy"
            )
            await asyncio.sleep(_PAUSE)
        return Done(f"{standby.name} streams from {upstream.name} on timeline {timeline} ({how})", deadline.seconds)

    async def _point(self, standby: Server, values: Mapping[str, str], deadline: Deadline) -> str:
        """Set and load them; how that was done."""
        changes = [f"ALTER SYSTEM SET {name} = {_literal(value)};" for name, value in values.items()]
        try:
            await self._point_by_sql(standby, values, changes, deadline)
        except ActionFailed as failed:
            why = str(failed)
        else:
            return "by SQL"
        try:
            words = " ".join((_PSQL_UNLOGGED, *changes, _PSQL_RELOAD))
            await self._host.psql(standby, words, {}, deadline.left())
        except ActionFailed as failed:
            raise ActionFailed(f"{failed}. By SQL alone: {why}", exit_status=failed.exit_status) from None
        return "by psql on its host"

    async def _point_by_sql(
        self, standby: Server, values: Mapping[str, str], changes: Sequence[str], deadline: Deadline
    ) -> None:
        if holds_secret(values["primary_conninfo"]):
            raise ActionFailed("its conninfo has a password, which would be logged there: use a passfile")
        for change in (*changes, _RELOAD):
            try:
                # Not parameters, which ALTER SYSTEM does not take; each value is quoted.
                await self._sessions.query(standby, change, timeout=deadline.left(_ONE_QUESTION))
            except ServerUnreachable as error:
                raise ActionFailed(error.detail) from error

    async def _follows(self, standby: Server, upstream: Server, timeline: int, deadline: Deadline) -> bool:
        """Its receiver is on that timeline, and the upstream has it among those that it sends to."""
        try:
            receivers = await self._rows(standby, _RECEIVER, deadline)
            senders = await self._rows(upstream, _SENDERS, deadline)
        except ActionFailed:
            return False
        # As `standby_settings` names it.
        names = (standby.name, standby.slot, conninfo_to_dict(upstream.replication or "").get("application_name"))
        fed = any(row["application_name"] in names for row in senders)
        return fed and any(row["status"] == "streaming" and row["timeline"] == timeline for row in receivers)

    async def _refuse_if_ahead(self, standby: Server, upstream: Server, deadline: Deadline) -> None:
        """A standby that has WAL from behind the point where the new timeline began can never follow it as it is."""
        (own,) = await self._rows(standby, _POSITION, deadline)
        if not own["in_recovery"]:
            raise ActionFailed(f"{standby.name} is a primary: look at it at once, two servers may take writes")
        try:
            history = (await self._host.psql(upstream, _PSQL_HISTORY, {}, deadline.left(_ONE_QUESTION))).stdout
        except ActionFailed:
            return  # not known; then it shows as a standby that does not stream
        began = began_at(history)
        if own["lsn"] is None or began is None:
            return
        ahead = parse_lsn(own["lsn"]) - began
        if ahead > 0:
            raise ActionFailed(
                f"{standby.name} has {ahead} bytes of WAL that {upstream.name} never got: it is at {own['lsn']}, and "
                f"{upstream.name}'s timeline began at {format_lsn(began)}. It was left as it was, and cannot follow "
                f"until it is rewound or copied anew: rejoin {standby.name}"
            )

    async def _rows(self, server: Server, sql: LiteralString, deadline: Deadline) -> list[Row]:
        self._sessions.wake(server)
        try:
            return await self._sessions.query(server, sql, timeout=deadline.left(_ONE_QUESTION))
        except ServerUnreachable as error:
            raise ActionFailed(f"{server.name} does not answer by SQL: {error.detail}") from error


def began_at(history: str) -> Lsn | None:
    """Where the newest timeline parted from the one before it: the last line of its history file."""
    lines = [line.split("\t") for line in history.splitlines() if line[:1].isdigit()]
    return parse_lsn(lines[-1][1]) if lines and len(lines[-1]) > 1 else None


def _literal(value: str) -> str:
    if not value.isprintable():
        raise ActionFailed("a setting with a line break or control character cannot be set: mend it in the settings")
    return Literal(value).as_string(None)
