"""Slack's limits on blocks and views, each with Slack's own error code and a pointer to the mistake."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.errors import SlackApiError

from lab.slack import PracticePerson, PracticeSlack
from lab.slack.kit.blocks import Surface, check_blocks, with_ids
from tests.lab.slack.bolt import JSON, actions, button, client, connected, modal, new_app, plain, refusal, section
from tests.lab.slack.bolt import text_input as field


def context(*elements: JSON) -> JSON:
    return {"type": "context", "elements": list(elements)}


def header(text: str) -> JSON:
    return {"type": "header", "text": plain(text)}


def select(count: int) -> JSON:
    options = [{"text": plain(str(number)), "value": str(number)} for number in range(count)]
    return {"type": "static_select", "action_id": "one", "options": options}


def mrkdwn(text: str) -> JSON:
    return {"type": "mrkdwn", "text": text}


WRONG: dict[str, tuple[list[Any], str]] = {
    "51 blocks": ([{"type": "divider"}] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
    "long section": ([section("x" * 3001)], "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    "empty section": ([section("")], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    "long header": ([header("x" * 151)], "must be less than 151 characters [json-pointer:/blocks/0/text/text]"),
    "long button": (
        [actions(button("a", "x" * 76))],
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
    ),
    "long value": (
        [actions(button("a", "b", value="x" * 2001))],
        "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
    ),
    "long action_id": (
        [actions(button("a" * 256, "b"))],
        "must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]",
    ),
    "long block_id": (
        [section("x", block_id="b" * 256)],
        "must be less than 256 characters [json-pointer:/blocks/0/block_id]",
    ),
    "11 in context": (
        [context(*[mrkdwn("x")] * 11)],
        "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
    ),
    "26 in actions": (
        [actions(*[button(str(number), "b") for number in range(26)])],
        "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
    ),
    "11 fields": (
        [{"type": "section", "fields": [mrkdwn("x")] * 11}],
        "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
    ),
    "long field": (
        [{"type": "section", "fields": [mrkdwn("x" * 2001)]}],
        "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
    ),
    "101 options": (
        [actions(select(101))],
        "no more than 100 items allowed [json-pointer:/blocks/0/elements/0/options]",
    ),
    "unknown block": ([{"type": "banner"}], "unsupported type: banner [json-pointer:/blocks/0/type]"),
    "unknown property": (
        [actions(button("a", "b", disabled=True))],
        "invalid additional property: disabled [json-pointer:/blocks/0/elements/0]",
    ),
    "mrkdwn on a button": (
        [actions({"type": "button", "action_id": "a", "text": mrkdwn("b")})],
        "must be one of: plain_text [json-pointer:/blocks/0/elements/0/text/type]",
    ),
    "twice the same action_id": (
        [actions(button("a", "b"), button("a", "c"))],
        '`action_id` "a" already exists for another element [json-pointer:/blocks/0/elements/1/action_id]',
    ),
    "twice the same block_id": (
        [section("x", block_id="b"), section("y", block_id="b")],
        "`block_id` must be unique: b [json-pointer:/blocks/1/block_id]",
    ),
    "an image from this machine": (
        [{"type": "image", "image_url": "http://127.0.0.1/plot.png", "alt_text": "a plot"}],
        "downloading image failed [json-pointer:/blocks/0/image_url]",
    ),
    "no text object": ([{"type": "section", "text": "x"}], "must provide an object [json-pointer:/blocks/0/text]"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_message_with_wrong_blocks_is_refused(slack: PracticeSlack, name: str) -> None:
    blocks, message = WRONG[name]
    with pytest.raises(SlackApiError) as refused:
        await client(slack).chat_postMessage(channel="C0OPS", text="x", blocks=blocks)
    body = refusal(refused.value)
    assert body["error"] == "invalid_blocks"
    assert f"[ERROR] {message}" in body["response_metadata"]["messages"]
    assert slack.messages("C0OPS") == []


async def test_everything_at_its_limit_is_taken(slack: PracticeSlack) -> None:
    blocks = [
        section("x" * 3000, block_id="b" * 255),
        header("x" * 150),
        context(*[mrkdwn("x")] * 10),
        actions(*[button(f"{number:0255d}", "x" * 75, value="x" * 2000) for number in range(25)]),
        {"type": "section", "fields": [mrkdwn("x" * 500)] * 10},
        actions(select(100)),
        *[{"type": "divider"}] * 44,
    ]
    assert (await client(slack).chat_postMessage(channel="C0OPS", text="x", blocks=blocks))["ok"]


async def test_all_blocks_together_have_a_limit(slack: PracticeSlack) -> None:
    with pytest.raises(SlackApiError) as refused:
        await client(slack).chat_postMessage(channel="C0OPS", text="x", blocks=[section("x" * 3000)] * 5)
    assert refusal(refused.value)["error"] == "msg_blocks_too_long"


async def test_blocks_inside_attachments_are_checked_kept_and_pressed(
    slack: PracticeSlack, alice: PracticePerson
) -> None:
    app, pressed = new_app(slack), []

    @app.action("ack")
    async def acknowledged(ack: Any, action: JSON) -> None:
        pressed.append(action["value"])
        await ack()

    def attachment(text: str) -> JSON:
        return {"color": "#a30200", "blocks": [section(text), actions(button("ack", "Acknowledge", value="main"))]}

    with pytest.raises(SlackApiError) as refused:
        await client(slack).chat_postMessage(channel="C0OPS", text="x", attachments=[attachment("x" * 3001)])
    assert "/attachments/0/blocks/0/text/text" in json.dumps(refusal(refused.value))
    async with connected(slack, app):
        await client(slack).chat_postMessage(channel="C0OPS", text="x", attachments=[attachment("primary down")])
        message = slack.messages("C0OPS")[0]
        assert message["attachments"][0]["color"] == "#a30200"
        assert (await alice.press(message, text="Acknowledge")).ok
    assert pressed == ["main"]


VIEWS: dict[str, tuple[JSON, str]] = {
    "long title": (modal(title=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/title/text]"),
    "long submit": (modal(submit=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/submit/text]"),
    "long close": (modal(close=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/close/text]"),
    "long metadata": (
        modal(private_metadata="x" * 3001),
        "must be less than 3001 characters [json-pointer:/view/private_metadata]",
    ),
    "101 blocks": (modal(*[{"type": "divider"}] * 101), "no more than 100 items allowed [json-pointer:/view/blocks]"),
    "input without submit": (modal(field("name"), submit=None), "missing required field: submit [json-pointer:/view]"),
    "markdown in a modal": (
        modal({"type": "markdown", "text": "x"}),
        "unsupported type: markdown [json-pointer:/view/blocks/0/type]",
    ),
    "no title": ({"type": "modal", "blocks": []}, "missing required field: title [json-pointer:/view]"),
}


@pytest.mark.parametrize("name", VIEWS)
async def test_a_wrong_view_is_refused_and_leaves_the_trigger_unused(
    slack: PracticeSlack, alice: PracticePerson, name: str
) -> None:
    view, message = VIEWS[name]
    app, answers = new_app(slack), []

    @app.command("/ha")
    async def ha(ack: Any, body: JSON) -> None:
        await ack()
        with pytest.raises(SlackApiError) as refused:
            await app.client.views_open(trigger_id=body["trigger_id"], view=view)
        answers.append(refusal(refused.value))
        await app.client.views_open(trigger_id=body["trigger_id"], view=modal(*[{"type": "divider"}] * 100))

    async with connected(slack, app):
        await alice.command("/ha", channel="C0OPS")
        assert len((await alice.wait_for_view())["blocks"]) == 100
    assert answers[0]["error"] == "invalid_arguments"
    assert f"[ERROR] {message}" in answers[0]["response_metadata"]["messages"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "text", "elements", "element", "accessory", "fields", "options", "block_id", "x"]),
            inner | st.sampled_from(["section", "actions", "button", "mrkdwn", "static_select", "overflow", "image"]),
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(blocks=anything, surface=st.sampled_from(Surface))
def test_no_garbage_breaks_the_check_and_whatever_passes_gets_ids(blocks: Any, surface: Surface) -> None:
    mistakes = check_blocks(blocks, surface, file_is_usable=lambda _: False)
    assert all("[json-pointer:/blocks" in mistake for mistake in mistakes)
    if isinstance(blocks, list) and not mistakes:
        assert all(block["block_id"] for block in with_ids(blocks))
