"""What App Home shows: every cluster with its verdict, open alerts, operations under way. Pure."""

from collections.abc import Mapping, Sequence

from alerts.observation import Look
from alerts.wording import title_of, tone_of
from ledger.alerts import AlertRow
from ledger.operations import Operation, OperationState
from ledger.page import Item, Items, Moment, Note, Page, Part, Span, Tone, note
from servers.verdict import Judgement, Verdict

_TONES = {
    Verdict.HEALTHY: Tone.GOOD,
    Verdict.UNKNOWN: Tone.UNKNOWN,
    Verdict.PRIMARY_UNREACHABLE: Tone.UNKNOWN,
    Verdict.STANDBY_DOWN: Tone.WARNING,
    Verdict.REPLICATION_BROKEN: Tone.WARNING,
}
_WORST_FIRST = (Tone.CRITICAL, Tone.UNKNOWN, Tone.WARNING, Tone.GOOD)


def home_page(looks: Mapping[str, Look | None], alerts: Sequence[AlertRow], operations: Sequence[Operation]) -> Page:
    """`looks` has the last look at each cluster; None before the first."""
    clusters = tuple(_cluster(name, look) for name, look in looks.items())
    tone = min((item.tone for item in clusters), key=_WORST_FIRST.index, default=Tone.UNKNOWN)
    parts: list[Part] = [Items("Clusters", clusters), Items("Open alerts", _alerts(alerts))]
    if operations:
        parts.append(Items("Operations", tuple(map(_operation, operations))))
    return Page(_title(clusters), tone, "", tuple(parts))


def seen_at(looks: Mapping[str, Look | None]) -> Note:
    """How old the oldest look is: apart from the rest, for it changes with every look."""
    times = [look.state.at for look in looks.values() if look is not None]
    spans: tuple[Span, ...] = ("Last looked at ", Moment(min(times))) if times else ("Nothing was looked at yet",)
    return note(*spans)


def refused_page(line: str) -> Page:
    return Page("Not allowed", Tone.WARNING, line)


def with_note(page: Page, added: Note) -> Page:
    return Page(page.title, page.tone, page.summary, (*page.parts, added))


def _title(clusters: Sequence[Item]) -> str:
    well = sum(item.tone is Tone.GOOD for item in clusters)
    if well == len(clusters):
        return "All clusters are healthy" if clusters else "No cluster is watched"
    return f"{len(clusters) - well} of {len(clusters)} clusters need a look"


def _cluster(name: str, look: Look | None) -> Item:
    if look is None:
        return Item(Tone.UNKNOWN, name, "not looked at yet")
    verdict = look.judgement.verdict
    return Item(_TONES.get(verdict, Tone.CRITICAL), name, f"{verdict.value}; {_roles(look.judgement)}")


def _roles(judgement: Judgement) -> str:
    roles = [f"primary {judgement.primary or 'not known'}"]
    if judgement.standbys:
        roles.append(f"standby {', '.join(judgement.standbys)}")
    if judgement.unknown:
        roles.append(f"nothing is known of {', '.join(judgement.unknown)}")
    return ", ".join(roles)


def _alerts(alerts: Sequence[AlertRow]) -> tuple[Item, ...]:
    if not alerts:
        return (Item(Tone.GOOD, "None"),)
    return tuple(Item(tone_of(alert), title_of(alert), _alert_detail(alert)) for alert in alerts)


def _alert_detail(alert: AlertRow) -> str:
    mark = f", acknowledged by {alert.acknowledged_by.name}" if alert.acknowledged_by is not None else ""
    return f"{alert.value}{mark}"


def _operation(operation: Operation) -> Item:
    waiting = operation.state in (OperationState.PLANNED, OperationState.AWAITING_APPROVAL)
    tone = Tone.WAITING if waiting else Tone.RUNNING
    if operation.state is OperationState.INTERRUPTED:
        tone = Tone.WARNING
    detail = f"{operation.state.value}, asked for by {operation.requester.name}"
    return Item(tone, f"{operation.kind} of {operation.cluster} ({operation.id})", detail)
