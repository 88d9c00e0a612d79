"""`/ha silences end ID`, and the end of those whose time is over."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlite_utils import Database

from commands.asked import Asked
from commands.command import Misunderstood
from commands.parse import COMMAND, echo
from commands.people import Person
from commands.records import record
from commands.silencing.adding import SILENCE
from commands.silencing.pages import announce, ended_page, matcher_text
from commands.world import World
from ledger.audit import UNDERSTUDY, AuditEntry, AuditKind, append
from ledger.ids import may_be_id
from ledger.page import Page
from ledger.silences import Silence, save_silence, silence, silences, silences_over
from ledger.who import Who


class EndSilence:
    """The deed: what the silence held back is told again."""

    name = "silences end"
    usage = "silences end ID"
    summary = "End a silence before its time"
    right = SILENCE

    async def do(self, asked: Asked, person: Person, words: Sequence[str], world: World) -> Page:
        who = Who(person.id, person.name)
        return await world.ledger.write(lambda db: _end(db, asked, who, words, world))


def end_silences_over(db: Database, world: World, now: datetime) -> int:
    """Writes the end of those down whose time is over, and shows it; how many there were."""
    over = silences_over(db, now)
    for one in over:
        ended = replace(one, ended_at=now)
        save_silence(db, ended)
        details = {"silence": one.id, "of": matcher_text(one), "until": one.until}
        append(db, AuditEntry(now, AuditKind.SILENCE_ENDED, UNDERSTUDY, details=details))
        announce(db, world, ended, now)
    return len(over)


def _end(db: Database, asked: Asked, who: Who, words: Sequence[str], world: World) -> Page:
    now = world.now()
    meant = _meant(db, words, now)
    ended = replace(meant, ended_at=now, ended_by=who)
    record(db, asked, "do", AuditKind.SILENCE_ENDED, None, {"silence": meant.id, "of": matcher_text(meant)})
    save_silence(db, ended)
    announce(db, world, ended, now)
    return ended_page(ended)


def _meant(db: Database, words: Sequence[str], now: datetime) -> Silence:
    """Raises Misunderstood."""
    holding = silences(db, now)
    if not words and len(holding) == 1:
        return holding[0]
    known = ", ".join(f"{one.id} ({matcher_text(one)})" for one in holding[:5]) or "none now"
    if len(words) != 1:
        raise Misunderstood(f"Which one? There are: {known}. Type: {COMMAND} silences end ID")
    named = words[0].upper()
    found = silence(db, named) if may_be_id(named) else None
    if found is None:
        raise Misunderstood(f"There is no silence “{echo(words[0])}”. There are: {known}.")
    if not found.holds(now):
        raise Misunderstood(f"Silence {found.id} is over already.")
    return found
