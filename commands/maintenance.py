"""`/ha maintenance on|off [cluster] [for 2h] reason`: people are at work, so nothing automatic acts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from commands.asked import Asked
from commands.command import Misunderstood
from commands.parse import COMMAND, echo, resolve
from commands.people import Person
from commands.records import record, record_own, show
from commands.tidy import LONGEST_REASON, tidy
from commands.world import World
from ledger.audit import AuditKind
from ledger.durations import parse_seconds
from ledger.maintenance import Maintenance, begin, end, open_maintenance, run_out
from ledger.page import Facts, Mention, Moment, Page, Span, Tone, text
from ledger.who import Who
from servers.inventory import Cluster

UNLESS_SAID = timedelta(hours=1)  # forgotten maintenance would leave a cluster without its automatic failover
LONGEST = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was understood. `lasts` and `reason` are those of a beginning; an end may have a reason."""

    on: bool
    cluster: Cluster
    lasts: timedelta
    reason: str


class InMaintenance:
    """The deed that turns it on and off."""

    name = "maintenance"
    usage = "maintenance on|off [cluster] [for 2h] reason"
    summary = "While people are at work: no automatic action, alerts are marked; ends by itself"
    right = "maintenance"

    async def do(self, asked: Asked, person: Person, words: Sequence[str], world: World) -> Page:
        """Turns it on or off, says so in the cluster's channel, and leaves one audit record."""
        wanted = understand(words, world, self.usage)
        who = Who(person.id, person.name)
        return await world.ledger.write(lambda db: _turn(db, asked, who, wanted, world.now()))


def understand(words: Sequence[str], world: World, usage: str) -> Wanted:
    """Pure. Raises Misunderstood. The cluster may be left out when there is one only."""
    left = list(words)
    switch = left.pop(0).casefold() if left else ""
    if switch not in ("on", "off"):
        raise Misunderstood(f"On or off? Type: {COMMAND} {usage}")
    name = left[0].casefold() if left else ""
    cluster, _ = resolve([left.pop(0).casefold()] if name in world.clusters else [], world.clusters, usage)
    lasts = UNLESS_SAID
    if left and left[0].casefold() == "for":
        lasts = _duration(left[1] if len(left) > 1 else "", usage)
        left = left[2:]
    reason = tidy(" ".join(left))
    if switch == "on" and not reason:
        raise Misunderstood(f"Say in a few words why: others will wonder at night. Type: {COMMAND} {usage}")
    if len(reason) > LONGEST_REASON:
        raise Misunderstood(f"That reason is {len(reason)} characters long; {LONGEST_REASON} are enough.")
    return Wanted(switch == "on", cluster, lasts, reason)


def end_what_ran_out(db: Database, now: datetime) -> int:
    """Writes the end of what is over down, and says so in its channel; how many there were."""
    over = run_out(db, now)
    for one in over:
        ended = end(db, one.id, None, now)
        details = {"maintenance": ended.id, "since": ended.since, "until": ended.until, "reason": ended.reason}
        record_own(db, now, AuditKind.MAINTENANCE_ENDED, ended.cluster, ended.channel, details)
        _announce_end(db, ended, now)
    return len(over)


def _turn(db: Database, asked: Asked, who: Who, wanted: Wanted, now: datetime) -> Page:
    cluster, earlier = wanted.cluster, open_maintenance(db, wanted.cluster.name)
    if not wanted.on and earlier is None:
        record(db, asked, "do", AuditKind.REFUSAL, cluster.name, {"why": "not in maintenance"})
        line = f"{cluster.name} is not in maintenance."
        return Page("Nothing was done", Tone.INFO, line, (text(line),))
    kind = AuditKind.MAINTENANCE_BEGUN if wanted.on else AuditKind.MAINTENANCE_ENDED
    until = now + wanted.lasts if wanted.on else None
    details = {"reason": wanted.reason, "until": until, "replaces": earlier.id if earlier else None}
    record(db, asked, "do", kind, cluster.name, {key: value for key, value in details.items() if value is not None})
    if earlier is not None:
        _announce_end(db, end(db, earlier.id, who, now), now, quietly=wanted.on)
    if until is None:
        return _short(f"{cluster.name} is out of maintenance", "Automatic actions are possible again.")
    begun = begin(db, cluster.name, who, wanted.reason, channel=cluster.channel, since=now, until=until)
    show(db, now, begun.channel, _card(begun), _page(begun))
    return _short(f"{cluster.name} is in maintenance", "Until ", Moment(until), ". The channel was told.")


def _announce_end(db: Database, ended: Maintenance, now: datetime, *, quietly: bool = False) -> None:
    """`quietly`: another one begins at once, whose card says all."""
    show(db, now, ended.channel, _card(ended), _page(ended))
    if not quietly:
        show(db, now, ended.channel, f"{_card(ended)}/end", _end_page(ended))


def _page(one: Maintenance) -> Page:
    over = one.ended_at is not None
    title = f"{one.cluster}: maintenance has ended" if over else f"{one.cluster} is in maintenance"
    end_fact: tuple[str, tuple[Span, ...]] = ("Until", (Moment(one.until),))
    if one.ended_at is not None:
        end_fact = ("Ended", (Moment(one.ended_at),))
    facts = Facts((("By", (_mention(one.by),)), ("Reason", (one.reason,)), end_fact))
    end_it = f"End it: {COMMAND} maintenance off {one.cluster}"
    lines = () if over else (text(f"No automatic action meanwhile, and alerts are marked. {end_it}"),)
    return Page(title, Tone.INFO if over else Tone.WARNING, f"{title}. Reason: {one.reason}", (facts, *lines))


def _end_page(ended: Maintenance) -> Page:
    """A post of its own: who relies on automatic actions, or waits for them to stay away, must see it."""
    title = f"Maintenance of {ended.cluster} has ended"
    how: tuple[Span, ...] = ("Its time is over. ",)
    if ended.ended_by is not None:
        how = ("Ended by ", _mention(ended.ended_by), ". ")
    said = "Its time is over." if ended.ended_by is None else f"Ended by {ended.ended_by.name}."
    rest = "Automatic actions are possible again."
    return Page(title, Tone.INFO, f"{title}. {said} {rest}", (text(*how, rest),))


def _short(title: str, *spans: Span) -> Page:
    return Page(title, Tone.GOOD, title, (text(*spans),))


def _card(one: Maintenance) -> str:
    return f"maintenance/{one.id}"


def _mention(who: Who) -> Mention:
    return Mention(who.name, None if ":" in who.id else who.id)


def _duration(word: str, usage: str) -> timedelta:
    try:
        lasts = timedelta(seconds=parse_seconds(word.casefold()))
    except (ValueError, OverflowError):
        raise Misunderstood(f"“{echo(word)}” is no duration; write 30m, 2h or 1d. Type: {COMMAND} {usage}") from None
    if lasts > LONGEST:
        raise Misunderstood(f"“{echo(word)}” is too long: at most {LONGEST.days}d, and it can be turned on anew.")
    return lasts
