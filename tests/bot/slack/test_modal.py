"""Forms as modals: within Slack's limits, with nothing interpreted, and nothing of what was typed lost."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.slack.modal import error_view, form_view, page_view, submitted, unexpected, waiting_view
from commands.asked import FieldKind, Form, FormField
from lab.slack.kit.blocks import Surface
from lab.slack.store.views import check_view
from ledger.page import Page, Tone
from tests.bot.slack.pages import pages, parsed_texts, texts
from tests.bot.slack.test_drawing import is_harmless

FIELDS = (
    FormField("reason", "Reason", FieldKind.PARAGRAPH, required=True, hint="For the audit log"),
    FormField("cluster", "Type the cluster's name", FieldKind.LINE, required=True, expected="main"),
)
FORM = Form(Page("Switchover", Tone.WARNING, "db1 → db2"), FIELDS, "Ask for approval", '{"a":1}')
quick = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


def filled(view: dict[str, Any], **values: str) -> dict[str, Any]:
    """The view as Slack sends it back."""
    state = {
        block["block_id"]: {"value": {"type": "plain_text_input", "value": values.get(block["block_id"].split(":")[1])}}
        for block in view["blocks"]
        if block["type"] == "input"
    }
    return {**view, "id": "V1", "state": {"values": state}}


def is_taken(view: dict[str, Any]) -> bool:
    return bool(check_view(view, Surface.MODAL, lambda _: False))


@quick
@given(pages, texts, texts.filter(bool))
def test_any_form_is_a_modal_that_slack_takes(page: Page, label: str, submit: str) -> None:
    form = Form(page, (FormField("reason", label, FieldKind.LINE, required=False, hint=label),), submit or "Send", "{}")
    view = form_view(form, "C0OPS")
    assert is_taken(view)
    assert all(is_harmless(parsed) for parsed in parsed_texts(view))


@quick
@given(pages)
def test_any_page_is_a_modal_that_slack_takes(page: Page) -> None:
    assert is_taken(page_view(page))


@quick
@given(st.dictionaries(st.sampled_from(("reason", "cluster", "")), texts.filter(bool)))
def test_any_errors_make_a_modal_that_slack_takes(errors: dict[str, str]) -> None:
    view = filled(form_view(FORM, "C0OPS"), reason="disk", cluster="main")
    assert is_taken(error_view(view, errors))
    assert is_taken(error_view(filled(error_view(view, errors), reason="disk"), errors))


def test_what_was_filled_in_comes_back_with_the_draft_and_the_channel() -> None:
    given_back = submitted(filled(form_view(FORM, "C0OPS"), reason="disk", cluster="main"))
    assert given_back.draft == FORM.draft
    assert given_back.channel == "C0OPS"
    assert given_back.values == {"reason": "disk", "cluster": "main"}


def test_only_the_expected_text_is_accepted() -> None:
    for typed, accepted in (("main", True), (" main ", True), ("Main", False), ("", False)):
        view = filled(form_view(FORM, None), reason="disk", cluster=typed)
        assert (unexpected(submitted(view), view) == {}) is accepted


def test_errors_keep_what_was_filled_in() -> None:
    view = error_view(filled(form_view(FORM, "C0OPS"), reason="disk", cluster="main"), {"reason": "Say more."})
    kinds = [block["type"] for block in view["blocks"]]
    assert kinds[-3:] == ["input", "context", "input"]
    assert view["blocks"][-3]["element"]["initial_value"] == "disk"
    assert submitted({**view, "state": {"values": {}}}).draft == FORM.draft


def test_a_form_to_read_cannot_be_submitted() -> None:
    view = form_view(Form(FORM.page, FIELDS, None, "{}"), "C0OPS")
    assert "submit" not in view
    assert all(block["type"] != "input" for block in view["blocks"])


def test_a_draft_that_slack_cannot_carry_is_an_error_of_ours() -> None:
    with pytest.raises(ValueError, match="3001"):
        form_view(Form(FORM.page, FIELDS, "Send", "x" * 3_001), None)


def test_while_one_waits_the_modal_says_so() -> None:
    view = waiting_view("Promote", "Looking at the servers…")
    assert is_taken(view)
    assert "Looking" in str(view["blocks"])
