"""What waited through an outage of Slack is told as one catch-up a thread, in the order in which it happened.

A thread whose lines could not be said for minutes would be said line by line, a second apart, to people who want to
know how things are. Its waiting lines become one, which says each with its time. The card above shows how things are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlite_utils import Database

from ledger.outbox import OutboxItem, put
from ledger.page import Mention, Moment, Page, Part, Span, Text, Tone
from ledger.page_json import PageError, from_json
from ledger.quantities import count_text
from ledger.times import from_text, to_text

FEWEST = 3  # lines that are worth folding
_MARK = "/caught-up-"

# Lines that nobody can have seen: never sent, or certainly not shown.
_WAITING = """
    SELECT o.id, o.card, o.page, o.created_at, o.channel, o.broadcast, o.waiting_since, c.parent
    FROM outbox AS o JOIN outbox_card AS c ON c.card = o.card
    WHERE o.state = 'waiting' AND c.ts IS NULL AND c.unanswered = 0 AND c.parent GLOB :threads
      AND NOT EXISTS (SELECT 1 FROM outbox AS s WHERE s.card = o.card AND s.state = 'sending')
    ORDER BY c.parent, c.first_item
"""
_FOLDED = "UPDATE outbox SET state = 'superseded', done_at = :at WHERE id = :id"
_FOLDED_INTO = "UPDATE outbox_card SET folded_into = :into WHERE card = :card"


def fold_waiting(db: Database, now: datetime, waited: timedelta, threads: str) -> int:
    """Folds the lines of each thread whose parent fits the glob, and whose oldest line has waited so long. Returns how
    many lines were folded."""
    by_thread: dict[str, list[Mapping[str, Any]]] = {}
    for row in db.query(_WAITING, {"threads": threads}):
        by_thread.setdefault(row["parent"], []).append(row)
    before = to_text(now - waited)
    return sum(_fold(db, parent, rows, now) for parent, rows in by_thread.items() if rows[0]["waiting_since"] <= before)


def _fold(db: Database, parent: str, rows: Sequence[Mapping[str, Any]], now: datetime) -> int:
    try:
        pages = [from_json(row["page"]) for row in rows]
    except PageError:
        return 0  # another version wrote it; it is shown by itself
    if len(rows) < FEWEST or any(page.buttons for page in pages):
        return 0  # what asks somebody something is asked by itself
    card = f"{parent}{_MARK}{rows[-1]['id']}"
    page = _caught_up(rows, pages)
    broadcast = any(row["broadcast"] for row in rows)
    put(db, OutboxItem(now, rows[-1]["channel"], card, page, parent, broadcast))
    for row in rows:
        db.execute(_FOLDED, {"id": row["id"], "at": to_text(now)})
        db.execute(_FOLDED_INTO, {"card": row["card"], "into": card})
    return len(rows)


def _caught_up(rows: Sequence[Mapping[str, Any]], pages: Sequence[Page]) -> Page:
    """One page of them all. Somebody is called only by the last of them, and not by good news."""
    lines: list[Part] = []
    for row, page in zip(rows, pages, strict=True):
        calls = page is pages[-1] and page.tone is not Tone.GOOD
        # One that was folded before says its lines already.
        lines += page.parts if _MARK in row["card"] else [_line(from_text(row["created_at"]), page)]
        if not calls:
            lines = [_calling_nobody(line) for line in lines]
    title = f"While Slack was out of reach: {count_text(len(lines), 'change')}"
    return Page(title, pages[-1].tone, f"{title}. Last: {pages[-1].summary}", tuple(lines))


def _line(at: datetime, page: Page) -> Text:
    told = [span for part in page.parts if isinstance(part, Text) for span in (" ", *part.spans)]
    return Text((Moment(at), f": {page.title}.", *told))


def _calling_nobody(part: Part) -> Part:
    if not isinstance(part, Text):
        return part
    return replace(part, spans=tuple(map(_quiet, part.spans)))


def _quiet(span: Span) -> Span:
    return replace(span, notify=False) if isinstance(span, Mention) else span
