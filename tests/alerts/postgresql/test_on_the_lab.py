"""Several things at once that go wrong inside a real pair, as they are seen and judged."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import LiteralString

import psycopg
import pytest

from alerts.observation import Look
from alerts.rules.rule import Bad, Ok
from alerts.thresholds import Thresholds
from lab.world import Lab
from ledger.query_series import Query
from servers.watching.postgresql.look import PostgresqlLook
from servers.watching.watched import Watched
from tests.alerts.postgresql.readings import judged, value
from tests.servers.pair import Pair, now, practice_pair

# What lasts minutes is bad at once here.
STRICT = Thresholds(blocked_seconds=0.0, idle_in_transaction=0.0)


# The lab has no contrib: what is asked of the extension is answered by this, in a schema of its own.
STATEMENT_STATISTICS: LiteralString = """
CREATE SCHEMA "Odd place";
GRANT USAGE ON SCHEMA "Odd place" TO PUBLIC;
CREATE FUNCTION "Odd place".pg_stat_statements(showtext boolean)
    RETURNS TABLE (userid oid, dbid oid, queryid bigint, query text, calls bigint, total_exec_time float8)
    LANGUAGE sql AS $$
    SELECT 10::oid, oid, 4711::bigint, CASE WHEN showtext THEN 'ALTER ROLE app PASSWORD ''hunter2''' END,
           (extract(epoch FROM clock_timestamp()) * 1000)::bigint,
           (extract(epoch FROM clock_timestamp()) * 500)::float8
      FROM pg_database WHERE datname = 'postgres' $$;
SET allow_system_table_mods = on;
INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
    VALUES (99999, 'pg_stat_statements', 10, '"Odd place"'::regnamespace, true, '1.12');
"""


async def seen(pair: Pair, watch: PostgresqlLook) -> Look:
    state, judgement = await pair.look()
    watched = Watched(postgresql=await watch.look(pair.cluster))
    return Look(pair.cluster, replace(state, watched=watched), judgement)


async def run_all(lab: Lab, statements: LiteralString) -> None:
    conninfo = lab.server("db1").local_conninfo()
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        await connection.execute(statements)


@asynccontextmanager
async def a_queue_for_a_lock(lab: Lab) -> AsyncIterator[None]:
    """A session that is idle in a transaction, with a lock that another one waits for."""
    conninfo = lab.server("db1").local_conninfo()
    holder = await psycopg.AsyncConnection.connect(conninfo, application_name="<!channel> *holder*")
    waiter = await psycopg.AsyncConnection.connect(conninfo, application_name="waiter")
    try:
        await holder.execute("CREATE TABLE queue (id int, secret text)")
        await holder.commit()
        await holder.execute("LOCK TABLE queue")
        await holder.execute("SELECT 'hunter2' AS password, 4711")
        waiting = asyncio.create_task(waiter.execute("INSERT INTO queue VALUES (1, 'hunter2')"))
        yield
        await holder.rollback()
        await waiting
    finally:
        await holder.close()
        await waiter.close()


@pytest.mark.lab
async def test_what_goes_wrong_inside_a_server_is_seen_and_named() -> None:
    async with practice_pair() as pair:
        watch = PostgresqlLook(pair.sessions, now)
        primary, standby = pair.lab.server("db1"), pair.lab.server("db2")
        well = await seen(pair, watch)
        assert all(one.answer.ok for one in well.state.watched.postgresql or ())
        assert [one.without_queries[:35] for one in well.state.watched.postgresql or ()] == [
            "pg_stat_statements is not installed"
        ] * 2
        for rule in ("blocked_sessions", "idle_in_transaction", "settings_pending_restart", "checksum_failures"):
            assert isinstance(judged(well, rule, "db1", STRICT), Ok), rule
        assert value(well, "replication_in_the_clear", "db1") == 0.0

        await primary.query("ALTER SYSTEM SET max_worker_processes = 77")
        await primary.query("SELECT pg_reload_conf()")
        await run_all(pair.lab, STATEMENT_STATISTICS)
        await standby.query("ALTER SYSTEM SET work_mem = '77MB'")
        await standby.query("SELECT pg_reload_conf()")
        await primary.query("SELECT pg_create_physical_replication_slot('forgotten', true)")
        async with a_queue_for_a_lock(pair.lab):
            async with asyncio.timeout(30):
                while value(ill := await seen(pair, watch), "blocked_sessions", "db1") != 1.0 or not (
                    isinstance(judged(ill, "settings_differ", "db2"), Bad)
                    and value(ill, "settings_pending_restart", "db1")
                ):
                    await asyncio.sleep(0.05)
        blocked = judged(ill, "blocked_sessions", "db1", STRICT)
        assert isinstance(blocked, Bad)
        assert "holds up 1 session, it is idle in transaction" in blocked.evidence[0]
        assert "<!channel> *holder*" in blocked.evidence[0]
        assert blocked.evidence[1].endswith("INSERT INTO queue VALUES (?, …)")
        idle = judged(ill, "idle_in_transaction", "db1", STRICT)
        assert isinstance(idle, Bad)
        assert idle.evidence[0].endswith("last: SELECT ? AS password, ?")
        assert "hunter2" not in repr(ill)
        differ = judged(ill, "settings_differ", "db2")
        assert isinstance(differ, Bad)
        assert "work_mem is 4MB on db1 and 77MB on db2" in differ.evidence
        pending = judged(ill, "settings_pending_restart", "db1")
        assert isinstance(pending, Bad)
        assert "max_worker_processes" in pending.evidence[0]
        text = Query("db1", "4711", "ALTER ROLE app PASSWORD ?", "postgres").subject
        ill = await seen(pair, watch)
        assert value(ill, "query_mean_seconds", text) == pytest.approx(0.0005, rel=0.1)
        assert value(ill, "query_load", text) == pytest.approx(0.5, rel=0.1)
        assert "hunter2" not in repr(ill)
        assert value(ill, "slot_in_use", "db1 slot forgotten") == 0.0
