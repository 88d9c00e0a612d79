"""A page: what there is to show, as plain data. A face (Slack, the terminal) draws it.

Texts are plain: no Slack markup, no ANSI. A face escapes every one of them. Times are values, so that each
reader sees them in his own time zone.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


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


Span = str | Moment | Mention


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


Part = Text | Facts | Table | Items | Note


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
