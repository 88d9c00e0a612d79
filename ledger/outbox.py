"""The outbox: what is to be said in channels, written in the same transaction as the change it tells of.

A card is one message: posted once, then updated in place. Of a card's pages only the newest is worth sending, so a
new one supersedes the one that waits. A card with a parent is a reply in the parent's thread, and never goes before it.

How a sender works, each line a transaction of its own:

    at its start          recover(db): what an earlier process left half sent is to be looked for before it is sent
    due(db, now)          what may be sent now, in order
    claim(db, id, now)    before talking to anybody about it; None when there is nothing to do any more
    delivered / failed / uncertain(db, …)

One process sends; others may put.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlite_utils import Database

from ledger.page import Page, Tone
from ledger.page_json import PageError, from_json, to_json
from ledger.page_texts import with_texts
from ledger.redact import redacted_text
from ledger.times import from_text, from_text_or_none, to_text, to_text_or_none


class ItemState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"
    SUPERSEDED = "superseded"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One page for one card. `id` and what follows `broadcast` are given by `put`.

    `card` is the message's own key, `parent` the card in whose thread it stands, `channel` where it is to be posted
    (as the settings name it), `broadcast` shows a reply in the channel as well. `content_hash` is the SHA-256 of the
    page's JSON: equal hashes look alike.
    """

    created_at: datetime
    channel: str
    card: str
    page: Page
    parent: str | None = None
    broadcast: bool = False
    id: int = 0
    content_hash: str = ""
    state: ItemState = ItemState.WAITING
    tries: int = 0
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A message that was posted: where it stands, and what it shows."""

    key: str
    channel: str
    ts: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """An item to be sent: `card` is the message to update (None: post it), `parent` that whose thread it goes into.

    `look_first`: it may have been posted already, only the answer was lost. Look for it before posting it again.
    """

    item: OutboxItem
    card: Card | None
    parent: Card | None
    look_first: bool


class OutboxMisused(Exception):
    """The caller broke the outbox's order of things; the message says how."""


_ITEM = """
    SELECT o.id, o.created_at, o.channel, o.card, o.page, o.content_hash, o.broadcast, o.state, o.tries, o.last_error,
           c.parent, c.unanswered, c.channel AS posted_channel, c.ts, c.content_hash AS shown_hash,
           p.channel AS parent_channel, p.ts AS parent_ts, p.content_hash AS parent_hash
    FROM outbox AS o
    JOIN outbox_card AS c ON c.card = o.card
    LEFT JOIN outbox_card AS p ON p.card = c.parent
"""
_GET = f"{_ITEM} WHERE o.id = :id"
# A reply waits for its parent. An unposted reply also waits for the unposted ones before it in its thread, so that a
# thread reads in the order in which things happened. A list of what is due may hold several of them, in their order;
# each alone may go only once those before it have gone.
_MAY_GO = f"""
    {_ITEM}
    WHERE o.state = 'waiting'
      AND (o.next_try_at IS NULL OR o.next_try_at <= :now)
      AND NOT EXISTS (SELECT 1 FROM outbox AS s WHERE s.card = o.card AND s.state = 'sending')
      AND (c.parent IS NULL OR p.ts IS NOT NULL)
      AND (c.parent IS NULL OR c.ts IS NOT NULL OR NOT EXISTS (
          SELECT 1 FROM outbox_card AS b JOIN outbox AS w ON w.card = b.card
          WHERE b.parent = c.parent AND b.ts IS NULL AND b.first_item < c.first_item
            AND (w.state = 'sending' OR w.state = 'waiting' AND (:alone OR w.next_try_at > :now))))
"""  # noqa: S608 - constants only
# An unposted card keeps the place of its first page, however often that was superseded.
_DUE = f"{_MAY_GO} ORDER BY iif(c.ts IS NULL, c.first_item, o.id) LIMIT :limit"
_DUE_ONE = f"{_MAY_GO} AND o.id = :id"
_WAITING = "SELECT id FROM outbox WHERE card = :card AND state = 'waiting'"
_SUPERSEDE = "UPDATE outbox SET state = 'superseded', done_at = :at WHERE id = :id"
# Waiting began when the first page that was never shown was put: new pages do not make an outage look younger.
_WAITING_SINCE = """
    SELECT min(waiting_since) FROM outbox WHERE card = :card AND state = 'waiting'
"""
_WAITED_LONGER = """
    UPDATE outbox SET waiting_since = min(waiting_since, (SELECT waiting_since FROM outbox WHERE id = :unsent))
    WHERE id = :id
"""
_INSERT = """
    INSERT INTO outbox (created_at, waiting_since, channel, card, page, content_hash, broadcast, state)
    VALUES (:created_at, coalesce(:waiting_since, :created_at), :channel, :card, :page, :content_hash,
            :broadcast, 'waiting')
"""
_CARD = "SELECT card, parent, channel, ts, content_hash FROM outbox_card WHERE card = :card"
_INSERT_CARD = "INSERT INTO outbox_card (card, parent, first_item) VALUES (:card, :parent, :first_item)"
_CLAIM = "UPDATE outbox SET state = 'sending', tries = tries + 1 WHERE id = :id"
_DELIVERED = "UPDATE outbox SET state = 'delivered', done_at = :at, last_error = NULL WHERE id = :id"
_SHOWN = """
    UPDATE outbox_card
    SET channel = :channel, ts = :ts, shown_item = :id, content_hash = :content_hash, shown_at = :at, unanswered = 0
    WHERE card = :card
"""
_UNSENT = """
    UPDATE outbox
    SET state = :state, next_try_at = :next_try_at, last_error = :error
    WHERE id = :id
"""
_UNANSWERED = "UPDATE outbox_card SET unanswered = 1 WHERE card = :card AND ts IS NULL"
_ALL_UNANSWERED = "UPDATE outbox_card SET unanswered = 1 WHERE ts IS NULL"
_SENDING = "SELECT id FROM outbox WHERE state = 'sending' ORDER BY id"
_PENDING = "SELECT count(*) FROM outbox WHERE state IN ('waiting', 'sending')"
_OLDEST = "SELECT min(waiting_since) FROM outbox WHERE state IN ('waiting', 'sending')"
_LAST = "SELECT coalesce(max(id), 0) FROM outbox"


