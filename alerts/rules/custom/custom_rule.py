"""A rule of the settings: as a rule like any other, and what it observes by itself.

The expression is evaluated once a look, for each subject, into an observation (yes or no) of the name `rule:NAME`; the
rule then judges that. So it has the life of every other rule, its past is in the history, and an expression that fails
is unknown, is told, and disturbs nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.observation import Observation, Unit, yes
from alerts.probes.visibility import NOT_SEEN
from alerts.rules.custom.evaluation import Scope, truth
from alerts.rules.custom.expression import Expression, leading, values, windows
from alerts.rules.custom.titles import custom_resolved_title, custom_title
from alerts.rules.custom.windows import Windows
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown
from ledger.alerts import Severity
from ledger.history.tiers import FINE
from ledger.units import value_text


@dataclass(frozen=True, slots=True)
class CustomRule:
    """As the settings have it. Durations are seconds; `text` is the expression as it was written."""

    name: str
    text: str
    expression: Expression
    hold: float
    keep: float
    severity: Severity
    why: str
    mend: str

    @property
    def observation(self) -> str:
        return f"rule:{self.name}"


def as_rule(custom: CustomRule) -> Rule:
    """The rule that judges what `CustomRules` observes."""
    return Rule(
        name=custom.name,
        observes=(custom.observation,),
        title=custom_title(custom.name),
        resolved_title=custom_resolved_title(custom.name),
        judge=lambda reading: _judge(custom, reading),
        hold=lambda thresholds: custom.hold,
        keep=lambda thresholds: custom.keep,
        why=custom.why,
        mend=custom.mend,
    )


def _judge(custom: CustomRule, reading: Reading) -> Result:
    seen = reading.value(custom.observation)
    if seen is None:
        return Unknown()
    evidence = reading.evidence(custom.observation)
    value = ", ".join(evidence) or "as it says"
    return Bad(custom.severity, value, f"not ({custom.text})", evidence) if seen else Ok(value)


class CustomRules:
    """Evaluates the rules of the settings. It remembers, cluster by cluster, what they ask about over time."""

    def __init__(self, rules: Iterable[CustomRule] = (), step: int = FINE.step) -> None:
        """`step`: how far apart the looks are at least, in seconds."""
        self.custom = tuple(rules)
        self._step = step
        longest: dict[str, float] = {}
        for rule in self.custom:
            for name, seconds in windows(rule.expression).items():
                longest[name] = max(seconds, longest.get(name, 0.0))
        self.longest: Mapping[str, float] = longest
        self._windows: dict[str, Windows] = {}

    @property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(as_rule(rule) for rule in self.custom)

    def windows(self, cluster: str) -> Windows:
        return self._windows.setdefault(cluster, Windows(self.longest, self._step))

    def observe(self, cluster: str, at: datetime, seen: Sequence[Observation]) -> tuple[Observation, ...]:
        """What the rules say of what one look at the cluster observed. Never raises."""
        if not self.custom:
            return ()
        now, remembered = at.timestamp(), self.windows(cluster)
        remembered.add(now, ((one.name, one.subject, one.value) for one in seen))
        found: list[Observation] = []
        for rule in self.custom:
            try:
                found.extend(_observations(rule, seen, remembered, now))
            except Exception as error:  # a rule must not take the others with it, whatever it meets
                line = f"{type(error).__name__}: {error}"
                found.append(Observation(NOT_SEEN, f"by rule {rule.name}", 1.0, Unit.COUNT, (line,)))
        return tuple(found)


def _observations(
    rule: CustomRule, seen: Sequence[Observation], remembered: Windows, now: float
) -> Iterable[Observation]:
    named = {value.name for value in values(rule.expression)}
    by_name: dict[str, dict[str, Observation]] = {name: {} for name in named}
    for one in seen:
        if one.name in named:
            by_name[one.name][one.subject] = one
    numbers = {name: {subject: one.value for subject, one in there.items()} for name, there in by_name.items()}

    def scope(subject: str) -> Scope:
        return Scope(subject, numbers, lambda name, whose, back: remembered.stretch(name, whose, back, now))

    for subject, one in by_name[leading(rule.expression).name].items():
        around = scope(subject)
        answer = yes(truth(rule.expression, around))
        yield Observation(
            rule.observation, subject, answer, Unit.YES_OR_NO, _evidence(rule, around, by_name), one.server
        )


def _evidence(rule: CustomRule, scope: Scope, seen: Mapping[str, Mapping[str, Observation]]) -> tuple[str, ...]:
    """The values that it speaks of, as they are now."""
    lines = []
    for value in values(rule.expression):
        subject = scope.subject_of(value)
        one = seen[value.name].get(subject) if subject is not None else None
        said = "unknown" if one is None or one.value is None else value_text(one.value, one.unit)
        whose = "" if subject in (scope.subject, None) else f" of {subject}"
        lines.append(f"{value.name.replace('_', ' ')}{whose} {said}")
    return tuple(dict.fromkeys(lines))
