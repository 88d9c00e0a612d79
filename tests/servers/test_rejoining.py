"""The native engine brings a server back: by a rewind, and by a new copy. A real pair each."""

import asyncio
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from lab.relay import RelayMode
from servers.engines.engine import ActionFailed
from servers.engines.rejoining import Job, JobReport, JobState
from servers.inventory import Server
from servers.timelines import fork_of, read_history
from servers.verdict import Verdict
from tests.servers.pair import PATIENCE, Pair, practice_pair

pytestmark = pytest.mark.lab


async def fail_over(pair: Pair) -> tuple[Server, Server]:
    """db1 is killed with writes that db2 never gets, and fenced; db2 is the primary."""
    db1, db2 = pair.cluster.servers
    await pair.lab.server("db1").query("CREATE TABLE kept AS SELECT generate_series(1, 1000)")
    await pair.until_judged(Verdict.HEALTHY)
    pair.lab.links.set_mode("db1-db2", RelayMode.REFUSE)
    await pair.lab.server("db1").query("INSERT INTO kept SELECT generate_series(1, 100000)")
    await pair.lab.server("db1").kill()
    await pair.engine.fence(db1)
    pair.lab.links.heal()
    await pair.engine.promote(db2)
    await pair.lab.server("db2").query("INSERT INTO kept VALUES (1001)")
    return db1, db2


async def ended(pair: Pair, server: Server, job: Job) -> JobReport:
    async with asyncio.timeout(PATIENCE):
        while (report := await pair.engine.job(server, job)).state is JobState.RUNNING:
            await asyncio.sleep(0.05)
    return report


async def test_a_fenced_old_primary_is_rewound() -> None:
    async with practice_pair() as pair:
        db1, db2 = await fail_over(pair)
        engine = pair.engine
        facts = await engine.directory(db1, str(pair.lab.archive))
        assert facts.control is not None
        assert facts.control.state == "in production"
        assert facts.available == pytest.approx(shutil.disk_usage(pair.lab.directory).free, rel=0.2)
        assert (facts.running, facts.data_checksums, facts.restores, facts.obstacle) == (False, True, True, "")
        fork = fork_of(read_history(1, facts.history), read_history(2, await engine.history(db2, 2)))
        assert fork is not None
        assert fork.timeline == 1
        reach = await engine.reach(db1, db2)
        assert (reach.replication, reach.files) == (True, True), reach

        await engine.checkpoint(db2)
        await engine.ensure_slot(db2, "db1")
        await engine.begin_rewind(db1, db2, "key", str(pair.lab.archive))
        report = await ended(pair, db1, Job.REWIND)
        assert report.state is JobState.DONE, report
        assert report.key == "key"
        assert (pair.lab.server("db1").data_directory / "standby.signal").exists()
        await engine.start_as_standby(db1, db2, timeout=PATIENCE)

        _, judgement = await pair.until_judged(Verdict.HEALTHY)
        assert judgement.primary == "db2"
        assert (await pair.lab.server("db1").query("SELECT count(*) FROM kept"))[0][0] == 1001


async def test_a_new_copy_takes_the_place_of_an_old_directory_that_is_kept() -> None:
    async with practice_pair() as pair:
        db1, db2 = await fail_over(pair)
        engine, data = pair.engine, pair.lab.server("db1").data_directory
        own = (data / "postgresql.conf").read_text() + "# db1's own\n"
        (data / "postgresql.conf").write_text(own)
        before = sorted(path.name for path in data.iterdir())

        await engine.ensure_slot(db2, "db1")
        await engine.begin_copy(db1, db2, "key")
        report = await ended(pair, db1, Job.COPY)
        assert report.state is JobState.DONE, report
        assert report.copied == report.total != 0
        moved = await engine.use_copy(db1, "20260131T031200Z")
        assert moved.aside == f"{data}.aside-20260131T031200Z"
        assert await engine.use_copy(db1, "20260131T031300Z") == moved
        await engine.start_as_standby(db1, db2, timeout=PATIENCE)

        _, judgement = await pair.until_judged(Verdict.HEALTHY)
        assert judgement.primary == "db2"
        aside = data.with_name("data.aside-20260131T031200Z")
        assert sorted(path.name for path in aside.iterdir()) == before
        assert (data / "postgresql.conf").read_text() == own
        assert (await engine.job(db1, Job.COPY)).state is JobState.USED


