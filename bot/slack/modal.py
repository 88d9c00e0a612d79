"""Forms as modals, and what comes back from them.

The text that a field expects travels in its block_id, so that a wrong one is told at once, without any look-up. It is
a help for the person alone: the order checks every value again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.slack.draw import Block, Surface, draw_parts, header, plain, small
from bot.slack.lines import marked
from bot.slack.plain import cut, one_line, size
from commands.asked import FieldKind, Form, FormField
from ledger.page import Page, Tone

TITLE, SUBMIT, LABEL, HINT, BLOCK_ID, METADATA, CALLBACK = 24, 24, 2_000, 2_000, 255, 3_000, 255
FORM, SHOWN = "order", "shown"
_FIELD = "field"
_ERROR = "error"
_SENT_VALUE = "value"


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a person filled in. `expected` has the texts that some fields ask for, as the modal carried them."""

    draft: str
    channel: str | None
    values: Mapping[str, str]
    expected: Mapping[str, str]


def form_view(form: Form, channel: str | None) -> Block:
    """A form as a modal. Only to read when it has nothing to submit. Raises ValueError for too long a draft."""
    if size(form.draft) > METADATA:
        raise ValueError(f"a form's draft has {size(form.draft)} characters; Slack carries {METADATA}")
    blocks = _page_blocks(form.page)
    if form.submit_label is None:
        return _modal(form.page.title, blocks, callback=SHOWN)
    blocks.extend(_input(field) for field in form.fields)
    view = _modal(form.page.title, blocks, callback=f"{FORM}:{channel or ''}")
    return {**view, "submit": plain(cut(one_line(form.submit_label) or "Send", SUBMIT)), "private_metadata": form.draft}


def page_view(page: Page) -> Block:
    """A page in a modal, only to read."""
    return _modal(page.title, _page_blocks(page), callback=SHOWN)


def waiting_view(title: str, line: str) -> Block:
    """What stands there while the servers are looked at or the form is on its way."""
    return _modal(title, [{"type": "section", "text": plain(f"⏳ {line}")}], callback=SHOWN)


def error_view(view: Mapping[str, Any], errors: Mapping[str, str]) -> Block:
    """The submitted modal again, what was filled in kept, with what is wrong under each field."""
    blocks: list[Block] = []
    left = dict(errors)
    for block in _fields_kept(view):
        blocks.append(block)
        name = _field_name(str(block.get("block_id", "")))
        if name is not None and name in left:
            blocks.append(_error(name, left.pop(name)))
    blocks.extend(_error(name, message) for name, message in left.items())
    kept = ("type", "callback_id", "private_metadata", "title", "submit", "close")
    return {**{name: view[name] for name in kept if view.get(name)}, "blocks": blocks[:100]}


def submitted(view: Mapping[str, Any]) -> Submitted:
    """What came back in a view submission."""
    values: dict[str, str] = {}
    expected: dict[str, str] = {}
    filled = view.get("state", {}).get("values", {})
    for block in view.get("blocks", ()):
        block_id = str(block.get("block_id", ""))
        name = _field_name(block_id)
        if name is None:
            continue
        values[name] = str(filled.get(block_id, {}).get(_SENT_VALUE, {}).get("value") or "")
        _, _, wanted = block_id.removeprefix(f"{_FIELD}:").partition(":")
        if wanted:
            expected[name] = wanted
    channel = str(view.get("callback_id", "")).removeprefix(f"{FORM}:") or None
    return Submitted(str(view.get("private_metadata", "")), channel, values, expected)


def unexpected(given: Submitted, view: Mapping[str, Any]) -> dict[str, str]:
    """Slack's errors, by block_id, for the fields in which something else than the expected text was typed."""
    errors: dict[str, str] = {}
    for block in view.get("blocks", ()):
        block_id = str(block.get("block_id", ""))
        name = _field_name(block_id)
        if name is not None and name in given.expected and given.values[name].strip() != given.expected[name]:
            errors[block_id] = f"Type “{given.expected[name]}” to go on."
    return errors


def _modal(title: str, blocks: list[Block], *, callback: str) -> Block:
    return {
        "type": "modal", "callback_id": callback[:CALLBACK],
        "title": plain(_short(title)), "close": plain("Close"), "blocks": blocks,
    }  # fmt: skip


def _short(title: str) -> str:
    """What stands before the colon is enough here: the whole title is in the header below."""
    return cut(one_line(title).partition(": ")[0] or "Understudy", TITLE)


def _page_blocks(page: Page) -> list[Block]:
    body, _ = draw_parts(page, Surface.VIEW)
    return [header(marked(page.tone, page.title)), *body]


def _input(field: FormField) -> Block:
    expected = f":{field.expected}" if field.expected else ""
    if size(f"{_FIELD}:{field.name}{expected}") > BLOCK_ID:
        expected = ""
    hint = one_line(field.hint or (f"Type “{field.expected}”." if field.expected else ""))
    return {
        "type": "input",
        "block_id": f"{_FIELD}:{field.name}{expected}",
        "label": plain(cut(one_line(field.label) or field.name, LABEL)),
        "element": {
            "type": "plain_text_input", "action_id": _SENT_VALUE, "multiline": field.kind is FieldKind.PARAGRAPH,
        },
        "optional": not field.required,
        **({"hint": plain(cut(hint, HINT))} if hint else {}),
    }  # fmt: skip


def _fields_kept(view: Mapping[str, Any]) -> list[Block]:
    """The blocks of a view as it came back, what was filled in as initial values, earlier errors taken out."""
    filled = view.get("state", {}).get("values", {})
    kept: list[Block] = []
    for block in view.get("blocks", ()):
        block_id = str(block.get("block_id", ""))
        if block_id.startswith(f"{_ERROR}:"):
            continue
        value = filled.get(block_id, {}).get(_SENT_VALUE, {}).get("value")
        if block.get("type") == "input" and value:
            block = {**block, "element": {**block["element"], "initial_value": value}}
        kept.append(block)
    return kept


def _error(name: str | None, message: str) -> Block:
    return {**small(marked(Tone.WARNING, message)), "block_id": f"{_ERROR}:{name}"[:BLOCK_ID]}


def _field_name(block_id: str) -> str | None:
    kind, _, rest = block_id.partition(":")
    return rest.partition(":")[0] if kind == _FIELD else None