def put(db: Database, item: OutboxItem) -> OutboxItem:
    """Puts the page, without secrets, in line for its card, in place of one that still waits there.

    Raises OutboxMisused: the parent was never put, is a reply itself, or the card stood elsewhere before.
    """
    page = to_json(with_texts(item.page, lambda text: redacted_text(db, text)))
    _check_place(db, item)
    created_at = to_text(item.created_at)
    waiting_since = db.execute(_WAITING_SINCE, {"card": item.card}).fetchone()[0]
    waiting = _waiting(db, item.card)
    if waiting is not None:
        db.execute(_SUPERSEDE, {"id": waiting, "at": created_at})
    parameters = {
        "created_at": created_at,
        "waiting_since": waiting_since,
        "channel": item.channel,
        "card": item.card,
        "page": page,
        "content_hash": hashlib.sha256(page.encode()).hexdigest(),
        "broadcast": int(item.broadcast),
    }
    item_id = db.execute(_INSERT, parameters).lastrowid
    if db.execute(_CARD, {"card": item.card}).fetchone() is None:
        db.execute(_INSERT_CARD, {"card": item.card, "parent": item.parent, "first_item": item_id})
    return _delivery(_row(db, item_id)).item


def due(db: Database, now: datetime, limit: int = 100) -> list[Delivery]:
    """What may be sent now, in order: a parent before its replies, a card's newest page only, nothing twice."""
    return [_delivery(row) for row in db.query(_DUE, {"now": to_text(now), "alone": 0, "limit": limit})]


def claim(db: Database, item_id: int, now: datetime) -> Delivery | None:
    """Marks the item as being sent; to be committed before the message leaves. None when it may not go any more: a
    newer page has taken its place, somebody else sends it, or what goes before it in its thread has not gone."""
    if not list(db.query(_DUE_ONE, {"id": item_id, "now": to_text(now), "alone": 1})):
        return None
    db.execute(_CLAIM, {"id": item_id})
    return _delivery(_row(db, item_id))


def delivered(db: Database, item_ids: Sequence[int], channel: str, ts: str, at: datetime) -> None:
    """The card's message stands in `channel` as `ts` and shows the newest of these items (all of one card)."""
    rows = [_row(db, item_id) for item_id in item_ids]
    if len({row["card"] for row in rows}) != 1:
        raise OutboxMisused("Items of one card are delivered together, and of one card only.")
    for row in rows:
        db.execute(_DELIVERED, {"id": row["id"], "at": to_text(at)})
    newest = max(rows, key=lambda row: int(row["id"]))
    parameters = {
        "id": newest["id"],
        "card": newest["card"],
        "channel": channel,
        "ts": ts,
        "content_hash": newest["content_hash"],
        "at": to_text(at),
    }
    db.execute(_SHOWN, parameters)


