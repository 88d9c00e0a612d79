"""A rule in words: what it is about, by which thresholds, how bad, why, and what to do. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import product

from alerts.observation import Observation
from alerts.observation import Unit as ValueUnit
from alerts.rules.read_thresholds import thresholds_read
from alerts.rules.rule import Bad, Reading, Rule
from alerts.thresholds import Thresholds
from alerts.thresholds.kinds import kind_of
from ledger.alerts import Severity
from ledger.quantities import seconds_text
from ledger.units import unit_of, value_text

_ENDS = (0.0, 1.0, 1e15)  # no, yes, and beyond every threshold
_MOST_TRIES = 4000
_WORST_LAST = (Severity.INFO, Severity.WARNING, Severity.CRITICAL)


@dataclass(frozen=True, slots=True)
class Explained:
    """`what` is the headline, with CLUSTER and SUBJECT where their names stand; `thresholds` are names with their
    values for people; `holds` is the rule's `for`; `severities` are those that it can fire with,
    the worst last; none where its thresholds leave it off."""

    name: str
    what: str
    thresholds: tuple[tuple[str, str], ...]
    holds: str
    severities: tuple[Severity, ...]
    critical_after: str | None
    why: str
    mend: str

    @property
    def severity(self) -> str:
        """“warning or critical”, “warning; critical when left alone for 30 min”."""
        known = " or ".join(self.severities) or "never fires with these thresholds"
        return f"{known}; critical when left alone for {self.critical_after}" if self.critical_after else known


def explained(rule: Rule, thresholds: Thresholds) -> Explained:
    """By those thresholds."""
    hold = rule.hold(thresholds)
    names = thresholds_read(rule)
    units = {field.name: unit_of(kind_of(field).unit.value) for field in fields(Thresholds)}
    return Explained(
        name=rule.name,
        what=rule.title.format(cluster="CLUSTER", subject="SUBJECT"),
        thresholds=tuple((name, value_text(getattr(thresholds, name), units[name])) for name in names),
        holds=seconds_text(hold) if hold else "at once",
        severities=_severities(rule, thresholds, names),
        critical_after=seconds_text(rule.critical_after(thresholds)) if rule.critical_after else None,
        why=rule.why,
        mend=rule.mend,
    )


def _severities(rule: Rule, thresholds: Thresholds, names: tuple[str, ...]) -> tuple[Severity, ...]:
    """Found by letting it judge, for a rule says nowhere else how bad it calls what it sees."""
    limits = {float(getattr(thresholds, name)) for name in names}
    near = {limit * factor for limit in limits for factor in (0.99, 1.0, 1.01)}
    values = sorted({*_ENDS, *near})
    if len(values) ** len(rule.observes) > _MOST_TRIES:
        values = list(_ENDS)
    found = set(_found(rule, thresholds, values))
    return tuple(severity for severity in _WORST_LAST if severity in found)


def _found(rule: Rule, thresholds: Thresholds, values: list[float]) -> Iterator[Severity]:
    for chosen in product(values, repeat=len(rule.observes)):
        pairs = zip(rule.observes, chosen, strict=True)
        seen = {name: Observation(name, "db1", value, ValueUnit.COUNT, (), "db1") for name, value in pairs}
        try:
            result = rule.judge(Reading("db1", seen, thresholds))
        except (ValueError, ArithmeticError):  # a value that no probe would give
            continue
        if isinstance(result, Bad):
            yield result.severity
