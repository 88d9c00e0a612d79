"""From when to when maintenance is planned, as people say it: “from 22:00 to 23:30”, “from tomorrow 22:00 to 01:00”,
“from 2026-12-01 22:00 to 2026-12-02 02:00”. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from commands.command import Misunderstood
from commands.parse import COMMAND, echo
from commands.restoring.target import on_the_clock

FURTHEST = timedelta(days=90)
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DAYS = {"today": 0, "tomorrow": 1}
_EXAMPLE = f"Type for instance: {COMMAND} maintenance on shop from tomorrow 22:00 to 23:30 kernel update"


@dataclass(frozen=True, slots=True)
class Hours:
    """Both in UTC."""

    since: datetime
    until: datetime


def read_hours(words: Sequence[str], now: datetime, zone: tzinfo, longest: timedelta) -> tuple[Hours, list[str]]:
    """The hours at the beginning of the words, and the words behind them. Raises Misunderstood.

    Without a day the beginning is the next time that the clock of the zone shows it, and the end the first one after.
    """
    left = list(words)
    since = _moment(left, now, zone)
    if not left or left.pop(0).casefold() != "to":
        raise Misunderstood(f"From when to when? {_EXAMPLE}")
    until = _moment(left, since, zone)
    if not now <= since < until:
        raise Misunderstood(f"That begins in the past, or ends before it begins. {_EXAMPLE}")
    if until - since > longest or since - now > FURTHEST:
        raise Misunderstood(f"At most {longest.days} days long, and {FURTHEST.days} days ahead.")
    return Hours(since, until), left


def _moment(words: list[str], after: datetime, zone: tzinfo) -> datetime:
    """Takes one or two words from the list: a day where there is one, and a time of day."""
    today, day = after.astimezone(zone).date(), None
    if words and (named := _day(words[0], today)) is not None:
        words.pop(0)
        day = named
    typed = words.pop(0) if words else ""
    match = _CLOCK.fullmatch(typed)
    if match is None:
        raise Misunderstood(f"“{echo(typed)}” is no time of day such as 22:00. {_EXAMPLE}")
    clock = time(int(match[1]), int(match[2]))
    found = on_the_clock(day or today, clock, zone, typed)
    if day is None and found <= after:
        found = on_the_clock(today + timedelta(days=1), clock, zone, typed)
    return found


def _day(word: str, today: date) -> date | None:
    """None where the word is no day. Raises Misunderstood for a day that there is not."""
    if word.casefold() in _DAYS:
        return today + timedelta(days=_DAYS[word.casefold()])
    if not _DATE.fullmatch(word):
        return None
    try:
        return date.fromisoformat(word)
    except ValueError:
        raise Misunderstood(f"“{echo(word)}”: there is no such day. {_EXAMPLE}") from None
