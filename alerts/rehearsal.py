"""Plays rules against what the history has: when each would have fired and resolved. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from alerts.lifecycle import Change, Transition
from alerts.observation import Observation, Unit
from alerts.round import Observed, Tracks, play
from alerts.rules.custom.custom_rule import CustomRules
from alerts.rules.rule import Rule
from alerts.surroundings import NOTHING_AROUND
from alerts.thresholds import Thresholds
from ledger.history.buckets import Bucket
from ledger.history.series import Series
from servers.inventory import Cluster

_BEGIN = (Change.FIRED, Change.FIRED_AGAIN)


@dataclass(frozen=True, slots=True)
class Episode:
    """Once that a rule would have fired. `resolved_at` None: it fires at the end of what was played. `value` is what
    was seen when it fired."""

    rule: str
    subject: str
    severity: str
    fired_at: datetime
    resolved_at: datetime | None
    value: str


@dataclass(frozen=True, slots=True)
class Stage:
    """What rules are played on: a cluster's recorded series, all of one step, and its thresholds."""

    cluster: Cluster
    series: Sequence[Series]
    thresholds: Thresholds


def rehearse(stage: Stage, rules: Sequence[Rule], custom: CustomRules) -> tuple[Episode, ...]:
    """`custom` evaluates the rules of the settings, and is to be new: it remembers. Silences, operations and the hours
    of routes hold nothing back here."""
    tracks: Tracks = {}
    ids = count(1)
    open_ones: dict[tuple[str, str], Transition] = {}
    episodes: list[Episode] = []
    for at, observations in _looks(stage, custom):
        said = custom.observe(stage.cluster.name, at, observations)
        # Not complete: what a tier has no bucket of is unknown, and not gone.
        observed = Observed((*observations, *said), complete=False)
        outcome = play(
            stage.cluster, tracks, observed, at, stage.thresholds, NOTHING_AROUND, lambda: f"R{next(ids)}", rules
        )
        tracks = outcome.tracks
        for transition in outcome.transitions:
            key = (transition.after.rule, transition.after.subject)
            if transition.change in _BEGIN:
                open_ones[key] = transition
            elif transition.change is Change.RESOLVED and key in open_ones:
                episodes.append(_episode(open_ones.pop(key), transition.at))
    episodes += (_episode(begun, None) for begun in open_ones.values())
    return tuple(sorted(episodes, key=lambda one: one.fired_at))


def _episode(begun: Transition, resolved_at: datetime | None) -> Episode:
    alert = begun.after
    return Episode(alert.rule, alert.subject, str(alert.severity), begun.at, resolved_at, alert.value)


def _looks(stage: Stage, custom: CustomRules) -> Iterator[tuple[datetime, tuple[Observation, ...]]]:
    """What a look would have observed, step by step; the windows of `custom` are filled with the buckets themselves."""
    by_time: dict[datetime, list[tuple[Series, Bucket | None]]] = {}
    for series in stage.series:
        for at, bucket in series.points():
            by_time.setdefault(at, []).append((series, bucket))
    windows = custom.windows(stage.cluster.name)
    servers = frozenset(server.name for server in stage.cluster.servers)
    for at in sorted(by_time):
        for series, bucket in by_time[at]:
            if bucket is not None and series.name in custom.longest:
                windows.put(series.name, series.subject, int(at.timestamp()), bucket)
        yield at.astimezone(UTC), tuple(_observation(series, bucket, servers) for series, bucket in by_time[at])


def _observation(series: Series, bucket: Bucket | None, servers: frozenset[str]) -> Observation:
    """The mean of the bucket; of yes and no the one that it was for longer."""
    value = None if bucket is None else bucket.mean
    if value is not None and series.unit is Unit.YES_OR_NO:
        value = float(value >= 0.5)
    server = series.subject.split(" ", 1)[0]
    return Observation(series.name, series.subject, value, series.unit, (), server if server in servers else None)


def wanted_names(rules: Iterable[Rule], custom: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The series that these rules need; `custom`: which values the rules of the settings speak of, by rule."""
    names: set[str] = set()
    for rule in rules:
        names.update(custom.get(rule.name, rule.observes))
    return frozenset(names)
