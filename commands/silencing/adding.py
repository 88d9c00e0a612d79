"""`/ha silences add …`: be silent about what matches, for a while, with a reason."""

from collections.abc import Mapping, Sequence

from sqlite_utils import Database

from commands.asked import Asked, FieldErrors, FieldKind, Form, FormField
from commands.people import Person
from commands.records import record
from commands.silencing.pages import NEVER_QUIET, announce, made_page, matcher_text
from commands.silencing.wish import USAGE, Wish, mistakes, typed_wish, wish_of
from commands.world import World
from ledger.alerts import open_alerts
from ledger.audit import AuditKind
from ledger.page import Page, Tone, text
from ledger.silences import Silence, new_silence_id, save_silence
from ledger.who import Who

SILENCE = "silence"  # the right

_FIELDS = (
    FormField("cluster", "Cluster", FieldKind.LINE, False, "A name, or a pattern such as shop-*; empty for all"),
    FormField("rule", "Rule", FieldKind.LINE, False, "As the alert's card names it: disk, replay_lag, backup*"),
    FormField("subject", "Subject", FieldKind.LINE, False, "A server, or more exactly: db1, or db1 /data"),
    FormField("severity", "Up to severity", FieldKind.LINE, False, "warning lets critical ones through; empty for all"),
    FormField("lasts", "For how long", FieldKind.LINE, True, "30m, 2h or 1d"),
    FormField("reason", "Reason", FieldKind.LINE, True, "Stands in the channel and the audit log"),
)


class AddSilence:
    """The deed: filled in as a form where nothing was typed behind it."""

    name = "silences add"
    usage = USAGE
    summary = "Be silent about what matches (patterns with *), for a while; without words: a form"
    right = SILENCE

    def form(self, words: Sequence[str], world: World) -> Form | None:
        if words:
            return None
        names = ", ".join(sorted(world.clusters)[:10])
        line = f"What matches every field that is filled in is not told. {NEVER_QUIET}"
        page = Page("New silence", Tone.INFO, line, (text(line), text(f"Clusters: {names}")))
        return Form(page, _FIELDS, "Be silent", self.name)

    async def do(self, asked: Asked, person: Person, words: Sequence[str], world: World) -> Page:
        return await self._make(asked, person, typed_wish(words), world)

    async def fill(self, asked: Asked, person: Person, values: Mapping[str, str], world: World) -> Page | FieldErrors:
        errors = mistakes(values)
        return FieldErrors(errors) if errors else await self._make(asked, person, wish_of(values), world)

    async def _make(self, asked: Asked, person: Person, wish: Wish, world: World) -> Page:
        who = Who(person.id, person.name)
        return await world.ledger.write(lambda db: _make(db, asked, who, wish, world))


def _make(db: Database, asked: Asked, who: Who, wish: Wish, world: World) -> Page:
    now = world.now()
    made = Silence(
        id=new_silence_id(db),
        cluster=wish.cluster,
        rule=wish.rule,
        subject=wish.subject,
        reason=wish.reason,
        by=who,
        since=now,
        until=now + wish.lasts,
        severity=wish.severity,
    )
    details = {"silence": made.id, "of": matcher_text(made), "until": made.until, "reason": made.reason}
    record(db, asked, "do", AuditKind.SILENCE, made.cluster if made.cluster in world.clusters else None, details)
    save_silence(db, made)
    announce(db, world, made, now)
    firing = [one for one in open_alerts(db) if made.covers(one.cluster, one.rule, one.subject, one.severity)]
    return made_page(made, firing)