async def test_a_copy_goes_on_without_us_and_is_found_again() -> None:
    """The connection that began it drops; another bot asks for the same and gets what runs."""
    async with practice_pair() as pair:
        db1, db2 = await fail_over(pair)
        await pair.engine.ensure_slot(db2, "db1")
        begun = await pair.engine.begin_copy(db1, db2, "key")
        assert begun.state in (JobState.RUNNING, JobState.DONE)
        pair.lab.links.set_mode("bot-db1:ssh", RelayMode.REFUSE)
        with pytest.raises(ActionFailed, match="could not be asked"):
            await pair.engine.job(db1, Job.COPY, timeout=1.0)
        pair.lab.links.heal()
        assert (await ended(pair, db1, Job.COPY)).state is JobState.DONE
        again = await pair.engine.begin_copy(db1, db2, "key")
        assert again.state is JobState.DONE
        directories = [path.name for path in pair.lab.server("db1").data_directory.parent.glob("data.copy-*")]
        assert len(directories) == 1


async def test_a_copy_of_an_earlier_order_is_not_taken_for_this_ones() -> None:
    """Neither one that is done and old by now, nor one that still runs."""
    async with practice_pair() as pair:
        db1, db2 = pair.cluster.servers
        db2 = replace(db2, slot=None)
        await pair.engine.begin_copy(db2, db1, "plan-earlier")
        assert (await ended(pair, db2, Job.COPY)).state is JobState.DONE
        again = await pair.engine.begin_copy(db2, db1, "plan-this")
        assert again.key == "plan-this"
        assert (await ended(pair, db2, Job.COPY)).key == "plan-this"

        work = pair.lab.server("db2").data_directory.with_name("data.understudy")
        running = await asyncio.create_subprocess_exec("tail", "-f", "/dev/null", str(work / "copy.log"))
        try:
            (work / "copy.state").write_text(f"running {running.pid} 1 plan-earlier\n")
            with pytest.raises(ActionFailed, match=f"of an earlier order still runs there, as process {running.pid}"):
                await pair.engine.begin_copy(db2, db1, "plan-this")
        finally:
            running.kill()
            await running.wait()


async def test_a_copy_that_was_damaged_on_its_way_is_not_used() -> None:
    """pg_basebackup ends well, and one file is not what the primary has."""
    async with practice_pair() as pair:
        db1, db2 = await fail_over(pair)
        # pg_basebackup -D DIRECTORY …
        spoilt = spoiling(pair, "pg_basebackup", after='echo x >> "$2/global/pg_filenode.map"')
        server = replace(db1, slot=None, service=replace(db1.service, bin_directory=str(spoilt)))
        await pair.engine.begin_copy(server, db2, "key")
        report = await ended(pair, server, Job.COPY)
        assert report.state is JobState.FAILED, report
        assert "pg_filenode.map" in report.log
        with pytest.raises(ActionFailed, match="no complete copy is there"):
            await pair.engine.use_copy(server, "20260131T031200Z")
        assert (pair.lab.server("db1").data_directory / "PG_VERSION").exists()


