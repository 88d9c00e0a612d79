"""What a plot is of: the series that are drawn, those that stand beside them in the table, and the thresholds."""

from dataclasses import dataclass

from ledger.page import Tone
from ledger.units import Unit


@dataclass(frozen=True, slots=True)
class Threshold:
    """One of the settings' thresholds, by its name there."""

    name: str
    label: str  # with {value}
    tone: Tone = Tone.WARNING


@dataclass(frozen=True, slots=True)
class Measure:
    """`drawn` are the series that the plot shows, one line a subject; `beside` are in the table alone. Both are names
    that probes give to what they observe. `full`: the value at which it is over (a full disk), for when that will be.
    """

    drawn: tuple[str, ...]
    title: str
    unit: Unit
    thresholds: tuple[Threshold, ...] = ()
    beside: tuple[tuple[str, str], ...] = ()  # name, and what to call it
    full: float | None = None
    named: str = ""  # what to call the drawn one in a table that has others beside it
