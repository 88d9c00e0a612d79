"""What the native engine does by SQL, falling back on the server's own psql and pg_ctl where the bot's role may not."""

import asyncio
from typing import LiteralString

from servers.control_data import SHUT_DOWN
from servers.engines.by_ssh import HostActions
from servers.engines.deadline import Deadline
from servers.engines.engine import ActionFailed, Done, Promoted
from servers.engines.host_answer import HostAnswer
from servers.errors import ServerUnreachable
from servers.inventory import Server
from servers.lsn import format_lsn, parse_lsn
from servers.sql import Row, Sessions
from servers.sql_errors import SqlFailed
from servers.state import ControlData

_FIRST_PAUSE = 0.002
_LONGEST_PAUSE = 0.05
_PROMOTING_PAUSE = 0.005
_ONE_QUESTION = 2.0
_BETWEEN_LOOKS = 0.2  # at the host, while SQL gives no answer
_STAYS_DOWN = 3.0  # seconds; whoever restarts a server that crashed has done so by then

_INSUFFICIENT_PRIVILEGE = "42501"
_NOT_IN_RECOVERY = "55000"  # object_not_in_prerequisite_state

_CHECKPOINT: LiteralString = "CHECKPOINT"
# The message makes that there is something to finish: where nobody writes, the archive would tell of no later time.
_SWITCH: LiteralString = """
SELECT pg_walfile_name(pg_switch_wal()) AS segment FROM pg_logical_emit_message(false, 'understudy', 'archive now')
"""
_REPLAYED: LiteralString = "SELECT pg_last_wal_replay_lsn()::text AS lsn, pg_is_in_recovery() AS in_recovery"
_PROMOTE: LiteralString = "SELECT pg_promote(false) AS sent"
_ROLE: LiteralString = """
SELECT pg_is_in_recovery() AS in_recovery,
       CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_lsn() END::text AS lsn,
       CASE WHEN NOT pg_is_in_recovery()
            THEN ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END AS timeline
"""
# One transaction of its own, durable when it has ended: a logical decoding message needs no table.
_WRITE: LiteralString = """
SELECT set_config('synchronous_commit', 'on', true),
       current_setting('transaction_read_only') AS read_only,
       pg_logical_emit_message(true, 'understudy', %s)::text AS lsn
"""
_SLOT: LiteralString = """
SELECT slot_type, active, restart_lsn IS NOT NULL AND wal_status IS DISTINCT FROM 'lost' AS reserves
  FROM pg_replication_slots WHERE slot_name = %s
"""
_DROP_SLOT: LiteralString = "SELECT pg_drop_replication_slot(%s)"
_CREATE_SLOT: LiteralString = "SELECT pg_create_physical_replication_slot(%s, true)"
_STREAMS: LiteralString = """
SELECT status, received_tli FROM pg_stat_wal_receiver WHERE status = 'streaming'
"""

# The same for psql, where :'slot' is a variable that psql quotes.
_PSQL_DROP_SLOT = "SELECT pg_drop_replication_slot(:'slot');"
_PSQL_CREATE_SLOT = "SELECT pg_create_physical_replication_slot(:'slot', true);"


