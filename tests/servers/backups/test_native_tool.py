"""The native tool on a real pair: back up, list, verify, restore, and recover from what was laid out."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from lab.options import LabOptions
from servers.backups.archive import ArchiveState, segment_number
from servers.backups.native.tool import NativeTool
from servers.backups.wanted import BackupJob, BackupKind, BackupWanted, JobPlace, RestoreWanted, VerifyWanted
from servers.engines.engine import ActionFailed
from servers.engines.rejoining import JobState
from servers.inventory import Retention
from tests.servers.backups.bench import Bench, archive_everything, ended, mark, recovered
from tests.servers.pair import PATIENCE, now, practice_pair

pytestmark = [pytest.mark.lab, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench() -> AsyncIterator[Bench]:
    async with practice_pair(LabOptions(base_backup=True)) as pair:
        tool = NativeTool(pair.shells, now)
        await pair.lab.server("db1").query("CREATE TABLE kept AS SELECT 'before'::text AS mark")
        wanted = BackupWanted(pair.cluster.server("db2"))
        # A backup is named after the second in which it began, and the lab has just taken one.
        while (pair.lab.backups / f"{now():%Y%m%dT%H%M%SZ}").exists():
            await asyncio.sleep(0.05)
        place = await tool.begin_backup(pair.cluster, wanted, "plan-1")
        report = await ended(pair, tool, place)
        assert report.state is JobState.DONE, report
        assert await tool.begin_backup(pair.cluster, wanted, "plan-1") == place
        state = await tool.list(pair.cluster)
        assert state.disks[0].path == str(pair.lab.backups)
        yield Bench(pair, tool, next(each for each in state.backups if each.path == place.path))


async def test_a_backup_is_listed_with_its_times_and_its_wal(bench: Bench) -> None:
    backup = bench.backup
    assert (backup.kind, backup.encrypted, backup.timeline, backup.verified_at) == ("full", False, 1, None)
    assert backup.started_at is not None
    assert backup.finished_at is not None
    # Its end is known in whole seconds, its beginning exactly: a small one is through within the second.
    assert backup.started_at.replace(microsecond=0) <= backup.finished_at
    assert backup.start_lsn is not None
    assert backup.end_lsn is not None
    assert backup.start_lsn < backup.end_lsn
    assert 0 < backup.size < 20_000_000
    assert backup.has_wal
    files = sorted(path.name for path in Path(backup.path).iterdir())
    assert files[0] == "backup_manifest"
    assert files[1].startswith("base.tar.")


async def test_only_full_backups_are_taken(bench: Bench) -> None:
    wanted = BackupWanted(bench.pair.cluster.server("db2"), BackupKind.INCREMENTAL)
    with pytest.raises(ActionFailed, match="full backups only"):
        await bench.tool.begin_backup(bench.pair.cluster, wanted, "plan-2")


async def test_a_backup_beside_one_that_runs_is_refused(bench: Bench) -> None:
    work = Path(f"{bench.backup.path}-other.understudy")
    bench.pair.lab.account.directory(work)
    running = await asyncio.create_subprocess_exec("tail", "-f", "/dev/null", "--", str(work), stderr=-3)
    try:
        bench.pair.lab.account.write(work / "backup.state", f"running {running.pid} 1 plan-other\n")
        with pytest.raises(ActionFailed, match="of an earlier order still runs there"):
            await bench.tool.begin_backup(bench.pair.cluster, BackupWanted(bench.pair.cluster.server("db2")), "plan-3")
    finally:
        running.kill()
        await running.wait()


async def test_both_formats_verify_and_are_then_known_as_verified(bench: Bench) -> None:
    state = await bench.tool.list(bench.pair.cluster)
    plain = next(each for each in state.backups if (Path(each.path) / "PG_VERSION").exists())
    for backup in (bench.backup, plain):
        place = await bench.tool.begin_verify(bench.pair.cluster, VerifyWanted(backup.name), "verify-1")
        report = await bench.ended(place)
        assert report.state is JobState.DONE, report
    assert all(each.verified_at for each in (await bench.tool.list(bench.pair.cluster)).backups if each.finished_at)


async def test_the_archive_is_told_as_runs(bench: Bench) -> None:
    await bench.pair.lab.server("db1").query("SELECT pg_switch_wal()")
    async with asyncio.timeout(PATIENCE):
        while not (archive := await bench.tool.archive(bench.pair.cluster)).segments:
            await asyncio.sleep(0.1)
    segments = {path.name for path in bench.pair.lab.archive.iterdir() if len(path.name) == 24}
    (run,) = archive.segments
    assert archive.segment_size == 4 * 2**20
    assert run.timeline == 1
    assert run.last - run.first + 1 == len(segments)
    assert run.began_at is not None
    assert run.ended_at is not None
    assert run.began_at <= run.ended_at


async def test_it_is_restored_to_a_moment_between_two_marks(bench: Bench) -> None:
    db1 = bench.pair.lab.server("db1")
    moment = await mark(bench.pair, "first")
    await mark(bench.pair, "second")
    await archive_everything(bench.pair)
    directory = db1.data_directory.with_name("beside")
    server = bench.pair.cluster.server("db1")
    wanted = RestoreWanted(bench.backup.name, server, str(directory))

    place = await bench.tool.begin_restore(bench.pair.cluster, wanted, "restore-1")
    report = await bench.ended(place)

    assert report.state is JobState.DONE, report
    assert report.copied == report.total != 0
    assert (directory / "backup_label").exists()
    assert "successfully verified" in await db1.run("pg_verifybackup", "--no-parse-wal", str(directory))
    again = await bench.tool.begin_restore(bench.pair.cluster, wanted, "restore-1")
    assert (await bench.tool.job(bench.pair.cluster, again)).state is JobState.DONE
    with pytest.raises(ActionFailed, match="is there already"):
        await bench.tool.begin_restore(bench.pair.cluster, wanted, "restore-2")
    command = bench.tool.restore_command(bench.pair.cluster, server)
    async with recovered(bench.pair, directory, command, moment) as marks:
        assert marks == ["before", "first"]


async def test_what_was_altered_is_found_and_named(bench: Bench) -> None:
    """In a copy, which is unpacked, changed in one byte of one file, and packed again."""
    backup = Path(bench.backup.path)
    altered = backup.with_name("altered")
    owner = bench.pair.lab.account
    owner.directory(altered)
    for each in backup.iterdir():
        owner.write(altered / each.name, "")
        (altered / each.name).write_bytes(each.read_bytes())
    packed = next(altered.glob("base.tar.*"))
    content = bytearray(packed.read_bytes())
    content[len(content) // 2] ^= 0xFF
    packed.write_bytes(content)

    place = await bench.tool.begin_verify(bench.pair.cluster, VerifyWanted("altered"), "verify-1")
    report = await bench.ended(place)

    assert report.state is JobState.FAILED
    assert "failed" in report.log or "differ" in report.log, report
    found = next(each for each in (await bench.tool.list(bench.pair.cluster)).backups if each.name == "altered")
    assert found.verified_at is None


async def test_a_job_is_ended_by_its_own_process_and_what_it_made_stays(bench: Bench) -> None:
    cluster, server = bench.pair.cluster, bench.pair.cluster.server("db1")
    work = Path(f"{bench.pair.lab.backups}/stopped.understudy")
    running = await bench.tool._jobs.begin(
        server, str(bench.pair.lab.backups / "stopped"), BackupJob.VERIFY, "k", "sleep 60 & sleep 60", timeout=10
    )
    assert running.state is JobState.RUNNING
    place = JobPlace(BackupJob.VERIFY, server, str(bench.pair.lab.backups / "stopped"), "k")
    with pytest.raises(ActionFailed, match="another order's: it was left alone"):
        await bench.tool.stop_job(cluster, replace(place, key="l"))
    assert (await bench.tool.job(cluster, place)).state is JobState.RUNNING
    assert "has ended" in await bench.tool.stop_job(cluster, place)
    report = await bench.tool.job(cluster, place)
    assert (report.state, "ended on request" in report.log) == (JobState.FAILED, True)
    assert "no verify runs" in await bench.tool.stop_job(cluster, place)
    assert work.exists()


@pytest.mark.parametrize("name", ["../data", ".hidden", "", "a/b", "a\nb"])
async def test_a_name_that_is_none_of_a_backup_is_refused(bench: Bench, name: str) -> None:
    with pytest.raises(ActionFailed, match="no backup can be called"):
        await bench.tool.begin_verify(bench.pair.cluster, VerifyWanted(name), "verify-1")


async def test_an_archive_that_cannot_be_looked_into_is_unknown(bench: Bench) -> None:
    place = bench.pair.cluster.backups
    assert place is not None
    cluster = replace(bench.pair.cluster, backups=replace(place, archive_directory="/nowhere"))
    state = await bench.tool.archive(cluster)
    assert isinstance(state, ArchiveState)
    assert not state.answer.ok


async def test_a_restore_that_broke_off_begins_anew_and_what_it_had_made_stays(bench: Bench) -> None:
    """As a host that went down in the middle leaves it."""
    server, data = bench.pair.cluster.server("db1"), bench.pair.lab.server("db1").data_directory
    directory, owner = data.with_name("again"), bench.pair.lab.account
    work = owner.directory(directory.with_name("again.understudy"))
    part = owner.directory(directory.with_name("again.part"))
    owner.write(work / "restore.state", "running 999999999 1 restore-3\n")
    owner.write(part / "PG_VERSION", "18\n")
    wanted = RestoreWanted(bench.backup.name, server, str(directory))
    place = JobPlace(BackupJob.RESTORE, server, str(directory), "restore-3")
    assert (await bench.tool.job(bench.pair.cluster, place)).state is JobState.GONE

    assert await bench.tool.begin_restore(bench.pair.cluster, wanted, "restore-3") == place
    assert (await bench.ended(place)).state is JobState.DONE

    assert (directory / "global" / "pg_control").exists()
    assert [path.name for path in part.iterdir()] == ["PG_VERSION"]


async def test_retention_removes_what_it_names_and_what_stays_can_be_restored(bench: Bench) -> None:
    """The backup that the pair was built with stays while it is somebody's. Once it is ours it goes, and the WAL before
    the other one; then nothing more does."""
    pair = bench.pair
    assert pair.cluster.backups is not None
    cluster = replace(pair.cluster, backups=replace(pair.cluster.backups, retention=Retention(full=1)))
    place = await bench.tool.begin_backup(cluster, BackupWanted(cluster.server("db1")), "plan-newer")
    await bench.ended(place)
    await bench.ended(await bench.tool.begin_verify(cluster, VerifyWanted(Path(place.path).name), "verify-newer"))
    if (altered := pair.lab.backups / "altered").exists():  # an earlier test's, made by hand
        altered.rename(pair.lab.directory / "altered")
    newest, *older = (one for one in (await bench.tool.list(cluster)).backups if one.finished_at)
    archived = {path.name for path in pair.lab.archive.iterdir()}
    # Somebody's data directory, which pg_basebackup made, and another name for a backup count for nothing and stay.
    somebodys, owner = pair.lab.account.directory(pair.lab.backups / "standby"), pair.lab.account
    owner.write(somebodys / "backup_manifest", (Path(older[0].path) / "backup_manifest").read_text())
    owner.write(somebodys / "postmaster.opts", "postgres")
    (pair.lab.backups / "latest").symlink_to(newest.path)

    by_hand = older[-1]
    assert by_hand.name not in (await bench.tool.expire(cluster, dry_run=True)).backups
    owner.write(owner.directory(Path(f"{by_hand.path}.understudy")) / "backup.state", "done 1 1 plan-older\n")
    would = await bench.tool.expire(cluster, dry_run=True)
    assert {path.name for path in pair.lab.archive.iterdir()} == archived
    did = await bench.tool.expire(cluster, dry_run=False)
    again = await bench.tool.expire(cluster, dry_run=False)

    assert somebodys.exists()
    assert (pair.lab.backups / "latest").exists()
    assert newest.path == place.path
    assert would.backups == did.backups == tuple(one.name for one in older)
    assert again.backups == ()
    assert [one for one in (await bench.tool.list(cluster)).backups if one.finished_at] == [newest]
    archive = await bench.tool.archive(cluster)
    assert newest.start_lsn is not None
    needed = segment_number(newest.start_lsn, archive.segment_size)
    assert all(run.first >= needed for run in archive.segments)
    assert len(archived) - len(list(pair.lab.archive.iterdir())) >= did.segments > 0


async def test_without_a_retention_in_the_settings_nothing_goes(bench: Bench) -> None:
    expired = await bench.tool.expire(bench.pair.cluster, dry_run=False)
    assert (expired.backups, expired.segments) == ((), 0)


async def test_a_tablespace_goes_where_it_is_told_and_never_into_the_one_in_use(bench: Bench) -> None:
    """Two servers on one machine cannot share its directory, so the standby is stopped: this test is the last."""
    pair, db1 = bench.pair, bench.pair.lab.server("db1")
    await pair.lab.server("db2").stop()
    space = pair.lab.account.directory(pair.lab.directory / "space")
    await db1.query(f"CREATE TABLESPACE fast LOCATION '{space}'")
    await db1.query("ALTER TABLE kept SET TABLESPACE fast")
    server = pair.cluster.server("db1")
    place = await bench.tool.begin_backup(pair.cluster, BackupWanted(server), "plan-space")
    assert (await bench.ended(place)).state is JobState.DONE
    verified = await bench.tool.begin_verify(pair.cluster, VerifyWanted(Path(place.path).name), "verify-space")
    assert (report := await bench.ended(verified)).state is JobState.DONE, report
    moment = await mark(pair, "in a tablespace")
    await mark(pair, "after that")
    await archive_everything(pair)

    directory, new = db1.data_directory.with_name("spaced"), db1.data_directory.with_name("new-space")
    wanted = RestoreWanted(Path(place.path).name, server, str(directory))
    without = await bench.ended(await bench.tool.begin_restore(pair.cluster, wanted, "restore-4"))
    assert (without.state, "nothing says where the tablespace" in without.log) == (JobState.FAILED, True)
    wanted = replace(wanted, tablespaces=((str(space), str(new)),))
    restored = await bench.ended(await bench.tool.begin_restore(pair.cluster, wanted, "restore-5"))

    assert restored.state is JobState.DONE, restored
    async with recovered(pair, directory, bench.tool.restore_command(pair.cluster, server), moment) as marks:
        assert marks[-1] == "in a tablespace"
    assert [path.resolve() for path in (directory / "pg_tblspc").iterdir()] == [new.resolve()]
