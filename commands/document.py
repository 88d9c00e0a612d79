"""What the ledger keeps of an order: the plan that people approve and what is needed to make it again, as JSON."""

import json
from dataclasses import dataclass
from functools import cache

from pydantic import TypeAdapter, ValidationError

from commands.plan import Plan
from commands.policies import OrderPolicy


@dataclass(frozen=True, slots=True)
class Document:
    """An order as it was asked for. `order` is the command's name; `server` the one that was named, if one was;
    `words` what else was said (`commands.command.Meant`).

    `requester_key` is the requester's key in the settings, so that another id of the same human is recognised.
    `promised` is the policy under which it was asked for: no decision may ask for less. `alone`: whoever asked for it
    started it under break glass.
    """

    order: str
    server: str | None
    requester_key: str | None
    plan: Plan
    words: tuple[str, ...] = ()
    promised: OrderPolicy | None = None
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """What a form carries from the look to the submission. It comes back from outside: checked there, never trusted.

    `material` is the plan's material facts as they were shown (`Plan.material`). `alone`: to be started under break
    glass.
    """

    order: str
    cluster: str
    server: str | None
    material: str
    words: tuple[str, ...] = ()
    alone: bool = False


class UnreadableDraft(Exception):
    """A form came back with a draft that this bot did not write."""


def write_document(document: Document) -> str:
    return _documents().dump_json(document).decode()


def read_document(text: str) -> Document:
    """Raises pydantic's ValidationError for what `write_document` did not write."""
    return _documents().validate_json(text)


def write_draft(draft: Draft) -> str:
    return json.dumps([draft.order, draft.cluster, draft.server, draft.material, draft.words, draft.alone])


def read_draft(text: str) -> Draft:
    """Raises UnreadableDraft."""
    try:
        order, cluster, server, material, words, alone = _drafts().validate_json(text)
    except ValidationError as error:
        raise UnreadableDraft("This form cannot be read. Ask again with the command.") from error
    return Draft(order, cluster, server, material, words, alone)


def warm_up() -> None:
    """Does beforehand what the first document would have to wait for."""
    _documents()
    _drafts()


# Building an adapter takes milliseconds; the first use does it once.
@cache
def _documents() -> TypeAdapter[Document]:
    return TypeAdapter(Document)


@cache
def _drafts() -> TypeAdapter[tuple[str, str, str | None, str, tuple[str, ...], bool]]:
    return TypeAdapter(tuple[str, str, str | None, str, tuple[str, ...], bool])
