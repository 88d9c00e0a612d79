"""03:12, clicked through in a real browser: the primary dies, Alice asks, Bob approves, the standby takes over."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from lab.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


async def open_page(browser: Browser, stage: Stage, person: str) -> Page:
    context = await browser.new_context(viewport={"width": 1280, "height": 860}, timezone_id="UTC")
    page = await context.new_page()
    await page.goto(f"{stage.slack.page_url}?user={person}")
    await expect(page.get_by_label("Channel ops")).to_be_visible()
    return page


async def test_the_primary_dies_and_two_people_fail_over(browser: Browser, stage: Stage, pictures: Path) -> None:
    alice = await open_page(browser, stage, "U0ALICE")
    bob = await open_page(browser, stage, "U0BOB")

    # The fault is chosen on the page itself, as a newcomer does it.
    await alice.get_by_role("button", name="Practice controls").click()
    kill = alice.locator('[data-control="kill"]')
    await kill.get_by_role("combobox").select_option("db1")
    await kill.get_by_role("button").first.click()
    await alice.get_by_label("Close practice controls").click()

    alert = alice.get_by_test_id("message").filter(has=alice.get_by_role("button", name="Fail over…"))
    await expect(alert).to_be_visible(timeout=15_000)
    await expect(alert).to_contain_text("primary")
    await alice.screenshot(path=pictures / "alert.png")

    await alert.get_by_role("button", name="Fail over…").click()
    modal = alice.get_by_role("dialog")
    await expect(modal.get_by_role("textbox").first).to_be_visible(timeout=15_000)
    boxes = modal.get_by_role("textbox")
    await boxes.nth(0).fill("the primary is dead")
    await boxes.nth(1).fill("shop")
    await alice.screenshot(path=pictures / "form.png")
    await modal.get_by_role("button", name="Ask for approval").click()
    await expect(modal).to_contain_text("Approval is asked for", timeout=15_000)
    await modal.get_by_role("button", name="Close").click()
    await expect(modal).to_be_hidden()

    card = bob.get_by_test_id("message").filter(has=bob.get_by_role("button", name="Approve"))
    await expect(card).to_be_visible(timeout=15_000)
    await bob.screenshot(path=pictures / "approval.png")
    await card.get_by_role("button", name="Approve").click()

    thread_link = bob.get_by_role("button", name="repl").last
    await expect(thread_link).to_be_visible(timeout=30_000)
    await thread_link.click()
    thread = bob.get_by_test_id("thread")
    await expect(thread.get_by_test_id("message").last).to_contain_text("Measured outage", timeout=30_000)
    await bob.screenshot(path=pictures / "report.png")

    assert not await stage.lab.servers["db2"].in_recovery()
    await bob.get_by_label("Message #ops").fill("/ha status")
    await bob.keyboard.press("Enter")
    status = bob.get_by_test_id("message").filter(has_text="Only visible to you").filter(has_text="db2 primary")
    await expect(status).to_be_visible(timeout=10_000)
    await bob.screenshot(path=pictures / "status.png")
