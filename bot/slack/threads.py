"""What people said in the threads of cards, read from Slack when somebody asks for a timeline."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.outcome import SLACK_FAILURES
from bot.slack.plain import one_line
from commands.people import Directory
from commands.timeline.threads import Said
from ledger import outbox
from ledger.ledger import Ledger

MOST_THREADS, PAGE_SIZE, LONGEST = 20, 200, 500

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SlackThreads:
    """Implements commands.timeline.threads.Threads."""

    client: AsyncWebClient
    ledger: Ledger
    directory: Directory

    async def said(self, cards: Sequence[str], since: datetime, until: datetime) -> tuple[Said, ...] | None:
        """Of the first pages of each thread. Raises LedgerError; where Slack refuses, None."""
        found: list[Said] = []
        places = await self.ledger.read(lambda db: [outbox.card(db, card) for card in cards[:MOST_THREADS]])
        try:
            for place in filter(None, places):
                answer = await self.client.conversations_replies(
                    channel=place.channel,
                    ts=place.ts,
                    oldest=f"{since.timestamp():.6f}",
                    latest=f"{until.timestamp():.6f}",
                    limit=PAGE_SIZE,
                )
                found += [await self._said(one) for one in answer.get("messages") or () if _by_a_person(one)]
        except SLACK_FAILURES as error:
            log.warning("threads.not_read", error=type(error).__name__)
            return None
        return tuple(found)

    async def _said(self, message: dict[str, Any]) -> Said:
        person = await self.directory.person(str(message["user"]))
        at = datetime.fromtimestamp(float(message["ts"]), UTC)
        text = one_line(str(message.get("text") or ""))
        return Said(at, person.name, text if len(text) <= LONGEST else f"{text[:LONGEST]}…")


def _by_a_person(message: dict[str, Any]) -> bool:
    """Not what a robot posted, and no notice of Slack's own."""
    return bool(message.get("user")) and not message.get("bot_id") and not message.get("subtype")
