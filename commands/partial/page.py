"""The dumps and the backups of volumes as people read them, a line each. Pure."""

from collections.abc import Sequence
from datetime import datetime

from ledger.page import Item, Items, Tone
from ledger.quantities import bytes_text, seconds_text
from servers.backups.partial.place import Part
from servers.backups.partial.state import PartialBackup, PartialState, PartSeen


def partial_items(parts: Sequence[Part], state: PartialState | None, now: datetime) -> tuple[Items, ...]:
    """Nothing where the settings have none."""
    items = tuple(_item(part, state.of(part) if state is not None else None, now) for part in parts)
    return (Items("Dumps and volumes", items),) if items else ()


def _item(part: Part, seen: PartSeen | None, now: datetime) -> Item:
    title = f"{part.kind} {part.name}"
    if seen is None:
        return Item(Tone.UNKNOWN, title, "no answer so far, ask again")
    newest = seen.newest
    if newest is None or newest.finished_at is None:
        none = "there is none" if seen.answer.ok else f"not known: {seen.answer.how}"
        return Item(Tone.WARNING if seen.answer.ok else Tone.UNKNOWN, title, none)
    age = max((now - newest.finished_at).total_seconds(), 0.0)
    late = age > part.max_age
    where = f"on {newest.place}, encrypted" if newest.encrypted else f"on {newest.place}"
    words = [f"{seconds_text(age)} ago", bytes_text(newest.size), where, _proof(newest, now)]
    if late:
        words.append(f"it may be {seconds_text(part.max_age)} old at most")
    if len(seen.backups) > 1:
        words.append(f"{sum(one.finished_at is not None for one in seen.backups)} in all")
    if not seen.answer.ok:
        words.append(f"not all hosts answered: {seen.answer.how}")
    return Item(Tone.WARNING if late or newest.doubtful else Tone.GOOD, title, ", ".join(words))


def _proof(backup: PartialBackup, now: datetime) -> str:
    if backup.doubtful:
        return "its verification failed"
    if backup.verified_at is None:
        return "not verified"
    return f"verified {seconds_text(max((now - backup.verified_at).total_seconds(), 0.0))} ago"