class SqlActions:
    """Checkpoints, waits, promotes, writes, makes slots."""

    def __init__(self, sessions: Sessions, host: HostActions) -> None:
        self._sessions = sessions
        self._host = host

    async def checkpoint(self, server: Server, timeout: float) -> Done:
        deadline = Deadline(timeout)
        try:
            await self._sessions.query(server, _CHECKPOINT, timeout=timeout)
            how = "by SQL"
        except SqlFailed as error:
            if error.sqlstate != _INSUFFICIENT_PRIVILEGE:
                raise _failed(server, "checkpoint", error) from error
            await self._host.psql(server, "CHECKPOINT;", {}, deadline.left())
            how = "by psql on its host: understudy's role is not in pg_checkpoint"
        except ServerUnreachable as error:
            raise _failed(server, "checkpoint", error) from error
        return Done(f"{server.name} wrote a checkpoint ({how})", deadline.seconds)

    async def switch_wal(self, server: Server, timeout: float) -> str:
        deadline = Deadline(timeout)
        try:
            rows = await self._sessions.query(server, _SWITCH, timeout=timeout)
            return str(rows[0]["segment"])
        except SqlFailed as error:
            if error.sqlstate != _INSUFFICIENT_PRIVILEGE:
                raise _failed(server, "switch to the next WAL segment", error) from error
        except ServerUnreachable as error:
            raise _failed(server, "switch to the next WAL segment", error) from error
        return (await self._host.psql(server, f"{_SWITCH};", {}, deadline.left())).stdout.strip()

    async def wait_replayed(self, standby: Server, stopped: ControlData, timeout: float) -> Done:
        """The replay position lies behind the last record's end, so behind the checkpoint's start once that is in."""
        if stopped.state != SHUT_DOWN:
            message = f"the old primary is {stopped.state!r}, not 'shut down': nothing can prove that all is replayed"
            raise ActionFailed(message)
        deadline = Deadline(timeout)
        wanted, pause, seen = format_lsn(stopped.checkpoint_lsn), _FIRST_PAUSE, "nothing"
        while True:
            row = await self._row(standby, _REPLAYED, deadline)
            if row["lsn"] is not None and parse_lsn(row["lsn"]) > stopped.checkpoint_lsn:
                detail = f"{standby.name} replayed up to {row['lsn']}, past the shutdown checkpoint at {wanted}"
                return Done(detail, deadline.seconds)
            seen = row["lsn"] or seen
            deadline.check(
                f"{standby.name} replayed {seen}, not the shutdown checkpoint at {wanted}: do not promote it"
            )
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def promote(self, standby: Server, timeout: float) -> Promoted:
        deadline = Deadline(timeout)
        how = await self._ask_to_promote(standby, deadline)
        pause, looked_at, seen_up_at = _FIRST_PAUSE, 0.0, 0.0
        while True:
            try:
                row = await self._row(standby, _ROLE, deadline)
                if not row["in_recovery"]:
                    detail = f"{standby.name} is a primary on timeline {row['timeline']} at {row['lsn']} ({how})"
                    return Promoted(detail, deadline.seconds, timeline=row["timeline"], lsn=parse_lsn(row["lsn"]))
                seen_up_at = deadline.seconds
            except ActionFailed:
                # The way to it by SQL may be cut for us alone: its host knows.
                if not deadline.passed and deadline.seconds - looked_at > _BETWEEN_LOOKS:
                    looked_at = deadline.seconds
                    look = await self._host.look(standby, deadline.left())
                    if (promoted := _promoted_says_host(standby, look, deadline)) is not None:
                        return promoted
                    if look.postmaster_pid is not None:
                        seen_up_at = deadline.seconds
                    elif deadline.seconds - seen_up_at >= _STAYS_DOWN:
                        raise _went_down(standby, look) from None
            deadline.check(f"{standby.name} was asked to promote, and is no primary yet: look at its log")
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, _PROMOTING_PAUSE)

    async def verify_write(self, server: Server, note: str, timeout: float) -> Done:
        deadline = Deadline(timeout)
        try:
            (row,) = await self._sessions.query(server, _WRITE, (note,), timeout=timeout)
        except ServerUnreachable as error:
            message = f"{server.name} took no durable write: {error.detail}"
            raise ActionFailed(f"{message}. If it is a time-out, look at synchronous_standby_names") from error
        if row["read_only"] == "on":
            raise ActionFailed(f"{server.name} is read-only by default_transaction_read_only: set it off")
        return Done(f"{server.name} committed a write durably at {row['lsn']}", deadline.seconds)

    async def ensure_slot(self, server: Server, slot: str, timeout: float) -> Done:
        deadline = Deadline(timeout)
        rows = await self._rows(server, _SLOT, deadline, slot)
        if rows and rows[0]["slot_type"] != "physical":
            raise ActionFailed(f"{server.name} has a logical slot {slot}: drop it, or name another in the settings")
        if rows and (rows[0]["reserves"] or rows[0]["active"]):
            return Done(f"{server.name} has the slot {slot}, and it reserves WAL", deadline.seconds)
        try:
            if rows:  # it keeps nothing back: an unused slot, or one whose WAL is gone
                await self._sessions.query(server, _DROP_SLOT, (slot,), timeout=deadline.left())
            await self._sessions.query(server, _CREATE_SLOT, (slot,), timeout=deadline.left())
            how = "by SQL"
        except SqlFailed as error:
            if error.sqlstate != _INSUFFICIENT_PRIVILEGE:
                raise _failed(server, f"the slot {slot}", error) from error
            sql = (_PSQL_DROP_SLOT if rows else "") + _PSQL_CREATE_SLOT
            await self._host.psql(server, sql, {"slot": slot}, deadline.left())
            how = "by psql on its host: understudy's role lacks REPLICATION"
        except ServerUnreachable as error:
            raise _failed(server, f"the slot {slot}", error) from error
        return Done(f"{server.name} made the slot {slot} ({how})", deadline.seconds)

    async def drop_slot(self, server: Server, slot: str, timeout: float) -> str:
        deadline = Deadline(timeout)
        while rows := await self._rows(server, _SLOT, deadline, slot):
            if rows[0]["slot_type"] != "physical":
                raise ActionFailed(f"the slot {slot} on {server.name} is a logical one: it is not the standby's")
            if not rows[0]["active"]:
                break
            # The sender notices that its standby is gone only when it next writes to it.
            deadline.check(f"somebody streams from the slot {slot} on {server.name}: it was not dropped")
            await asyncio.sleep(_LONGEST_PAUSE)
        else:
            return f"{server.name} has no slot {slot}"
        try:
            await self._sessions.query(server, _DROP_SLOT, (slot,), timeout=deadline.left())
        except SqlFailed as error:
            if error.sqlstate != _INSUFFICIENT_PRIVILEGE:
                raise _failed(server, f"dropping the slot {slot}", error) from error
            await self._host.psql(server, _PSQL_DROP_SLOT, {"slot": slot}, deadline.left())
        except ServerUnreachable as error:
            raise _failed(server, f"dropping the slot {slot}", error) from error
        return f"{server.name} has dropped the slot {slot}"

    async def wait_streaming(self, standby: Server, upstream: Server, deadline: Deadline) -> str:
        """Wait until the standby streams on the timeline that its upstream is on; what was seen then."""
        wanted = (await self._row(upstream, _ROLE, deadline))["timeline"]
        seen = "no receiver"
        while True:
            try:
                rows = await self._rows(standby, _STREAMS, deadline)
                if rows and rows[0]["received_tli"] == wanted:
                    return f"{standby.name} streams from {upstream.name} on timeline {wanted}"
                seen = f"a receiver on timeline {rows[0]['received_tli']}" if rows else "no receiver"
            except ActionFailed as error:
                seen = str(error)
            deadline.check(
                f"{standby.name} started, but does not stream from {upstream.name} on timeline {wanted} ({seen}): "
                f"look at its log. If it is ahead of {upstream.name}, it needs a rewind or a new copy"
            )
            await asyncio.sleep(_LONGEST_PAUSE)

    async def _ask_to_promote(self, standby: Server, deadline: Deadline) -> str:
        self._sessions.wake(standby)
        try:
            await self._sessions.query(standby, _PROMOTE, timeout=deadline.left(_ONE_QUESTION))
        except SqlFailed as error:
            if error.sqlstate == _NOT_IN_RECOVERY:
                return "it was one already"
            why = error.detail
        except ServerUnreachable as error:
            why = error.detail
        else:
            return "by pg_promote"
        await self._host.promote(standby, deadline.left())
        return f"by pg_ctl on its host: {why}"

    async def _row(self, server: Server, sql: LiteralString, deadline: Deadline) -> Row:
        rows = await self._rows(server, sql, deadline)
        if len(rows) != 1:
            raise ActionFailed(f"{server.name} gave {len(rows)} rows where one was asked for")
        return rows[0]

    async def _rows(self, server: Server, sql: LiteralString, deadline: Deadline, *params: str) -> list[Row]:
        self._sessions.wake(server)
        try:
            return await self._sessions.query(server, sql, params, timeout=deadline.left(_ONE_QUESTION))
        except ServerUnreachable as error:
            raise ActionFailed(f"{server.name} does not answer by SQL: {error.detail}") from error


def _failed(server: Server, what: str, error: ServerUnreachable) -> ActionFailed:
    return ActionFailed(f"{what} on {server.name} failed: {error.detail}")


def _promoted_says_host(standby: Server, look: HostAnswer, deadline: Deadline) -> Promoted | None:
    if look.control is None or not look.in_production:
        return None
    detail = f"{standby.name}'s host says that it is in production; by SQL it does not answer us"
    return Promoted(detail, deadline.seconds, timeline=look.control.timeline, lsn=look.control.checkpoint_lsn)


def _went_down(standby: Server, look: HostAnswer) -> ActionFailed:
    """A promotion that cannot write its first records (no space is left) ends the whole server."""
    return ActionFailed(
        f"{standby.name} went down while it was promoted ({look.seen}): look at its log, and whether its disk is full"
    )
