"""Kept connections, as the servers and the links treat them. All share one practice pair, and each leaves it well."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest
from psycopg.conninfo import make_conninfo

from lab.relay import RelayMode
from servers.errors import ServerUnreachable
from servers.inventory import Server
from servers.sql import Sessions
from servers.sql_errors import SqlFailed
from servers.ssh import Shells
from servers.ssh_session import LARGEST_OUTPUT
from servers.state import Outcome
from tests.servers.pair import PATIENCE, Pair
from tests.servers.ticking import ticking

pytestmark = [pytest.mark.lab, pytest.mark.asyncio(loop_scope="module")]

TIME = 10.0
SHORT = 0.3
SOON = 3.0
BLOCKED = 0.5


@pytest.fixture
def pair(mended_pair: Pair) -> Pair:
    return mended_pair


@pytest.fixture
def db1(pair: Pair) -> Server:
    return pair.cluster.server("db1")


async def outcome_of_ssh(shells: Shells, server: Server, timeout: float = TIME) -> tuple[Outcome, str]:
    with pytest.raises(ServerUnreachable) as caught:
        await shells.run(server, ("true",), timeout=timeout)
    return caught.value.outcome, caught.value.detail


async def outcome_of_sql(sessions: Sessions, server: Server, timeout: float = TIME) -> tuple[Outcome, str]:
    with pytest.raises(ServerUnreachable) as caught:
        await sessions.query(server, "SELECT 1", timeout=timeout)
    return caught.value.outcome, caught.value.detail


class TestShells:
    async def test_a_command_gives_its_status_and_both_streams(self, pair: Pair, db1: Server) -> None:
        completed = await pair.shells.run(db1, ("sh", "-c", "cat; echo oh >&2; exit 7"), timeout=TIME, stdin="in\n")

        assert (completed.exit_status, completed.stdout, completed.stderr) == (7, "in\n", "oh\n")
        assert not completed.ok

    @pytest.mark.parametrize("word", ["; rm -rf /", "$(id)", "`id`", "a\nb", "'", '"', "*", "", "--", "ünï\u202e"])
    async def test_an_argument_arrives_as_it_was(self, pair: Pair, db1: Server, word: str) -> None:
        completed = await pair.shells.run(db1, ("printf", "%s", word), timeout=TIME)

        assert completed.stdout == word

    async def test_output_that_is_no_text_is_replaced_and_too_much_of_it_cut(self, pair: Pair, db1: Server) -> None:
        odd = await pair.shells.run(db1, ("printf", r"\377"), timeout=TIME)
        much = await pair.shells.run(db1, ("head", "-c", "3000000", "/dev/zero"), timeout=TIME)

        assert odd.stdout == "\N{REPLACEMENT CHARACTER}"
        assert len(much.stdout) == LARGEST_OUTPUT

    async def test_a_command_that_a_signal_ends_has_no_exit_status(self, pair: Pair, db1: Server) -> None:
        completed = await pair.shells.run(db1, ("sh", "-c", "kill -9 $$"), timeout=TIME)

        assert not completed.ok

    async def test_a_slow_command_is_given_up_and_the_link_goes_on(self, pair: Pair, db1: Server) -> None:
        began = time.perf_counter()
        with pytest.raises(ServerUnreachable) as caught:
            await pair.shells.run(db1, ("sleep", "60"), timeout=SHORT)

        assert caught.value.outcome is Outcome.TIMED_OUT
        assert time.perf_counter() - began < SOON
        assert (await pair.shells.run(db1, ("true",), timeout=TIME)).ok

    async def test_more_commands_than_sessions_take_turns(self, pair: Pair, db1: Server) -> None:
        """OpenSSH, and the practice servers, refuse the eleventh session of a connection."""
        commands = (pair.shells.run(db1, ("sh", "-c", f"sleep 0.05; echo {n}"), timeout=TIME) for n in range(24))

        completed = await asyncio.gather(*commands)

        assert [each.stdout for each in completed] == [f"{n}\n" for n in range(24)]

    async def test_a_link_that_stalls_is_dropped_and_made_anew(self, pair: Pair, db1: Server) -> None:
        pair.lab.links.set_mode("bot-db1:ssh", RelayMode.STALL)
        async with ticking() as ticker:
            outcomes = [await outcome_of_ssh(pair.shells, db1, SHORT) for _ in range(2)]
        pair.lab.links.heal()

        assert [outcome for outcome, _ in outcomes] == [Outcome.TIMED_OUT] * 2
        assert ticker.longest < BLOCKED
        assert (await pair.shells.run(db1, ("true",), timeout=TIME)).ok

    async def test_an_ssh_server_that_is_killed_ends_what_runs_and_is_used_again(self, pair: Pair, db1: Server) -> None:
        running = asyncio.create_task(pair.shells.run(db1, ("sh", "-c", "echo on; sleep 60"), timeout=TIME))
        await pair.shells.run(db1, ("true",), timeout=TIME)
        await pair.lab.server("db1").ssh.stop()

        with pytest.raises(ServerUnreachable) as caught:
            await running
        refused = await outcome_of_ssh(pair.shells, db1)
        await pair.lab.server("db1").ssh.start()
        pair.lab.links.look("db1")
        pair.shells.wake(db1)

        assert caught.value.outcome is Outcome.UNREACHABLE
        assert refused[0] is Outcome.REFUSED
        assert (await pair.shells.run(db1, ("true",), timeout=TIME)).ok

    async def test_failed_attempts_are_followed_by_a_pause_that_ends_when_woken(self, pair: Pair, db1: Server) -> None:
        pair.lab.links.set_mode("bot-db1:ssh", RelayMode.REFUSE)
        await outcome_of_ssh(pair.shells, db1)
        await outcome_of_ssh(pair.shells, db1)
        pair.lab.links.heal()

        still_paused = await outcome_of_ssh(pair.shells, db1)
        pair.shells.wake(db1)

        assert still_paused[0] in (Outcome.REFUSED, Outcome.UNREACHABLE)
        assert (await pair.shells.run(db1, ("true",), timeout=TIME)).ok

    async def test_a_host_key_that_is_not_the_known_one_is_denied(self, db1: Server, tmp_path: Path) -> None:
        other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
        known_hosts = tmp_path / "known_hosts"
        known_hosts.write_text(f"[{db1.ssh.host}]:{db1.ssh.port} {other}")
        shells = Shells()

        outcome, detail = await outcome_of_ssh(shells, replace(db1, ssh=replace(db1.ssh, known_hosts=known_hosts)))

        assert outcome is Outcome.DENIED
        assert "fingerprint" in detail

    async def test_a_host_that_is_not_known_is_denied(self, db1: Server, tmp_path: Path) -> None:
        (tmp_path / "known_hosts").touch()

        outcome, _ = await outcome_of_ssh(
            Shells(), replace(db1, ssh=replace(db1.ssh, known_hosts=tmp_path / "known_hosts"))
        )

        assert outcome is Outcome.DENIED

    async def test_a_key_that_is_not_authorised_is_denied(self, db1: Server, tmp_path: Path) -> None:
        key_file = tmp_path / "key"
        key_file.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key())

        outcome, detail = await outcome_of_ssh(Shells(), replace(db1, ssh=replace(db1.ssh, key_file=key_file)))

        assert outcome is Outcome.DENIED
        assert "authorized_keys" in detail

    async def test_a_key_file_that_is_not_there_is_said(self, db1: Server, tmp_path: Path) -> None:
        outcome, detail = await outcome_of_ssh(Shells(), replace(db1, ssh=replace(db1.ssh, key_file=tmp_path / "none")))

        assert outcome is Outcome.DENIED
        assert str(tmp_path / "none") in detail

    async def test_an_address_that_nobody_has_is_unreachable(self, db1: Server) -> None:
        outcome, _ = await outcome_of_ssh(Shells(), replace(db1, ssh=replace(db1.ssh, host="nowhere.invalid")))

        assert outcome is Outcome.UNREACHABLE


class TestSessions:
    async def test_rows_come_as_dictionaries(self, pair: Pair, db1: Server) -> None:
        rows = await pair.sessions.query(db1, "SELECT %s::int AS n, %s::text AS t", (1, "'; --"), timeout=TIME)

        assert rows == [{"n": 1, "t": "'; --"}]

    async def test_it_is_one_session_that_names_itself(self, pair: Pair, db1: Server) -> None:
        sql = "SELECT pg_backend_pid() AS pid, current_setting('application_name') AS name"

        (first,) = await pair.sessions.query(db1, sql, timeout=TIME)
        (second,) = await pair.sessions.query(db1, sql, timeout=TIME)

        assert first == second
        assert first["name"] == "understudy"

    async def test_an_error_of_the_server_keeps_the_connection_and_tells_its_code(
        self, pair: Pair, db1: Server
    ) -> None:
        lost: list[Server] = []
        forget = pair.sessions.on_lost(lost.append)

        with pytest.raises(SqlFailed) as caught:
            await pair.sessions.query(db1, "SELECT 1/0", timeout=TIME)
        await pair.sessions.query(db1, "SELECT 1", timeout=TIME)
        forget()

        assert (caught.value.outcome, caught.value.sqlstate) == (Outcome.FAILED, "22012")
        assert lost == []

    async def test_too_many_rows_are_refused(self, pair: Pair, db1: Server) -> None:
        with pytest.raises(ServerUnreachable) as caught:
            await pair.sessions.query(db1, "SELECT generate_series(1, 20000)", timeout=TIME)

        assert caught.value.outcome is Outcome.FAILED

    async def test_a_slow_statement_is_given_up_in_time(self, pair: Pair, db1: Server) -> None:
        began = time.perf_counter()
        with pytest.raises(ServerUnreachable) as caught:
            await pair.sessions.query(db1, "SELECT pg_sleep(60)", timeout=SHORT)

        assert caught.value.outcome is Outcome.TIMED_OUT
        assert time.perf_counter() - began < SOON
        assert await pair.sessions.query(db1, "SELECT 1 AS one", timeout=TIME) == [{"one": 1}]

    async def test_a_cancelled_question_gives_the_connection_up_and_blocks_nobody(
        self, pair: Pair, db1: Server
    ) -> None:
        asking = asyncio.create_task(pair.sessions.query(db1, "SELECT pg_sleep(60)", timeout=TIME))
        await asyncio.sleep(0.05)
        asking.cancel()

        with pytest.raises(asyncio.CancelledError):
            await asking
        assert await pair.sessions.query(db1, "SELECT 1 AS one", timeout=TIME) == [{"one": 1}]

    async def test_a_connection_that_the_server_ends_is_noticed_while_idle(self, pair: Pair, db1: Server) -> None:
        lost: asyncio.Queue[Server] = asyncio.Queue()
        forget = pair.sessions.on_lost(lost.put_nowait)
        await pair.sessions.query(db1, "SELECT 1", timeout=TIME)

        await pair.lab.server("db1").query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'understudy'"
        )
        told_of = await asyncio.wait_for(lost.get(), PATIENCE)
        forget()

        assert told_of == db1
        assert await pair.sessions.query(db1, "SELECT 1 AS one", timeout=TIME) == [{"one": 1}]

    async def test_news_on_an_idle_connection_are_no_loss(self, pair: Pair, db1: Server) -> None:
        """A changed setting that the server reports to its clients, as a promotion does."""
        lost: list[Server] = []
        forget = pair.sessions.on_lost(lost.append)
        await pair.sessions.query(db1, "SELECT 1", timeout=TIME)

        await pair.lab.server("db1").query("ALTER SYSTEM SET intervalstyle = 'iso_8601'")
        await pair.lab.server("db1").query("SELECT pg_reload_conf()")
        async with asyncio.timeout(PATIENCE):
            while (await pair.sessions.query(db1, "SHOW intervalstyle", timeout=TIME))[0]["IntervalStyle"] == (
                "postgres"
            ):
                await asyncio.sleep(0.01)
        forget()

        assert lost == []

    @pytest.mark.parametrize("mode", [RelayMode.STALL, RelayMode.DROP])
    async def test_a_dead_link_blocks_nothing_kept_or_new(self, pair: Pair, db1: Server, mode: RelayMode) -> None:
        await pair.sessions.query(db1, "SELECT 1", timeout=TIME)
        pair.lab.links.set_mode("bot-db1:sql", mode)

        began = time.perf_counter()
        async with ticking() as ticker:
            outcomes = [await outcome_of_sql(pair.sessions, db1, SHORT) for _ in range(3)]
        took = time.perf_counter() - began
        pair.lab.links.heal()

        assert [outcome for outcome, _ in outcomes] == [Outcome.TIMED_OUT] * 3
        assert took < 3 * SHORT + SOON
        assert ticker.longest < BLOCKED

    async def test_a_link_that_is_reset_is_refused(self, pair: Pair, db1: Server) -> None:
        pair.lab.links.set_mode("bot-db1:sql", RelayMode.REFUSE)

        outcome, _ = await outcome_of_sql(pair.sessions, db1)

        assert outcome in (Outcome.REFUSED, Outcome.UNREACHABLE)

    async def test_a_wrong_password_is_denied_and_not_tried_at_once_again(self, pair: Pair, db1: Server) -> None:
        wrong = replace(db1, conninfo=make_conninfo(db1.conninfo, password="a-wrong-one"))
        sessions = Sessions()

        first, detail = await outcome_of_sql(sessions, wrong)
        began = time.perf_counter()
        second, _ = await outcome_of_sql(sessions, wrong)
        took = time.perf_counter() - began
        await sessions.close()

        assert (first, second) == (Outcome.DENIED, Outcome.DENIED)
        assert "a-wrong-one" not in detail
        assert took < 0.1

    async def test_a_conninfo_that_cannot_be_read_is_said_without_its_text(self, db1: Server) -> None:
        outcome, detail = await outcome_of_sql(Sessions(), replace(db1, conninfo="password='hush"))

        assert outcome is Outcome.FAILED
        assert "hush" not in detail

    async def test_a_name_that_nobody_has_is_unreachable(self, db1: Server) -> None:
        nowhere = replace(db1, conninfo=make_conninfo(db1.conninfo, host="nowhere.invalid"))

        outcome, _ = await outcome_of_sql(Sessions(), nowhere)

        assert outcome is Outcome.UNREACHABLE

    async def test_what_the_role_may_not_do_is_denied(self, pair: Pair, db1: Server) -> None:
        with pytest.raises(SqlFailed) as caught:
            await pair.sessions.query(db1, "SELECT pg_read_file('/etc/hostname')", timeout=TIME)

        assert (caught.value.outcome, caught.value.sqlstate) == (Outcome.DENIED, "42501")

    async def test_a_listener_that_fails_does_not_keep_the_others_from_hearing(self, pair: Pair, db1: Server) -> None:
        lost: list[Server] = []

        def fails(_: Server) -> None:
            raise RuntimeError("not now")

        forget = [pair.sessions.on_lost(fails), pair.sessions.on_lost(lost.append)]
        await outcome_of_slow_statement(pair.sessions, db1)
        for each in forget:
            each()

        assert lost == [db1]


async def outcome_of_slow_statement(sessions: Sessions, server: Server) -> None:
    with pytest.raises(ServerUnreachable):
        await sessions.query(server, "SELECT pg_sleep(60)", timeout=SHORT)
