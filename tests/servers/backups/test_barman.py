"""Barman itself on a real pair, over its own SSH: back up under load, lose the primary's data, restore to a moment."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio

from lab.barman import NAME, LabBarman, set_up
from lab.options import LabOptions
from servers.backups.barman.place import BarmanPlace
from servers.backups.barman.tool import BarmanTool
from servers.backups.wanted import BackupKind, BackupWanted, JobPlace, RestoreWanted, VerifyWanted
from servers.engines.engine import ActionFailed
from servers.engines.rejoining import JobReport, JobState
from servers.inventory import BackupPlace, BackupTool, Cluster
from servers.state import BaseBackup
from servers.timelines import read_history
from tests.servers.backups.recovered import ended, mark, recovered
from tests.servers.pair import PATIENCE, Pair, now, practice_pair

pytestmark = [pytest.mark.lab, pytest.mark.asyncio(loop_scope="module")]

HISTORY = "1\t0/3000000\tno recovery target specified\n"


@dataclass(frozen=True)
class Bench:
    """The pair, Barman on the host of db2, the tool, and a backup of db1 that was taken while rows were written."""

    pair: Pair
    barman: LabBarman
    tool: BarmanTool
    backup: BaseBackup

    @property
    def cluster(self) -> Cluster:
        return self.pair.cluster

    @property
    def wals(self) -> Path:
        return self.barman.home / NAME / "wals"

    async def ended(self, place: JobPlace) -> JobReport:
        return await ended(self.pair, self.tool, place)

    async def archived(self) -> None:
        """Until what was written so far has come in, and Barman has sorted it in."""
        db1 = self.pair.lab.server("db1")
        [(segment,)] = await db1.query("SELECT pg_walfile_name(pg_switch_wal())")
        async with asyncio.timeout(PATIENCE):
            while not list((self.barman.home / NAME).rglob(segment)):
                await asyncio.sleep(0.05)
        await self.barman.run("archive-wal", NAME)

    async def verify(self, key: str) -> JobReport:
        wanted = VerifyWanted(self.backup.name, self.backup.repository)
        return await self.ended(await self.tool.begin_verify(self.cluster, wanted, key))


def place_of(barman: LabBarman, name: str = NAME) -> BackupPlace:
    db1, db2 = barman.lab.server("db1"), barman.host
    place = BarmanPlace(
        name, str(barman.file), None, str(barman.state), (("db1", barman.ssh_to(db1)),), barman.ssh_to(db2)
    )
    return BackupPlace(BackupTool.BARMAN, "", server="db2", barman=place)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench() -> AsyncIterator[Bench]:
    async with practice_pair(LabOptions(postgresql="system", base_backup=False)) as pair:
        barman = await set_up(pair.lab, "db2")
        pair = replace(pair, cluster=replace(pair.cluster, backups=place_of(barman)))
        tool = BarmanTool(pair.shells, now)
        db1 = pair.lab.server("db1")
        await db1.query("CREATE TABLE mark (name text)")
        await mark(db1, "before")
        await pair.lab.load.start(200)
        wanted = BackupWanted(pair.cluster.server("db1"))
        job = await tool.begin_backup(pair.cluster, wanted, "backup-1")
        with pytest.raises(ActionFailed, match=r"runs already|still runs there"):
            await tool.begin_backup(pair.cluster, wanted, "backup-2")
        report = await ended(pair, tool, job)
        await pair.lab.load.stop()
        assert report.state is JobState.DONE, report
        state = await tool.list(pair.cluster)
        assert state.answer.ok, state
        yield Bench(pair, barman, tool, state.backups[0])
        await db1.stop("immediate")  # which archives nothing more


async def test_a_backup_is_listed_with_its_times_its_size_and_its_wal(bench: Bench) -> None:
    backup = bench.backup
    assert (backup.kind, backup.repository, backup.timeline, backup.problem) == ("full", "barman", 1, "")
    assert backup.started_at is not None
    assert backup.finished_at is not None
    assert backup.started_at <= backup.finished_at
    assert backup.start_lsn is not None
    assert backup.end_lsn is not None
    assert backup.start_lsn < backup.end_lsn
    assert backup.size > 10_000_000
    state = await bench.tool.list(bench.cluster)
    assert state.archived_segments
    assert state.last_archived_at is not None
    assert state.disks[0].available > 0
    kept = await bench.tool.expire(bench.cluster, dry_run=True)
    assert (kept.backups, kept.segments) == ((), 0)
    assert await bench.tool.check(bench.cluster) == "barman check passes on db2"


async def test_the_archive_is_told_as_runs_with_its_gaps(bench: Bench) -> None:
    for _ in range(3):
        await bench.archived()
    bench.pair.lab.account.write(bench.wals / "00000002.history", HISTORY)
    whole = await bench.tool.archive(bench.cluster)
    assert whole.histories == (read_history(2, HISTORY),)
    (run,) = whole.segments
    names = sorted(path for path in bench.wals.rglob("*") if len(path.name) == 24)
    assert (whole.segment_size, run.last - run.first + 1) == (4 * 2**20, len(names))
    taken = names[-2].rename(bench.barman.home / "taken")
    try:
        torn = await bench.tool.archive(bench.cluster)
    finally:
        taken.rename(names[-2])
    assert [(each.first, each.last) for each in torn.segments] == [(run.first, run.last - 2), (run.last, run.last)]


async def test_it_is_restored_to_a_moment_between_two_marks_after_the_data_are_lost(bench: Bench) -> None:
    db1 = bench.pair.lab.server("db1")
    moment = await mark(db1, "first")
    await mark(db1, "second")
    await bench.archived()
    await db1.stop("immediate")
    db1.data_directory.rename(db1.data_directory.with_name("lost"))
    directory = db1.data_directory.with_name("restored")
    try:
        wanted = RestoreWanted(bench.backup.name, bench.cluster.server("db1"), str(directory), "barman")
        report = await bench.ended(await bench.tool.begin_restore(bench.cluster, wanted, "restore-1"))
        assert report.state is JobState.DONE, report
        assert (directory / "backup_label").exists()
        assert "BARMAN" not in (directory / "postgresql.conf").read_text()
        again = await bench.tool.begin_restore(bench.cluster, wanted, "restore-1")
        assert (await bench.tool.job(bench.cluster, again)).state is JobState.DONE
        with pytest.raises(ActionFailed, match="is there already"):
            await bench.tool.begin_restore(bench.cluster, wanted, "restore-2")
        command = bench.tool.restore_command(bench.cluster, wanted.server)
        async with recovered(bench.pair, directory, command, moment) as marks:
            assert marks == {"before", "first"}
    finally:
        db1.data_directory.with_name("lost").rename(db1.data_directory)
        await db1.start()


async def test_a_verified_backup_is_known_as_one_and_a_damaged_one_is_named(bench: Bench) -> None:
    assert (await bench.verify("verify-1")).state is JobState.DONE
    assert (await bench.tool.list(bench.cluster)).backups[0].verified_at is not None
    data = Path(bench.backup.path) / "data"
    file = max(data.rglob("base/*/*"), key=lambda path: path.stat().st_size)
    content = file.read_bytes()
    file.write_bytes(content[:-1] + b"!")
    try:
        report = await bench.verify("verify-2")
        assert report.state is JobState.FAILED
        assert report.log.startswith("the backup does not agree with its manifest"), report
        assert file.name in report.log
    finally:
        file.write_bytes(content)


async def test_what_is_not_there_is_said(bench: Bench) -> None:
    cluster = replace(bench.cluster, backups=place_of(bench.barman, "other"))
    state = await bench.tool.list(cluster)
    assert not state.answer.ok
    assert "Barman has no cluster of that name: correct backups.name" in state.answer.detail
    assert not (await bench.tool.archive(cluster)).answer.ok
    wanted = VerifyWanted("20200101T000000")
    with pytest.raises(ActionFailed, match="no backup 20200101T000000 is in Barman's catalogue"):
        await bench.tool.begin_verify(bench.cluster, wanted, "verify-9")
    incremental = BackupWanted(bench.cluster.server("db1"), BackupKind.INCREMENTAL)
    with pytest.raises(ActionFailed, match="full backups only"):
        await bench.tool.begin_backup(bench.cluster, incremental, "backup-9")
