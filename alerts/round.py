"""One round over one cluster: observations → findings → what becomes of each alert. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from alerts.dependencies import is_part
from alerts.holding import Holding
from alerts.lifecycle import Track, Transition, advance
from alerts.observation import Look, Observation, Unit
from alerts.probes import PROBES
from alerts.probes.probe import Probe
from alerts.probes.services import SERVICE_UP
from alerts.probes.visibility import NOT_SEEN
from alerts.rules import RULES
from alerts.rules.rule import Ok, Reading, Result, Rule, Unknown
from alerts.surroundings import Surroundings
from alerts.thresholds import Thresholds
from ledger.alerts import AlertRow
from servers.inventory import Cluster

Key = tuple[str, str]  # rule and subject
Tracks = Mapping[Key, Track]


@dataclass(frozen=True, slots=True)
class Observed:
    """What the probes observed. `complete`: all of them worked, so that what is missing is gone, and not unseen."""

    observations: tuple[Observation, ...]
    complete: bool

    def by_name(self) -> Mapping[str, Sequence[Observation]]:
        """Each rule looks for a few of very many."""
        found: dict[str, list[Observation]] = {}
        for observation in self.observations:
            found.setdefault(observation.name, []).append(observation)
        return found


@dataclass(frozen=True, slots=True)
class Outcome:
    """The tracks after the round, and every change of state in it, causes before consequences."""

    tracks: Tracks
    transitions: tuple[Transition, ...]


def observe(look: Look, probes: Sequence[Probe] = PROBES) -> Observed:
    """Asks every probe. One that fails is itself seen, and disturbs no other."""
    seen: list[Observation] = []
    complete = True
    for probe in probes:
        try:
            seen.extend(probe(look))
        except Exception as error:  # a probe meets whatever a server may have said
            complete = False
            seen.append(blind(f"by probe {getattr(probe, '__name__', 'unnamed')}", error))
    return Observed(tuple(seen), complete)


def blind(subject: str, error: BaseException) -> Observation:
    """That a way of looking failed altogether."""
    line = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return Observation(NOT_SEEN, subject, 1.0, Unit.COUNT, (line,))


def play(
    cluster: Cluster,
    tracks: Tracks,
    observed: Observed,
    now: datetime,
    thresholds: Thresholds,
    around: Surroundings,
    new_id: Callable[[], str],
    rules: Sequence[Rule] = RULES,
) -> Outcome:
    """Judges each subject by each rule, in what stands around the cluster now."""
    after = dict(tracks)
    firing = {key: track.firing for key, track in tracks.items() if track.firing is not None}
    holding = Holding(cluster, rules, around, now, thresholds)
    by_name = observed.by_name()
    transitions = []
    for rule in rules:
        seen = [observation for name in rule.observes for observation in by_name.get(name, ())]
        for subject, result in _findings(rule, cluster, after, observed, seen, thresholds):
            key = (rule.name, subject)
            finding = holding.finding(rule, subject, result, firing)
            track, transition = advance(after.get(key, Track()), finding, now, thresholds, new_id)
            if transition is not None:
                transition = holding.told(transition)
                transitions.append(transition)
                track = replace(track, alert=_as_told(track.alert, transition))
            _keep(key, track, after, firing)
    return Outcome(after, tuple(transitions))


def _as_told(alert: AlertRow | None, transition: Transition) -> AlertRow | None:
    """The alert that is kept, with where it is told."""
    if alert is None:
        return None
    return replace(alert, channel=transition.after.channel, raised_in=transition.after.raised_in)


def _keep(key: Key, track: Track, tracks: dict[Key, Track], firing: dict[Key, AlertRow]) -> None:
    if track.empty:
        tracks.pop(key, None)
    else:
        tracks[key] = track
    if track.firing is None:
        firing.pop(key, None)
    else:
        firing[key] = track.firing


def _findings(
    rule: Rule,
    cluster: Cluster,
    tracks: Tracks,
    observed: Observed,
    seen: Sequence[Observation],
    thresholds: Thresholds,
) -> Iterator[tuple[str, Result]]:
    """`seen`: of what was observed, what the rule looks for."""
    by_subject: dict[str, dict[str, Observation]] = {}
    for observation in seen:
        by_subject.setdefault(observation.subject, {})[observation.name] = observation
    for subject, observations in by_subject.items():
        firing = tracks.get((rule.name, subject), Track()).firing
        reading = Reading(subject, observations, thresholds, firing.severity if firing else None)
        yield subject, rule.judge(reading)
    for name, subject in tuple(tracks):
        if name == rule.name and subject not in by_subject:
            gone = observed.complete and _gone(rule, subject, cluster, observed.observations)
            yield subject, Ok("no longer there") if gone else Unknown()


def _gone(rule: Rule, subject: str, cluster: Cluster, observations: Sequence[Observation]) -> bool:
    """A subject that no probe speaks of is gone, unless it is part of a server that cannot be seen now, or of a service
    that is not up.

    The first word of a subject is its server, where it has one.
    """
    if any(one.name == SERVICE_UP and one.value != 1 and is_part(subject, one.subject) for one in observations):
        return False
    server = subject.split(" ", 1)[0]
    if all(server != known.name for known in cluster.servers):
        return True
    return any(seen.known and seen.server == server and seen.name == rule.observes[0] for seen in observations)


def tracks_of(alerts: Sequence[AlertRow]) -> dict[Key, Track]:
    """The tracks of alerts as the ledger has them; of several with one rule and subject the first counts."""
    tracks: dict[Key, Track] = {}
    for alert in alerts:
        tracks.setdefault((alert.rule, alert.subject), Track(alert))
    return tracks


def with_alert(tracks: Tracks, alert: AlertRow) -> Tracks:
    """The tracks with that alert in the place of its earlier self."""
    key = (alert.rule, alert.subject)
    return {**tracks, key: replace(tracks.get(key, Track()), alert=alert)}
