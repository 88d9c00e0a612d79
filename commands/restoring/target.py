"""`--to <when>`: what somebody typed, as one moment. Pure.

A time of day is the asker's, by the clock of their time zone; what it was understood as is always shown in UTC before
anybody approves it. What could mean two moments, or none, is refused with the moments that were possibly meant.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from commands.command import Misunderstood
from commands.parse import COMMAND, echo
from servers.backups.target import IMMEDIATE, LATEST, Target, TargetKind
from servers.lsn import format_lsn, parse_lsn

EXAMPLES = "10 minutes ago, 14:05, yesterday 23:00, 2026-01-31T03:12:00Z, an LSN, point NAME, xid NUMBER, latest"
LONGEST_NAME = 63  # NAMEDATALEN - 1: pg_create_restore_point takes no longer ones
FIRST_XID, LAST_XID = 3, 2**32 - 1  # src/include/access/transam.h: 0 to 2 are PostgreSQL's own

_AGO = re.compile(r"(?:(?P<count>\d{1,6}|an?) ?(?P<unit>[a-z]+) ?)(?P<rest>.*)ago")
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,6}))?)?")
_DATE_T = re.compile(r"^(\d{4}-\d\d-\d\d)[Tt]")
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_QUOTES = "\"'` \u201c\u201d\u2018\u2019"  # phones make them of what was typed
_LSN = re.compile(r"[0-9a-fA-F]{1,8}/[0-9a-fA-F]{1,8}")
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)?")
_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), timedelta(seconds=1)),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), timedelta(minutes=1)),
    **dict.fromkeys(("h", "hour", "hours"), timedelta(hours=1)),
    **dict.fromkeys(("d", "day", "days"), timedelta(days=1)),
}
_WORDS = {"latest": LATEST, "immediate": IMMEDIATE}
_POINTS = ("point", "name")
_DAYS = {"today": 0, "yesterday": 1}
_UTC_WORDS = ("utc", "z", "gmt")


def parse_target(words: Sequence[str], now: datetime, zone: tzinfo) -> Target:
    """The target. `words` are as they were typed, `now` is aware. Raises Misunderstood."""
    text = " ".join(words).strip(_QUOTES)
    if not text:
        raise Misunderstood(f"To which moment? Type one: {EXAMPLES}")
    named = _named(text)
    if named is not None:
        return named
    at = _ago(text.casefold(), now) or _moment(text, now.astimezone(UTC), zone)
    if at > now:
        raise Misunderstood(f"“{echo(text)}” is {_utc(at)}, which is still to come (now: {_utc(now)}).{_past(at, now)}")
    return Target.time(at.astimezone(UTC))


def write_target(target: Target) -> str:
    """In one fixed spelling, which `read_target` reads back."""
    match target.kind:
        case TargetKind.TIME if target.at is not None:
            value = target.at.isoformat()
        case TargetKind.LSN if target.lsn is not None:
            value = format_lsn(target.lsn)
        case _:
            value = target.text
    return f"{target.kind} {value}".strip()


def read_target(text: str) -> Target:
    """Raises Misunderstood for what `write_target` did not write."""
    word, _, value = text.partition(" ")
    try:
        kind = TargetKind(word)
        if kind is TargetKind.TIME:
            return Target.time(datetime.fromisoformat(value).astimezone(UTC))
        return Target.position(parse_lsn(value)) if kind is TargetKind.LSN else Target(kind, text=value)
    except ValueError:
        raise Misunderstood("The moment of this order cannot be read any more. Ask again.") from None


def _named(text: str) -> Target | None:
    """What is no time: PostgreSQL itself finds it in the WAL."""
    head, _, rest = text.partition(" ")
    word, rest = head.casefold(), rest.strip()
    if text.casefold() in _WORDS:
        return _WORDS[text.casefold()]
    if word in _POINTS:
        if not rest or len(rest.encode()) > LONGEST_NAME or not rest.isprintable():
            raise Misunderstood(f"Which restore point? Its name has 1 to {LONGEST_NAME} bytes: point before_migration")
        return Target(TargetKind.NAME, text=rest)
    if word == TargetKind.XID:
        if not (rest.isascii() and rest.isdigit()) or not FIRST_XID <= int(rest[:12]) <= LAST_XID:
            raise Misunderstood(f"A transaction id is a number from {FIRST_XID} to {LAST_XID}: xid 1234")
        return Target(TargetKind.XID, text=str(int(rest)))
    lsn = rest if word == TargetKind.LSN else text
    return Target.position(parse_lsn(lsn)) if _LSN.fullmatch(lsn) else None


def _ago(text: str, now: datetime) -> datetime | None:
    """“10 minutes ago”, “1 h 30 min ago”."""
    whole, left = timedelta(), text
    if not left.endswith(" ago"):
        return None
    while left != "ago":
        match = _AGO.fullmatch(left)
        unit = _UNITS.get(match["unit"]) if match else None
        if match is None or unit is None:
            raise _not_understood(text)
        try:
            whole += unit * (1 if match["count"].startswith("a") else int(match["count"]))
            left = f"{match['rest'].strip()} ago".strip()
        except OverflowError:
            raise _not_understood(text) from None
    try:
        return now - whole
    except OverflowError:
        raise _not_understood(text) from None


def _moment(text: str, now: datetime, zone: tzinfo) -> datetime:
    """A day and a time of day, in that zone unless the text names UTC or an offset."""
    words, own = _own_zone(_DATE_T.sub(r"\1 ", text).split())
    where = own or zone
    today = now.astimezone(where).date()
    match [word.casefold() for word in words]:
        case [clock]:
            day = today
        case [first, clock] if first in _DAYS:
            day = today - timedelta(days=_DAYS[first])
        case [first, clock] if _DATE.fullmatch(first):
            day = _day(first, text)
        case _:
            raise _not_understood(text)
    return on_the_clock(day, _clock(clock, text), where, text)


def _own_zone(words: list[str]) -> tuple[list[str], tzinfo | None]:
    """UTC or an offset behind a time of day, with a space before it or without."""
    if not words:
        return words, None
    if len(words) > 1 and (words[-1].casefold() in _UTC_WORDS or _OFFSET.fullmatch(words[-1])):
        return words[:-1], _zone(words[-1])
    clock = _CLOCK.match(words[-1])
    tail = words[-1][clock.end() :] if clock else ""
    if clock and (tail.casefold() in _UTC_WORDS or _OFFSET.fullmatch(tail)):
        return [*words[:-1], clock[0]], _zone(tail)
    return words, None


def _zone(word: str) -> tzinfo:
    match = _OFFSET.fullmatch(word)
    if match is None:
        return UTC
    offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    if offset >= timedelta(hours=24):
        raise Misunderstood(f"“{echo(word)}” is no offset from UTC; write +02:00.")
    return timezone(-offset if match[1] == "-" else offset)


def _day(text: str, whole: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Misunderstood(f"“{echo(whole)}”: there is no such day. Write it as 2026-01-31.") from None


def _clock(text: str, whole: str) -> time:
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise _not_understood(whole)
    try:
        return time(int(match[1]), int(match[2]), int(match[3] or 0), int((match[4] or "0").ljust(6, "0")))
    except ValueError:
        raise Misunderstood(f"“{echo(whole)}”: there is no such time of day. Write it as 14:05.") from None


def on_the_clock(day: date, clock: time, zone: tzinfo, text: str) -> datetime:
    """The one moment at which the clock of that zone shows this. Where clocks are changed there may be two, or none.

    PEP 495: https://peps.python.org/pep-0495/
    """
    try:
        first, second = (datetime.combine(day, clock.replace(fold=fold), zone).astimezone(UTC) for fold in (0, 1))
    except OverflowError:
        raise _not_understood(text) from None
    if first == second:
        return first
    if first.astimezone(zone).replace(tzinfo=None) != datetime.combine(day, clock):
        nearest = f"{_iso(min(first, second))} or {_iso(max(first, second))}"
        raise Misunderstood(
            f"“{echo(text)}” was never on the clocks of {zone}: they were put forward. Meant: {nearest}?"
        )
    raise Misunderstood(
        f"“{echo(text)}” was twice on the clocks of {zone}: they were put back. Type {_iso(first)} or {_iso(second)}"
    )


def _past(at: datetime, now: datetime) -> str:
    """The nearest moment that was possibly meant instead."""
    day_before = at - timedelta(days=1)
    return f" Meant: {_iso(day_before)}?" if day_before <= now else " Type: latest"


def _not_understood(text: str) -> Misunderstood:
    return Misunderstood(f"“{echo(text)}” is no moment. Type one: {EXAMPLES}. Or look: {COMMAND} restore")


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
