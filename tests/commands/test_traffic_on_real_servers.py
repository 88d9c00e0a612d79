"""Clients behind a real PgBouncer, while their primary changes: they wait, and see no error."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from lab.faults import FaultKind
from lab.load_client import LoadClient, Outcomes
from lab.pgbouncer import LabPgBouncer, pgbouncer
from lab.world import Lab, LabOptions
from servers.engines.engine import ActionFailed, Promoted
from servers.engines.native import NativeEngine
from servers.inventory import Server
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
    """The road with a PgBouncer, and clients that write through it."""

    road: Road
    pooler: LabPgBouncer
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
        asyncio.TaskGroup() as tasks,
    ):
        outcomes = Outcomes(lambda row: None)
        clients = [LoadClient(pooler.client_conninfo, RUN, 0.02, outcomes, prepared=False) for _ in range(CLIENTS)]
        for client in clients:
            tasks.create_task(client.run())
        try:
            yield Behind(road, pooler, outcomes)
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
