"""Which thresholds a rule goes by: found by letting it judge, for a rule says nowhere else what it reads."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from alerts.observation import Observation, Unit
from alerts.rules.rule import Reading, Rule
from alerts.thresholds import Thresholds

_NAMES = frozenset(field.name for field in fields(Thresholds))
_VALUES = (0.0, 1.0, 1e15)  # some rules read a threshold only where something is amiss


@dataclass(frozen=True)
class _Watched(Thresholds):
    """The defaults, and which of them were read."""

    def __getattribute__(self, name: str) -> Any:
        if name in _NAMES:
            object.__getattribute__(self, "__dict__").setdefault("read", {})[name] = None
        return super().__getattribute__(name)


def thresholds_read(rule: Rule) -> tuple[str, ...]:
    """Their names, in the order in which they are first read; none for a rule that only asks yes or no."""
    watched = _Watched()
    vars(watched)["read"] = {}  # its own checks have read them all
    for value in _VALUES:
        seen = [Observation(name, "db1", value, Unit.COUNT, (), "db1") for name in rule.observes]
        _judge(rule, seen, watched)
    return tuple(vars(watched)["read"])


def _judge(rule: Rule, seen: Sequence[Observation], thresholds: Thresholds) -> None:
    try:
        rule.judge(Reading("db1", {one.name: one for one in seen}, thresholds))
    except (ValueError, ArithmeticError):  # a value that no probe would give
        return
