"""What an expression of a rule may be: values that probes observe, numbers, arithmetic, comparisons, and, or, not.

Nothing else can be said in it: there is no call, attribute or loop of any language behind it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

# Functions over the last while of a value, and over all subjects that have it now.
OVER_TIME = ("avg", "min", "max", "delta", "rate")
OVER_SUBJECTS = ("avg_of", "min_of", "max_of", "sum_of")


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Value:
    """What a probe observes under that name: of the rule's own subject, else of its server, else of its cluster.

    `subject`: of that one instead; a file system or the like of the rule's own server may leave the server out.
    """

    name: str
    at: int
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class OverTime:
    """`rate` is a second, `delta` the last value less the first."""

    function: str
    value: Value
    seconds: float


@dataclass(frozen=True, slots=True)
class OverSubjects:
    function: str
    value: Value


@dataclass(frozen=True, slots=True)
class Arithmetic:
    sign: str  # + - * /
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Negative:
    of: "Expression"


@dataclass(frozen=True, slots=True)
class Comparison:
    sign: str  # < <= > >= == !=
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Both:
    word: str  # and, or
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Not:
    of: "Expression"


Expression: TypeAlias = Number | Value | OverTime | OverSubjects | Arithmetic | Negative | Comparison | Both | Not
TRUTHS = (Comparison, Both, Not)


def parts(expression: Expression) -> Iterator[Expression]:
    """It, and all that it is made of, from left to right."""
    yield expression
    match expression:
        case Arithmetic(_, left, right) | Comparison(_, left, right) | Both(_, left, right):
            yield from parts(left)
            yield from parts(right)
        case Negative(of) | Not(of):
            yield from parts(of)
        case OverTime(_, value, _) | OverSubjects(_, value):
            yield value


def values(expression: Expression) -> tuple[Value, ...]:
    return tuple(part for part in parts(expression) if isinstance(part, Value))


def leading(expression: Expression) -> Value:
    """The value whose subjects the rule is asked about: the first one that names none itself."""
    found = values(expression)
    return next((value for value in found if value.subject is None), found[0])


def windows(expression: Expression) -> dict[str, float]:
    """Which values are wanted over time, and for how many seconds back at most."""
    longest: dict[str, float] = {}
    for part in parts(expression):
        if isinstance(part, OverTime):
            longest[part.value.name] = max(part.seconds, longest.get(part.value.name, 0.0))
    return longest
