"""Compares what the practice Slack shows with what the ledger says was to be shown, for `bench.storm`."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from alerts.lifecycle import Transition
from alerts.notices import Context, notice_of
from lab.slack import PracticeSlack

_CARDS = """
    SELECT coalesce(c.folded_into, c.card) AS shown_as, c.card, c.parent, c.first_item, o.content_hash
    FROM outbox_card AS c JOIN outbox AS o ON o.id = (SELECT max(id) FROM outbox WHERE card = c.card)
    ORDER BY c.first_item
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """One message that stands in Slack."""

    card: str
    content_hash: str
    ts: str
    thread_ts: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong; all empty is well. `messages` is how many stand there."""

    messages: int
    lost: tuple[str, ...]
    twice: tuple[str, ...]
    outdated: tuple[str, ...]  # they show another page than the newest
    out_of_order: tuple[str, ...]  # threads

    @property
    def well(self) -> bool:
        return not (self.lost or self.twice or self.outdated or self.out_of_order)


def cards_of(transitions: Iterable[Transition]) -> Iterator[str]:
    """Every message that these changes ask for, by its card."""
    for transition in transitions:
        notice = notice_of(transition, Context())
        if notice is not None:
            yield notice.card
            yield from (line.card for line in notice.lines)


def compare(db_cards: list[dict[str, Any]], asked_for: frozenset[str], shown: list[Shown]) -> Verdict:
    """`asked_for`: the cards that the changes of state ask for, whatever the outbox says."""
    known = {row["card"]: row["shown_as"] for row in db_cards}
    by_card = Counter(one.card for one in shown)
    hashes = {one.card: one.content_hash for one in shown}
    lost = sorted(card for card in known.keys() | asked_for if not by_card[_shown_as(known, card)])
    outdated = [row["card"] for row in db_cards if hashes.get(row["card"], "") not in ("", row["content_hash"])]
    return Verdict(
        messages=len(shown),
        lost=tuple(lost),
        twice=tuple(card for card, times in by_card.items() if times > 1),
        outdated=tuple(outdated),
        out_of_order=tuple(_out_of_order(db_cards, shown)),
    )


def _shown_as(known: Mapping[str, str], card: str) -> str:
    """The message that tells it: after an outage, one for several, which may have been folded into another again."""
    while known.get(card, card) != card:
        card = known[card]
    return card


def cards(db: Database) -> list[dict[str, Any]]:
    """Every card that was put in line, with the page that it is to show at last."""
    return list(db.query(_CARDS))


def shown_in(slack: PracticeSlack, channels: Iterable[str]) -> list[Shown]:
    """Every message of the app's, each once: a reply that is shown in the channel as well is one message."""
    found: dict[tuple[str, str], Shown] = {}
    for channel in channels:
        for message in slack.messages(channel):
            thread = slack.messages(channel, message["ts"]) if message.get("reply_count") else [message]
            for one in (message, *thread):
                shown = _shown(one)
                if shown is not None:
                    found[channel, shown.ts] = shown
    return list(found.values())


def _shown(message: Mapping[str, Any]) -> Shown | None:
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    if "card" not in payload:
        return None
    return Shown(str(payload["card"]), str(payload["content"]), str(message["ts"]), message.get("thread_ts"))


def _out_of_order(db_cards: list[dict[str, Any]], shown: list[Shown]) -> Iterator[str]:
    """The threads whose replies do not stand in the order in which things happened."""
    stands = {one.card: one.ts for one in shown}
    replies: dict[str, list[str]] = defaultdict(list)
    for row in db_cards:
        if row["parent"] is not None and row["card"] in stands:
            replies[row["parent"]].append(stands[row["card"]])
    for parent, times in replies.items():
        if times != sorted(times):
            yield parent
