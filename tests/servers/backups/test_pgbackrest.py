"""pgBackRest itself on a real pair, with a local repository and one in an S3 over TLS: back up under load, verify, lose
the primary's data, restore to a moment."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio

from bot.inventory import clusters_of
from bot.settings import load_settings
from lab import disks
from lab.options import LabOptions
from lab.pgbackrest import STANZA, LabPgBackRest, set_up
from servers.backups.archive import segment_name
from servers.backups.pgbackrest.place import PgBackRestPlace
from servers.backups.pgbackrest.tool import PgBackRestTool
from servers.backups.wanted import BackupWanted, JobPlace, RestoreWanted, VerifyWanted
from servers.engines.engine import ActionFailed
from servers.engines.rejoining import JobReport, JobState
from servers.inventory import BackupPlace, BackupTool, Cluster, Server
from servers.state import BaseBackup
from servers.timelines import read_history
from tests.servers.backups.recovered import ended, mark, recovered
from tests.servers.backups.s3_over_tls import S3OverTls, s3_over_tls
from tests.servers.pair import PATIENCE, Pair, now, practice_pair

pytestmark = [pytest.mark.lab, pytest.mark.asyncio(loop_scope="module")]

NOWHERE = "http://127.0.0.1:1/api/"
SEGMENT = 4 * 2**20
HISTORY = "1\t0/3000000\tno recovery target specified\n"


@dataclass(frozen=True)
class Bench:
    """The pair, pgBackRest on it, the tool, and a full backup that was taken while rows were written.

    The first repository is a directory, the second one the S3.
    """

    pair: Pair
    pgbackrest: LabPgBackRest
    s3: S3OverTls
    tool: PgBackRestTool
    backup: BaseBackup

    @property
    def cluster(self) -> Cluster:
        return self.pair.cluster

    @property
    def primary(self) -> Server:
        return self.cluster.server("db1")

    async def ended(self, place: JobPlace) -> JobReport:
        return await ended(self.pair, self.tool, place)

    async def archived(self) -> None:
        """Until what was written so far is in the archive."""
        db1 = self.pair.lab.server("db1")
        [(segment,)] = await db1.query("SELECT pg_walfile_name(pg_switch_wal())")
        async with asyncio.timeout(PATIENCE):
            while not list(self.pgbackrest.repository.rglob(f"{segment}-*")):
                await asyncio.sleep(0.05)

    def segment(self, number: int) -> Path:
        """The file of a segment in the first repository."""
        [file] = self.pgbackrest.repository.rglob(f"{segment_name(1, number, SEGMENT)}-*")
        return file

    def without_s3(self, **changed: str) -> Cluster:
        """The cluster with a configuration file that has the first repository alone, and these lines."""
        file = self.pgbackrest.files["db1"]
        away = ("repo2-", *(name.replace("_", "-") for name in changed))
        lines = [line for line in file.read_text().splitlines() if not line.startswith(away)]
        lines[1:1] = [f"{name.replace('_', '-')}={value}" for name, value in changed.items()]
        other = file.with_name(f"other-{len(changed)}.conf")
        return self.with_stanza(STANZA, str(self.pair.lab.account.write(other, "\n".join(lines) + "\n")))

    def with_stanza(self, stanza: str, configuration: str | None = None) -> Cluster:
        place = BackupPlace(BackupTool.PGBACKREST, "", pgbackrest=PgBackRestPlace(stanza, configuration))
        return replace(self.cluster, backups=place)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    options = LabOptions(postgresql="system", base_backup=False)
    with s3_over_tls(tmp_path_factory.mktemp("s3")) as s3:
        async with practice_pair(options) as pair:
            lab = pair.lab
            authority = lab.account.write(lab.directory / "s3-authority.pem", s3.authority.read_text())
            pgbackrest = await set_up(lab, s3.configuration(2, authority))
            settings = lab.write_settings(tmp_path_factory.mktemp("bot"), NOWHERE, backup_tool=pgbackrest.settings())
            pair = replace(pair, cluster=clusters_of(load_settings(settings))[lab.cluster])
            tool = PgBackRestTool(pair.shells, now)
            yield Bench(pair, pgbackrest, s3, tool, await backed_up_under_load(pair, tool))
            await lab.server("db1").stop("immediate")  # which archives nothing more


async def backed_up_under_load(pair: Pair, tool: PgBackRestTool) -> BaseBackup:
    db1 = pair.lab.server("db1")
    await db1.query("CREATE TABLE mark (name text)")
    await mark(db1, "before")
    await pair.lab.load.start(200)
    job = await tool.begin_backup(pair.cluster, BackupWanted(pair.cluster.server("db1")), "backup-1")
    report = await ended(pair, tool, job)
    await pair.lab.load.stop()
    assert report.state is JobState.DONE, report
    assert report.copied == report.total != 0
    return (await tool.list(pair.cluster)).backups[0]


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
    cluster = bench.without_s3()
    [directory] = (bench.pgbackrest.repository / "archive" / STANZA).glob("*-1")
    bench.pair.lab.account.write(directory / "00000002.history", HISTORY)
    whole = await bench.tool.archive(cluster)
    assert whole.histories == (read_history(2, HISTORY),)
    (run,) = whole.segments
    assert whole.segment_size == SEGMENT
    names = list(bench.pgbackrest.repository.rglob("*-*.lz4"))
    assert run.last - run.first + 1 == len(names)
    assert run.ended_at is not None
    assert (await bench.tool.list(cluster)).last_archived_at == run.ended_at

    with moved_away(bench.segment(run.last - 1)):
        torn = await bench.tool.archive(cluster)
        assert (await bench.tool.archive(bench.cluster)).segments[0].last == run.last  # the S3 has it
    assert [(each.first, each.last) for each in torn.segments] == [(run.first, run.last - 2), (run.last, run.last)]


async def test_it_is_restored_from_the_s3_to_a_moment_between_two_marks_after_the_data_are_lost(bench: Bench) -> None:
    db1 = bench.pair.lab.server("db1")
    job = await bench.tool.begin_backup(bench.cluster, BackupWanted(bench.primary, repository="repo2"), "backup-2")
    assert (await bench.ended(job)).state is JobState.DONE
    newest = (await bench.tool.list(bench.cluster)).backups[0]
    assert newest.repository == "repo2"
    moment = await mark(db1, "first")
    await mark(db1, "second")
    await bench.archived()
    await db1.stop("immediate")
    db1.data_directory.rename(db1.data_directory.with_name("lost"))
    directory = db1.data_directory.with_name("restored")
    try:
        wanted = RestoreWanted(newest.name, bench.primary, str(directory), newest.repository)
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
    cluster, backup = bench.without_s3(), bench.backup
    assert (await verified(bench, cluster, "verify-1")).state is JobState.DONE
    found = next(each for each in (await bench.tool.list(cluster)).backups if each.name == backup.name)
    assert found.verified_at is not None
    data = bench.pgbackrest.repository / "backup" / STANZA / backup.name / "pg_data"
    file = max(data.rglob("base/*/*.lz4"), key=lambda path: path.stat().st_size)
    with truncated(file):
        report = await verified(bench, cluster, "verify-2")
        assert report.state is JobState.FAILED
        assert f"does not agree with its checksums: invalid checksum '{backup.name}/" in report.log
        assert file.name in report.log
        directory = bench.pair.lab.server("db2").data_directory.with_name("damaged")
        wanted = RestoreWanted(backup.name, cluster.server("db2"), str(directory))
        report = await bench.ended(await bench.tool.begin_restore(cluster, wanted, "restore-3"))
        assert report.state is JobState.FAILED
        assert report.log.startswith("a file in the repository is damaged"), report
        assert not (directory / "global" / "pg_control").exists()


async def test_wal_that_a_backup_cannot_do_without_is_missed_and_damaged_wal_is_no_end_of_the_archive(
    bench: Bench,
) -> None:
    assert bench.backup.start_lsn is not None
    cluster, number = bench.without_s3(), bench.backup.start_lsn // SEGMENT
    file = bench.segment(number)
    with moved_away(file):
        with pytest.raises(ActionFailed, match=f"the archive lacks WAL segment {segment_name(1, number, SEGMENT)}"):
            await verified(bench, cluster, "verify-3")
        assert await got(bench, cluster, number) == 1
    with truncated(file):
        report = await verified(bench, cluster, "verify-4")
        assert "WAL since the backup's start is damaged in the archive" in report.log
        assert await got(bench, cluster, number) > 125  # which ends a recovery
    assert await got(bench, cluster, number) == 0


async def verified(bench: Bench, cluster: Cluster, key: str) -> JobReport:
    wanted = VerifyWanted(bench.backup.name, bench.backup.repository)
    return await bench.ended(await bench.tool.begin_verify(cluster, wanted, key))


async def got(bench: Bench, cluster: Cluster, number: int) -> int:
    """The status of the restore_command for a segment."""
    command = bench.tool.restore_command(cluster, bench.primary)
    command = command.replace("%f", segment_name(1, number, SEGMENT)).replace("%p", "pg_wal/RECOVERYXLOG")
    argv = ("sh", "-c", 'cd "$1" && eval "$2"', "sh", bench.primary.service.data_directory, command)
    return (await bench.pair.shells.run(bench.primary, argv, timeout=20)).exit_status


@contextmanager
def moved_away(file: Path) -> Iterator[None]:
    aside = file.rename(file.parents[4] / "aside")
    try:
        yield
    finally:
        aside.rename(file)


@contextmanager
def truncated(file: Path) -> Iterator[None]:
    content = file.read_bytes()
    file.write_bytes(content[:100])
    try:
        yield
    finally:
        file.write_bytes(content)


async def test_a_backup_beside_another_ones_is_refused(bench: Bench) -> None:
    """Another one that nobody of us began: pgBackRest tells by its lock."""
    lock = bench.pgbackrest.files["db1"].with_name("lock") / f"{STANZA}-backup.lock"
    running = asyncio.create_task(bench.pgbackrest.run("db1", "backup", "--type=incr", "--repo=1"))
    try:
        async with asyncio.timeout(PATIENCE):
            while not lock.exists() or not lock.read_text():
                await asyncio.sleep(0.02)
        with pytest.raises(ActionFailed, match="another backup of stanza shop runs already"):
            await bench.tool.begin_backup(bench.cluster, BackupWanted(bench.primary), "backup-3")
        with pytest.raises(ActionFailed, match=r"holds the stanza's lock there.*\[pgBackRest 50\]"):
            await bench.tool.expire(bench.cluster, dry_run=True)
    finally:
        await running
    newest = (await bench.tool.list(bench.cluster)).backups[0]
    assert (newest.kind, newest.based_on) == ("incr", bench.backup.name)
    kept = await bench.tool.expire(bench.cluster, dry_run=True)
    assert (kept.backups, kept.segments) == ((), 0)
    assert await bench.tool.check(bench.cluster) == "pgbackrest check passes on db1"


async def test_a_store_that_fails_and_a_disk_that_is_full_are_told(bench: Bench) -> None:
    bench.s3.failing = "GET"
    try:
        state = await bench.tool.list(bench.cluster)
        assert state.answer.ok
        assert state.answer.detail == "repo2: the store answers 500 (Internal Server Error)"
        wanted = RestoreWanted(bench.backup.name, bench.primary, str(bench.pgbackrest.repository / "no"), "repo2")
        with pytest.raises(ActionFailed, match="the store answers 500"):
            await bench.tool.begin_restore(bench.cluster, wanted, "restore-4", timeout=5)
    finally:
        bench.s3.failing = ""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a disk to fill")
    small = bench.pair.lab.account.directory(bench.pair.lab.directory / "small")
    disks.mount(small, bench.pair.lab.account)
    try:
        cluster = bench.without_s3(repo1_path=str(small), archive_check="n")
        assert cluster.backups is not None
        assert cluster.backups.pgbackrest is not None
        await bench.pgbackrest.run("db1", "stanza-create", file=cluster.backups.pgbackrest.configuration)
        disks.fill_up(small, bench.pair.lab.account)
        report = await bench.ended(await bench.tool.begin_backup(cluster, BackupWanted(bench.primary), "backup-4"))
        assert report.state is JobState.FAILED
        assert report.log.startswith("the disk is full there"), report
        assert str(small) in report.log
    finally:
        disks.unmount(small)


@pytest.mark.parametrize(
    ("stanza", "configuration", "said"),
    [
        ("other", None, "no repository has the stanza other: correct backups.stanza, or run stanza-create"),
        (STANZA, "/nowhere.conf", "unable to open missing file '/nowhere.conf' for read"),
    ],
)
async def test_what_is_not_there_is_said(bench: Bench, stanza: str, configuration: str | None, said: str) -> None:
    cluster = bench.with_stanza(stanza, configuration)
    with pytest.raises(ActionFailed, match="db1: "):
        await bench.tool.check(cluster)
    state = await bench.tool.list(cluster)
    assert (state.answer.ok, said in state.answer.detail) == (False, True), state
    assert not (await bench.tool.archive(cluster)).answer.ok
    with pytest.raises(ActionFailed, match=re.escape(said)):
        await bench.tool.begin_backup(cluster, BackupWanted(bench.primary), "backup-9")
