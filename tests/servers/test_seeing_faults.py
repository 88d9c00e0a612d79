"""The verdict on faults that pass: a real pair, real SSH, real SQL. All share one pair, and each leaves it healthy."""

import asyncio
import time

import pytest

from lab.relay import RelayMode
from servers.lag import replay_lag_bytes
from servers.observe import Observer
from servers.state import Outcome, PeerReply
from servers.verdict import Verdict
from tests.servers.pair import Pair, now
from tests.servers.ticking import ticking

pytestmark = [pytest.mark.lab, pytest.mark.asyncio(loop_scope="module")]

# Generous: test machines are busy. What is meant is "within the deadline", not "after the network gave up".
SOON = 4.0
BLOCKED = 0.5


@pytest.fixture
def pair(mended_pair: Pair) -> Pair:
    return mended_pair


async def test_a_healthy_pair_tells_everything(pair: Pair) -> None:
    state, judgement = await pair.look()

    assert (judgement.verdict, judgement.primary, judgement.standbys) == (Verdict.HEALTHY, "db1", ("db2",))
    primary, standby = state.servers
    assert primary.sql is not None
    assert primary.sql.wal_lsn is not None
    assert [row.application_name for row in primary.sql.replication] == ["db2"]
    assert standby.sql is not None
    assert standby.sql.receiver is not None
    assert standby.sql.receiver.status == "streaming"
    assert replay_lag_bytes(primary.sql, standby.sql) is not None
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
        assert server.host.standby_signal is (server is standby)


async def test_a_frozen_primary_delays_nobody_and_blocks_nothing(pair: Pair) -> None:
    async with ticking() as ticker:
        pair.lab.server("db1").freeze()
        try:
            began = time.perf_counter()
            state = await pair.observer.observe(pair.cluster, sql_timeout=0.5, ssh_timeout=1.0)
            took = time.perf_counter() - began
            _, judgement = await pair.look()
        finally:
            pair.lab.server("db1").thaw()

    assert state.server("db1").sql_answer.outcome is Outcome.TIMED_OUT
    assert state.server("db2").sql is not None
    assert took < SOON
    assert judgement.verdict is Verdict.PRIMARY_DOWN
    assert "db1 by SSH: its postmaster is stopped; pg_controldata says in production" in judgement.evidence
    assert ticker.longest < BLOCKED


async def test_a_postmaster_that_takes_no_new_connections_is_noticed_though_a_kept_one_answers(pair: Pair) -> None:
    db1, pid = pair.cluster.server("db1"), str(pair.lab.server("db1").postmaster_pid())
    await pair.shells.run(db1, ("kill", "-STOP", pid), timeout=SOON)
    try:
        rows = await pair.sessions.query(db1, "SELECT 1 AS one", timeout=SOON)
        state, _ = await pair.until_judged(Verdict.PRIMARY_DOWN)
    finally:
        await pair.shells.run(db1, ("kill", "-CONT", pid), timeout=SOON)

    assert rows == [{"one": 1}]
    assert "takes no new connections" in state.server("db1").sql_answer.detail


@pytest.mark.parametrize("mode", [RelayMode.REFUSE, RelayMode.DROP, RelayMode.STALL])
async def test_a_link_that_is_cut_for_us_alone_is_no_dead_primary(pair: Pair, mode: RelayMode) -> None:
    """The fixture then proves that it is used again when it heals."""
    async with ticking() as ticker:
        pair.lab.links.set_mode("bot-db1", mode)

        began = time.perf_counter()
        _, judgement = await pair.look()
        took = time.perf_counter() - began

    assert (judgement.verdict, judgement.primary) == (Verdict.PRIMARY_UNREACHABLE, "db1")
    assert judgement.unknown == ("db1",)
    assert took < SOON
    assert ticker.longest < BLOCKED


async def test_sql_alone_cut_leaves_the_host_to_say_that_it_lives(pair: Pair) -> None:
    pair.lab.links.set_mode("bot-db1:sql", RelayMode.DROP)
    pair.lab.links.set_mode("db1-db2", RelayMode.DROP)

    state, judgement = await pair.look()

    assert judgement.verdict is Verdict.PRIMARY_UNREACHABLE
    standby = state.server("db2").host
    assert standby is not None
    assert standby.peer("db1") is PeerReply.NO_RESPONSE


async def test_replication_that_was_cut_is_broken(pair: Pair) -> None:
    pair.lab.links.set_mode("db1-db2", RelayMode.REFUSE)

    await pair.until_judged(Verdict.REPLICATION_BROKEN)


async def test_no_ssh_leaves_the_pair_healthy_and_says_what_is_not_seen(pair: Pair) -> None:
    pair.lab.links.set_mode("bot-db1:ssh", RelayMode.REFUSE)

    state, judgement = await pair.look()

    assert judgement.verdict is Verdict.HEALTHY
    assert state.server("db1").host is None
    assert any(line.startswith("understudy by SSH to db1: ") for line in judgement.evidence)


async def test_a_role_that_may_not_see_makes_nothing_healthy(pair: Pair) -> None:
    await pair.lab.server("db1").query("REVOKE pg_monitor FROM understudy")
    try:
        state, judgement = await pair.until_judged(Verdict.UNKNOWN)
    finally:
        await pair.lab.server("db1").query("GRANT pg_monitor TO understudy")

    primary = state.server("db1").sql
    assert primary is not None
    assert not primary.sees_everything
    assert primary.archiver is not None
    assert any("pg_monitor" in line for line in judgement.evidence)


async def test_kept_host_facts_are_used_while_all_is_well_and_not_a_moment_longer(pair: Pair) -> None:
    first = await pair.observer.observe(pair.cluster, host_facts_max_age=600)
    second = await pair.observer.observe(pair.cluster, host_facts_max_age=600)
    pair.lab.links.set_mode("bot-db1:sql", RelayMode.REFUSE)
    third = await pair.observer.observe(pair.cluster, host_facts_max_age=600)

    assert second.server("db1").ssh_answer == first.server("db1").ssh_answer
    assert all(server.ssh_answer.at >= third.at for server in third.servers)


async def test_backups_are_asked_for_no_more_often_than_wanted(pair: Pair) -> None:
    first = await pair.observer.observe(pair.cluster, backups_max_age=0)
    second = await pair.observer.observe(pair.cluster, backups_max_age=600)
    third = await pair.observer.observe(pair.cluster, backups_max_age=0)

    assert first.backups is not None
    assert first.backups.answer.ok
    assert second.backups is first.backups
    assert third.backups is not first.backups


async def test_a_cancelled_look_leaves_nothing_broken(pair: Pair) -> None:
    looking = asyncio.create_task(pair.look())
    await asyncio.sleep(0)
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking

    _, judgement = await pair.until_judged(Verdict.HEALTHY)
    assert judgement.unknown == ()


async def test_two_observers_of_one_world_do_not_disturb_each_other(pair: Pair) -> None:
    other = Observer({}, pair.shells, pair.sessions, now)

    states = await asyncio.gather(*(observer.observe(pair.cluster) for observer in [pair.observer, other] * 3))

    assert all(server.sql is not None and server.host is not None for state in states for server in state.servers)
