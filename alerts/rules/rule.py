"""What a rule is: a pure judgement over the observations of one subject."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from alerts.dependencies import Layer
from alerts.observation import Observation
from alerts.thresholds import Thresholds
from ledger.alerts import Severity


@dataclass(frozen=True, slots=True)
class Ok:
    """The data say that it is well."""

    value: str


@dataclass(frozen=True, slots=True)
class Bad:
    """The data say that it is not: what was seen, against what, and how one knows."""

    severity: Severity
    value: str
    threshold: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unknown:
    """There are no data. Nothing fires and nothing resolves by that."""


Result = Ok | Bad | Unknown


@dataclass(frozen=True, slots=True)
class Reading:
    """What a rule judges: one subject's observations by name (missing ones are unknown), the thresholds, and the
    severity that its alert fires with now (None: it does not), for hysteresis."""

    subject: str
    observations: Mapping[str, Observation]
    thresholds: Thresholds
    firing: Severity | None = None

    def value(self, name: str) -> float | None:
        observation = self.observations.get(name)
        return None if observation is None else observation.value

    def evidence(self, *names: str) -> tuple[str, ...]:
        """The evidence of these observations, each line once, in order."""
        lines = (line for name in names if name in self.observations for line in self.observations[name].evidence)
        return tuple(dict.fromkeys(lines))


@dataclass(frozen=True, slots=True)
class Rule:
    """When to call people, and what to tell them.

    `name` stands in the ledger and never changes. `observes`: the first one must be there for the rule to be asked at
    all. `title` is the headline, with {cluster} and {subject}. `hold` is the rule's `for`, `keep` for how long it must
    be well again before it resolves (without it: `keep_firing_for`), `critical_after` how long a warning may be left
    alone; all read the thresholds. `about` is the layer that it judges and `takes_down` those that are down while it
    fires: by the graph of `alerts.dependencies` it is the consequence of what is down beneath it. For what no graph can
    know there is `hidden_by` (while one of these rules fires on the same cluster) and `hidden_by_same` (on the same
    subject). `caused_by_operations`: a running operation is expected to set it off. One that is `never_quiet` is
    silenced only by a silence that names the rule in full. Alerts of one that `stands_alone` have nothing in common:
    those that begin together are not told together.
    """

    name: str
    observes: tuple[str, ...]
    title: str
    resolved_title: str
    judge: Callable[[Reading], Result]
    hold: Callable[[Thresholds], float]
    why: str
    mend: str
    keep: Callable[[Thresholds], float] | None = None
    critical_after: Callable[[Thresholds], float] | None = None
    about: Layer | None = None
    takes_down: tuple[Layer, ...] = ()
    hidden_by: tuple[str, ...] = ()
    hidden_by_same: tuple[str, ...] = ()
    caused_by_operations: bool = False
    offers_failover: bool = False
    never_quiet: bool = False
    stands_alone: bool = False


def no(observation: str, severity: Severity, value: str, threshold: str, well: str) -> Callable[[Reading], Result]:
    """The judgement over a yes-or-no observation of which "no" is bad. `value` says so, and may name the {subject};
    `well` says what "yes" means."""

    def judge(reading: Reading) -> Result:
        seen = reading.value(observation)
        if seen is None:
            return Unknown()
        if seen:
            return Ok(well)
        return Bad(severity, value.format(subject=reading.subject), threshold, reading.evidence(observation))

    return judge


def above(
    observation: str,
    limit: Callable[[Thresholds], float],
    text: Callable[[float], str],
    severity: Severity = Severity.WARNING,
    threshold: str = "at most {limit}",
    well: str | None = None,
) -> Callable[[Reading], Result]:
    """The judgement over an observation that is bad above its limit. `text` writes a value and the limit for people;
    `well` is said of one that is not (None: the value)."""

    def judge(reading: Reading) -> Result:
        seen = reading.value(observation)
        if seen is None:
            return Unknown()
        most = limit(reading.thresholds)
        if seen <= most:
            return Ok(text(seen) if well is None else well)
        return Bad(severity, text(seen), threshold.format(limit=text(most)), reading.evidence(observation))

    return judge


@dataclass(frozen=True, slots=True)
class Limits:
    """Two thresholds for a value that is bad when high, and how far it must fall below one to be rid of it."""

    warning: float
    critical: float
    hysteresis: float

    def severity(self, value: float, firing: Severity | None) -> Severity | None:
        """The severity that the value has, given the one it fires with now."""
        slack = self.hysteresis
        if value >= self.critical - (slack if firing is Severity.CRITICAL else 0):
            return Severity.CRITICAL
        if value >= self.warning - (slack if firing is not None else 0):
            return Severity.WARNING
        return None
