"""The alerts on a real pair: real faults, real evidence, and an end to each once it is mended."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from alerts.thresholds import Thresholds
from lab.faults import FaultKind
from lab.options import LabOptions
from lab.world import Lab
from ledger.alerts import Severity
from ledger.audit_chain import verify
from ledger.page import Items
from servers.verdict import Verdict
from tests.alerts.lab_scene import PATIENCE, SOON, LabScene, watched_lab

pytestmark = pytest.mark.lab

OpenScene = Callable[..., AbstractAsyncContextManager[LabScene]]

_WRITE_SIX_MEGABYTES = """
    CREATE TABLE IF NOT EXISTS ballast AS
    SELECT number, repeat(md5(number::text), 8) AS text FROM generate_series(1, 20000) AS number
"""


@pytest.fixture
def open_scene(tmp_path: Path) -> OpenScene:
    @asynccontextmanager
    async def opened(options: LabOptions | None = None, thresholds: Thresholds = SOON) -> AsyncIterator[LabScene]:
        async with Lab.start(options or LabOptions()) as lab, watched_lab(lab, tmp_path, thresholds) as scene:
            yield scene

    return opened


async def rules_that_fired(scene: LabScene) -> set[str]:
    return {row.rule for row in await scene.rows()}


async def test_a_healthy_pair_under_load_gives_no_cause_to_speak(open_scene: OpenScene) -> None:
    async with open_scene() as scene:
        await scene.lab.load.start(rate=200)
        await scene.watched(12)
        await scene.lab.load.stop()
        assert await scene.rows() == []
        assert await scene.cards() == []
        figures = scene.monitor.figures()[0]
        assert (figures.failures, figures.unknown_since) == (0, None)


async def test_a_killed_primary_is_told_with_evidence_of_several_viewpoints(open_scene: OpenScene) -> None:
    async with open_scene() as scene:
        assert await scene.rows() == []
        said = asyncio.Event()
        scene.ledger.on_commit(said.set)
        await scene.lab.server("db1").kill()
        async with asyncio.timeout(PATIENCE):
            await said.wait()
        (card,) = await scene.cards()
        assert card.page.title == "shop: primary db1 is down"
        evidence = "\n".join(item.title for part in card.page.parts if isinstance(part, Items) for item in part.items)
        for viewpoint in ("understudy by SQL to db1", "db1 by SSH: no postmaster", "db2's own try of db1: no response"):
            assert viewpoint in evidence
        assert card.page.buttons[0].value == "shop db2"
        await scene.watched(3)
        assert await rules_that_fired(scene) == {"primary_down"}

        await scene.start_again("db1")
        await scene.resolves("primary_down")
        assert (await scene.ledger.read(verify)).ok


async def test_a_frozen_primary_is_down_and_a_thawed_one_is_up(open_scene: OpenScene) -> None:
    async with open_scene() as scene:
        await scene.lab.faults.apply(FaultKind.FREEZE, "db1")
        row = await scene.fires("primary_down")
        assert "its postmaster is stopped" in row.evidence
        await scene.lab.faults.apply(FaultKind.THAW, "db1")
        await scene.resolves("primary_down")


async def test_a_dead_standby_is_a_warning(open_scene: OpenScene) -> None:
    async with open_scene() as scene:
        await scene.lab.server("db2").kill()
        row = await scene.fires("standby_down")
        assert (row.subject, row.severity) == ("db2", Severity.WARNING)
        await scene.start_again("db2")
        await scene.resolves("standby_down")
        assert "primary_down" not in await rules_that_fired(scene)


async def test_broken_links_are_told_apart_from_broken_servers(open_scene: OpenScene) -> None:
    async with open_scene() as scene:
        # Only our own way to the primary is cut: it is not down.
        await scene.lab.faults.apply(FaultKind.CUT, "bot-db1")
        await scene.fires("primary_unreachable")
        await scene.watched(5)
        await scene.lab.faults.apply(FaultKind.MEND_LINK, "bot-db1")
        await scene.resolves("primary_unreachable")

        await scene.lab.faults.apply(FaultKind.CUT, "db1-db2")
        row = await scene.fires("replication_broken")
        assert row.subject == "db2"
        await scene.lab.faults.apply(FaultKind.MEND_LINK, "db1-db2")
        await scene.resolves("replication_broken")

        await scene.lab.faults.apply(FaultKind.STOP_SSH, "db2")
        row = await scene.fires("cannot_see")
        assert (row.subject, row.severity) == ("db2", Severity.WARNING)
        assert "SSH" in row.evidence
        await scene.lab.faults.apply(FaultKind.START_SSH, "db2")
        await scene.resolves("cannot_see")
        assert await rules_that_fired(scene) == {"primary_unreachable", "replication_broken", "cannot_see"}


async def test_when_nothing_can_be_seen_nothing_is_called_dead(open_scene: OpenScene) -> None:
    async with open_scene() as scene:
        for server in ("db1", "db2"):
            await scene.lab.faults.apply(FaultKind.CUT, f"bot-{server}")
        await scene.fires("cannot_see")
        await scene.watched(3)
        last = scene.monitor.last("shop")
        assert last is not None
        assert last.judgement.verdict is Verdict.UNKNOWN
        assert scene.monitor.figures()[0].unknown_since is not None
        assert await rules_that_fired(scene) == {"cannot_see"}
        await scene.lab.faults.apply(FaultKind.HEAL)
        await scene.resolves("cannot_see")


async def test_what_falls_behind_is_told_and_what_catches_up_too(open_scene: OpenScene) -> None:
    async with open_scene() as scene:
        await scene.lab.faults.apply(FaultKind.PAUSE_REPLAY, "db2")
        await scene.lab.server("db1").query(_WRITE_SIX_MEGABYTES)
        row = await scene.fires("replay_lag")
        assert "replay is paused there" in row.evidence
        await scene.lab.faults.apply(FaultKind.RESUME_REPLAY, "db2")
        await scene.resolves("replay_lag")

        await scene.lab.faults.apply(FaultKind.BREAK_ARCHIVE)
        row = await scene.fires("wal_archive")
        assert "the archive command last failed" in row.evidence
        await scene.lab.faults.apply(FaultKind.MEND_ARCHIVE)
        await scene.resolves("wal_archive")

        await scene.lab.faults.apply(FaultKind.AGE_BACKUPS)
        row = await scene.fires("backup")
        assert (row.value, row.severity) == ("the last good one is 3 d old", Severity.CRITICAL)
        await scene.lab.faults.apply(FaultKind.TAKE_BACKUP, "db1")
        await scene.resolves("backup")
        assert await rules_that_fired(scene) == {"replay_lag", "wal_archive", "backup"}


async def test_a_full_disk_is_one_alert(open_scene: OpenScene) -> None:
    async with open_scene(LabOptions(own_disks=None)) as scene:
        if not all(server.own_disk for server in scene.lab.servers.values()):
            pytest.skip("the lab's servers have no disks of their own here: run as root, where tmpfs can be mounted")
        await scene.lab.faults.apply(FaultKind.FILL_DISK, "db1")
        row = await scene.fires("disk", Severity.CRITICAL)
        assert row.subject.split()[0] == "db1"
        await scene.lab.faults.apply(FaultKind.EMPTY_DISK, "db1")
        await scene.resolves("disk")
        assert len(await scene.rows()) == 1


async def test_a_restart_in_the_middle_repeats_nothing(open_scene: OpenScene, tmp_path: Path) -> None:
    async with Lab.start() as lab:
        async with watched_lab(lab, tmp_path) as scene:
            await lab.server("db1").kill()
            first = await scene.fires("primary_down")
            cards = await scene.cards()
        async with watched_lab(lab, tmp_path) as scene:
            await scene.watched(5)
            assert [row.id for row in scene.keeper.firing() if row.rule == "primary_down"] == [first.id]
            assert [item.id for item in await scene.cards() if item.card == f"alert/{first.id}"] == [cards[0].id]
            await scene.start_again("db1")
            await scene.resolves("primary_down")
