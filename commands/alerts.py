"""`/ha alerts [cluster]`: what is wrong now, and what was not long ago."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from commands.asked import Asked
from commands.authority import VIEW
from commands.parse import resolve
from commands.people import Person
from commands.status_page import alert_item, alert_name
from commands.world import World
from ledger.alerts import AlertRow, AlertState, Severity, history, open_alerts
from ledger.page import Items, Moment, Note, Page, Part, Tone
from ledger.quantities import count_text

RESOLVED_SHOWN = 5


@dataclass(frozen=True, slots=True)
class _Alerts:
    open: tuple[AlertRow, ...]
    resolved: tuple[AlertRow, ...]


class Alerts:
    """The view of what is firing."""

    name = "alerts"
    usage = "alerts [cluster]"
    summary = "Open alerts, and the last ones that were resolved"
    right = VIEW

    async def answer(self, asked: Asked, person: Person, arguments: Sequence[str], world: World) -> Page:
        """Of one cluster where one is named, else of all."""
        cluster = resolve(arguments, world.clusters, self.usage)[0].name if arguments else None
        return _page(await world.ledger.read(lambda db: _read(db, cluster)), cluster)


def _read(db: Database, cluster: str | None) -> _Alerts:
    resolved = [alert for alert in history(db, cluster) if alert.state is AlertState.RESOLVED and alert.fired_at]
    return _Alerts(tuple(open_alerts(db, cluster)), tuple(resolved[:RESOLVED_SHOWN]))


def _page(alerts: _Alerts, cluster: str | None) -> Page:
    where = f" on {cluster}" if cluster else ""
    if not alerts.open:
        title, tone = f"No open alerts{where}", Tone.GOOD
    else:
        title = f"{count_text(len(alerts.open), 'open alert')}{where}"
        critical = any(alert.severity is Severity.CRITICAL for alert in alerts.open)
        tone = Tone.CRITICAL if critical else Tone.WARNING
    lines = "; ".join(f"{alert.cluster}: {alert_name(alert)}, {alert.value}" for alert in alerts.open)
    return Page(
        title=title,
        tone=tone,
        summary=f"{title}. {lines}" if lines else title,
        parts=(
            *_open(alerts.open),
            *((Items("Resolved lately", tuple(map(alert_item, alerts.resolved))),) if alerts.resolved else ()),
        ),
    )


def _open(alerts: Sequence[AlertRow]) -> tuple[Part, ...]:
    """By cluster, each followed by since when."""
    parts: list[Part] = []
    for cluster in dict.fromkeys(alert.cluster for alert in alerts):
        mine = [alert for alert in alerts if alert.cluster == cluster]
        parts.append(Items(cluster, tuple(map(alert_item, mine))))
        parts.append(Note(("The oldest since ", Moment(min(alert.since for alert in mine)))))
    return tuple(parts)
