"""What a threshold is measured in, and what it must not be."""

from dataclasses import Field, dataclass, field
from enum import StrEnum
from typing import Any

MINUTE = 60.0
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MEBIBYTE = 1024.0 * 1024.0
GIBIBYTE = 1024 * MEBIBYTE

_KEY = "threshold"


class Unit(StrEnum):
    SHARE = "share"
    BYTES = "bytes"
    SECONDS = "seconds"
    TIMES = "times"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Kind:
    """`not_above` names the threshold that comes later, so that this one must not be above it."""

    unit: Unit
    not_above: str | None = None
    least: float = 0.0


def kind_of(threshold: "Field[Any]") -> Kind:
    """The kind of a field that was made by one of the functions below."""
    kind: Kind = threshold.metadata[_KEY]
    return kind


def seconds(default: float, *, not_above: str | None = None) -> float:
    return _threshold(default, Kind(Unit.SECONDS, not_above))


def share(default: float, *, not_above: str | None = None) -> float:
    """Between 0 and 1."""
    return _threshold(default, Kind(Unit.SHARE, not_above))


def size(default: float, *, not_above: str | None = None) -> float:
    """In bytes."""
    return _threshold(default, Kind(Unit.BYTES, not_above))


def times(default: float, *, not_above: str | None = None, least: float = 0.0) -> float:
    """As much as something else."""
    return _threshold(default, Kind(Unit.TIMES, not_above, least))


def count(default: float, *, not_above: str | None = None) -> float:
    return _threshold(default, Kind(Unit.COUNT, not_above))


def _threshold(default: float, kind: Kind) -> float:
    # A dataclass takes the field for what it is; whoever reads the class sees a number with a default.
    made: float = field(default=float(default), metadata={_KEY: kind})
    return made
