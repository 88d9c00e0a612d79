"""A page: what there is to show, as plain data. A face (Slack, the terminal) draws it.

Texts are plain: no Slack markup, no ANSI. A face escapes every one of them. Times are values, so that each
reader sees them in his own time zone.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ledger.units import Unit


class Tone(StrEnum):
    """What a page, a check or a step is about. A face shows it as emoji and word first, colour second."""

    GOOD = "good"
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"
    FAILED = "failed"  # a check or a step
    UNKNOWN = "unknown"
    RUNNING = "running"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time (aware) within a text; a face writes it in the reader's time zone."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Mention:
    """A person or a Slack user group within a text, named and never notified unless `notify`."""

    name: str
    slack_id: str | None = None
    notify: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """An address of the settings within a text, never one that a person or a server wrote; a face can be made to lead
    there."""

    label: str
    url: str


Span = str | Moment | Mention | Link


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph. `literal` asks for a fixed-width font (output of a server, a command to type)."""

    spans: tuple[Span, ...]
    literal: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Short labelled values, side by side where there is room."""

    pairs: tuple[tuple[str, tuple[Span, ...]], ...]


@dataclass(frozen=True, slots=True)
class Table:
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Item:
    """A line with a mark before it: a check, a step, an alert in a list."""

    tone: Tone
    title: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Items:
    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """Small print: who did what, where the numbers come from."""

    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class PlotPoint:
    """What was measured at that moment, or from then on. `value` None: not known, a gap. `low` and `high` are the least
    and the most around it, where it stands for many values."""

    at: datetime
    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class PlotLine:
    """One series, by time. Between two points there is a line unless one of them is a gap."""

    label: str
    points: tuple[PlotPoint, ...]

    @property
    def known(self) -> tuple[PlotPoint, ...]:
        return tuple(point for point in self.points if point.value is not None)


@dataclass(frozen=True, slots=True)
class PlotLimit:
    """A threshold, drawn across. Its tone says what lies beyond it."""

    label: str
    value: float
    tone: Tone = Tone.WARNING


@dataclass(frozen=True, slots=True)
class PlotMark:
    """Something that happened at that moment: an alert, an operation, a deploy."""

    at: datetime
    label: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Values over time. A face draws it as a picture, or as a sparkline where it cannot: the numbers that matter stand
    beside it as text. `zone` (IANA) is that of whoever asked; None: the face's own."""

    title: str
    unit: Unit
    start: datetime
    end: datetime
    lines: tuple[PlotLine, ...]
    limits: tuple[PlotLimit, ...] = ()
    marks: tuple[PlotMark, ...] = ()
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class File:
    """A text to be attached in the page's thread, such as a report in Markdown. Not part of what is read at once."""

    name: str
    title: str
    text: str


Part = Text | Facts | Table | Items | Note | Plot | File


@dataclass(frozen=True, slots=True)
class Button:
    """Something to press. `action` names what happens ("alert.acknowledge"), `value` to what (an id)."""

    action: str
    label: str
    value: str
    style: str = "default"  # "primary", "danger"
    choices: tuple[tuple[str, str], ...] = ()  # (value, label): drawn as a menu instead of a button


@dataclass(frozen=True, slots=True)
class Page:
    """One thing to show: a headline with its tone, parts in order, at most four buttons.

    `summary` is the whole in one line: notifications and screen readers get it first.
    """

    title: str
    tone: Tone
    summary: str
    parts: tuple[Part, ...] = ()
    buttons: tuple[Button, ...] = field(default=())

    def __post_init__(self) -> None:
        if len(self.buttons) > 4:
            raise ValueError("a page has at most four buttons")


def text(*spans: Span) -> Text:
    return Text(spans)


def note(*spans: Span) -> Note:
    return Note(spans)
