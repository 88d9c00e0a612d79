"""What makes a message of the app: its checks, the ids filled in, and the fields that Slack adds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lab.slack.errors import JSON, SlackError
from lab.slack.kit.blocks import BLOCKS_TOO_LONG, Surface, check_blocks, text_length, with_ids
from lab.slack.store.state import SlackState

MOST_TEXT: Final = (
    40_000  # chat.postMessage cuts longer texts: https://docs.slack.dev/reference/methods/chat.postMessage
)
MOST_ATTACHMENTS: Final = 100


def checked_content(state: SlackState, arguments: Mapping[str, Any]) -> JSON:
    """`text`, `blocks` and `attachments` of an app's message, checked.

    Raises SlackError `no_text`, `invalid_blocks`, `invalid_blocks_format`, `msg_blocks_too_long`,
    `invalid_attachments` or `too_many_attachments`.
    """
    text = arguments.get("text")
    if text is not None and not isinstance(text, str):
        text = str(text)
    blocks = _checked_blocks(state, arguments.get("blocks"))
    attachments = _checked_attachments(state, arguments.get("attachments"))
    if not text and not blocks and not attachments:
        raise SlackError("no_text")
    content: JSON = {"text": (text or "")[:MOST_TEXT]}
    if blocks:
        content["blocks"] = blocks
    if attachments:
        content["attachments"] = attachments
    return content


def _checked_blocks(state: SlackState, blocks: object, pointer: str = "/blocks") -> list[JSON]:
    if blocks is None:
        return []
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    mistakes = check_blocks(blocks, Surface.MESSAGE, pointer=pointer, file_is_usable=state.files.is_usable)
    if mistakes:
        raise SlackError("invalid_blocks", messages=mistakes)
    if text_length(blocks) > BLOCKS_TOO_LONG:
        raise SlackError("msg_blocks_too_long")
    return with_ids(blocks)


def _checked_attachments(state: SlackState, attachments: object) -> list[JSON]:
    if attachments is None:
        return []
    if not isinstance(attachments, list) or not all(isinstance(one, Mapping) for one in attachments):
        raise SlackError("invalid_attachments")
    if len(attachments) > MOST_ATTACHMENTS:
        raise SlackError("too_many_attachments")
    checked: list[JSON] = []
    for index, attachment in enumerate(attachments):
        kept: JSON = {"id": index + 1, **attachment}
        if "blocks" in attachment:
            kept["blocks"] = _checked_blocks(state, attachment["blocks"], f"/attachments/{index}/blocks")
        checked.append(kept)
    return checked


def all_blocks(message: Mapping[str, Any]) -> list[JSON]:
    """A message's blocks and those inside its attachments; a view's blocks."""
    blocks = list(message.get("blocks") or ())
    for attachment in message.get("attachments") or ():
        blocks.extend(attachment.get("blocks") or ())
    return blocks


def by_the_app(state: SlackState, channel_id: str) -> JSON:
    """The fields that say a message comes from the app."""
    app = state.workspace.app
    return {
        "channel": channel_id,
        "user": app.bot_user_id,
        "bot_id": app.bot_id,
        "app_id": app.id,
        "team": state.workspace.team.id,
        "bot_profile": {"id": app.bot_id, "app_id": app.id, "name": app.name, "team_id": state.workspace.team.id},
    }


def respond(
    state: SlackState, response: Mapping[str, Any], channel_id: str, user_id: str, thread_ts: str | None
) -> JSON:
    """Posts a response to a command or a response URL: ephemeral unless `response_type` is `in_channel`.

    Raises SlackError as `checked_content` does.
    """
    message = {**by_the_app(state, channel_id), **checked_content(state, response)}
    thread = response.get("thread_ts") or thread_ts
    if thread:
        message["thread_ts"] = thread
    if response.get("response_type") == "in_channel":
        return state.messages.post(message)
    return state.messages.post_ephemeral(message, user_id)
