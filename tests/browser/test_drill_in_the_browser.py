"""A restore drill and a full drill, asked for, approved and read in a real browser: the report card of docs/drills.md.

The same drills are tried on a real pair in tests/commands; this takes a minute, so it is done where pictures are made.
"""

import os
from functools import partial
from pathlib import Path

import pytest
from playwright.async_api import Browser, FloatRect, Page, expect

from lab.settings_file import with_heartbeat
from lab.stage import open_stage
from lab.world import LabOptions
from tests.browser.test_scene_in_the_browser import open_page
from tests.commands.test_drill_on_real_servers import archived

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.skipif("PICTURES_DIRECTORY" not in os.environ, reason="make pictures does it"),
]

ENDED = 120_000  # milliseconds


async def test_a_full_drill_and_its_report_card(browser: Browser, pictures: Path) -> None:
    async with open_stage(LabOptions(), edit=partial(with_heartbeat, cluster="shop")) as stage:
        alice, bob = await open_page(browser, stage, "U0ALICE"), await open_page(browser, stage, "U0BOB")
        await archived(stage.lab.server("db1"))  # with a heartbeat in it
        await _hold(alice, bob, "restore", "weekly practice")
        await _hold(alice, bob, "full", "the quarter's drill", "shop")

        await bob.set_viewport_size({"width": 1280, "height": 6000})  # all of it at once: nothing is scrolled away
        await bob.get_by_role("button", name="repl").last.click()
        card = bob.get_by_test_id("thread").get_by_test_id("message").filter(has_text="Full drill of shop").last
        await expect(card).to_contain_text("Full drill of shop: db1 → db2 succeeded")
        await expect(card).to_contain_text("the heartbeat: the last that came back")
        plot = card.locator("img").first
        await expect(plot).to_be_visible(timeout=15_000)
        # As far as the plot: the steps after it are as long again.
        top, end = await card.bounding_box(), await plot.bounding_box()
        assert top is not None
        assert end is not None
        height = end["y"] + end["height"] - top["y"] + 12
        part = FloatRect(x=top["x"], y=top["y"], width=top["width"], height=height)
        await bob.screenshot(path=pictures / "drill.png", clip=part)
        assert not await stage.lab.servers["db1"].in_recovery()


async def _hold(alice: Page, bob: Page, drill: str, *fields: str) -> None:
    """Alice asks for it, Bob approves, and it ends."""
    await alice.get_by_label("Message #ops").fill(f"/ha drill {drill}")
    await alice.keyboard.press("Enter")
    modal = alice.get_by_role("dialog")
    boxes = modal.get_by_role("textbox")
    await expect(boxes.first).to_be_visible(timeout=15_000)
    for index, text in enumerate(fields):
        await boxes.nth(index).fill(text)
    await modal.get_by_role("button", name="Ask for approval").click()
    await expect(modal).to_contain_text("Approval is asked for", timeout=15_000)
    await modal.get_by_role("button", name="Close").click()
    card = bob.get_by_test_id("message").filter(has=bob.get_by_role("button", name="Approve"))
    await expect(card).to_be_visible(timeout=15_000)
    await card.get_by_role("button", name="Approve").click()
    ended = (
        bob.get_by_test_id("message")
        .filter(has_text=f"{drill.capitalize()} drill of shop")
        .filter(has_text="succeeded")
    )
    await expect(ended.first).to_be_visible(timeout=ENDED)