async def test_a_copy_that_is_cancelled_ends_with_all_its_processes_and_is_kept() -> None:
    async with practice_pair() as pair:
        db1, db2 = await fail_over(pair)
        slow = spoiling(pair, "pg_verifybackup", before="sleep 600")
        server = replace(db1, slot=None, service=replace(db1.service, bin_directory=str(slow)))
        await pair.engine.begin_copy(server, db2, "key")
        async with asyncio.timeout(PATIENCE):
            while not (report := await pair.engine.job(server, Job.COPY)).verifying:
                await asyncio.sleep(0.05)
        assert report.state is JobState.RUNNING
        with pytest.raises(ActionFailed, match="not this order's"):
            await pair.engine.end_copy(server, "another")
        work = pair.lab.server("db1").data_directory.with_name("data.understudy")
        leader = int((work / "copy.state").read_text().split()[1])
        kept = await pair.engine.end_copy(server, "key")
        assert (Path(kept) / "backup_manifest").exists()
        assert not group_lives(leader)
        assert (await pair.engine.job(server, Job.COPY)).state is JobState.ENDED
        with pytest.raises(ActionFailed, match="no complete copy is there"):
            await pair.engine.use_copy(server, "20260131T031200Z")


def spoiling(pair: Pair, name: str, *, before: str = ":", after: str = ":") -> Path:
    """A directory with PostgreSQL's programs, one of which does something more before and after its work."""
    place = pair.lab.server("db1").paths.root / f"spoilt-{name}"
    place.mkdir()
    for program in Path(pair.cluster.server("db1").service.bin_directory or "").iterdir():
        more = f'{before}\n{program} "$@" || exit 1\n{after}'
        plain = f'exec {program} "$@"'
        (place / program.name).write_text(f"#!/bin/sh\n{more if program.name == name else plain}\n")
        (place / program.name).chmod(0o755)
    return place


def group_lives(leader: int) -> bool:
    """Whether a process of that group is there that is not merely unreaped."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, group = stat.read_text().rpartition(") ")[2].split()[:3]
            if int(group) == leader and state not in "ZX":
                return True
    return False


async def test_a_copy_that_fails_says_why_and_leaves_the_old_directory_where_it_is() -> None:
    async with practice_pair() as pair:
        db1, db2 = await fail_over(pair)
        await pair.engine.begin_copy(replace(db1, slot="no_slot"), db2, "key")
        report = await ended(pair, db1, Job.COPY)
        assert report.state is JobState.FAILED
        assert 'replication slot "no_slot" does not exist' in report.log
        with pytest.raises(ActionFailed, match="no complete copy is there"):
            await pair.engine.use_copy(db1, "20260131T031200Z")
        assert (pair.lab.server("db1").data_directory / "PG_VERSION").exists()


async def test_a_rewind_that_broke_off_is_known_as_such_and_own_files_survive_it() -> None:
    """As a host that goes down in the middle leaves it: the job is gone, and files were overwritten."""
    async with practice_pair() as pair:
        db1, db2 = await fail_over(pair)
        data = pair.lab.server("db1").data_directory
        own = (data / "postgresql.conf").read_text()
        work = data.with_name("data.understudy")
        (work / "own").mkdir(parents=True)
        (work / "own" / "postgresql.conf").write_text(own)
        (work / "rewind.log").write_text("pg_rewind: need to copy 12 MB\n  1024/12288 kB (8%) copied\n")
        (work / "rewind.state").write_text("running 999999999 1 key\n")
        for path in (work, work / "own", *work.glob("*.*"), work / "own" / "postgresql.conf"):
            pair.lab.account.own(path)
        (data / "postgresql.conf").write_text("# another server's\n")

        assert (await pair.engine.job(db1, Job.REWIND)).state is JobState.GONE
        assert (await pair.engine.directory(db1)).broken

        await pair.engine.ensure_slot(db2, "db1")
        await pair.engine.begin_copy(db1, db2, "key")
        assert (await ended(pair, db1, Job.COPY)).state is JobState.DONE
        await pair.engine.use_copy(db1, "20260131T031200Z")
        assert (data / "postgresql.conf").read_text() == own
        assert not (await pair.engine.directory(db1)).broken
