"""Slack's rules for the interactive elements of Block Kit.

Limits: https://docs.slack.dev/reference/block-kit/block-elements and …/composition-objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lab.slack.kit.problems import Object, Problems

SELECTS: Final = ("static_select", "external_select", "users_select", "conversations_select", "channels_select")
MULTI_SELECTS: Final = tuple(f"multi_{name}" for name in SELECTS)
PICKERS: Final = ("datepicker", "timepicker", "datetimepicker")
CHOICES: Final = ("checkboxes", "radio_buttons")
TEXT_INPUTS: Final = (
    "plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input",
)  # fmt: skip

IN_ACTIONS: Final = frozenset(
    ("button", "overflow", "workflow_button", "rich_text_input", *SELECTS, *PICKERS, *CHOICES),
)
IN_SECTION: Final = frozenset(("button", "overflow", "workflow_button", "image", *SELECTS, *MULTI_SELECTS, *CHOICES,
                               "datepicker", "timepicker"))  # fmt: skip
IN_INPUT: Final = frozenset((*TEXT_INPUTS, "file_input", *SELECTS, *MULTI_SELECTS, *PICKERS, *CHOICES))

# Properties that Slack takes beside `type` and `action_id`; anything else is an "invalid additional property".
_COMMON: Final = ("type", "action_id", "confirm", "focus_on_load")
_SELECT: Final = ("placeholder",)
_PROPERTIES: Final[Mapping[str, tuple[str, ...]]] = {
    "button": ("text", "url", "value", "style", "accessibility_label"),
    "workflow_button": ("text", "workflow", "style", "accessibility_label"),
    "overflow": ("options",),
    "checkboxes": ("options", "initial_options"),
    "radio_buttons": ("options", "initial_option"),
    "datepicker": ("initial_date", "placeholder"),
    "timepicker": ("initial_time", "placeholder", "timezone"),
    "datetimepicker": ("initial_date_time",),
    "static_select": (*_SELECT, "options", "option_groups", "initial_option"),
    "external_select": (*_SELECT, "initial_option", "min_query_length"),
    "users_select": (*_SELECT, "initial_user"),
    "conversations_select": (*_SELECT, "initial_conversation", "default_to_current_conversation", "filter",
                             "response_url_enabled"),
    "channels_select": (*_SELECT, "initial_channel", "response_url_enabled"),
    "multi_static_select": (*_SELECT, "options", "option_groups", "initial_options", "max_selected_items"),
    "multi_external_select": (*_SELECT, "initial_options", "min_query_length", "max_selected_items"),
    "multi_users_select": (*_SELECT, "initial_users", "max_selected_items"),
    "multi_conversations_select": (*_SELECT, "initial_conversations", "default_to_current_conversation", "filter",
                                   "max_selected_items"),
    "multi_channels_select": (*_SELECT, "initial_channels", "max_selected_items"),
    "plain_text_input": ("initial_value", "multiline", "min_length", "max_length", "placeholder",
                         "dispatch_action_config"),
    "email_text_input": ("initial_value", "placeholder", "dispatch_action_config"),
    "url_text_input": ("initial_value", "placeholder", "dispatch_action_config"),
    "number_input": ("is_decimal_allowed", "initial_value", "min_value", "max_value", "placeholder",
                     "dispatch_action_config"),
    "rich_text_input": ("initial_value", "placeholder", "dispatch_action_config"),
    "file_input": ("filetypes", "max_files"),
}  # fmt: skip
_REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "button": ("text",),
    "workflow_button": ("text", "workflow"),
    "overflow": ("options",),
    "checkboxes": ("options",),
    "radio_buttons": ("options",),
    "number_input": ("is_decimal_allowed",),
}
_OPTION_LIMITS: Final[Mapping[str, int]] = {"overflow": 5, "checkboxes": 10, "radio_buttons": 10}


def check_element(problems: Problems, element: Object, pointer: str) -> None:
    """One interactive element of a known type. Images are no elements of this kind; see blocks.py."""
    kind = str(element["type"])
    required = ("type", *_REQUIRED.get(kind, ()))
    optional = (*_COMMON, *_PROPERTIES.get(kind, ()))
    problems.properties(element, pointer, required=required, optional=optional)
    problems.length(element.get("action_id"), f"{pointer}/action_id", 255, minimum=1)
    problems.text(element.get("placeholder"), f"{pointer}/placeholder", 150, plain=True)
    if element.get("confirm") is not None:
        _check_confirm(problems, element["confirm"], f"{pointer}/confirm")
    if kind in ("button", "workflow_button"):
        _check_button(problems, element, pointer)
    elif kind == "plain_text_input":
        _check_text_input(problems, element, pointer)
    elif "options" in _PROPERTIES.get(kind, ()):
        _check_options(problems, element, pointer)


def _check_button(problems: Problems, button: Object, pointer: str) -> None:
    problems.text(button.get("text"), f"{pointer}/text", 75, plain=True)
    problems.length(button.get("value"), f"{pointer}/value", 2000)
    problems.length(button.get("url"), f"{pointer}/url", 3000)
    problems.length(button.get("accessibility_label"), f"{pointer}/accessibility_label", 75)
    if button.get("style") not in (None, "primary", "danger"):
        problems.add("must be one of: primary, danger", f"{pointer}/style")


def _check_text_input(problems: Problems, element: Object, pointer: str) -> None:
    for name, lowest in (("min_length", 0), ("max_length", 1)):
        value = element.get(name)
        if value is not None and not (isinstance(value, int) and lowest <= value <= 3000):
            problems.add(f"must be between {lowest} and 3000", f"{pointer}/{name}")
    initial, longest = element.get("initial_value"), element.get("max_length")
    problems.length(initial, f"{pointer}/initial_value", longest if isinstance(longest, int) else 3000)


def _check_options(problems: Problems, element: Object, pointer: str) -> None:
    kind = str(element["type"])
    limit = _OPTION_LIMITS.get(kind, 100)
    options: list[Any] = []
    groups = element.get("option_groups")
    if groups is None:
        if kind not in _REQUIRED and element.get("options") is None:
            problems.add("missing required field: options", pointer)
        options.extend(problems.items(element.get("options"), f"{pointer}/options", limit))
        for index, option in enumerate(options):
            _check_option(problems, option, f"{pointer}/options/{index}", plain=kind not in CHOICES)
    for number, group in enumerate(problems.items(groups, f"{pointer}/option_groups", 100)):
        at = f"{pointer}/option_groups/{number}"
        if problems.is_object(group, at):
            problems.text(group.get("label"), f"{at}/label", 75, plain=True)
            for index, option in enumerate(problems.items(group.get("options"), f"{at}/options", 100)):
                _check_option(problems, option, f"{at}/options/{index}", plain=True)
                options.append(option)
    _check_initial(problems, element, options, pointer)


def _check_option(problems: Problems, option: object, pointer: str, *, plain: bool) -> None:
    if not problems.is_object(option, pointer) or not isinstance(option, Mapping):
        return
    if problems.properties(option, pointer, required=("text", "value"), optional=("description", "url")):
        problems.text(option["text"], f"{pointer}/text", 75, plain=plain)
        problems.length(option["value"], f"{pointer}/value", 150)
        problems.text(option.get("description"), f"{pointer}/description", 75, plain=plain)


def _check_initial(problems: Problems, element: Object, options: list[Any], pointer: str) -> None:
    values = [option.get("value") for option in options if isinstance(option, Mapping)]
    for name in ("initial_option", "initial_options"):
        given = element.get(name)
        for chosen in given if isinstance(given, list) else [given]:
            if isinstance(chosen, Mapping) and chosen.get("value") not in values:
                problems.add(f"`{name}` must match one of the options", f"{pointer}/{name}")


def _check_confirm(problems: Problems, confirm: object, pointer: str) -> None:
    if not problems.is_object(confirm, pointer) or not isinstance(confirm, Mapping):
        return
    problems.properties(confirm, pointer, required=("title", "text", "confirm", "deny"), optional=("style",))
    problems.text(confirm.get("title"), f"{pointer}/title", 100, plain=True)
    problems.text(confirm.get("text"), f"{pointer}/text", 300)
    problems.text(confirm.get("confirm"), f"{pointer}/confirm", 30, plain=True)
    problems.text(confirm.get("deny"), f"{pointer}/deny", 30, plain=True)
