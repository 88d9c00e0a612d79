"""Contenders that work on the lab's pair: bare commands, a hand script as in runbooks, and Understudy itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg.conninfo import make_conninfo

from bench.failover.contender import Pair
from lab.pgbouncer import LabPgBouncer, pgbouncer
from lab.server import LabServer
from lab.stage import Stage, open_stage
from lab.world import Lab, LabOptions
from tests.scene.play import Requested, request_promotion, wait_for_report

_SETTLE_SECONDS = 1.0
_RUNBOOK_SLEEP = 5.0
_SURVIVORS = "SELECT sequence FROM load_row WHERE run = %s"

# Debian's peers come with Debian's PostgreSQL: all contenders run on that one.
OPTIONS = LabOptions(postgresql="system", base_backup=False)


class LabPair:
    """The lab's pair; how it is switched over is the subclass's business."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._old, self._new = lab.servers.values()

    def conninfo(self) -> str:
        return self._to(self._old, self._new)

    async def switch_over(self) -> None:
        raise NotImplementedError

    async def rows(self, run: str) -> frozenset[int]:
        return frozenset(row[0] for row in await self._new.query(_SURVIVORS, (run,), database="app"))

    def _to(self, *servers: LabServer) -> str:
        return make_conninfo(
            host=",".join(server.client_sql[0] for server in servers),
            port=",".join(str(server.client_sql[1]) for server in servers),
            dbname="app",
            user="app",
            password=self._lab.passwords["app"],
            target_session_attrs="read-write",
            connect_timeout=2,
        )


class Bare(LabPair):
    """The floor: nothing is checked, nothing is proved."""

    async def switch_over(self) -> None:
        await self._old.query("CHECKPOINT")
        await self._old.stop("fast")
        await self._new.query("SELECT pg_promote()")


class HandScript(LabPair):
    """Stop, promote, sleep 5, then tell the clients where the primary is: for they know one address."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self._told = self._old

    def conninfo(self) -> str:
        return self._to(self._told)

    async def switch_over(self) -> None:
        await self._old.stop("fast")
        await self._new.run("pg_ctl", "promote", "-D", str(self._new.data_directory))
        await asyncio.sleep(_RUNBOOK_SLEEP)
        self._told = self._new


class ByUnderstudy(LabPair):
    """From the last approval. With a pooler, clients connect through it and know no server."""

    def __init__(self, stage: Stage, requested: Requested, pooler: LabPgBouncer | None = None) -> None:
        super().__init__(stage.lab)
        self._stage = stage
        self._requested = requested
        self._pooler = pooler

    def conninfo(self) -> str:
        return super().conninfo() if self._pooler is None else self._pooler.client_conninfo()

    async def switch_over(self) -> None:
        await self._stage.slack.person("U0BOB").press(self._requested.card, text="Approve")
        await wait_for_report(self._stage.slack, self._requested, "succeeded")


@asynccontextmanager
async def bare() -> AsyncIterator[Pair]:
    async with Lab.start(OPTIONS) as lab:
        await asyncio.sleep(_SETTLE_SECONDS)
        yield Bare(lab)


@asynccontextmanager
async def hand_script() -> AsyncIterator[Pair]:
    async with Lab.start(OPTIONS) as lab:
        await asyncio.sleep(_SETTLE_SECONDS)
        yield HandScript(lab)


@asynccontextmanager
async def understudy() -> AsyncIterator[Pair]:
    async with open_stage(OPTIONS) as stage:
        requested = await request_promotion(stage.slack, stage.slack.person("U0ALICE"))
        await asyncio.sleep(_SETTLE_SECONDS)
        yield ByUnderstudy(stage, requested)


@asynccontextmanager
async def understudy_and_pgbouncer() -> AsyncIterator[Pair]:
    poolers: list[LabPgBouncer] = []

    @asynccontextmanager
    async def beside(lab: Lab) -> AsyncIterator[str]:
        async with pgbouncer(lab, "db2") as pooler:
            poolers.append(pooler)
            yield pooler.settings()

    async with open_stage(OPTIONS, beside=beside) as stage:
        requested = await request_promotion(stage.slack, stage.slack.person("U0ALICE"))
        await asyncio.sleep(_SETTLE_SECONDS)
        yield ByUnderstudy(stage, requested, poolers[0])
