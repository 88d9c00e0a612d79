"""Maintenance that is planned ahead: put down, said in the channel, and cancelled."""

from datetime import datetime

from sqlite_utils import Database

from commands.asked import Asked
from commands.maintenance_hours import Hours
from commands.parse import COMMAND
from commands.records import record, show
from ledger.audit import AuditKind
from ledger.page import Facts, Mention, Moment, Page, Part, Span, Tone, text
from ledger.planned_maintenance import PlannedMaintenance, maintenance_ahead, plan_is_done, plan_maintenance
from ledger.who import Who


def plan(db: Database, asked: Asked, who: Who, cluster: str, channel: str, hours: Hours, reason: str) -> Page:
    """Puts it down, with its audit record and its card."""
    details = {"reason": reason, "since": hours.since, "until": hours.until}
    record(db, asked, "do", AuditKind.MAINTENANCE_PLANNED, cluster, details)
    planned = plan_maintenance(db, cluster, who, reason, channel=channel, since=hours.since, until=hours.until)
    show(db, asked.at, channel, _card(planned), _page(planned))
    title = f"Maintenance of {cluster} is planned"
    said = text("From ", Moment(hours.since), " to ", Moment(hours.until), ". The channel was told.")
    return Page(title, Tone.GOOD, title, (said,))


def cancel_next(db: Database, asked: Asked, who: Who, cluster: str, now: datetime) -> Page | None:
    """Cancels what is planned next for the cluster; None where nothing is."""
    planned = next(iter(maintenance_ahead(db, cluster)), None)
    if planned is None:
        return None
    details = {"reason": planned.reason, "since": planned.since, "until": planned.until, "planned": True}
    record(db, asked, "do", AuditKind.MAINTENANCE_ENDED, cluster, details)
    plan_is_done(db, planned.id, now, who)
    show(db, now, planned.channel, _card(planned), _page(planned, "cancelled", who))
    title = f"The maintenance of {cluster} that was planned is cancelled"
    return Page(title, Tone.GOOD, title, (text("It would have begun ", Moment(planned.since), "."),))


def has_begun(db: Database, planned: PlannedMaintenance, now: datetime) -> None:
    """Its card gives way to that of the maintenance itself."""
    plan_is_done(db, planned.id, now)
    show(db, now, planned.channel, _card(planned), _page(planned, "begun" if now < planned.until else "past"))


def _card(planned: PlannedMaintenance) -> str:
    return f"maintenance/planned/{planned.id}"


def _page(planned: PlannedMaintenance, ended: str = "", by: Who | None = None) -> Page:
    title = f"{planned.cluster}: maintenance is planned"
    if ended:
        title = f"{planned.cluster}: the maintenance that was planned is {ended}"
    when: tuple[Span, ...] = (Moment(planned.since), " to ", Moment(planned.until))
    facts = Facts((("By", (_mention(planned.by),)), ("Reason", (planned.reason,)), ("From", when)))
    last = text(f"It begins and ends by itself. Cancel it: {COMMAND} maintenance off {planned.cluster}")
    if by is not None:
        last = text("Cancelled by ", _mention(by), ".")
    parts: tuple[Part, ...] = (facts, last) if by is not None or not ended else (facts,)
    return Page(title, Tone.INFO, f"{title}. Reason: {planned.reason}", parts)


def _mention(who: Who) -> Mention:
    return Mention(who.name, None if ":" in who.id else who.id)
