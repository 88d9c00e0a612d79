"""A real Patroni with a real etcd runs three servers: Understudy asks it, waits, and looks at what came of it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from bot.check.finding import Outcome as Works
from bot.check.patroni import check_patroni
from bot.inventory import clusters_of
from bot.settings import load_settings
from commands.asked import Answer, Form
from lab.certificates import make_certificates
from lab.leftovers import world_processes
from lab.world import Lab
from servers.engines.engine import ActionFailed
from servers.engines.native import NativeEngine
from servers.engines.patroni.engine import PatroniEngine
from servers.inventory import EngineKind, PatroniPlace
from servers.state import Outcome
from tests.commands.patroni_road import (
    OPTIONS,
    etcd_pid,
    leader_and_replica,
    managed_road,
    patroni,
    settled,
    stopped,
    until,
)
from tests.commands.test_on_real_servers import Road

HEARTBEAT = """
[clusters.shop.heartbeat]
database = "app"
"""

pytestmark = [pytest.mark.lab, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def managed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Road]:
    """Patroni speaks TLS and asks for a password."""
    directory = tmp_path_factory.mktemp("patroni")
    async with Lab.start(replace(OPTIONS, patroni_tls=True)) as lab, managed_road(lab, directory, HEARTBEAT) as road:
        yield road


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def all_stream(managed: Road) -> None:
    """Each test finds everybody streaming."""
    await settled(managed)


async def test_what_patroni_says_is_part_of_what_is_seen(managed: Road) -> None:
    state = await managed.world.observer.observe(managed.cluster)
    assert managed.cluster.engine is EngineKind.PATRONI
    assert state.patroni is not None
    assert state.patroni.answer.ok
    assert {one.name for one in state.patroni.members} == {"db1", "db2", "db3"}
    assert (state.patroni.config.ttl, state.patroni.config.maximum_lag_on_failover) == (20.0, 1_048_576)
    assert next(entry.timeline for entry in await patroni(managed).history()) == 1


async def test_a_switchover_is_planned_approved_and_done_by_patroni_and_loses_nothing(managed: Road) -> None:
    old, new = await leader_and_replica(managed)
    await managed.lab.load.start(rate=100.0)
    await managed.lab.load.wait_for_rows(50)
    report = (await managed.approve(await managed.request(f"promote {new}"))).page
    assert report.title == f"Switchover of shop: {old} → {new} succeeded", report
    rows = len(managed.lab.load.acknowledged())
    await managed.lab.load.wait_for_rows(rows + 20)
    proof = await managed.lab.load.stop_and_report(new)
    assert proof.lost == ()
    assert (await patroni(managed).look()).leader is not None
    assert not await managed.lab.server(new).in_recovery()
    assert await managed.lab.server(old).in_recovery()
    newest = (await patroni(managed).history())[-1]
    assert newest.new_leader == new
    assert newest.at is not None
    assert f"{new}, timeline {newest.timeline} has ended" in str((await managed.status()).page)


async def test_a_switchover_is_scheduled_and_cancelled(managed: Road) -> None:
    _, new = await leader_and_replica(managed)
    at = (datetime.now(UTC) + timedelta(hours=3)).replace(microsecond=0)
    report = (await managed.approve(await managed.request(f"promote shop {new} at {at.isoformat()}"))).page
    assert "succeeded" in report.title, str(report.parts)
    scheduled = (await patroni(managed).look()).scheduled
    assert scheduled is not None
    assert (scheduled.at, scheduled.target) == (at, new)
    report = (await managed.approve(await managed.request("promote shop cancel"))).page
    assert "succeeded" in report.title, str(report.parts)
    assert (await patroni(managed).look()).scheduled is None


async def test_upkeep_is_done_and_seen(managed: Road) -> None:
    _, replica = await leader_and_replica(managed)
    engine = patroni(managed)
    before = await engine.started_at(replica)
    await engine.restart(replica)
    assert await engine.started_at(replica) != before
    await engine.reload(replica)
    assert "streaming" in (await engine.reinitialize(replica, timeout=60.0)).detail
    await engine.pause()
    assert (await engine.look()).paused
    await engine.resume()
    assert not (await engine.look()).paused


async def test_a_failover_drill_has_patroni_switch_over_and_back(managed: Road) -> None:
    await managed.until_healthy()
    old, new = await leader_and_replica(managed)
    report = (await managed.approve(await managed.request(f"drill failover {new}"))).page
    assert report.title == f"Failover drill of shop: {old} → {new} succeeded", report.summary
    assert "acknowledged rows" in repr(report)
    leader = (await patroni(managed).look()).leader
    assert leader is not None
    assert leader.name == old


async def test_a_wrong_password_or_authority_is_one_clear_line_and_nothing_is_done(
    managed: Road, tmp_path: Path
) -> None:
    place = managed.cluster.patroni
    assert place is not None
    assert all(url.startswith("https://") for _, url in place.members)
    leader, replica = await leader_and_replica(managed)
    stranger, _, _ = make_certificates(tmp_path)
    for wrong, words in (
        (replace(place, password="wrong"), r"refused POST /switchover: .*HTTP 401.*Correct patroni\.user and patroni"),
        (replace(place, user=None, password=None), r"HTTP 401"),
        (
            replace(place, ca_file=stranger),
            r"nothing was done: db1, db2, db3: its certificate .*ca_file",
        ),
        (replace(place, ca_file=tmp_path / "none.pem"), r"certificates cannot be read: .*Correct patroni\.ca_file"),
    ):
        with pytest.raises(ActionFailed, match=words) as refused:
            await PatroniEngine(wrong, lambda: datetime.now(UTC)).switchover(leader, replica, timeout=3.0)
        assert "\n" not in str(refused.value)
    assert await leader_and_replica(managed) == (leader, replica)
    blind = await PatroniEngine(replace(place, ca_file=stranger), lambda: datetime.now(UTC)).look()
    assert (blind.answer.outcome, blind.members) == (Outcome.UNREACHABLE, ())


async def test_understudy_check_tries_each_member_and_changes_nothing(managed: Road) -> None:
    before = await patroni(managed).look()
    findings = await check_patroni(managed.cluster, patroni(managed))
    assert [(one.subject, one.outcome) for one in findings] == [
        (f"shop/{name}", Works.WORKS) for name in managed.lab.servers
    ]
    assert (await patroni(managed).look()).config == before.config
    place = managed.cluster.patroni
    assert place is not None
    wrong = PatroniEngine(replace(place, password="wrong"), lambda: datetime.now(UTC))
    findings = await check_patroni(managed.cluster, wrong)
    assert {one.outcome for one in findings} == {Works.BROKEN}
    assert "Correct patroni.user and patroni.password" in findings[0].seen


async def test_patronis_refusal_is_told_in_its_own_words(managed: Road) -> None:
    leader, replica = await leader_and_replica(managed)
    with pytest.raises(ActionFailed, match="leader name does not match"):
        await patroni(managed).switchover(replica, leader)


async def test_nothing_is_done_behind_its_back(managed: Road) -> None:
    _, replica = await leader_and_replica(managed)
    server = managed.cluster.server(replica)
    pid = managed.lab.server(replica).postmaster_pid()
    with pytest.raises(ActionFailed, match="Patroni runs this cluster"):
        await managed.world.engine.promote(server)
    with pytest.raises(ActionFailed, match="POST /switchover"):
        await managed.world.engine.stop(server)
    assert managed.lab.server(replica).postmaster_pid() == pid
    assert await managed.lab.server(replica).in_recovery()


async def test_a_leader_that_dies_in_a_pause_is_replaced_by_order(managed: Road) -> None:
    old, _ = await leader_and_replica(managed)
    await patroni(managed).pause()
    await managed.lab.server(old).kill()
    async with asyncio.timeout(40.0):
        while (found := (await patroni(managed).look()).leader) is not None and found.healthy:
            await asyncio.sleep(0.1)
    report = (await managed.approve(await managed.request("promote"))).page
    assert report.title.startswith("Failover of shop"), report
    assert report.title.endswith("succeeded"), report
    await patroni(managed).resume()
    await until(managed, lambda state: all(one.streams for one in state.members) and len(state.members) == 3)
    leader, _ = await leader_and_replica(managed)
    assert leader != old


async def test_maintenance_pauses_it_and_its_end_resumes_it_and_a_pause_of_others_stays(managed: Road) -> None:
    async def say(text: str) -> str:
        return str((await managed.dispatcher.ask(managed.asks("alice", text))).page)

    assert "Patroni is paused until the end" in await say("maintenance on shop kernel update")
    assert (await patroni(managed).look()).paused
    assert "it acts by itself again" in await say("maintenance off shop")
    assert not (await patroni(managed).look()).paused
    await patroni(managed).pause()
    assert "stays so" in await say("maintenance on shop kernel update")
    assert "stays so" in await say("maintenance off shop")
    assert (await patroni(managed).look()).paused
    await patroni(managed).resume()


async def test_an_api_that_nobody_answers_is_unknown_and_nothing_is_planned(managed: Road) -> None:
    place = PatroniPlace(tuple((name, "http://127.0.0.1:1") for name in managed.lab.servers))
    cut_off = replace(managed.cluster, patroni=place)
    state = await managed.world.observer.observe(cut_off)
    assert state.patroni is not None
    assert state.patroni.answer.outcome is Outcome.UNREACHABLE
    assert (state.patroni.members, state.patroni.leader) == ((), None)
    world = replace(managed.world, clusters={cut_off.name: cut_off})
    answer = await Road(managed.lab, world).dispatcher.prepare(managed.asks("alice", "promote"))
    assert not isinstance(answer, Form)
    assert isinstance(answer, Answer)
    assert "Patroni does not answer for shop" in str(answer.page)


async def test_a_dcs_that_does_not_answer_is_told_by_patroni(managed: Road) -> None:
    with stopped(etcd_pid(managed)):
        async with asyncio.timeout(8.0):
            while (found := await patroni(managed).look()).dcs_seen_at is None:
                await asyncio.sleep(0.1)
    assert not found.answer.ok
    assert (found.members, found.leader) == ((), None)
    assert (await until(managed, lambda state: True)).dcs_seen_at is None


async def test_one_member_that_is_away_does_not_hide_the_others(managed: Road) -> None:
    place = managed.cluster.patroni
    assert place is not None
    db2 = ("db2", managed.lab.patroni.url(managed.lab.server("db2")))
    some = replace(place, members=(("db1", "http://127.0.0.1:1"), db2))
    state = await PatroniEngine(some, lambda: datetime.now(UTC)).look()
    assert len(state.members) == 3


async def test_everything_of_it_belongs_to_the_world_and_ends_with_it(managed: Road) -> None:
    programs = {
        Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()
        for pid in world_processes(managed.lab.directory)
    }
    assert any("etcd" in name for name in programs)
    assert any("python" in name for name in programs)


async def test_the_settings_of_the_practice_world_are_read(managed: Road, tmp_path: Path) -> None:
    settings = load_settings(managed.lab.write_settings(tmp_path, "http://127.0.0.1:1/api/"))
    (cluster,) = clusters_of(settings).values()
    assert cluster.patroni is not None
    assert dict(cluster.patroni.members)["db2"] == managed.lab.patroni.url(managed.lab.server("db2"))
    assert NativeEngine.name == "native"
