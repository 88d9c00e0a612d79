"""kill -9 the bot while a real PgBouncer holds clients: they wait until it is back, and then go on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest
from psycopg.rows import dict_row

from lab.pgbouncer import LabPgBouncer, pgbouncer
from lab.stage import open_stage
from lab.world import Lab, LabOptions
from ledger.operations import OperationState
from tests.commands.test_traffic_on_real_servers import RUN, writing
from tests.faults.cell import When
from tests.faults.watch import LedgerWatch
from tests.scene.play import request_promotion
from tests.scene.test_durable import OVER

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]


async def paused(pooler: LabPgBouncer) -> bool:
    async with await psycopg.AsyncConnection.connect(pooler.admin_conninfo(), autocommit=True) as console:
        cursor = psycopg.AsyncClientCursor(console, row_factory=dict_row)
        rows = await (await cursor.execute("SHOW DATABASES")).fetchall()
    return any(int(row["paused"]) for row in rows if row["name"] == "app")


async def test_kill_9_while_clients_are_held_leaves_nobody_waiting_and_loses_nothing() -> None:
    poolers: list[LabPgBouncer] = []

    @asynccontextmanager
    async def beside(lab: Lab) -> AsyncIterator[str]:
        async with pgbouncer(lab, "db2") as pooler:
            poolers.append(pooler)
            yield pooler.settings()

    async with open_stage(LabOptions(base_backup=False), beside=beside) as stage:
        [pooler] = poolers
        watch = LedgerWatch(stage.settings.parent / "ledger.sqlite3")
        requested = await request_promotion(stage.slack, stage.slack.person("U0ALICE"))
        async with writing(pooler.client_conninfo) as outcomes:
            await stage.slack.person("U0BOB").press(requested.card, text="Approve")
            await watch.reached(requested.operation, When("stop"), timeout=30)
            await stage.bot.kill()
            assert await paused(pooler)
            await stage.bot.start()
            assert await watch.ended(requested.operation, timeout=30, over=OVER) == OperationState.SUCCEEDED
            assert not await paused(pooler)
            before = len(outcomes.acknowledged)
            while len(outcomes.acknowledged) < before + 50:
                outcomes.more.clear()
                await outcomes.more.wait()
        sql = "SELECT sequence FROM load_row WHERE run = %s"
        there = {row[0] for row in await stage.lab.servers["db2"].query(sql, (RUN,), database="app")}
        assert {row.sequence for row in outcomes.acknowledged} <= there
        assert outcomes.acknowledged[-1].server == stage.lab.servers["db2"].address
