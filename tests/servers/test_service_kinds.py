"""A switchover and a failover for every way in which a server's PostgreSQL may be run."""

from dataclasses import replace

import pytest

from servers.inventory import Cluster, ServiceKind
from servers.state import ClusterState
from servers.verdict import Judgement, Verdict, judge
from tests.servers.pair import Pair, practice_pair
from tests.servers.service_managers import managed_by, notes_of

pytestmark = pytest.mark.lab

# What a manager is told in a switchover from db1 to db2, in order; looks into containers are left out.
TOLD = {
    ServiceKind.PG_CTL: [],
    ServiceKind.SYSTEMD: ["systemctl stop postgresql-db1", "systemctl start postgresql-db1"],
    ServiceKind.PG_CTLCLUSTER: [
        "pg_ctlcluster 18 postgresql-db1 stop -m fast -- -t 60",
        "pg_ctlcluster 18 postgresql-db1 start",
    ],
    ServiceKind.DOCKER: ["docker stop --time=60 postgresql-db1", "docker start postgresql-db1"],
}


@pytest.mark.parametrize("kind", ServiceKind)
async def test_switchover_and_failover(kind: ServiceKind) -> None:
    async with practice_pair() as pair:
        cluster = managed_by(pair, kind)
        db1, db2 = cluster.servers
        engine = pair.engine

        _, judgement = await look(pair, cluster)
        assert judgement.verdict is Verdict.HEALTHY

        stopped = await engine.stop(db1)
        assert stopped.control is not None
        assert stopped.control.state == "shut down"
        state, judgement = await look(pair, cluster)
        assert judgement.verdict is Verdict.PRIMARY_DOWN
        await engine.mark_fenced(db1)
        assert (await engine.control_data(db1)).state == "shut down"
        await engine.wait_replayed(db2, stopped.control)
        await engine.promote(db2)
        await engine.ensure_slot(db2, "db1")
        await engine.start_as_standby(db1, db2)
        state, judgement = await look(pair, cluster)
        assert judgement.verdict is Verdict.HEALTHY
        assert judgement.primary == "db2"
        assert all(server.host and server.host.postmaster_pid for server in state.servers)
        assert told(pair, "db1") == TOLD[kind]

        await pair.lab.server("db2").kill()
        proof = await engine.fence(db2)
        assert proof.holds
        assert proof.standby_signal
        await engine.promote(db1)
        await engine.verify_write(db1, "after the failover")
        _, judgement = await look(pair, cluster)
        assert (judgement.verdict, judgement.primary) == (Verdict.STANDBY_DOWN, "db1")


@pytest.mark.parametrize("kind", ServiceKind)
async def test_an_undone_stop_and_a_fence_of_what_runs(kind: ServiceKind) -> None:
    async with practice_pair() as pair:
        db1, _ = managed_by(pair, kind).servers

        await pair.engine.stop(db1)
        await pair.engine.mark_fenced(db1)
        await pair.engine.start(db1)
        assert not await pair.lab.server("db1").in_recovery()

        proof = await pair.engine.fence(db1)
        assert proof.holds
        assert pair.lab.server("db1").postmaster_pid() is None


async def test_a_mark_that_came_late_is_not_left_on_a_primary_that_was_started_again() -> None:
    """The stop's script was held up on its way until the server ran again: its next start would be read-only."""
    async with practice_pair() as pair:
        db1, _ = managed_by(pair, ServiceKind.SYSTEMD).servers
        mark = pair.lab.server("db1").data_directory / "standby.signal"
        with (pair.lab.server("db1").paths.root / "managers" / "systemctl").open("a") as manager:
            manager.write(f"\n[ \"$1\" != start ] || touch '{mark}'\n")

        await pair.engine.stop(db1, mark=True)
        await pair.engine.start(db1)

        assert not mark.exists()
        assert not await pair.lab.server("db1").in_recovery()


async def test_a_manager_that_refuses_is_heard() -> None:
    async with practice_pair() as pair:
        db1, _ = managed_by(pair, ServiceKind.SYSTEMD).servers
        other = replace(db1, service=replace(db1.service, unit="no-such-unit"))

        with pytest.raises(Exception, match="did not stop") as caught:
            # It is waited for in whole seconds, here one: the rest is for a busy machine's answer.
            await pair.engine.stop(other, timeout=2.9)

        assert getattr(caught.value, "exit_status", None) == 5
        assert pair.lab.server("db1").postmaster_pid() is not None


async def look(pair: Pair, cluster: Cluster) -> tuple[ClusterState, Judgement]:
    state = await pair.observer.observe(cluster)
    return state, judge(cluster, state)


def told(pair: Pair, name: str) -> list[str]:
    """The orders among the notes: no looks into containers, and not that sudo was the way."""
    others = ("docker exec", "docker run", "docker inspect", "sudo")
    return [note for note in notes_of(pair, name) if not note.startswith(others)]
