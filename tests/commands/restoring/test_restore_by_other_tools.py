"""A restore beside from pgBackRest's and from Barman's backups, on a real pair: the same order, the same markers."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import lab.barman
import lab.pgbackrest
from lab.world import Lab, LabOptions
from servers.backups.pgbackrest.place import PgBackRestPlace
from servers.backups.wanted import BackupWanted
from servers.engines.rejoining import JobState
from servers.inventory import BackupPlace, BackupTool
from tests.commands.restoring.test_restore_on_real_servers import mark, markers_of, ordered
from tests.commands.test_on_real_servers import Road, road_of
from tests.servers.backups.test_barman import place_of

pytestmark = pytest.mark.lab

Archived = Callable[[str], Awaitable[bool]]


async def pgbackrest(of: Lab) -> tuple[BackupPlace, Archived]:
    tool = await lab.pgbackrest.set_up(of)

    async def archived(segment: str) -> bool:
        return bool(list(tool.repository.rglob(f"{segment}-*")))

    place = PgBackRestPlace(lab.pgbackrest.STANZA)
    return BackupPlace(BackupTool.PGBACKREST, "", pgbackrest=place), archived


async def barman(of: Lab) -> tuple[BackupPlace, Archived]:
    tool = await lab.barman.set_up(of, "db2")

    async def archived(segment: str) -> bool:
        await tool.run("archive-wal", lab.barman.NAME)
        return bool(list((tool.home / lab.barman.NAME / "wals").rglob(segment)))

    return place_of(tool), archived


@pytest.mark.parametrize("set_up", [pgbackrest, barman])
async def test_beside_has_exactly_what_was_there_at_the_moment(
    tmp_path: Path, set_up: Callable[[Lab], Awaitable[tuple[BackupPlace, Archived]]]
) -> None:
    async with Lab.start(LabOptions(postgresql="system", base_backup=False)) as of:
        place, archived = await set_up(of)
        async with road_of(of, tmp_path) as made:
            cluster = replace(made.cluster, backups=place)
            way = Road(of, replace(made.world, clusters={"shop": cluster}))
            await of.server("db1").query("CREATE TABLE marker (n int PRIMARY KEY, what text NOT NULL)")
            await mark(way, 1)
            tool = way.world.backup_tool(cluster)
            job = await tool.begin_backup(cluster, BackupWanted(cluster.server("db1")), "backup-1")
            while (report := await tool.job(cluster, job)).state is JobState.RUNNING:
                await asyncio.sleep(0.1)
            assert report.state is JobState.DONE, report
            between = await mark(way, 2)
            while datetime.now(UTC).replace(microsecond=0) <= between:  # the archive's times are in whole seconds
                await asyncio.sleep(0.05)
            await mark(way, 3)
            [(segment,)] = await of.server("db1").query("SELECT pg_walfile_name(pg_switch_wal())")
            async with asyncio.timeout(30):
                while not await archived(segment):
                    await asyncio.sleep(0.1)
            report_page = await ordered(way, f"restore --to {between.isoformat()}")
            assert report_page.title.endswith(" → db2 succeeded"), report_page.summary
            assert await markers_of(way) == [1, 2]
            assert (await ordered(way, "restore drop")).title.endswith("succeeded")
