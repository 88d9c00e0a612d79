"""What a real Patroni's rules allow: a synchronous standby takes over, one that lags does not, and clients follow."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from commands.asked import Form
from lab.load_client import Outcomes
from lab.pgbouncer import pgbouncer
from lab.world import Lab
from servers.engines.engine import ActionFailed
from servers.patroni_state import PatroniMember
from tests.commands.patroni_road import OPTIONS, configure, managed_road, patroni, settled, stopped, until
from tests.commands.test_on_real_servers import Road
from tests.commands.test_traffic_on_real_servers import Behind, writing

pytestmark = [pytest.mark.lab, pytest.mark.asyncio(loop_scope="module")]

_MORE_THAN_THE_LIMIT = "SELECT pg_logical_emit_message(false, 'practice', repeat('x', 3000000))"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def managed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Behind]:
    """Patroni speaks plainly here; a PgBouncer on db3's host leads clients to db1."""
    directory = tmp_path_factory.mktemp("patroni")
    async with (
        Lab.start(OPTIONS) as lab,
        pgbouncer(lab, "db3") as pooler,
        managed_road(lab, directory, pooler.settings()) as road,
    ):
        yield Behind(road, pooler, Outcomes(lambda row: None))


async def page_of(road: Road, text: str) -> tuple[str, bool]:
    """The plan as it is shown, and whether approval can be asked for."""
    form = await road.dispatcher.prepare(road.asks("alice", text))
    assert isinstance(form, Form), form
    return str(form.page), form.submit_label is not None


async def leader_of(road: Road) -> PatroniMember:
    leader = (await until(road, lambda state: True)).leader
    assert leader is not None
    return leader


async def test_who_lags_more_than_patroni_allows_is_refused_by_the_plan_and_by_patroni(managed: Behind) -> None:
    road = managed.road
    await settled(road)
    leader = await leader_of(road)
    other = next(name for name in road.lab.servers if name != leader.name)
    pid = (await road.lab.server(other).query("SELECT pid FROM pg_stat_wal_receiver"))[0][0]
    with stopped(pid):
        await road.lab.server(leader.name).query(_MORE_THAN_THE_LIMIT)
        limit = (await patroni(road).look()).config.maximum_lag_on_failover

        def lags(members: tuple[PatroniMember, ...]) -> bool:
            return any(one.name == other and (one.lag or 0) > limit for one in members)

        await until(road, lambda state: lags(state.members))
        shown, possible = await page_of(road, f"promote {other}")
        assert not possible
        assert "maximum_lag_on_failover 1.0 MB" in shown
        with pytest.raises(ActionFailed, match=r"Patroni on .* refused POST /switchover"):
            await patroni(road).switchover(leader.name, other, timeout=15.0)
        assert (await leader_of(road)).name == leader.name
    await settled(road)


async def test_in_synchronous_mode_the_synchronous_standby_takes_over_and_clients_wait_and_follow(
    managed: Behind,
) -> None:
    road = managed.road
    await settled(road)
    old = (await leader_of(road)).name
    await configure(road, {"synchronous_mode": True})
    state = await until(road, lambda state: any(one.role == "sync_standby" for one in state.members))
    sync = next(one.name for one in state.members if one.role == "sync_standby")
    other = next(one.name for one in state.members if one.name not in (old, sync))

    shown, possible = await page_of(road, f"promote {other}")
    assert not possible
    assert "Patroni would refuse: name the sync_standby" in shown

    async with writing(managed.pooler.client_conninfo) as outcomes:
        behind = Behind(road, managed.pooler, outcomes)
        await behind.wait_for_rows(50)
        report = (await road.approve(await road.request("promote"))).page
        assert report.title == f"Switchover of shop: {old} → {sync} succeeded", report
        await behind.wait_for_rows(50)
    # Patroni's hand-over may outlast the patience of the practice clients; nothing but a wait is seen of it.
    assert {outcomes.first_error, outcomes.last_error} <= {None, "no answer within 3 s"}
    assert {row.sequence for row in outcomes.acknowledged} <= await behind.rows_on(sync)
    assert {row.server for row in outcomes.acknowledged[-20:]} == {road.lab.servers[sync].address}
    [target] = road.world.traffic["shop"]
    assert (await target.look(timeout=5)).server == sync
    await until(road, lambda state: any(one.role == "sync_standby" for one in state.members))
