"""What App Home shows: every cluster with its verdict, alerts, operations, who is on call, what is kept quiet. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from alerts.observation import Look
from alerts.rules.drills import DRILL_RULE, FULL_DRILL_RULE
from alerts.wording import title_of, tone_of
from bot.on_call.keeper import OnCallNow
from ledger.alerts import AlertRow
from ledger.maintenance import Maintenance
from ledger.operations import Operation, OperationState
from ledger.page import Item, Items, Moment, Note, Page, Part, Span, Tone, note
from ledger.silences import Silence
from servers.verdict import Judgement, Verdict

_TONES = {
    Verdict.HEALTHY: Tone.GOOD,
    Verdict.UNKNOWN: Tone.UNKNOWN,
    Verdict.PRIMARY_UNREACHABLE: Tone.UNKNOWN,
    Verdict.STANDBY_DOWN: Tone.WARNING,
    Verdict.REPLICATION_BROKEN: Tone.WARNING,
}
MOST, MOST_CLUSTERS = 15, 40  # that are listed; Slack takes no more than 100 blocks and some 10,000 characters
_DRILL_RULES = frozenset({DRILL_RULE.name, FULL_DRILL_RULE.name})
_WAITING = (OperationState.PLANNED, OperationState.AWAITING_APPROVAL)
_WORST_FIRST = (Tone.CRITICAL, Tone.UNKNOWN, Tone.WARNING, Tone.GOOD)


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to show. `looks` has the last look at each cluster; None before the first. `duties` say who is on
    call for what."""

    looks: Mapping[str, Look | None]
    alerts: Sequence[AlertRow] = ()
    operations: Sequence[Operation] = ()
    silences: Sequence[Silence] = ()
    maintenance: Sequence[Maintenance] = ()
    duties: Sequence[OnCallNow] = ()


def home_page(seen: Seen) -> Page:
    clusters = tuple(_cluster(name, look) for name, look in seen.looks.items())
    tone = min((item.tone for item in clusters), key=_WORST_FIRST.index, default=Tone.UNKNOWN)
    drills = [alert for alert in seen.alerts if alert.rule in _DRILL_RULES]
    others = [alert for alert in seen.alerts if alert.rule not in _DRILL_RULES]
    waiting = [one for one in seen.operations if one.state in _WAITING]
    under_way = [one for one in seen.operations if one.state not in _WAITING]
    parts: list[Part] = [
        *_items("Clusters", sorted(clusters, key=lambda item: _WORST_FIRST.index(item.tone)), MOST_CLUSTERS),
        *_items("Open alerts", _alerts(others), MOST),
        *_items("Operations that wait for approval", map(_operation, waiting), MOST),
        *_items("Operations", map(_operation, under_way), MOST),
        *_items("On call", map(_on_call, seen.duties), MOST),
        *_items("In maintenance", map(_at_work, seen.maintenance), MOST),
        *_items("Silences", map(_silence, seen.silences), MOST),
        *_items("Drills due", (Item(tone_of(one), title_of(one), _alert_detail(one)) for one in drills), MOST),
    ]
    return Page(_title(clusters), tone, "", tuple(parts))


def _items(title: str, items: Iterable[Item], most: int) -> tuple[Part, ...]:
    """Nothing for none; of too many the first ones, and how many more there are."""
    listed = tuple(items)
    more = (Item(Tone.INFO, f"and {len(listed) - most} more"),) if len(listed) > most else ()
    return (Items(title, (*listed[:most], *more)),) if listed else ()


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
    tone = Tone.WAITING if operation.state in _WAITING else Tone.RUNNING
    if operation.state is OperationState.INTERRUPTED:
        tone = Tone.WARNING
    detail = f"{operation.state.value}, asked for by {operation.requester.name}"
    return Item(tone, f"{operation.kind} of {operation.cluster} ({operation.id})", detail)


def _on_call(duty: OnCallNow) -> Item:
    return Item(Tone.INFO, duty.name, f"{', '.join(duty.people) or 'nobody'} ({duty.why})")


def _at_work(one: Maintenance) -> Item:
    return Item(Tone.INFO, one.cluster, f"until {one.until:%Y-%m-%d %H:%M} UTC, by {one.by.name}: {one.reason}")


def _silence(one: Silence) -> Item:
    named = ", ".join(filter(None, (one.cluster, one.rule, one.subject))) or "everything"
    until = f"until {one.until:%Y-%m-%d %H:%M} UTC" if one.until is not None else "until somebody ends it"
    return Item(Tone.INFO, named, f"{until}, by {one.by.name}: {one.reason}")
