"""Finds a card's message in a channel by the metadata that Understudy puts on every message it posts.

When the answer to a post was lost, the message may stand there already: it is looked for before it is posted again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from ledger.outbox import Delivery

EVENT_TYPE = "understudy_card"
# A card may have waited since an earlier page of its own, so the look goes further back than the page that waits now.
LOOK_BACK = timedelta(days=7)
PAGE_SIZE = 200
MOST_PAGES = 50


@dataclass(frozen=True, slots=True)
class Found:
    """A message that stands already, and the hash of the page it was posted with."""

    ts: str
    content_hash: str


def metadata(delivery: Delivery) -> dict[str, Any]:
    """What a message carries so that it can be found again."""
    return {
        "event_type": EVENT_TYPE,
        "event_payload": {"card": delivery.item.card, "content": delivery.item.content_hash},
    }


async def find(client: AsyncWebClient, channel: str, delivery: Delivery) -> Found | None:
    """The card's message in the channel, or in its parent's thread. Raises what the client raises."""
    oldest = _ts(delivery.item.created_at - LOOK_BACK)
    cursor = ""
    for _ in range(MOST_PAGES):
        common: dict[str, Any] = {
            "channel": channel,
            "oldest": oldest,
            "limit": PAGE_SIZE,
            "include_all_metadata": True,
        }
        if cursor:
            common["cursor"] = cursor
        if delivery.parent is None:
            answer = await client.conversations_history(**common)
        else:
            answer = await client.conversations_replies(ts=delivery.parent.ts, **common)
        for message in answer.get("messages") or ():
            if (found := _card_of(message, delivery.item.card)) is not None:
                return found
        cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
        if not cursor:
            return None
    return None


def _card_of(message: Mapping[str, Any], card: str) -> Found | None:
    found = message.get("metadata") or {}
    payload = found.get("event_payload") or {}
    if found.get("event_type") != EVENT_TYPE or payload.get("card") != card:
        return None
    return Found(str(message["ts"]), str(payload.get("content", "")))


def _ts(at: datetime) -> str:
    return f"{at.timestamp():.6f}"
