"""pgBackRest itself on a real pair: back up under load, verify, lose the primary's data, restore to a moment."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio

from lab.options import LabOptions
from lab.pgbackrest import STANZA, LabPgBackRest, set_up
from servers.backups.pgbackrest.place import PgBackRestPlace
from servers.backups.pgbackrest.tool import PgBackRestTool
from servers.backups.wanted import BackupKind, BackupWanted, JobPlace, RestoreWanted, VerifyWanted
from servers.engines.engine import ActionFailed
from servers.engines.rejoining import JobReport, JobState
from servers.inventory import BackupPlace, BackupTool, Cluster
from servers.state import BaseBackup
from tests.servers.backups.recovered import ended, mark, recovered
from tests.servers.pair import PATIENCE, Pair, now, practice_pair

pytestmark = [pytest.mark.lab, pytest.mark.asyncio(loop_scope="module")]


@dataclass(frozen=True)
class Bench:
    """The pair, pgBackRest on it, the tool, and a full backup that was taken while rows were written."""

    pair: Pair
    pgbackrest: LabPgBackRest
    tool: PgBackRestTool
    backup: BaseBackup

    @property
    def cluster(self) -> Cluster:
        return self.pair.cluster

    async def ended(self, place: JobPlace) -> JobReport:
        return await ended(self.pair, self.tool, place)

    async def archived(self) -> None:
        """Until what was written so far is in the archive."""
        db1 = self.pair.lab.server("db1")
        [(segment,)] = await db1.query("SELECT pg_walfile_name(pg_switch_wal())")
        async with asyncio.timeout(PATIENCE):
            while not list(self.pgbackrest.repository.rglob(f"{segment}-*")):
                await asyncio.sleep(0.05)

    def with_stanza(self, stanza: str, configuration: str | None = None) -> Cluster:
        place = BackupPlace(BackupTool.PGBACKREST, "", pgbackrest=PgBackRestPlace(stanza, configuration))
        return replace(self.cluster, backups=place)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench() -> AsyncIterator[Bench]:
    async with practice_pair(LabOptions(postgresql="system", base_backup=False)) as pair:
        pgbackrest = await set_up(pair.lab)
        place = BackupPlace(BackupTool.PGBACKREST, "", pgbackrest=PgBackRestPlace(STANZA))
        pair = replace(pair, cluster=replace(pair.cluster, backups=place))
        tool = PgBackRestTool(pair.shells, now)
        db1 = pair.lab.server("db1")
        await db1.query("CREATE TABLE mark (name text)")
        await mark(db1, "before")
        await pair.lab.load.start(200)
        job = await tool.begin_backup(pair.cluster, BackupWanted(pair.cluster.server("db1")), "backup-1")
        report = await ended(pair, tool, job)
        await pair.lab.load.stop()
        assert report.state is JobState.DONE, report
        assert report.copied == report.total != 0
        state = await tool.list(pair.cluster)
        yield Bench(pair, pgbackrest, tool, state.backups[0])


async def test_a_backup_is_listed_with_its_times_its_size_and_its_wal(bench: Bench) -> None:
    backup = bench.backup
    assert (backup.kind, backup.repository, backup.timeline, backup.problem) == ("full", "repo1", 1, "")
    assert backup.started_at is not None
    assert backup.finished_at is not None
    assert backup.started_at <= backup.finished_at
    assert backup.start_lsn is not None
    assert backup.end_lsn is not None
    assert backup.start_lsn < backup.end_lsn
    assert 1_000_000 < backup.size < 20_000_000


async def test_the_archive_is_told_as_runs_with_its_gaps(bench: Bench) -> None:
    for _ in range(3):
        await bench.archived()
    whole = await bench.tool.archive(bench.cluster)
    (run,) = whole.segments
    assert whole.segment_size == 4 * 2**20
    names = sorted(path for path in bench.pgbackrest.repository.rglob("*-*.lz4"))
    assert run.last - run.first + 1 == len(names)
    assert run.ended_at is not None
    assert (await bench.tool.list(bench.cluster)).last_archived_at == run.ended_at

    taken = names[-2].rename(bench.pair.lab.directory / "taken")
    try:
        torn = await bench.tool.archive(bench.cluster)
    finally:
        taken.rename(names[-2])
    assert [(each.first, each.last) for each in torn.segments] == [(run.first, run.last - 2), (run.last, run.last)]


async def test_it_is_restored_to_a_moment_between_two_marks_after_the_data_are_lost(bench: Bench) -> None:
    lab = bench.pair.lab
    db1 = lab.server("db1")
    job = await bench.tool.begin_backup(
        bench.cluster, BackupWanted(bench.cluster.server("db1"), BackupKind.INCREMENTAL), "backup-2"
    )
    assert (await bench.ended(job)).state is JobState.DONE
    newest = (await bench.tool.list(bench.cluster)).backups[0]
    assert (newest.kind, newest.based_on) == ("incr", bench.backup.name)
    moment = await mark(db1, "first")
    await mark(db1, "second")
    await bench.archived()
    await db1.stop()
    db1.data_directory.rename(db1.data_directory.with_name("lost"))
    directory = db1.data_directory.with_name("restored")
    try:
        wanted = RestoreWanted(newest.name, bench.cluster.server("db1"), str(directory))
        report = await bench.ended(await bench.tool.begin_restore(bench.cluster, wanted, "restore-1"))
        assert report.state is JobState.DONE, report
        assert report.copied == report.total != 0
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
    async def verify(key: str) -> JobReport:
        wanted = VerifyWanted(bench.backup.name, bench.backup.repository)
        return await bench.ended(await bench.tool.begin_verify(bench.cluster, wanted, key))

    assert (await verify("verify-1")).state is JobState.DONE
    found = next(each for each in (await bench.tool.list(bench.cluster)).backups if each.name == bench.backup.name)
    assert found.verified_at is not None
    data = bench.pgbackrest.repository / "backup" / STANZA / bench.backup.name / "pg_data"
    file = max(data.rglob("base/*/*.lz4"), key=lambda path: path.stat().st_size)
    content = file.read_bytes()
    file.write_bytes(content[:100])
    try:
        report = await verify("verify-2")
        assert report.state is JobState.FAILED
        assert f"does not agree with its checksums: invalid checksum '{bench.backup.name}/" in report.log
        assert file.name in report.log
        await nothing_is_restored_from(bench, file)
    finally:
        file.write_bytes(content)
    (segment,) = bench.pgbackrest.repository.rglob(f"{first_segment(bench)}-*")
    taken = segment.rename(bench.pair.lab.directory / "taken")
    try:
        with pytest.raises(ActionFailed, match=f"lacks WAL segment {first_segment(bench)}"):
            await verify("verify-3")
    finally:
        taken.rename(segment)


async def nothing_is_restored_from(bench: Bench, file: Path) -> None:
    directory = bench.pair.lab.server("db2").data_directory.with_name("damaged")
    wanted = RestoreWanted(bench.backup.name, bench.cluster.server("db2"), str(directory))
    report = await bench.ended(await bench.tool.begin_restore(bench.cluster, wanted, "restore-3"))
    assert report.state is JobState.FAILED
    assert report.log.startswith("a file in the repository is damaged"), report
    assert not (directory / "global" / "pg_control").exists()


def first_segment(bench: Bench) -> str:
    assert bench.backup.start_lsn is not None
    return f"{1:08X}{0:08X}{bench.backup.start_lsn // (4 * 2**20):08X}"


async def test_a_backup_beside_another_ones_is_refused(bench: Bench) -> None:
    """Another one that nobody of us began: pgBackRest tells by its lock."""
    lock = bench.pgbackrest.files["db1"].with_name("lock") / f"{STANZA}-backup.lock"
    running = asyncio.create_task(bench.pgbackrest.run("db1", "backup", "--type=full"))
    try:
        async with asyncio.timeout(PATIENCE):
            while not lock.exists() or not lock.read_text():
                await asyncio.sleep(0.02)
        with pytest.raises(ActionFailed, match="another backup of stanza shop runs already"):
            await bench.tool.begin_backup(bench.cluster, BackupWanted(bench.cluster.server("db1")), "backup-3")
        with pytest.raises(
            ActionFailed, match=r"another pgBackRest command holds the stanza's lock there.*\[pgBackRest 50\]"
        ):
            await bench.tool.expire(bench.cluster, dry_run=True)
    finally:
        await running


async def test_what_the_retention_lets_go_of_is_told_first(bench: Bench) -> None:
    kept = await bench.tool.expire(bench.cluster, dry_run=True)
    assert (kept.backups, kept.segments) == ((), 0)
    assert await bench.tool.decrypts(bench.cluster, bench.cluster.server("db1"), bench.backup.name) is None


@pytest.mark.parametrize(
    ("stanza", "configuration", "said"),
    [
        ("other", None, "no repository has the stanza other: correct backups.stanza, or run stanza-create"),
        (STANZA, "/nowhere.conf", "unable to open missing file '/nowhere.conf' for read"),
    ],
)
async def test_what_is_not_there_is_said(bench: Bench, stanza: str, configuration: str | None, said: str) -> None:
    cluster = bench.with_stanza(stanza, configuration)
    state = await bench.tool.list(cluster)
    assert (state.answer.ok, said in state.answer.detail) == (False, True), state
    assert not (await bench.tool.archive(cluster)).answer.ok
    with pytest.raises(ActionFailed, match=r"stanza|unable to open"):
        await bench.tool.begin_backup(cluster, BackupWanted(cluster.server("db1")), "backup-9")
