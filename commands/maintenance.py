"""`/ha maintenance on|off [cluster] [for 2h | from … to …] reason`: people are at work, so nothing automatic acts.

Where Patroni runs the cluster it is what acts, so it is paused meanwhile. That is a wish in the ledger, carried out at
once where Patroni answers, and by the process that stays where it does not: see `commands.pausing`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo

import structlog
from sqlite_utils import Database

from commands.asked import Asked
from commands.command import Misunderstood
from commands.maintenance_hours import Hours, read_hours
from commands.maintenance_page import announce_begin, announce_end
from commands.maintenance_plans import cancel_next, plan
from commands.parse import COMMAND, echo, resolve
from commands.pausing.keeper import keep_pause
from commands.pausing.words import pause_words, trouble
from commands.people import Person, zone_of
from commands.records import record, record_own
from commands.tidy import LONGEST_REASON, tidy
from commands.world import World
from ledger import patroni_pauses
from ledger.audit import AuditKind
from ledger.durations import parse_seconds
from ledger.errors import LedgerError
from ledger.maintenance import Maintenance, begin, end, open_maintenance, run_out
from ledger.page import Moment, Page, Span, Tone, text
from ledger.patroni_pauses import PatroniPause, PauseState, open_pause
from ledger.who import Who
from servers.inventory import Cluster, EngineKind

UNLESS_SAID = timedelta(hours=1)  # forgotten maintenance would leave a cluster without its automatic failover
LONGEST = timedelta(days=7)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was understood. `lasts` and `reason` are those of a beginning; an end may have a reason. `hours`: from when
    to when it is planned, where it is not to begin at once."""

    on: bool
    cluster: Cluster
    lasts: timedelta
    reason: str
    hours: Hours | None = None


class InMaintenance:
    """The deed that turns it on and off."""

    name = "maintenance"
    usage = "maintenance on|off [cluster] [for 2h | from 22:00 to 23:30] reason"
    summary = "While people are at work: no automatic action, alerts are marked; ends by itself, may be planned ahead"
    right = "maintenance"

    async def do(self, asked: Asked, person: Person, words: Sequence[str], world: World) -> Page:
        """Turns it on or off, says so in the cluster's channel, and leaves one audit record."""
        wanted = understand(words, world, self.usage, zone_of(person))
        who = Who(person.id, person.name)
        if wanted.hours is not None:
            hours, channel = wanted.hours, wanted.cluster.channel
            return await world.ledger.write(
                lambda db: plan(db, asked, who, wanted.cluster.name, channel, hours, wanted.reason)
            )
        page = await world.ledger.write(lambda db: _turn(db, asked, who, wanted, world.now()))
        return await _with_patroni(page, wanted, world)


def understand(words: Sequence[str], world: World, usage: str, zone: tzinfo = UTC) -> Wanted:
    """Pure but for the clock. Raises Misunderstood. The cluster may be left out when there is one only; times of day
    are those of the zone."""
    left = list(words)
    switch = left.pop(0).casefold() if left else ""
    if switch not in ("on", "off"):
        raise Misunderstood(f"On or off? Type: {COMMAND} {usage}")
    name = left[0].casefold() if left else ""
    cluster, _ = resolve([left.pop(0).casefold()] if name in world.clusters else [], world.clusters, usage)
    lasts, hours = UNLESS_SAID, None
    if switch == "on" and left and left[0].casefold() == "from":
        hours, left = read_hours(left[1:], world.now(), zone, LONGEST)
    if left and left[0].casefold() == "for":
        lasts = _duration(left[1] if len(left) > 1 else "", usage)
        left = left[2:]
    reason = tidy(" ".join(left))
    if switch == "on" and not reason:
        raise Misunderstood(f"Say in a few words why: others will wonder at night. Type: {COMMAND} {usage}")
    if len(reason) > LONGEST_REASON:
        raise Misunderstood(f"That reason is {len(reason)} characters long; {LONGEST_REASON} are enough.")
    return Wanted(switch == "on", cluster, lasts, reason, hours)


