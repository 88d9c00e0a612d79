"""What an expression says of a subject now. Pure. None: not known.

Three-valued, after Kleene: what one side decides alone is decided (false and unknown is false), all else that rests on
something unknown is unknown, and never yes or no.
"""

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from alerts.rules.custom.expression import (
    Arithmetic,
    Both,
    Comparison,
    Expression,
    Negative,
    Not,
    Number,
    OverSubjects,
    OverTime,
    Value,
)
from alerts.rules.custom.windows import Stretch

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_CALCULATE: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression sees: the rule's subject, every value by name and subject, and the last while of them."""

    subject: str
    values: Mapping[str, Mapping[str, float | None]]
    stretch: Callable[[str, str, float], Stretch]  # name, subject, seconds

    def subject_of(self, value: Value) -> str | None:
        """Whose value is meant: None where there is none."""
        there = self.values.get(value.name, {})
        server = self.subject.split(" ", 1)[0]
        if value.subject is not None:
            candidates: tuple[str, ...] = (value.subject, f"{server} {value.subject}")
        else:
            candidates = (self.subject, server, *(there if len(there) == 1 else ()))
        return next((one for one in candidates if one in there), None)


def truth(expression: Expression, scope: Scope) -> bool | None:
    """Of a comparison, or of several that are joined."""
    match expression:
        case Comparison(sign, left, right):
            one, other = number(left, scope), number(right, scope)
            return None if one is None or other is None else _COMPARE[sign](one, other)
        case Both(word, left, right):
            decided = word == "or"
            sides = (truth(left, scope), truth(right, scope))
            if decided in sides:
                return decided
            return None if None in sides else not decided
        case Not(of):
            seen = truth(of, scope)
            return None if seen is None else not seen
        case _:
            raise TypeError(f"{type(expression).__name__} is neither true nor false")


def number(expression: Expression, scope: Scope) -> float | None:
    """Its value; None where a part of it is not known, or where it is no finite number (a division by zero)."""
    match expression:
        case Number(value):
            return value
        case Value():
            subject = scope.subject_of(expression)
            return None if subject is None else scope.values[expression.name][subject]
        case OverTime(function, value, seconds):
            subject = scope.subject_of(value)
            return None if subject is None else _over_time(function, scope.stretch(value.name, subject, seconds))
        case OverSubjects(function, value):
            return _over_subjects(function, tuple(scope.values.get(value.name, {}).values()))
        case Negative(of):
            seen = number(of, scope)
            return None if seen is None else -seen
        case Arithmetic(sign, left, right):
            return _calculate(sign, number(left, scope), number(right, scope))
        case _:
            raise TypeError(f"{type(expression).__name__} is no number")


def _calculate(sign: str, left: float | None, right: float | None) -> float | None:
    if left is None or right is None:
        return None
    try:
        result = _CALCULATE[sign](left, right)
    except (ZeroDivisionError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def _over_time(function: str, seen: Stretch) -> float | None:
    if not seen.buckets or not seen.enough:
        return None
    buckets = [bucket for _, bucket in seen.buckets]
    match function:
        case "min":
            return min(bucket.minimum for bucket in buckets)
        case "max":
            return max(bucket.maximum for bucket in buckets)
        case "avg":
            total = sum(bucket.values for bucket in buckets)
            return sum(bucket.mean * (bucket.values / total) for bucket in buckets)
        case _:
            (first, begin), (last, end) = seen.buckets[0], seen.buckets[-1]
            if last == first:
                return None
            delta = end.mean - begin.mean
            return delta if function == "delta" else delta / (last - first)


def _over_subjects(function: str, seen: tuple[float | None, ...]) -> float | None:
    known = [value for value in seen if value is not None]
    # One that is not known might be the largest, or make the sum another.
    if not known or len(known) < len(seen):
        return None
    match function:
        case "min_of":
            return min(known)
        case "max_of":
            return max(known)
        case "sum_of":
            return math.fsum(known)
        case _:
            return math.fsum(known) / len(known)
