"""Clients behind a real PgBouncer or HAProxy, while their primary changes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from lab.faults import FaultKind
from lab.haproxy import LabHaproxy, haproxy
from lab.load_client import LoadClient, Outcomes
from lab.pgbouncer import LabPgBouncer, pgbouncer
from lab.world import Lab, LabOptions
from servers.engines.engine import ActionFailed, Promoted
from servers.engines.native import NativeEngine
from servers.inventory import Server
from servers.traffic.target import Move, Pointing
from tests.commands.test_on_real_servers import Road, road_of

pytestmark = pytest.mark.lab

RUN = "through pgbouncer"
CLIENTS = 4


class PromotesNobody(NativeEngine):
    """Its promotion fails, after everything before it was done."""

    async def promote(self, standby: Server, *, timeout: float = 60.0) -> Promoted:
        raise ActionFailed("practice: nothing was promoted")


@dataclass
class Behind:
    """The road with a PgBouncer or HAProxy, and clients that write through it."""

    road: Road
    pooler: LabPgBouncer | LabHaproxy
    outcomes: Outcomes

    async def wait_for_rows(self, more: int) -> None:
        wanted = len(self.outcomes.acknowledged) + more
        async with asyncio.timeout(30):
            while len(self.outcomes.acknowledged) < wanted:
                self.outcomes.more.clear()
                await self.outcomes.more.wait()

    async def rows_on(self, server: str) -> set[int]:
        sql = "SELECT sequence FROM load_row WHERE run = %s"
        return {row[0] for row in await self.road.lab.servers[server].query(sql, (RUN,), database="app")}


@asynccontextmanager
async def behind_a_pooler(
    tmp_path: Path, make_engine: type[NativeEngine] = NativeEngine, hold: str = "5s"
) -> AsyncIterator[Behind]:
    async with (
        Lab.start(LabOptions(base_backup=False)) as lab,
        pgbouncer(lab, "db2") as pooler,
        road_of(lab, tmp_path, make_engine, pooler.settings(hold=hold)) as road,
        writing(pooler.client_conninfo) as outcomes,
    ):
        yield Behind(road, pooler, outcomes)


@asynccontextmanager
async def writing(conninfo: Callable[[], str]) -> AsyncIterator[Outcomes]:
    """Clients that write, until the block ends."""
    outcomes = Outcomes(lambda row: None)
    clients = [LoadClient(conninfo, RUN, 0.02, outcomes, prepared=False) for _ in range(CLIENTS)]
    async with asyncio.TaskGroup() as tasks:
        for client in clients:
            tasks.create_task(client.run())
        try:
            yield outcomes
        finally:
            for client in clients:
                client.stop()


async def test_a_switchover_behind_pgbouncer_is_a_short_wait_and_no_error(tmp_path: Path) -> None:
    async with behind_a_pooler(tmp_path) as behind:
        await behind.wait_for_rows(50)
        report = (await behind.road.approve(await behind.road.request("promote"))).page
        assert report.title == "Switchover of shop: db1 → db2 succeeded", report
        await behind.wait_for_rows(50)
        assert behind.outcomes.errors == 0, behind.outcomes.first_error
        there = await behind.rows_on("db2")
        assert {row.sequence for row in behind.outcomes.acknowledged} <= there
        assert {row.server for row in behind.outcomes.acknowledged[-20:]} == {behind.road.lab.servers["db2"].address}


async def test_after_a_failover_clients_are_led_to_the_new_primary(tmp_path: Path) -> None:
    async with behind_a_pooler(tmp_path) as behind:
        await behind.road.status()
        await behind.wait_for_rows(50)
        await behind.road.lab.faults.apply(FaultKind.KILL, "db1")
        report = (await behind.road.approve(await behind.road.request("promote"))).page
        assert report.title == "Failover of shop: db1 → db2 succeeded", report
        await behind.wait_for_rows(50)
        assert behind.outcomes.acknowledged[-1].server == behind.road.lab.servers["db2"].address


async def test_clients_are_let_go_when_the_promotion_does_not_happen(tmp_path: Path) -> None:
    async with behind_a_pooler(tmp_path, PromotesNobody) as behind:
        await behind.wait_for_rows(50)
        report = (await behind.road.approve(await behind.road.request("promote"))).page
        assert "practice: nothing was promoted" in report.summary
        [target] = behind.road.world.traffic["shop"]
        assert not (await target.look(timeout=5)).held


async def test_a_transaction_that_does_not_end_stops_the_switchover_and_clients_go_on(tmp_path: Path) -> None:
    async with behind_a_pooler(tmp_path, hold="1s") as behind:
        conninfo = behind.pooler.client_conninfo()
        async with await psycopg.AsyncConnection.connect(conninfo) as connection:
            await connection.execute("SELECT 1")  # and stays in its transaction
            operation = await behind.road.request("promote")
            report = (await behind.road.approve(operation)).page
            assert "still under way" in report.summary
            await behind.wait_for_rows(50)
            assert behind.outcomes.acknowledged[-1].server == behind.road.lab.servers["db1"].address
            assert behind.outcomes.errors == 0, behind.outcomes.first_error


async def test_behind_haproxy_clients_reconnect_to_the_new_primary(tmp_path: Path) -> None:
    async with (
        Lab.start(LabOptions(base_backup=False)) as lab,
        haproxy(lab, "db2") as proxy,
        road_of(lab, tmp_path, extra=proxy.settings()) as road,
        writing(proxy.client_conninfo) as outcomes,
    ):
        behind = Behind(road, proxy, outcomes)
        await behind.wait_for_rows(50)
        [target] = road.world.traffic["shop"]
        assert (await target.look(timeout=5)).server == "db1"
        report = (await road.approve(await road.request("promote"))).page
        assert report.title == "Switchover of shop: db1 → db2 succeeded", report
        assert "does not" not in repr(report)
        await behind.wait_for_rows(50)
        assert outcomes.acknowledged[-1].server == lab.servers["db2"].address
        assert {row.sequence for row in outcomes.acknowledged} <= await behind.rows_on("db2")
        # Sessions that were open have ended, each once; who connected then has waited.
        assert outcomes.errors <= CLIENTS, outcomes.last_error
        # Whoever is led to db2 does not come back to db1 by itself, though it runs again.
        assert (await target.look(timeout=5)).server == "db2"


async def test_who_connects_while_haproxy_holds_waits_and_gets_no_error(tmp_path: Path) -> None:
    async with (
        Lab.start(LabOptions(base_backup=False)) as lab,
        haproxy(lab, "db2") as proxy,
        road_of(lab, tmp_path, extra=proxy.settings()) as road,
    ):
        [target] = road.world.traffic["shop"]
        move = Move("shop", "db1", "db2")
        async with await psycopg.AsyncConnection.connect(proxy.client_conninfo(), autocommit=True) as opened:
            await target.hold(move, timeout=10)
            held = await target.look(timeout=5)
            assert (held.held, held.server) == (True, None)
            await opened.execute("SELECT 1")  # who is there already goes on until the stop
            waiting = asyncio.create_task(psycopg.AsyncConnection.connect(proxy.client_conninfo()))
            await asyncio.wait({waiting}, timeout=1.0)
            assert not waiting.done()
            await target.undo(move, timeout=10)
            async with await waiting as connection:
                answer = await connection.execute("SELECT pg_is_in_recovery()")
                assert await answer.fetchone() == (False,)
        assert await target.look(timeout=5) == Pointing("db1", "it leads to postgresql/pg-db1", held=False)


async def test_a_command_on_a_host_is_told_who_is_the_primary_now(tmp_path: Path) -> None:
    async with Lab.start(LabOptions(base_backup=False)) as lab:
        host, port = lab.servers["db2"].bot_ssh
        note = lab.servers["db2"].paths.home / "primary"
        extra = f"""
[clusters.shop.traffic.web]
kind = "command"
redirect = ["sh", "-c", "printf %s \\"$UNDERSTUDY_NEW_PRIMARY\\" > \\"$1\\"", "sh", {str(note)!r}]
look = ["sh", "-c", "cat \\"$1\\" 2>/dev/null || echo db1", "sh", {str(note)!r}]

[clusters.shop.traffic.web.ssh]
host = "{host}"
port = {port}
user = "postgres"
key_file = "{lab.key_file}"
known_hosts = "{lab.known_hosts}"
"""
        async with road_of(lab, tmp_path, extra=extra) as road:
            report = (await road.approve(await road.request("promote"))).page
            assert report.title == "Switchover of shop: db1 → db2 succeeded", report
            assert note.read_text() == "db2"
