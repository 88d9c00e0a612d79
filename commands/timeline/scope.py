"""What a timeline is about: a cluster's last hours, an alert with what went with it, or an operation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from commands.command import Misunderstood
from commands.parse import COMMAND, echo, resolve
from ledger import alerts, operations
from ledger.durations import parse_seconds
from ledger.operations import NoSuchOperation
from ledger.quantities import seconds_text
from servers.inventory import Cluster

USAGE = "timeline [cluster | ALERT | OPERATION] [3h]"
USUAL = timedelta(hours=6)
LONGEST = timedelta(days=30)
BEFORE, AFTER = timedelta(minutes=15), timedelta(minutes=5)
_MOST_ALERTS = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """What was typed. `back` None: as long as the incident lasted, or the usual hours of a cluster."""

    name: str | None
    back: timedelta | None


@dataclass(frozen=True, slots=True)
class Scope:
    """`card` is the message in whose thread the timeline belongs, `channel` where that stands (None for a cluster as a
    whole: its own). `until` is when it ended, or now."""

    cluster: str
    title: str
    since: datetime
    until: datetime
    card: str | None = None
    channel: str | None = None


def understood(words: Sequence[str]) -> Wish:
    """Pure. Raises Misunderstood."""
    back, left = None, []
    for word in words:
        if word.casefold() == "since":
            continue
        span = _span(word.casefold())
        if span is None:
            left.append(word)
        elif back is None:
            back = span
        else:
            raise Misunderstood(f"“{echo(' '.join(words))}” has two lengths of time. Type: {COMMAND} {USAGE}")
    if len(left) > 1:
        raise Misunderstood(f"“{echo(' '.join(left))}” is more than one thing. Type: {COMMAND} {USAGE}")
    if back is not None and not timedelta(0) < back <= LONGEST:
        raise Misunderstood(f"At most {seconds_text(LONGEST)} back. Type: {COMMAND} {USAGE}")
    return Wish(left[0] if left else None, back)


def scope_of(db: Database, wish: Wish, clusters: Mapping[str, Cluster], now: datetime) -> Scope:
    """Raises Misunderstood for a name that is nothing."""
    name = wish.name or ""
    if name and name.casefold() not in clusters:
        found = _of_alert(db, name.upper(), now) or _of_operation(db, name.upper(), now)
        if found is not None:
            return found if wish.back is None else _from(found, now - wish.back)
    cluster, _ = resolve([name.casefold()] if name else [], clusters, USAGE)
    return Scope(cluster.name, cluster.name, now - (wish.back or USUAL), now)


def _of_alert(db: Database, alert_id: str, now: datetime) -> Scope | None:
    """With the alerts of the cluster that began while it lasted."""
    alert = alerts.get(db, alert_id)
    if alert is None:
        return None
    end = alert.resolved_at or now
    beside = alerts.begun_between(db, alert.cluster, alert.since, end, _MOST_ALERTS)
    last = max((one.resolved_at or now for one in beside), default=end)
    title = f"{alert.cluster}, {alert.rule.replace('_', ' ')}: {alert.subject} ({alert.id})"
    until = min(now, max(end, last) + AFTER)
    return Scope(alert.cluster, title, alert.since - BEFORE, until, f"alert/{alert.id}", alert.channel)


def _of_operation(db: Database, operation_id: str, now: datetime) -> Scope | None:
    try:
        one = operations.get(db, operation_id)
    except NoSuchOperation:
        return None
    until = min(now, (one.finished_at or now) + AFTER)
    title = f"{one.cluster}, {one.kind} ({one.id})"
    return Scope(one.cluster, title, one.created_at - BEFORE, until, f"operation/{one.id}", one.channel)


def _from(scope: Scope, since: datetime) -> Scope:
    if since >= scope.until:
        raise Misunderstood("It had ended by then: leave the time out, and it begins before the incident.")
    return Scope(scope.cluster, scope.title, since, scope.until, scope.card, scope.channel)


def _span(word: str) -> timedelta | None:
    if not word[:1].isdigit():
        return None
    try:
        return timedelta(seconds=parse_seconds(word))
    except (ValueError, OverflowError):
        return None
