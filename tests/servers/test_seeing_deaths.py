"""The verdict on faults that last: a real pair each."""

import asyncio

import pytest

from servers.inventory import Server
from servers.observe import Observer
from servers.state import Role
from servers.verdict import Verdict, judge
from tests.servers.pair import PATIENCE, now, practice_pair

pytestmark = pytest.mark.lab


async def test_kill_9_is_noticed_at_once_and_judged_from_two_places() -> None:
    async with practice_pair() as pair:
        lost: asyncio.Queue[Server] = asyncio.Queue()
        pair.sessions.on_lost(lost.put_nowait)

        await pair.lab.server("db1").kill()
        server = await asyncio.wait_for(lost.get(), PATIENCE)
        _, judgement = await pair.look()

        assert server.name == "db1"
        assert (judgement.verdict, judgement.primary) == (Verdict.PRIMARY_DOWN, "db1")
        assert "db1 by SSH: no postmaster; pg_controldata says in production" in judgement.evidence

        # A bot that starts only now has never seen it alive.
        newcomer = Observer({}, pair.shells, pair.sessions, now)
        state = await newcomer.observe(pair.cluster)
        judgement = judge(pair.cluster, state)

        assert state.server("db1").last_role is Role.UNKNOWN
        assert (judgement.verdict, judgement.primary) == (Verdict.PRIMARY_DOWN, "db1")


async def test_a_dead_host_is_judged_by_the_standby() -> None:
    """No SQL, no SSH, and the standby hears nothing and reaches nothing: four viewpoints, none of them its own."""
    async with practice_pair() as pair:
        await pair.lab.server("db1").kill()
        await pair.lab.server("db1").ssh.stop()

        _, judgement = await pair.until_judged(Verdict.PRIMARY_DOWN)

        assert judgement.primary == "db1"
        assert "db2's own try of db1: no response" in judgement.evidence


async def test_a_dead_standby_is_told_from_a_dead_primary() -> None:
    async with practice_pair() as pair:
        await pair.lab.server("db2").kill()

        _, judgement = await pair.until_judged(Verdict.STANDBY_DOWN)

        assert judgement.primary == "db1"


async def test_two_primaries() -> None:
    async with practice_pair() as pair:
        await pair.lab.server("db2").query("SELECT pg_promote()")

        _, judgement = await pair.look()

        assert judgement.verdict is Verdict.SPLIT_BRAIN
