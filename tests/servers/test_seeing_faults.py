"""The verdict on real faults: a real pair, real SSH, real SQL."""

import asyncio
import time

import pytest

from lab.relay import RelayMode
from servers.state import Outcome, PeerReply, Role
from servers.verdict import Verdict
from tests.servers.pair import practice_pair
from tests.servers.ticking import ticking

pytestmark = pytest.mark.lab

# Generous: these machines are busy. What is meant is "within the deadline", not "after the network gave up".
SOON = 4.0
BLOCKED = 0.5


async def test_a_healthy_pair_tells_everything() -> None:
    async with practice_pair() as pair:
        state, judgement = await pair.look()

        assert (judgement.verdict, judgement.primary, judgement.standbys) == (Verdict.HEALTHY, "db1", ("db2",))
        primary, standby = state.servers
        assert primary.sql is not None
        assert primary.sql.wal_lsn is not None
        assert [row.application_name for row in primary.sql.replication] == ["db2"]
        assert standby.sql is not None
        assert standby.sql.receiver is not None
        assert standby.sql.receiver.status == "streaming"
        for server in state.servers:
            assert server.host is not None
            assert server.host.postmaster_pid == pair.lab.server(server.name).postmaster_pid()
            assert server.host.disks
            assert server.host.load is not None
            assert {tried.reply for tried in server.host.peers} == {PeerReply.ACCEPTING}
            assert server.host.clock_offset_seconds == pytest.approx(0.0, abs=0.5)
            assert server.host.control is not None
            assert server.sql is not None
            assert server.host.control.system_identifier == server.sql.system_identifier
        assert (primary.host and primary.host.standby_signal) is False
        assert (standby.host and standby.host.standby_signal) is True


async def test_kill_9_is_noticed_at_once_and_judged_from_two_places() -> None:
    async with practice_pair() as pair:
        lost: asyncio.Queue[str] = asyncio.Queue()
        pair.sessions.on_lost(lost.put_nowait)

        await pair.lab.server("db1").kill()
        name = await asyncio.wait_for(lost.get(), SOON)
        _, judgement = await pair.look()

        assert name == "db1"
        assert (judgement.verdict, judgement.primary) == (Verdict.PRIMARY_DOWN, "db1")
        assert "db1 by SSH: no postmaster; pg_controldata says in production" in judgement.evidence


async def test_a_bot_that_starts_when_the_primary_is_dead_knows_which_it_was() -> None:
    async with practice_pair() as pair:
        await pair.lab.server("db1").kill()
    async with practice_pair() as other:
        await other.lab.server("db1").kill()
        other.observer._memories.clear()  # as after a restart

        state, judgement = await other.look()

        assert state.server("db1").last_role is Role.UNKNOWN
        assert (judgement.verdict, judgement.primary) == (Verdict.PRIMARY_DOWN, "db1")


async def test_a_frozen_primary_delays_nobody_and_blocks_nothing() -> None:
    async with practice_pair() as pair, ticking() as ticker:
        pair.lab.server("db1").freeze()

        began = time.perf_counter()
        state = await pair.observer.observe(pair.cluster, sql_timeout=0.5, ssh_timeout=1.0)
        took = time.perf_counter() - began
        _, judgement = await pair.look()
        pair.lab.server("db1").thaw()

        assert state.server("db1").sql_answer.outcome is Outcome.TIMED_OUT
        assert state.server("db2").sql is not None
        assert took < SOON
        assert judgement.verdict is Verdict.PRIMARY_DOWN
        assert "db1 by SSH: its postmaster is stopped; pg_controldata says in production" in judgement.evidence
        assert ticker.longest < BLOCKED


async def test_a_thawed_primary_is_seen_again() -> None:
    async with practice_pair() as pair:
        pair.lab.server("db1").freeze()
        await pair.look()
        pair.lab.server("db1").thaw()

        async with asyncio.timeout(30):
            while (await pair.look())[1].verdict is not Verdict.HEALTHY:
                await asyncio.sleep(0.05)


