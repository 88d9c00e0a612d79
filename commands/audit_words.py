"""What may stand after `audit`: a number, and which records are wanted. Pure: words in, a filter out.

    20 person alice cluster shop command promote since 2h
    on 2026-01-31    ·    from 2026-01-31 03:00 to 2026-01-31 04:30

Times are UTC.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta

from commands.command import Misunderstood
from commands.parse import COMMAND, echo, nearest
from ledger.audit import AuditFilter

SHOWN, MOST = 10, 50
USAGE = "audit [n] [person NAME] [cluster NAME] [command NAME] [since 2h | on 2026-01-31 | from … to …]"
_EXAMPLE = f"Type: {COMMAND} audit {SHOWN} person alice since 2h"

_DURATION = re.compile(r"(\d{1,5})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_CLOCK = re.compile(r"\d\d?:\d\d(:\d\d)?")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AuditWords:
    """What was understood."""

    count: int = SHOWN
    wanted: AuditFilter = field(default_factory=AuditFilter)


@dataclass(frozen=True, slots=True)
class _Known:
    """What names are looked up in. `clusters` None: whatever is typed."""

    people: Sequence[tuple[str, str]]
    clusters: Sequence[str] | None
    commands: Sequence[str]
    now: datetime


def understood(
    words: Sequence[str],
    people: Sequence[tuple[str, str]],
    clusters: Sequence[str] | None,
    commands: Sequence[str],
    now: datetime,
) -> AuditWords:
    """`people` are ids with names, as the audit log knows them. Raises Misunderstood."""
    known = _Known(people, clusters, commands, now)
    found, groups = AuditWords(), _groups(words)
    for keyword, values in groups:
        if keyword == "":
            found = replace(found, count=_count(values))
        elif not values:
            raise Misunderstood(f"“{keyword}” needs a word after it. Type: {COMMAND} {USAGE}")
        else:
            found = replace(found, wanted=_READERS[keyword](found.wanted, " ".join(values), known))
    wanted = found.wanted
    if wanted.since and wanted.until and wanted.since >= wanted.until:
        raise Misunderstood(f"That time ends before it begins. Type: {COMMAND} {USAGE}")
    return found


def _groups(words: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Each keyword with the words up to the next one; what stands before the first has the keyword ''."""
    groups: list[tuple[str, list[str]]] = []
    for word in words:
        if word in _READERS:
            if any(keyword == word for keyword, _ in groups):
                raise Misunderstood(f"“{word}” stands there twice. Type: {COMMAND} {USAGE}")
            groups.append((word, []))
        elif groups:
            groups[-1][1].append(word)
        else:
            groups.append(("", [word]))
    return groups


def _count(values: Sequence[str]) -> int:
    number = values[0]
    # Only plain digits: int() also takes other scripts' digits, signs and underscores.
    if len(values) > 1 or not (number.isascii() and number.isdigit()):
        near = nearest(values[0], tuple(_READERS))
        mend = f"Did you mean “{near}”? " if near else ""
        raise Misunderstood(f"“{echo(' '.join(values))}” is no number. {mend}{_EXAMPLE}")
    if len(number) > 4 or not 1 <= int(number) <= MOST:
        raise Misunderstood(f"“{echo(number)}” is not between 1 and {MOST}. Type: {COMMAND} audit {MOST}")
    return int(number)


def _person(wanted: AuditFilter, typed: str, known: _Known) -> AuditFilter:
    """By id, by name, or by one word of a name that only one person has."""
    exact = {key for key, name in known.people if typed in (key.casefold(), name.casefold())}
    partly = {key for key, name in known.people if typed in name.casefold().split()}
    ids = exact or partly
    if not ids:
        names = tuple(dict.fromkeys(name.casefold() for _, name in known.people))
        raise Misunderstood(_unknown("person in the audit log", typed, names, "person"))
    if not exact and len(partly) > 1:
        names = tuple(sorted({name for key, name in known.people if key in partly}))
        raise Misunderstood(f"“{echo(typed)}” may be {' or '.join(map(echo, names[:4]))}: type the whole name.")
    return replace(wanted, people=tuple(sorted(ids)))


