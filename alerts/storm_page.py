"""A storm's one message: a table of the alerts that it holds, updated in place, and a line when it is over."""

from collections.abc import Sequence
from datetime import datetime

from sqlite_utils import Database

from alerts.wording import title_of
from ledger import outbox
from ledger.alerts import AlertRow, AlertState, count_in_group, newest_in_group
from ledger.outbox import OutboxItem
from ledger.page import Moment, Page, Part, Table, Tone, note, text
from ledger.quantities import count_text, seconds_text
from ledger.storms import Storm, most_alerts, storm, storm_group

ROWS = 20  # more than that nobody reads in one message


def draw_storm(db: Database, group: str, now: datetime, *, ended: bool = False) -> None:
    """Puts the storm's table in line as it is now; when it has just ended, a line that says so with it. A message that
    is no storm's is left alone."""
    found = storm(db, group.removeprefix(storm_group(""))) if group.startswith(storm_group("")) else None
    if found is None:
        return
    alerts, firing = count_in_group(db, group)
    alerts = most_alerts(db, found.id, alerts)
    page = storm_page(found, newest_in_group(db, group, ROWS), alerts, firing, now)
    outbox.put(db, OutboxItem(now, found.channel, found.group, page))
    if ended:
        line = Page(page.title, page.tone, page.summary, (text(page.summary),))
        over = OutboxItem(now, found.channel, f"{group}/over", line, parent=group, broadcast=True)
        outbox.put(db, over)


def storm_page(found: Storm, newest: Sequence[AlertRow], alerts: int, firing: int, now: datetime) -> Page:
    """`newest`: the alerts to list; `alerts` and `firing` count all of them, and those that still fire."""
    lasted = seconds_text(((found.ended_at or now) - found.began_at).total_seconds())
    many = count_text(alerts, "alert")
    if found.ended_at is None:
        title, tone = f"Storm: {many} at once", Tone.WARNING
        rest = "Each has no message of its own until it is over; critical ones have."
    else:
        title, tone = f"The storm is over: {many} in {lasted}", Tone.INFO
        rest = "What still fires gets a message of its own now." if firing else "None of them fires any more."
    parts: list[Part] = [text(f"{firing} of them fire now. {rest}" if firing else rest)]
    rows = tuple((_state(alert), title_of(alert), alert.value) for alert in newest)
    if rows:
        parts.append(Table(("State", "Alert", "Seen"), rows))
    if alerts > len(newest):
        parts.append(note(f"The newest {len(newest)} of {alerts} are shown. All that are open: /ha alerts"))
    parts.append(note(f"Storm {found.id}, since ", Moment(found.began_at)))
    return Page(title, tone, f"{title}. {firing} fire now. {rest}", tuple(parts))


def _state(alert: AlertRow) -> str:
    if alert.state is AlertState.RESOLVED:
        return "resolved"
    return alert.severity.value