async def test_a_postmaster_that_takes_no_new_connections_is_noticed_though_a_kept_one_answers() -> None:
    async with practice_pair() as pair:
        pid = pair.lab.server("db1").postmaster_pid()
        assert pid is not None
        await pair.shells.run(pair.cluster.server("db1"), ("kill", "-STOP", str(pid)), timeout=SOON)
        rows = await pair.sessions.query(pair.cluster.server("db1"), "SELECT 1 AS one", timeout=SOON)

        async with asyncio.timeout(30):
            while (await pair.look())[1].verdict is not Verdict.PRIMARY_DOWN:
                await asyncio.sleep(0.05)
        state, judgement = await pair.look()
        await pair.shells.run(pair.cluster.server("db1"), ("kill", "-CONT", str(pid)), timeout=SOON)

        assert rows == [{"one": 1}]
        assert judgement.verdict is Verdict.PRIMARY_DOWN
        assert "takes no new connections" in state.server("db1").sql_answer.detail


@pytest.mark.parametrize("mode", [RelayMode.REFUSE, RelayMode.DROP, RelayMode.STALL])
async def test_a_link_that_is_cut_for_us_alone_is_no_dead_primary(mode: RelayMode) -> None:
    async with practice_pair() as pair, ticking() as ticker:
        pair.lab.links.set_mode("bot-db1", mode)

        began = time.perf_counter()
        _, judgement = await pair.look()
        took = time.perf_counter() - began
        pair.lab.links.heal()

        assert (judgement.verdict, judgement.primary) == (Verdict.PRIMARY_UNREACHABLE, "db1")
        assert judgement.unknown == ("db1",)
        assert took < SOON
        assert ticker.longest < BLOCKED


@pytest.mark.parametrize("mode", [RelayMode.REFUSE, RelayMode.DROP])
async def test_a_link_that_heals_is_used_again(mode: RelayMode) -> None:
    async with practice_pair() as pair:
        pair.lab.links.set_mode("bot-db1", mode)
        await pair.look()
        pair.lab.links.heal()

        async with asyncio.timeout(30):
            while True:
                state, judgement = await pair.look()
                if judgement.verdict is Verdict.HEALTHY and state.server("db1").host is not None:
                    break
                await asyncio.sleep(0.05)


async def test_sql_alone_cut_leaves_the_host_to_say_that_it_lives() -> None:
    async with practice_pair() as pair:
        pair.lab.links.set_mode("bot-db1:sql", RelayMode.DROP)
        pair.lab.links.set_mode("db1-db2", RelayMode.DROP)

        state, judgement = await pair.look()

        assert judgement.verdict is Verdict.PRIMARY_UNREACHABLE
        assert state.server("db2").host is not None
        assert state.server("db2").host.peer("db1") is PeerReply.NO_RESPONSE  # type: ignore[union-attr]


async def test_replication_that_was_cut_is_broken() -> None:
    async with practice_pair() as pair:
        pair.lab.links.set_mode("db1-db2", RelayMode.REFUSE)

        async with asyncio.timeout(30):
            while (await pair.look())[1].verdict is not Verdict.REPLICATION_BROKEN:
                await asyncio.sleep(0.05)
        pair.lab.links.heal()


async def test_a_dead_standby_is_told_from_a_dead_primary() -> None:
    async with practice_pair() as pair:
        await pair.lab.server("db2").kill()

        async with asyncio.timeout(30):
            while (judgement := (await pair.look())[1]).verdict is Verdict.HEALTHY:
                await asyncio.sleep(0.01)

        assert (judgement.verdict, judgement.primary) == (Verdict.STANDBY_DOWN, "db1")


async def test_two_primaries() -> None:
    async with practice_pair() as pair:
        await pair.lab.server("db2").query("SELECT pg_promote()")

        _, judgement = await pair.look()

        assert judgement.verdict is Verdict.SPLIT_BRAIN


async def test_kept_host_facts_are_used_while_all_is_well_and_not_a_moment_longer() -> None:
    async with practice_pair() as pair:
        first = await pair.observer.observe(pair.cluster, host_facts_max_age=600)
        second = await pair.observer.observe(pair.cluster, host_facts_max_age=600)
        await pair.lab.server("db1").kill()
        third = await pair.observer.observe(pair.cluster, host_facts_max_age=600)

        assert second.server("db1").ssh_answer == first.server("db1").ssh_answer
        assert third.server("db1").ssh_answer.at >= third.at
        assert third.server("db2").ssh_answer.at >= third.at
        assert third.server("db1").host is not None
        assert third.server("db1").host.postmaster_pid is None  # type: ignore[union-attr]
