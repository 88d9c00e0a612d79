"""What came in from a face, and what goes back to it. Plain data: a face draws it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from commands.people import Face
from ledger.page import Page


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that somebody asked, typed or pressed.

    `id` is unique to the delivery (Slack delivers some things twice: the same id leaves one audit
    record and one effect). `runs_as`: the user that the terminal's process runs as, where that is not the person who
    logged in (sudo, su).
    """

    id: str
    person_id: str
    person_name: str
    face: Face
    channel: str | None
    text: str
    at: datetime
    runs_as: str | None = None


class FieldKind(StrEnum):
    LINE = "line"  # one line of text
    PARAGRAPH = "paragraph"


@dataclass(frozen=True, slots=True)
class FormField:
    """Something to fill in. `expected`, where given, is the only text accepted (the cluster's name typed)."""

    name: str
    label: str
    kind: FieldKind
    required: bool
    hint: str = ""
    expected: str | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """A plan to look at and a few fields to fill in before it is submitted.

    `draft` is what `submit` needs to know again (JSON, below 3000 characters); it is checked there, never trusted.
    Without fields and `submit_label` it is only to read: a check failed, or a dry run was asked for. `ready` says
    whether nothing stands in the way of what it shows.
    """

    page: Page
    fields: tuple[FormField, ...]
    submit_label: str | None
    draft: str
    ready: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question or a click. `private` ones only the asker sees. `operation` is the id of the one that it
    started, if it did."""

    page: Page
    private: bool = True
    operation: str | None = None


@dataclass(frozen=True, slots=True)
class FieldErrors:
    """A form came back wrong: by field name, what is wrong and what would be right."""

    errors: dict[str, str]


class Decision(StrEnum):
    """What a person decides on an operation that awaits approval or runs."""

    APPROVE = "approve"
    REJECT = "reject"
    CANCEL = "cancel"