def _cluster(wanted: AuditFilter, typed: str, known: _Known) -> AuditFilter:
    if known.clusters is not None and typed not in known.clusters:
        raise Misunderstood(_unknown("cluster", typed, known.clusters, "cluster"))
    return replace(wanted, cluster=typed)


def _command(wanted: AuditFilter, typed: str, known: _Known) -> AuditFilter:
    if typed not in known.commands:
        raise Misunderstood(_unknown("command", typed, known.commands, "command"))
    return replace(wanted, command=typed)


def _since(wanted: AuditFilter, typed: str, known: _Known) -> AuditFilter:
    match = _DURATION.fullmatch(typed)
    if match is None:
        return replace(wanted, since=_moment(typed, known.now, "since 2h"))
    try:
        since = known.now - timedelta(**{_UNITS[match.group(2)]: int(match.group(1))})
    except OverflowError:
        raise Misunderstood(f"“{echo(typed)}” is before there was any log. {_EXAMPLE}") from None
    return replace(wanted, since=since)


def _on(wanted: AuditFilter, typed: str, known: _Known) -> AuditFilter:
    begin = _moment(typed, known.now, "on 2026-01-31")
    if begin.timetz() != time(tzinfo=UTC):
        raise Misunderstood(f"“{echo(typed)}” is no day. Type: {COMMAND} audit on {known.now:%Y-%m-%d}")
    return replace(wanted, since=begin, until=begin + _DAY)


def _from(wanted: AuditFilter, typed: str, known: _Known) -> AuditFilter:
    return replace(wanted, since=_moment(typed, known.now, "from 2026-01-31 03:00 to 2026-01-31 04:30"))


def _to(wanted: AuditFilter, typed: str, known: _Known) -> AuditFilter:
    until = _moment(typed, known.now, "from 2026-01-31 03:00 to 2026-01-31 04:30")
    # A day that ends something is meant as a whole.
    whole_day = _DATE.fullmatch(typed) is not None or typed in ("today", "yesterday")
    return replace(wanted, until=until + _DAY if whole_day else until)


def _moment(typed: str, now: datetime, example: str) -> datetime:
    """A day, a time of today, or both. Raises Misunderstood."""
    words = typed.replace("t", " ").split() if _DATE.match(typed) else typed.split()
    midnight = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    try:
        match words:
            case ["today"]:
                return midnight
            case ["yesterday"]:
                return midnight - _DAY
            case [date] if _DATE.fullmatch(date):
                return datetime.combine(datetime.fromisoformat(date), time(), UTC)
            case [clock] if _CLOCK.fullmatch(clock):
                return datetime.combine(midnight, _clock(clock), UTC)
            case [date, clock] if _DATE.fullmatch(date) and _CLOCK.fullmatch(clock):
                return datetime.combine(datetime.fromisoformat(date), _clock(clock), UTC)
    except (ValueError, OverflowError):
        pass
    raise Misunderstood(f"“{echo(typed)}” is no time (UTC). Type: {COMMAND} audit {example}")


def _clock(typed: str) -> time:
    return time.fromisoformat(typed.zfill(5) if typed.count(":") == 1 else typed.zfill(8))


def _unknown(what: str, typed: str, known: Sequence[str], keyword: str) -> str:
    near = nearest(typed, known)
    mend = f"Did you mean “{echo(near)}”?" if near else f"Known: {', '.join(map(echo, known[:5])) or 'none yet'}."
    return f"“{echo(typed)}” is no {what}. {mend} Type: {COMMAND} audit {keyword} NAME"


_READERS: Mapping[str, Callable[[AuditFilter, str, _Known], AuditFilter]] = {
    "person": _person,
    "cluster": _cluster,
    "command": _command,
    "since": _since,
    "on": _on,
    "from": _from,
    "to": _to,
}