def end_what_ran_out(db: Database, now: datetime) -> int:
    """Writes the end of what is over down, and says so in its channel; how many there were."""
    over = run_out(db, now)
    for one in over:
        ended = end(db, one.id, None, now)
        details = {"maintenance": ended.id, "since": ended.since, "until": ended.until, "reason": ended.reason}
        record_own(db, now, AuditKind.MAINTENANCE_ENDED, ended.cluster, ended.channel, details)
        announce_end(db, ended, open_pause(db, ended.cluster), now)
    return len(over)


async def _with_patroni(page: Page, wanted: Wanted, world: World) -> Page:
    """The answer, with what has come of Patroni's pause. The maintenance stands whatever comes of it."""
    if wanted.cluster.name not in world.patroni:
        return page
    tone = page.tone
    try:
        pause = await keep_pause(world, wanted.cluster)
        said = pause_words(pause, over=not wanted.on)
        tone = Tone.WARNING if pause is not None and trouble(pause) else tone
    except LedgerError as error:
        _log.error("what came of patroni's pause is not recorded", cluster=wanted.cluster.name, error=str(error))
        said, tone = "Whether Patroni is paused is not known. Look: /ha status", Tone.WARNING
    if not said:
        return page
    summary = f"{page.summary.removesuffix('.')}. {said}"
    return replace(page, tone=tone, summary=summary, parts=(*page.parts, text(said)))


def _turn(db: Database, asked: Asked, who: Who, wanted: Wanted, now: datetime) -> Page:
    cluster, earlier = wanted.cluster, open_maintenance(db, wanted.cluster.name)
    if not wanted.on and earlier is None:
        cancelled = cancel_next(db, asked, who, cluster.name, now)
        if cancelled is not None:
            return cancelled
        record(db, asked, "do", AuditKind.REFUSAL, cluster.name, {"why": "not in maintenance"})
        line = f"{cluster.name} is not in maintenance."
        return Page("Nothing was done", Tone.INFO, line, (text(line),))
    kind = AuditKind.MAINTENANCE_BEGUN if wanted.on else AuditKind.MAINTENANCE_ENDED
    until = now + wanted.lasts if wanted.on else None
    details = {"reason": wanted.reason, "until": until, "replaces": earlier.id if earlier else None}
    record(db, asked, "do", kind, cluster.name, {key: value for key, value in details.items() if value is not None})
    if until is None:
        if earlier is not None:
            announce_end(db, end(db, earlier.id, who, now), open_pause(db, cluster.name), now)
        return _short(f"{cluster.name} is out of maintenance", "Automatic actions are possible again.")
    begin_now(db, cluster, who, wanted.reason, until, now)
    return _short(f"{cluster.name} is in maintenance", "Until ", Moment(until), ". The channel was told.")


def begin_now(db: Database, cluster: Cluster, who: Who, reason: str, until: datetime, now: datetime) -> Maintenance:
    """Begins it, in the place of one that is on, and says so in the channel; the audit record is the caller's."""
    pause, earlier = _pause(db, cluster, now), open_maintenance(db, cluster.name)
    if earlier is not None:
        announce_end(db, end(db, earlier.id, who, now), pause, now, quietly=True)
    begun = begin(db, cluster.name, who, reason, channel=cluster.channel, since=now, until=until)
    announce_begin(db, begun, pause, now)
    return begun


def _pause(db: Database, cluster: Cluster, now: datetime) -> PatroniPause | None:
    """That Patroni is to be paused; wished for anew where it was left to somebody else before."""
    pause = open_pause(db, cluster.name)
    if cluster.engine is not EngineKind.PATRONI:
        return pause
    if pause is not None and pause.state is PauseState.LEFT:
        patroni_pauses.end(db, pause, pause.note, now)
        pause = None
    return pause or patroni_pauses.want(db, cluster.name, now)


def _short(title: str, *spans: Span) -> Page:
    return Page(title, Tone.GOOD, title, (text(*spans),))


def _duration(word: str, usage: str) -> timedelta:
    try:
        lasts = timedelta(seconds=parse_seconds(word.casefold()))
    except (ValueError, OverflowError):
        raise Misunderstood(f"“{echo(word)}” is no duration; write 30m, 2h or 1d. Type: {COMMAND} {usage}") from None
    if lasts > LONGEST:
        raise Misunderstood(f"“{echo(word)}” is too long: at most {LONGEST.days}d, and it can be turned on anew.")
    return lasts
