"""A plot reaches Slack as a picture; where it cannot, as a sparkline, and the rest of the page in any case."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.plots.plotter import Plotter
from bot.slack.client import SlackClients
from bot.slack.draw import draw
from bot.slack.pictures import Pictures
from lab.slack import PracticeSlack
from ledger import outbox
from ledger.ledger import Ledger
from ledger.outbox import OutboxItem
from ledger.page import Page, Plot, PlotLine, PlotPoint, Table, Tone
from ledger.units import Unit
from tests.bot.slack.conftest import Stage

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
POINTS = tuple(PlotPoint(NOON + timedelta(minutes=minute), float(minute)) for minute in range(60))
PLOT = Plot("shop: replay lag", Unit.BYTES, NOON, NOON + timedelta(hours=1), (PlotLine("db2", POINTS),))
PAGE = Page("shop: replay lag", Tone.INFO, "59 bytes", (PLOT, Table(("Server", "Now"), (("db2", "59 bytes"),))))


def kinds(message: dict[str, Any]) -> list[str]:
    return [block["type"] for block in message["blocks"]]


async def test_an_answer_has_the_picture_and_the_numbers(stage: Stage, slack: PracticeSlack) -> None:
    stage.orders.page = PAGE
    alice = slack.person("U0ALICE")
    await alice.command("/ha", "lag", channel="C0OPS")
    answer = await alice.wait_for_ephemeral()
    assert kinds(answer) == ["header", "image", "table"]
    assert answer["blocks"][1]["alt_text"] == "shop: replay lag, db2: 0 bytes to 59 bytes"


async def test_a_card_has_it_too(stage: Stage, slack: PracticeSlack, ledger: Ledger) -> None:
    await ledger.write(lambda db: outbox.put(db, OutboxItem(datetime.now(UTC), "C0OPS", "alert/1", PAGE)))
    assert kinds(await slack.wait_for_message("C0OPS")) == ["header", "image", "table"]


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal", "files.info"])
async def test_a_slack_that_takes_no_file_gets_a_sparkline(stage: Stage, slack: PracticeSlack, method: str) -> None:
    stage.orders.page = PAGE
    slack.faults.server_error(method)
    alice = slack.person("U0ALICE")
    await alice.command("/ha", "lag", channel="C0OPS")
    answer = await alice.wait_for_ephemeral(timeout=10)
    assert kinds(answer) == ["header", "rich_text", "table"]
    assert "▁▂▃▄▅▆▇█"[-1] in str(answer["blocks"][1])


async def test_the_same_plot_is_uploaded_once(slack: PracticeSlack, clients: SlackClients) -> None:
    pictures = Pictures(clients.web, Plotter())
    first = await pictures.of(PAGE)
    assert first == await pictures.of(PAGE)
    assert list(first) == [PLOT]


def test_who_hears_it_hears_between_what_it_lies() -> None:
    assert "shop: replay lag, db2: 0 bytes to 59 bytes" in draw(PAGE).text
