"""The native engine's actions, in the orders that promotions use them: a real pair each."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
import pytest_asyncio
from psycopg.conninfo import make_conninfo

from lab.options import LabOptions
from lab.relay import RelayMode
from servers.engines import host_scripts
from servers.engines.engine import ActionFailed, StopMode
from servers.engines.native import NativeEngine
from servers.errors import ServerUnreachable
from servers.inventory import Server, SshTarget
from servers.lsn import parse_lsn
from servers.ssh import Completed, Shells
from servers.state import Outcome, Role, SqlFacts
from servers.verdict import Verdict
from tests.servers.pair import PATIENCE, Pair, practice_pair

pytestmark = pytest.mark.lab

ROWS = "SELECT count(*) AS rows FROM kept"


@pytest_asyncio.fixture
async def pair() -> AsyncIterator[Pair]:
    async with practice_pair() as pair:
        yield pair


@pytest.fixture
def db1(pair: Pair) -> Server:
    return pair.cluster.server("db1")


@pytest.fixture
def db2(pair: Pair) -> Server:
    return pair.cluster.server("db2")


async def switch_over(pair: Pair, old: Server, new: Server) -> None:
    engine = pair.engine
    await engine.checkpoint(old)
    stopped = await engine.stop(old)
    assert stopped.control is not None
    await engine.mark_fenced(old)
    await engine.wait_replayed(new, stopped.control)
    await engine.promote(new)
    await engine.verify_write(new, "switchover")
    await engine.ensure_slot(new, old.slot or "")
    await engine.start_as_standby(old, new)


async def test_a_switchover_and_back_loses_nothing(pair: Pair, db1: Server, db2: Server) -> None:
    await pair.lab.server("db1").query("CREATE TABLE kept AS SELECT generate_series(1, 1000)")

    await switch_over(pair, db1, db2)
    state, judgement = await pair.until_judged(Verdict.HEALTHY)

    assert (judgement.primary, judgement.standbys) == ("db2", ("db1",))
    assert {server.sql.timeline for server in state.servers if server.sql} == {2}
    assert await rows_of(pair, "db2") == 1000

    await pair.lab.server("db2").query("INSERT INTO kept SELECT generate_series(1, 500)")
    await switch_over(pair, db2, db1)
    _, judgement = await pair.until_judged(Verdict.HEALTHY)

    assert judgement.primary == "db1"
    assert await rows_of(pair, "db1") == 1500


async def test_a_switchover_of_an_older_version() -> None:
    async with practice_pair(LabOptions(postgresql="16", base_backup=False)) as older:
        db1, db2 = older.cluster.servers

        await switch_over(older, db1, db2)
        state, judgement = await older.until_judged(Verdict.HEALTHY)

        assert judgement.primary == "db2"
        assert all(server.sql and server.sql.version_number // 10000 == 16 for server in state.servers)


async def test_a_stop_can_be_undone_before_promotion(pair: Pair, db1: Server, db2: Server) -> None:
    stopped = await pair.engine.stop(db1, mark=True)
    proof = await pair.engine.fence_proof(db1)

    await pair.engine.start(db1)
    _, judgement = await pair.until_judged(Verdict.HEALTHY)

    assert stopped.control is not None
    assert stopped.control.state == "shut down"
    assert stopped.marked
    assert proof.holds
    assert proof.standby_signal
    assert judgement.primary == "db1"


async def test_a_stop_that_takes_too_long_can_be_undone_as_well(pair: Pair, db1: Server) -> None:
    """The primary waits for a standby that does not answer; once it is down, it is started again."""
    pair.lab.links.set_mode("db1-db2", RelayMode.STALL)
    with pytest.raises(ActionFailed):
        await pair.engine.stop(db1, timeout=3.0)

    # It may end at any moment before or after it is asked to start again; mostly it is still stopping then.
    asyncio.get_running_loop().call_later(1.0, pair.lab.links.heal)
    await pair.engine.start(db1, timeout=PATIENCE)
    _, judgement = await pair.until_judged(Verdict.HEALTHY)

    assert judgement.primary == "db1"


class StalledLink(Shells):
    """Keeps the order to stop back until whoever sent it has given it up, as a link does that stalls and heals."""

    kept: tuple[str, ...] = ()

    async def run(
        self, server: Server | SshTarget, argv: Sequence[str], *, timeout: float, stdin: str | None = None
    ) -> Completed:
        if host_scripts.STOP not in argv:
            return await super().run(server, argv, timeout=timeout, stdin=stdin)
        self.kept = tuple(argv)
        await asyncio.sleep(timeout)
        raise ServerUnreachable(Outcome.TIMED_OUT, "no answer", sent=True)


async def test_an_order_to_stop_that_arrives_once_it_was_taken_back_stops_nothing(pair: Pair, db1: Server) -> None:
    link = StalledLink()
    engine = NativeEngine(link, pair.sessions)
    running = pair.lab.server("db1").postmaster_pid()
    try:
        with pytest.raises(ActionFailed, match="it may have been done"):
            await engine.stop(db1, mark=True, timeout=0.5)
        await engine.start(db1)
        late = await pair.shells.run(db1, link.kept, timeout=PATIENCE)
    finally:
        await link.close()
    assert "the order to stop came too late, and was not followed" in late.stdout
    assert pair.lab.server("db1").postmaster_pid() == running
    _, judgement = await pair.until_judged(Verdict.HEALTHY)
    assert judgement.primary == "db1"


class LosesFirstAnswer(Shells):
    """The connection closes after the order to stop was sent and done; the next one works."""

    stops = 0

    async def run(
        self, server: Server | SshTarget, argv: Sequence[str], *, timeout: float, stdin: str | None = None
    ) -> Completed:
        completed = await super().run(server, argv, timeout=timeout, stdin=stdin)
        self.stops += host_scripts.STOP in argv
        if host_scripts.STOP in argv and self.stops == 1:
            raise ServerUnreachable(Outcome.UNREACHABLE, "SSH broke off", sent=True)
        return completed


async def test_a_stop_whose_answer_is_lost_is_looked_at_again_and_proved(pair: Pair, db1: Server) -> None:
    link = LosesFirstAnswer()
    try:
        stopped = await NativeEngine(link, pair.sessions).stop(db1, mark=True)
    finally:
        await link.close()
    assert link.stops == 2
    assert stopped.control is not None
    assert (stopped.control.state, stopped.marked) == ("shut down", True)


async def test_a_failover_fences_promotes_and_lets_nobody_start_the_old_primary_writable(
    pair: Pair, db1: Server, db2: Server
) -> None:
    await pair.lab.server("db1").kill()

    proof = await pair.engine.fence(db1)
    promoted = await pair.engine.promote(db2)
    written = await pair.engine.verify_write(db2, "failover")
    _, judgement = await pair.look()

    assert proof.holds
    assert proof.control is not None
    assert proof.control.state == "in production"
    assert (pair.lab.server("db1").data_directory / "standby.signal").exists()
    assert promoted.timeline == 2
    assert "db2" in written.detail
    assert (judgement.verdict, judgement.primary) == (Verdict.STANDBY_DOWN, "db2")

    with pytest.raises(ActionFailed, match="fenced"):
        await pair.engine.start(db1)
    with pytest.raises(ActionFailed, match="rewind or a new copy"):
        await pair.engine.start_as_standby(db1, db2)

    await pair.lab.server("db1").start()  # somebody starts it by hand
    assert await pair.lab.server("db1").in_recovery()


async def test_a_frozen_primary_is_fenced(pair: Pair, db1: Server) -> None:
    pair.lab.server("db1").freeze()

    proof = await pair.engine.fence(db1)

    assert proof.holds
    assert pair.lab.server("db1").postmaster_pid() is None


async def test_a_healthy_primary_under_load_is_fenced_with_everything_it_runs(pair: Pair, db1: Server) -> None:
    working = asyncio.create_task(pair.lab.server("db1").query("SELECT count(*) FROM generate_series(1, 1000000000)"))
    await pair.until(lambda state, _: bool(state.server("db1").sql))

    before = await pair.engine.fence_proof(db1)
    proof = await pair.engine.fence(db1)
    again = await pair.engine.fence(db1)
    with pytest.raises(Exception, match="closed"):
        await working

    assert not before.holds
    assert before.processes
    assert before.listeners
    assert proof.holds
    assert again.holds


async def test_a_fence_without_ssh_is_no_fence(pair: Pair, db1: Server) -> None:
    await pair.lab.server("db1").ssh.stop()

    with pytest.raises(ActionFailed, match="db1's host could not be asked"):
        await pair.engine.fence(db1, timeout=1.0)


async def test_a_directory_that_is_not_the_one_in_use_proves_nothing(pair: Pair, db2: Server) -> None:
    """The data was moved to another disk, and the settings name the old place, whose files say another port."""
    lab = pair.lab.server("db2")
    direct = replace(db2, conninfo=make_conninfo(db2.conninfo, host=lab.address, port=lab.port))
    await lab.stop()
    stale = lab.data_directory.with_name("stale")
    shutil.copytree(lab.data_directory, stale, symlinks=True)
    with (stale / "postgresql.auto.conf").open("a") as configuration:
        configuration.write("port = 65123\n")
    for each in (stale, *stale.rglob("*")):
        pair.lab.account.own(each)
    wrong = replace(direct, service=replace(db2.service, data_directory=str(stale)))
    assert (await pair.engine.fence_proof(wrong)).holds

    await lab.start()
    proof = await pair.engine.fence_proof(wrong)
    assert not proof.holds
    assert f"runs in {lab.data_directory} on the settings' port: is data_directory right?" in proof.detail
    with pytest.raises(ActionFailed, match="is data_directory right"):
        await pair.engine.fence(wrong)
    assert lab.postmaster_pid() is not None

    # Where it runs cannot be read any more: that it runs is what counts.
    broken = lab.data_directory.with_name("broken-programs")
    broken.mkdir()
    (broken / "readlink").write_text("#!/bin/sh\nexit 1\n")
    for each in (broken, broken / "readlink"):
        each.chmod(0o755)
        pair.lab.account.own(each)
    programs = f"{broken}:{wrong.service.bin_directory}"
    blind = replace(wrong, service=replace(wrong.service, bin_directory=programs))
    assert not (await pair.engine.fence_proof(blind)).holds
    with pytest.raises(ActionFailed, match="could not be fenced"):
        await pair.engine.fence(blind)
    await lab.stop()
    assert (await pair.engine.fence_proof(blind)).holds


async def test_a_directory_of_another_system_is_not_touched_by_a_fence(pair: Pair, db1: Server, db2: Server) -> None:
    """The settings name a data directory of something else: it is neither marked nor ended."""
    other = "7000000000000000000"
    with pytest.raises(
        ActionFailed, match=rf"nothing was touched: .* has another database system \(\d+, not {other}\)"
    ):
        await pair.engine.fence(db1, system=other)
    assert not (pair.lab.server("db1").data_directory / "standby.signal").exists()
    assert pair.lab.server("db1").postmaster_pid() is not None

    blind = replace(db1, service=replace(db1.service, data_directory=str(pair.lab.server("db1").paths.root)))
    with pytest.raises(ActionFailed, match="nothing was touched: pg_controldata tells nothing"):
        await pair.engine.fence(blind, system=other)
    assert not (pair.lab.server("db1").paths.root / "standby.signal").exists()

    own = (await pair.engine.control_data(db1)).system_identifier
    assert (await pair.engine.fence(db1, system=own)).holds


async def test_nothing_is_proved_of_a_primary_that_did_not_shut_down_or_a_standby_that_lacks_something(
    pair: Pair, db1: Server, db2: Server
) -> None:
    crashed = await pair.engine.control_data(db1)
    with pytest.raises(ActionFailed, match="nothing can prove"):
        await pair.engine.wait_replayed(db2, crashed)

    await pause_replay(pair, "db2")
    await pair.lab.server("db1").query("CREATE TABLE kept AS SELECT generate_series(1, 1000)")
    stopped = await pair.engine.stop(db1)
    assert stopped.control is not None

    with pytest.raises(ActionFailed, match="do not promote it"):
        await pair.engine.wait_replayed(db2, stopped.control, timeout=0.5)
    await pair.lab.server("db2").query("SELECT pg_wal_replay_resume()")
    await pair.engine.wait_replayed(db2, stopped.control)


async def test_promote_is_done_once_and_falls_back_on_pg_ctl(pair: Pair, db1: Server, db2: Server) -> None:
    await pair.lab.server("db1").query("REVOKE EXECUTE ON FUNCTION pg_promote FROM understudy")
    position = (await pair.lab.server("db1").query("SELECT pg_current_wal_lsn()::text"))[0][0]
    await pair.until(lambda state, _: replayed(state.server("db2").sql, position))
    await pair.engine.fence(db1)

    by_pg_ctl = await pair.engine.promote(db2)
    again = await pair.engine.promote(db2)

    assert "pg_ctl" in by_pg_ctl.detail
    assert again.timeline == by_pg_ctl.timeline == 2


async def test_a_standby_that_we_cannot_ask_by_sql_is_promoted_through_its_host(pair: Pair, db1: Server) -> None:
    db2 = pair.cluster.server("db2")
    mute = replace(db2, conninfo=db2.conninfo + " options='-c nonsense=1'")
    await pair.engine.fence(db1)

    promoted = await pair.engine.promote(mute)

    assert "host says" in promoted.detail
    assert not await pair.lab.server("db2").in_recovery()


async def test_what_our_role_may_not_do_is_done_on_the_host(pair: Pair, db1: Server, db2: Server) -> None:
    await pair.lab.server("db1").query("ALTER ROLE understudy NOREPLICATION")
    await pair.lab.server("db1").query("REVOKE pg_checkpoint FROM understudy")

    checkpoint = await pair.engine.checkpoint(db1)
    made = await pair.engine.ensure_slot(db1, "another")
    again = await pair.engine.ensure_slot(db1, "another")

    assert "psql" in checkpoint.detail
    assert "psql" in made.detail
    assert "reserves WAL" in again.detail


async def test_a_slot_that_keeps_nothing_back_is_made_anew(pair: Pair, db1: Server) -> None:
    await pair.lab.server("db1").query("SELECT pg_create_physical_replication_slot('idle')")

    await pair.engine.ensure_slot(db1, "idle")

    sql = "SELECT restart_lsn IS NOT NULL FROM pg_replication_slots WHERE slot_name = 'idle'"
    assert (await pair.lab.server("db1").query(sql))[0][0]


async def test_a_logical_slot_of_that_name_is_left_alone(pair: Pair, db1: Server) -> None:
    await pair.lab.server("db1").query("ALTER SYSTEM SET wal_level = 'logical'")
    await pair.engine.stop(db1, StopMode.FAST)
    await pair.engine.start(db1)
    await pair.lab.server("db1").query("SELECT pg_create_logical_replication_slot('theirs', 'pgoutput')")

    with pytest.raises(ActionFailed, match="logical"):
        await pair.engine.ensure_slot(db1, "theirs")


async def test_a_read_only_server_took_no_write(pair: Pair, db1: Server, db2: Server) -> None:
    with pytest.raises(ActionFailed, match="db2 took no durable write"):
        await pair.engine.verify_write(db2, "on a standby")

    await pair.lab.server("db1").query("ALTER ROLE understudy SET default_transaction_read_only = on")
    await pair.sessions.close()
    with pytest.raises(ActionFailed, match="read-only"):
        await pair.engine.verify_write(db1, "on a read-only primary")


async def test_a_write_that_waits_for_a_synchronous_standby_that_is_not_there_is_no_write(
    pair: Pair, db1: Server
) -> None:
    await pair.lab.server("db1").query("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    await pair.lab.server("db1").query("SELECT pg_reload_conf()")
    await pair.until(lambda state, _: synchronous(state.server("db1").sql) == "nobody")

    with pytest.raises(ActionFailed, match="synchronous_standby_names"):
        await pair.engine.verify_write(db1, "nobody confirms", timeout=0.5)


async def test_a_server_that_does_not_come_up_says_why(pair: Pair, db1: Server) -> None:
    await pair.engine.stop(db1)
    with (pair.lab.server("db1").data_directory / "postgresql.auto.conf").open("a") as settings:
        settings.write("nonsense = 1\n")

    with pytest.raises(ActionFailed, match="did not come up") as caught:
        await pair.engine.start(db1)

    assert "nonsense" in caught.value.output


async def test_settings_of_a_standby_replace_their_like_and_keep_the_rest(pair: Pair, db1: Server, db2: Server) -> None:
    path = "/tmp/a 'quoted' \\ place"
    settings = pair.lab.server("db2").data_directory / "postgresql.auto.conf"
    await pair.engine.stop(db2)
    settings.write_text("# kept\nwork_mem = '5MB'\nPRIMARY_CONNINFO = 'old'\nprimary_slot_name='old'\n")
    odd = replace(db1, replication=f"{db1.replication} sslrootcert='{escaped(path)}'")

    await pair.engine.start_as_standby(db2, odd)
    state, _ = await pair.until_judged(Verdict.HEALTHY)

    assert state.server("db2").role is Role.STANDBY
    assert "old" not in settings.read_text()
    assert (await pair.lab.server("db2").query("SHOW work_mem"))[0][0] == "5MB"
    assert escaped(path) in (await pair.lab.server("db2").query("SHOW primary_conninfo"))[0][0]


async def test_a_running_server_is_neither_marked_nor_made_a_standby(pair: Pair, db1: Server, db2: Server) -> None:
    with pytest.raises(ActionFailed, match="it runs"):
        await pair.engine.mark_fenced(db1)
    with pytest.raises(ActionFailed, match="it runs"):
        await pair.engine.start_as_standby(db1, db2)

    assert not (pair.lab.server("db1").data_directory / "standby.signal").exists()


async def test_a_server_that_was_killed_a_moment_ago_is_started_again(pair: Pair, db1: Server) -> None:
    """Until its parent has taken notice, PostgreSQL takes the dead process for a living one."""
    await pair.lab.server("db1").kill()
    await pair.engine.start(db1)
    _, judgement = await pair.until_judged(Verdict.HEALTHY)
    assert judgement.primary == "db1"


async def test_stopping_and_starting_what_is_stopped_and_started_is_no_mistake(pair: Pair, db1: Server) -> None:
    await pair.engine.start(db1)
    first = await pair.engine.stop(db1, StopMode.IMMEDIATE)
    second = await pair.engine.stop(db1, mark=True)

    assert not second.marked, "one that did not shut down cleanly must be able to come back as what it was"
    assert first.control == second.control
    assert first.control is not None
    assert first.control.state == "in production"


def escaped(value: str) -> str:
    """As libpq takes a quoted value in a conninfo."""
    return value.replace("\\", "\\\\").replace("'", "\\'")


async def pause_replay(pair: Pair, name: str) -> None:
    """Asked for, and come about: what is being replayed meanwhile is replayed to its end."""
    await pair.lab.server(name).query("SELECT pg_wal_replay_pause()")
    async with asyncio.timeout(PATIENCE):
        while (await pair.lab.server(name).query("SELECT pg_get_wal_replay_pause_state()"))[0][0] != "paused":
            await asyncio.sleep(0.01)


async def rows_of(pair: Pair, name: str) -> int:
    return int((await pair.lab.server(name).query(ROWS))[0][0])


def replayed(sql: SqlFacts | None, position: str) -> bool:
    return sql is not None and sql.replay_lsn is not None and sql.replay_lsn >= parse_lsn(position)


def synchronous(sql: SqlFacts | None) -> str:
    return sql.synchronous_standby_names if sql else ""
