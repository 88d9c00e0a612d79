"""A moment in what the primary has not archived yet: that is archived first, by a step that people approve."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from commands.restoring import actions, steps
from servers.backups.archive import Segments
from servers.state import Archiver
from tests.commands.conftest import Scene
from tests.commands.practice import NOW
from tests.commands.restoring.practice_restore import Shelf, ended, restoring, shown


@pytest.fixture
async def set_up(tmp_path: Path) -> AsyncIterator[tuple[Scene, Shelf]]:
    async with restoring(tmp_path) as made:
        yield made


ARCHIVES = Archiver("on", 5, None, 60.0, 0, None, None, None)
RECENT = f"--to {NOW - timedelta(seconds=30):%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize("text", [RECENT, "--to latest", "--to xid 900", "--to point before_migration"])
async def test_what_is_not_archived_yet_is_archived_first_by_a_step_that_people_approve(
    set_up: tuple[Scene, Shelf], text: str
) -> None:
    scene, shelf = set_up
    scene.pair.machines["db1"].archiver = ARCHIVES
    form = await scene.form(text=f"restore {text}")
    assert "Archive what db1 has written by now" in repr(form.page)
    assert ("switch_wal", "db1") not in scene.pair.did
    report = await ended(scene, f"restore {text}")
    assert report.title.endswith("succeeded"), report.summary
    assert scene.pair.did[0] == ("switch_wal", "db1")
    assert shelf.did[0] == "begin_restore"


async def test_what_does_not_get_into_the_archive_ends_it_before_anything_is_made(
    set_up: tuple[Scene, Shelf], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "NORMAL", 2.0)
    monkeypatch.setattr(actions, "ARCHIVE_PAUSE", 0.01)
    scene, shelf = set_up
    scene.pair.machines["db1"].archiver = ARCHIVES
    shelf.fails["archive"] = "it fails"
    report = await ended(scene, f"restore {RECENT}")
    assert "was finished, and it is not in the archive. Look at pg_stat_archiver" in report.summary
    assert shelf.did == []


async def test_behind_a_gap_nothing_is_archived_for_a_restore(set_up: tuple[Scene, Shelf]) -> None:
    scene, shelf = set_up
    scene.pair.machines["db1"].archiver = ARCHIVES
    shelf.runs = (Segments(1, 2, 3, NOW - timedelta(hours=1), NOW - timedelta(minutes=20)), Segments(1, 5, 5, NOW, NOW))
    may, said = await shown(scene, f"restore {RECENT}")
    assert not may
    assert "The nearest possible moments: before it" in said


async def test_where_the_archive_has_lost_what_was_archived_last_nothing_is_archived_for_a_restore(
    set_up: tuple[Scene, Shelf],
) -> None:
    scene, _ = set_up
    scene.pair.machines["db1"].archiver = replace(ARCHIVES, last_archived_wal="000000010000000000000006")
    may, said = await shown(scene, f"restore {RECENT}")
    assert not may
    assert "after the last archived WAL" in said


async def test_a_position_that_is_still_to_come_is_refused(set_up: tuple[Scene, Shelf]) -> None:
    scene, _ = set_up
    scene.pair.machines["db1"].archiver = ARCHIVES
    may, said = await shown(scene, "restore --to FF/0")
    assert not may
    assert "FF/0 is after the last archived WAL" in said
    assert "before it" in said
