"""A base backup of a real pair, taken and verified through the dispatcher, and the window that it opens."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ledger.page import Page, Table
from servers.backups.serving import Serving, serve
from servers.backups.target import LATEST
from servers.backups.window import RestoreWindow, restore_window
from tests.commands.test_on_real_servers import Road, road

pytestmark = pytest.mark.lab


@pytest.fixture
async def on_lab(tmp_path: Path) -> AsyncIterator[Road]:
    async with road(tmp_path) as made:
        yield made


async def ordered(on_lab: Road, text: str) -> Page:
    return (await on_lab.approve(await on_lab.request(text))).page


async def window_of(on_lab: Road) -> RestoreWindow:
    tool = on_lab.world.backup_tool(on_lab.cluster)
    return restore_window(await tool.list(on_lab.cluster), await tool.archive(on_lab.cluster))


async def seen(on_lab: Road, headline: str) -> Page:
    """What the view shows, once it knows: it does not wait for a host that takes its time."""
    async with asyncio.timeout(20):
        while headline not in (page := (await on_lab.dispatcher.ask(on_lab.asks("alice", "backups"))).page).title:
            await asyncio.sleep(0.1)
    return page


async def test_a_backup_of_a_pair_under_load_is_verified_and_opens_a_window(on_lab: Road) -> None:
    lab = on_lab.lab
    await lab.load.start(rate=100.0)
    await seen(on_lab, "nothing can be restored now")

    report = await ordered(on_lab, "backup")
    await lab.load.stop()

    assert report.title == f"Backup of {on_lab.cluster.name}: db2 succeeded", report
    assert "taken from db2, and verified" in report.summary
    found = serve(await window_of(on_lab), LATEST)
    assert isinstance(found, Serving), found
    shown = await seen(on_lab, "restorable up to")
    (table,) = (part for part in shown.parts if isinstance(part, Table))
    assert table.rows[0][0] == found.backup.name

    await spoil(Path(found.backup.path))
    failed = await ordered(on_lab, f"backup verify {on_lab.cluster.name} {found.backup.name}")
    assert f"Backup {found.backup.name} does not verify" in failed.summary


async def spoil(backup: Path) -> None:
    """One byte in the middle of its largest file is another one."""
    largest = max((path for path in backup.iterdir() if path.is_file()), key=lambda path: path.stat().st_size)
    content = bytearray(largest.read_bytes())
    content[len(content) // 2] ^= 0xFF
    largest.write_bytes(content)
