"""What a person fills in: from plain values to the `state.values` that Slack sends, and what its client refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from lab.slack.errors import JSON
from lab.slack.kit.blocks import interactive_elements
from lab.slack.kit.problems import Object

# Element type → the key under which Slack sends its value, and the key of its initial value.
_SINGLE: Final[Mapping[str, tuple[str, str]]] = {
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "file_input": ("files", "initial_files"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "multi_users_select": ("selected_users", "initial_users"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
}
REQUIRED_FIELD: Final = "Please complete this required field."


def value_key(element_type: str) -> str | None:
    """The key of the value in an action or state, such as `selected_option`; None for buttons and menus."""
    keys = _SINGLE.get(element_type)
    return keys[0] if keys else None


def options_of(element: Object) -> Iterator[Object]:
    yield from element.get("options") or ()
    for group in element.get("option_groups") or ():
        yield from group["options"]


def element_value(element: Object, given: object) -> JSON:
    """One entry of `state.values` for a plain value: a text, an option's `value` (or a list of them), an id, a date."""
    kind = str(element["type"])
    key = value_key(kind)
    if key is None:
        raise LookupError(f"a {kind} holds no value")
    if key == "selected_option" and isinstance(given, str):
        given = _option(element, given)
    elif key == "selected_options" and isinstance(given, Sequence) and not isinstance(given, str):
        given = [_option(element, item) if isinstance(item, str) else item for item in given]
    return {"type": kind, key: given}


def _option(element: Object, value: str) -> JSON:
    for option in options_of(element):
        if option["value"] == value:
            return dict(option)
    if "options" in element or "option_groups" in element:
        known = ", ".join(str(option["value"]) for option in options_of(element))
        raise LookupError(f"no option {value!r}; there is: {known}")
    return {"text": {"type": "plain_text", "text": value, "emoji": True}, "value": value}


def initial_values(blocks: Sequence[Object]) -> JSON:
    """The state of a view that nobody has touched yet."""
    values: JSON = {}
    for block, element in interactive_elements(blocks):
        keys = _SINGLE.get(str(element["type"]))
        if keys is not None:
            default: Any = [] if keys[0] in ("selected_options", "files") else None
            entry = {"type": element["type"], keys[0]: element.get(keys[1], default)}
            values.setdefault(block["block_id"], {})[element["action_id"]] = entry
    return values


def refused_by_client(blocks: Sequence[Object], values: Mapping[str, Any]) -> dict[str, str]:
    """What Slack's own client would not let through, by block id: empty required fields and lengths."""
    errors: dict[str, str] = {}
    for block, element in interactive_elements(blocks):
        key = value_key(str(element["type"]))
        if block.get("type") != "input" or key is None:
            continue
        value = (values.get(block["block_id"], {}).get(element["action_id"]) or {}).get(key)
        if not value and not block.get("optional"):
            errors[block["block_id"]] = REQUIRED_FIELD
        elif isinstance(value, str) and element["type"] == "plain_text_input":
            shortest, longest = element.get("min_length") or 0, element.get("max_length") or 3000
            if value and len(value) < shortest:
                errors[block["block_id"]] = f"Please use at least {shortest} characters."
            elif len(value) > longest:
                errors[block["block_id"]] = f"Please use no more than {longest} characters."
    return errors
