"""A practice Slack without its own rate limits, a ledger, and clients between the two."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.slack.client import SlackClients, open_clients
from lab.slack import PracticeSlack
from ledger.ledger import Ledger


@pytest.fixture
async def slack() -> AsyncIterator[PracticeSlack]:
    async with PracticeSlack.start(rate_limits=False) as practice:
        yield practice


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with await Ledger.open(tmp_path / "ledger.sqlite3") as opened:
        yield opened


@pytest.fixture
async def clients(slack: PracticeSlack) -> AsyncIterator[SlackClients]:
    opened = open_clients(slack.api_url, slack.bot_token, call_seconds=0.5)
    yield opened
    await opened.close()
