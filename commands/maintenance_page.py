"""What people read of maintenance: a card while it lasts, and a post when it has ended."""

from datetime import datetime

from sqlite_utils import Database

from commands.parse import COMMAND
from commands.pausing.words import pause_words
from commands.records import show
from ledger.maintenance import Maintenance, last_maintenance
from ledger.page import Facts, Mention, Moment, Page, Span, Tone, text
from ledger.patroni_pauses import PatroniPause
from ledger.who import Who


def announce_begin(db: Database, begun: Maintenance, pause: PatroniPause | None, now: datetime) -> None:
    show(db, now, begun.channel, _card(begun), _page(begun, pause))


def announce_end(
    db: Database, ended: Maintenance, pause: PatroniPause | None, now: datetime, *, quietly: bool = False
) -> None:
    """`quietly`: another one begins at once, whose card says all."""
    show(db, now, ended.channel, _card(ended), _page(ended, None))
    if not quietly:
        show(db, now, ended.channel, f"{_card(ended)}/end", _end_page(ended, pause))


def redraw(db: Database, cluster: str, pause: PatroniPause, now: datetime) -> None:
    """The cards of the newest maintenance, with what has come of Patroni's pause."""
    last = last_maintenance(db, cluster)
    if last is None:
        return
    if last.ended_at is None:
        announce_begin(db, last, pause, now)
    else:
        announce_end(db, last, pause, now)


def _page(one: Maintenance, pause: PatroniPause | None) -> Page:
    over = one.ended_at is not None
    title = f"{one.cluster}: maintenance has ended" if over else f"{one.cluster} is in maintenance"
    end_fact: tuple[str, tuple[Span, ...]] = ("Until", (Moment(one.until),))
    if one.ended_at is not None:
        end_fact = ("Ended", (Moment(one.ended_at),))
    facts = Facts((("By", (_mention(one.by),)), ("Reason", (one.reason,)), end_fact))
    end_it = f"End it: {COMMAND} maintenance off {one.cluster}"
    lines = () if over else (text(f"No automatic action meanwhile, and alerts are marked. {end_it}"),)
    said = pause_words(pause)
    summary = f"{title}. Reason: {one.reason}" if not said else f"{title}. {said} Reason: {one.reason}"
    patroni = (text(said),) if said else ()
    return Page(title, Tone.INFO if over else Tone.WARNING, summary, (facts, *patroni, *lines))


def _end_page(ended: Maintenance, pause: PatroniPause | None) -> Page:
    """A post of its own: who relies on automatic actions, or waits for them to stay away, must see it."""
    title = f"Maintenance of {ended.cluster} has ended"
    how: tuple[Span, ...] = ("Its time is over. ",)
    if ended.ended_by is not None:
        how = ("Ended by ", _mention(ended.ended_by), ". ")
    said = "Its time is over." if ended.ended_by is None else f"Ended by {ended.ended_by.name}."
    rest = f"Automatic actions are possible again. {pause_words(pause, over=True)}".strip()
    return Page(title, Tone.INFO, f"{title}. {said} {rest}", (text(*how, rest),))


def _card(one: Maintenance) -> str:
    return f"maintenance/{one.id}"


def _mention(who: Who) -> Mention:
    return Mention(who.name, None if ":" in who.id else who.id)