def failed(db: Database, item_id: int, error: str, next_try_at: datetime | None) -> None:
    """The item was certainly not shown. It waits until `next_try_at`, or is given up when that is None; when a newer
    page waits already, that one goes next instead."""
    row = _row(db, item_id)
    if row["state"] not in (ItemState.SENDING, ItemState.WAITING):
        return
    newer = _waiting(db, row["card"])
    if newer is not None and newer != item_id:
        state = ItemState.SUPERSEDED
        db.execute(_WAITED_LONGER, {"id": newer, "unsent": item_id})
    else:
        state = ItemState.GIVEN_UP if next_try_at is None else ItemState.WAITING
    parameters = {
        "id": item_id,
        "state": state.value,
        "next_try_at": to_text_or_none(next_try_at),
        "error": redacted_text(db, error),
    }
    db.execute(_UNSENT, parameters)


def uncertain(db: Database, item_id: int, error: str, next_try_at: datetime) -> None:
    """The answer was lost: the item is tried again, and until its card is known to stand every try looks first."""
    db.execute(_UNANSWERED, {"card": _row(db, item_id)["card"]})
    failed(db, item_id, error, next_try_at)


def recover(db: Database, now: datetime) -> int:
    """What an earlier process had begun to send is uncertain. Returns how many items that were."""
    left = [row["id"] for row in db.query(_SENDING)]
    for item_id in left:
        uncertain(db, item_id, "the process ended while it was being sent", now)
    return len(left)


def uncertain_altogether(db: Database) -> None:
    """Whatever was not known to stand when this ledger was copied may have been sent since: every try looks first."""
    db.execute(_ALL_UNANSWERED)


def card(db: Database, key: str) -> Card | None:
    """Where the card's message stands; None while it was never posted."""
    for row in db.query(_CARD, {"card": key}):
        return _card(row["card"], row["channel"], row["ts"], row["content_hash"])
    return None


def was_put(db: Database, key: str) -> bool:
    """Whether the card was ever put in line."""
    return db.execute(_CARD, {"card": key}).fetchone() is not None


def pending_count(db: Database) -> int:
    """How many pages are still to be shown (not counting those that were given up)."""
    return int(db.execute(_PENDING).fetchone()[0])


def oldest_age(db: Database, now: datetime) -> timedelta | None:
    """How long the channels have been behind: since the first change that they do not show yet."""
    oldest = from_text_or_none(db.execute(_OLDEST).fetchone()[0])
    return None if oldest is None else now - oldest


def last_put(db: Database) -> int:
    """The number of the last item that was put; it grows with each."""
    return int(db.execute(_LAST).fetchone()[0])


def _check_place(db: Database, item: OutboxItem) -> None:
    for row in db.query(_CARD, {"card": item.card}):
        if row["parent"] != item.parent:
            raise OutboxMisused(f"Card {item.card} stands below {row['parent']}, it cannot move to {item.parent}.")
    if item.parent is None:
        return
    parents = list(db.query(_CARD, {"card": item.parent}))
    if not parents or parents[0]["parent"] is not None:
        raise OutboxMisused(f"Card {item.card}: {item.parent} has no thread; put it first, as a card without a parent.")


def _row(db: Database, item_id: int | None) -> dict[str, Any]:
    for row in db.query(_GET, {"id": item_id}):
        return row
    raise OutboxMisused(f"There is no item {item_id} in the outbox.")


def _waiting(db: Database, key: str) -> int | None:
    row = db.execute(_WAITING, {"card": key}).fetchone()
    return None if row is None else int(row[0])


def _card(key: str, channel: str | None, ts: str | None, content_hash: str | None) -> Card | None:
    if channel is None or ts is None or content_hash is None:
        return None
    return Card(key, channel, ts, content_hash)


def _page(text: str) -> Page:
    """The page; in place of one that cannot be read a page that says so, because one must not hold up all others."""
    try:
        return from_json(text)
    except PageError as error:
        return Page(
            title="A message that cannot be shown",
            tone=Tone.UNKNOWN,
            summary=f"Another version of Understudy wrote it ({error}). The audit log says what happened.",
        )


def _delivery(row: Mapping[str, Any]) -> Delivery:
    item = OutboxItem(
        id=row["id"],
        created_at=from_text(row["created_at"]),
        channel=row["channel"],
        card=row["card"],
        page=_page(row["page"]),
        parent=row["parent"],
        broadcast=bool(row["broadcast"]),
        content_hash=row["content_hash"],
        state=ItemState(row["state"]),
        tries=row["tries"],
        last_error=row["last_error"],
    )
    shown = _card(row["card"], row["posted_channel"], row["ts"], row["shown_hash"])
    parent = None
    if row["parent"] is not None:
        parent = _card(row["parent"], row["parent_channel"], row["parent_ts"], row["parent_hash"])
    return Delivery(item=item, card=shown, parent=parent, look_first=shown is None and bool(row["unanswered"]))
