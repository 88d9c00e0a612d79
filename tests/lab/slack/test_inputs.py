"""What a person fills in, as Slack sends it."""

from __future__ import annotations

import pytest

from lab.slack.kit.inputs import REQUIRED_FIELD, element_value, initial_values, refused_by_client
from tests.lab.slack.bolt import JSON, plain, text_input

OPTIONS = [{"text": plain(name), "value": name} for name in ("s1", "s2", "s3")]
GROUPS = [{"label": plain("main"), "options": OPTIONS[:1]}, {"label": plain("spare"), "options": OPTIONS[1:]}]


@pytest.mark.parametrize(
    ("element", "given", "sent"),
    [
        ({"type": "plain_text_input"}, "main", {"value": "main"}),
        ({"type": "number_input"}, "15", {"value": "15"}),
        ({"type": "static_select", "options": OPTIONS}, "s2", {"selected_option": OPTIONS[1]}),
        ({"type": "static_select", "option_groups": GROUPS}, "s3", {"selected_option": OPTIONS[2]}),
        ({"type": "radio_buttons", "options": OPTIONS}, "s1", {"selected_option": OPTIONS[0]}),
        ({"type": "checkboxes", "options": OPTIONS}, ["s1", "s3"], {"selected_options": [OPTIONS[0], OPTIONS[2]]}),
        ({"type": "multi_static_select", "options": OPTIONS}, [], {"selected_options": []}),
        ({"type": "users_select"}, "U0BOB", {"selected_user": "U0BOB"}),
        ({"type": "multi_users_select"}, ["U0BOB"], {"selected_users": ["U0BOB"]}),
        ({"type": "conversations_select"}, "C0OPS", {"selected_conversation": "C0OPS"}),
        ({"type": "channels_select"}, "C0OPS", {"selected_channel": "C0OPS"}),
        ({"type": "datepicker"}, "2026-11-24", {"selected_date": "2026-11-24"}),
        ({"type": "timepicker"}, "03:12", {"selected_time": "03:12"}),
        ({"type": "datetimepicker"}, 1795489920, {"selected_date_time": 1795489920}),
    ],
)
def test_a_plain_value_becomes_slacks_own(element: JSON, given: object, sent: JSON) -> None:
    assert element_value(element, given) == {"type": element["type"], **sent}


def test_only_what_is_offered_can_be_chosen() -> None:
    with pytest.raises(LookupError, match="no option 's4'; there is: s1, s2, s3"):
        element_value({"type": "static_select", "options": OPTIONS}, "s4")
    with pytest.raises(LookupError, match="a button holds no value"):
        element_value({"type": "button"}, "x")


def test_an_untouched_modal_holds_its_initial_values() -> None:
    reason = {"type": "plain_text_input", "action_id": "typed", "initial_value": "maintenance"}
    choices = {"type": "checkboxes", "action_id": "chosen", "options": OPTIONS}
    blocks = [
        text_input("reason", element=reason),
        {"type": "input", "block_id": "servers", "label": plain("Servers"), "element": choices},
    ]
    assert initial_values(blocks) == {
        "reason": {"typed": {"type": "plain_text_input", "value": "maintenance"}},
        "servers": {"chosen": {"type": "checkboxes", "selected_options": []}},
    }


def test_slacks_client_lets_no_empty_required_field_and_no_wrong_length_through() -> None:
    short = {"type": "plain_text_input", "action_id": "typed", "min_length": 3, "max_length": 5}
    blocks = [text_input("name"), text_input("note", optional=True), text_input("code", element=short)]

    def values(name: str, code: str) -> JSON:
        return {"name": {"typed": {"value": name}}, "code": {"typed": {"value": code}}}

    assert refused_by_client(blocks, values("main", "abcd")) == {}
    assert refused_by_client(blocks, values("", "abcd")) == {"name": REQUIRED_FIELD}
    assert refused_by_client(blocks, values("main", "ab")) == {"code": "Please use at least 3 characters."}
    assert refused_by_client(blocks, values("main", "abcdef")) == {"code": "Please use no more than 5 characters."}
