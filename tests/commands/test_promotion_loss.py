"""What a failover may lose: said in bytes and seconds where that can be reckoned, and never said to be nothing."""

import dataclasses
from datetime import timedelta

from commands.plan_page import loss_text
from commands.promotion.loss import possible_loss
from commands.promotion.pair import Pair
from servers.lsn import Lsn
from servers.state import ClusterState, ServerState
from tests.commands.inventory import SHOP
from tests.commands.practice import NOW, practice_pair


async def a_dead_primary(*, behind: int = 0, hangs: bool = False, rate: float | None = 1000.0) -> Pair:
    """db1 was seen at 03:12:00, and found dead two seconds later."""
    pair = practice_pair()
    await pair.observe(SHOP)
    pair.kill("db1")
    pair.machines["db2"].lsn = Lsn(pair.machines["db1"].lsn - behind)
    state = await pair.observe(SHOP)
    old = dataclasses.replace(state.server("db1"), missed_at=NOW + timedelta(seconds=2), wal_rate=rate)
    if hangs:
        assert old.host is not None
        old = dataclasses.replace(old, host=dataclasses.replace(old.host, postmaster_pid=4711))
    return Pair(SHOP, _with(state, old), SHOP.server("db1"), SHOP.server("db2"))


def _with(state: ClusterState, old: ServerState) -> ClusterState:
    servers = tuple(old if server.name == old.name else server for server in state.servers)
    return dataclasses.replace(state, servers=servers)


async def test_what_was_written_after_the_last_look_is_reckoned_by_the_rate() -> None:
    loss = possible_loss(await a_dead_primary())
    assert (loss.bytes, loss.seconds) == (2000, 2.0)
    assert loss_text(loss) == (
        "up to 2.0 kB of WAL, the last 2 s. db2 has everything up to 03:12:00 UTC. What db1 wrote in the 2 s until "
        "it was found dead may be lost, reckoned by its rate of writing."
    )


async def test_what_the_standby_lacked_at_the_last_look_comes_on_top() -> None:
    loss = possible_loss(await a_dead_primary(behind=4096))
    assert loss.bytes == 6096
    assert loss.seconds is not None


async def test_an_idle_primary_has_probably_lost_nothing() -> None:
    loss = possible_loss(await a_dead_primary(rate=0.0))
    assert loss.bytes is None
    assert loss_text(loss).startswith(
        "Probably nothing, for it wrote nothing before. db2 has everything up to 03:12:00 UTC."
    )


async def test_without_a_rate_the_time_alone_is_said() -> None:
    loss = possible_loss(await a_dead_primary(rate=None))
    assert (loss.bytes, loss.seconds) == (None, 2.0)
    assert "in the 2 s until it was found dead may be lost" in loss_text(loss)


async def test_of_a_primary_that_hangs_nobody_knows_when_it_stopped_to_write() -> None:
    loss = possible_loss(await a_dead_primary(hangs=True))
    assert (loss.bytes, loss.seconds) == (None, None)
    assert loss_text(loss).startswith("Not known exactly.")
