"""A real PgBouncer as a traffic target, and its file on its host."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass

import psutil
import pytest

from lab.pgbouncer import LabPgBouncer, pgbouncer
from servers.engines.engine import ActionFailed
from servers.traffic.landing import Landing
from servers.traffic.pgbouncer import PgBouncer, PgBouncerPlace
from servers.traffic.pgbouncer_file import HostFile
from servers.traffic.target import Address, Move
from tests.servers.pair import Pair, practice_pair

pytestmark = pytest.mark.lab

MOVE = Move("shop", "db1", "db2")


@dataclass
class Pooled:
    """A pair with a PgBouncer on the host of db2, and that PgBouncer as a target."""

    pair: Pair
    pooler: LabPgBouncer
    target: PgBouncer


@pytest.fixture
async def pooled() -> AsyncIterator[Pooled]:
    async with practice_pair() as pair, pgbouncer(pair.lab, "db2") as pooler:
        yield Pooled(pair, pooler, _target(pair, pooler))


def _target(pair: Pair, pooler: LabPgBouncer) -> PgBouncer:
    place = PgBouncerPlace(
        name="pool",
        admin=pooler.admin_conninfo(),
        host=pair.cluster.server("db2").ssh,
        file=str(pooler.file),
        databases=("app",),
        addresses={server.name: Address(*server.client_sql) for server in pair.lab.servers.values()},
        landing=pooler.client_conninfo(),
        hold_seconds=5.0,
    )
    return PgBouncer(place, pair.shells, Landing(pair.sessions, pair.cluster))


async def test_there_and_back_again(pooled: Pooled) -> None:
    """Everything twice, for whoever goes on after a crash does not know what was done."""
    target, file = pooled.target, pooled.pooler.file
    file.write_bytes(original := file.read_bytes() + b";; caf\xe9\n")
    before = file.stat()
    assert (await target.look(timeout=5)).server == "db1"
    for _ in range(2):
        await target.hold(MOVE, timeout=5)
        seen = await target.look(timeout=5)
        assert (seen.server, seen.held) == ("db1", True)
    for _ in range(2):
        await target.redirect(MOVE, timeout=5)
        seen = await target.look(timeout=5)
        assert (seen.server, seen.held) == ("db2", True)
    after = file.stat()
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)
    assert [kept.read_bytes() for kept in file.parent.glob("pgbouncer.ini.2*")] == [original]
    for _ in range(2):
        await target.undo(MOVE, timeout=5)
        seen = await target.look(timeout=5)
        assert (seen.server, seen.held) == ("db1", False)
    assert file.read_bytes() == original
    assert "lands on db1" in (await target.verify(MOVE.back, timeout=5)).detail


async def test_a_connection_through_it_proves_more_than_its_word(pooled: Pooled) -> None:
    """db2 is a standby here: PgBouncer leads to it as told, and clients could not write there."""
    await pooled.target.redirect(MOVE, timeout=5)
    with pytest.raises(ActionFailed, match="lands on db2, which takes no writes"):
        await pooled.target.verify(MOVE, timeout=5)
    with pytest.raises(ActionFailed, match="which should lead to db1"):
        await pooled.target.verify(MOVE.back, timeout=5)


async def test_who_waits_is_let_go_though_the_host_of_the_file_is_silent(pooled: Pooled) -> None:
    await pooled.target.hold(MOVE, timeout=5)
    await pooled.pair.lab.server("db2").ssh.stop()
    await pooled.target.undo(MOVE, timeout=5)
    assert "lands on db1" in (await pooled.target.verify(MOVE.back, timeout=5)).detail
    with pytest.raises(ActionFailed, match="its host could not be asked"):
        await pooled.target.look(timeout=2)


async def test_a_hold_that_is_cancelled_lets_clients_go(pooled: Pooled) -> None:
    await pooled.target.hold(MOVE, timeout=5)
    holding = asyncio.create_task(pooled.target.hold(MOVE, timeout=5))
    await asyncio.sleep(0)
    holding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holding
    assert not (await pooled.target.look(timeout=5)).held


async def test_a_pooler_that_hangs_holds_up_nobody_for_longer_than_its_deadline(pooled: Pooled) -> None:
    (process,) = (one for one in psutil.process_iter() if str(pooled.pooler.file) in _command(one))
    os.kill(process.pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(10):
            with pytest.raises(ActionFailed, match=r"does not answer within|has not answered"):
                await pooled.target.look(timeout=1)
    finally:
        os.kill(process.pid, signal.SIGCONT)
    assert (await pooled.target.look(timeout=5)).server == "db1"


async def test_a_file_that_somebody_else_changes_meanwhile_is_left_as_it_is(pooled: Pooled) -> None:
    file = HostFile(pooled.pair.shells, pooled.pair.cluster.server("db2").ssh, str(pooled.pooler.file), "pool")
    old, locked = await file.read(timeout=5)
    assert locked is None
    pooled.pooler.file.write_bytes(theirs := old + b"; theirs\n")
    with pytest.raises(ActionFailed, match="changed by somebody else"):
        await file.replace(old, old + b"; ours\n", timeout=5)
    assert pooled.pooler.file.read_bytes() == theirs


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []
