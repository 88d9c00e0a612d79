"""Cards, reports and answers as somebody reads them at night: what matters is there, once, and says what to do next."""

import pytest

from commands.asked import Answer, Decision
from ledger.page import Facts, Items, Page, Text, Tone
from tests.commands.conftest import Scene


def _items(page: Page, title: str) -> dict[str, str]:
    return {
        item.title: item.detail
        for part in page.parts
        if isinstance(part, Items) and part.title.startswith(title)
        for item in part.items
    }


def _facts(page: Page) -> dict[str, str]:
    pairs = [pair for part in page.parts if isinstance(part, Facts) for pair in part.pairs]
    return {label: "".join(map(str, spans)) for label, spans in pairs}


async def test_the_approval_card_shows_the_price_first_and_what_each_step_does(scene: Scene) -> None:
    card = await scene.card(f"operation/{await scene.request()}")
    assert isinstance(card.parts[0], Facts)
    assert [label for label, _ in card.parts[0].pairs] == ["Expected outage", "Possible loss"]
    steps = _items(card, "What will be done")
    assert len(steps) == 7
    assert all("Verified: " in detail for detail in steps.values())
    assert "Undo: start db1 again as the primary." in steps["2. Stop db1"]
    assert len(card.buttons) == 3


async def test_the_approval_card_shows_every_warning(scene: Scene) -> None:
    scene.pair.kill("db1")
    scene.pair.machines["db1"].reachable_by_ssh = False
    card = await scene.card(f"operation/{await scene.request()}")
    assert card.tone is Tone.WARNING
    assert "db1 can be fenced" in _items(card, "Before you approve")
    assert "cannot be fenced" in next(iter(_items(card, "Risks")))


async def test_a_report_after_the_promotion_does_not_send_people_to_promote_again(scene: Scene) -> None:
    scene.pair.fails["start_as_standby"] = "db1 did not come up: look at its log"
    operation = await scene.request()
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    report = (await scene.dispatcher.wait(operation)).page
    assert "Do not ask again; do by hand what is left: Start db1 as the standby" in _items(report, "What to do next")
    assert "db2 is the primary" in _facts(report)["Where it stands"]


async def test_a_report_says_what_to_start_by_hand_where_the_stop_could_not_be_taken_back(scene: Scene) -> None:
    scene.pair.fails |= {"stop": "its host does not answer", "start": "its host does not answer"}
    operation = await scene.request()
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    report = (await scene.dispatcher.wait(operation)).page
    by_hand = "By hand, if no primary takes writes: start db1 again as the primary"
    assert list(_items(report, "What to do next"))[1] == by_hand


async def test_a_stop_that_was_taken_back_leaves_nothing_to_do_by_hand(scene: Scene) -> None:
    scene.pair.fails["stop"] = "it did not stop in time"
    operation = await scene.request()
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    report = (await scene.dispatcher.wait(operation)).page
    assert "By hand" not in repr(report)


async def test_what_never_began_lists_no_steps(scene: Scene) -> None:
    operation = await scene.request()
    scene.pair.kill("db1")
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    report = (await scene.dispatcher.wait(operation)).page
    assert "it was a switchover, now it is a failover. Nothing was touched." in report.summary
    assert _items(report, "Steps") == {}
    assert any("/ha promote shop" in line for line in _items(report, "What to do next"))


@pytest.mark.parametrize(("typed", "words"), [("51", "between 1 and 50"), ("0", "between 1"), ("x", "no number")])
async def test_audit_says_what_it_takes(scene: Scene, typed: str, words: str) -> None:
    answer = await scene.dispatcher.ask(scene.asks("alice", f"audit {typed}"))
    assert isinstance(answer, Answer)
    assert words in answer.page.summary
    assert isinstance(answer.page.parts[0], Text)
