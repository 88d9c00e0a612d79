"""files.*: the three steps of an upload."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from lab.slack.api.arguments import Arguments
from lab.slack.api.method import Method
from lab.slack.api.rate_limits import Tier
from lab.slack.errors import JSON, SlackError
from lab.slack.store.composing import by_the_app, checked_content
from lab.slack.store.files import StoredFile
from lab.slack.store.state import SlackState


def get_upload_url(state: SlackState, arguments: Arguments) -> JSON:
    name = arguments.required("filename")
    if not arguments.required("length").isdigit() or arguments.required("length") == "0":
        raise SlackError("invalid_arguments", messages=["must be a positive number: length"])
    if len(arguments.text("alt_txt") or "") > 1000:
        raise SlackError("alt_txt_too_large")
    file, upload_url = state.files.start(name, state.workspace.app.bot_user_id)
    return {"upload_url": upload_url, "file_id": file.id}


def complete_upload(state: SlackState, arguments: Arguments) -> JSON:
    """Completes uploads and, with channels, shares them there in one message each, a little later."""
    wanted = arguments.json("files")
    if not isinstance(wanted, list) or not wanted or not all(isinstance(one, Mapping) for one in wanted):
        raise SlackError("invalid_arguments", messages=["missing required field: files"])
    references = arguments.names("channels") or arguments.names("channel_id")
    channels = [state.conversations.addressed(reference) for reference in references]
    for channel in channels:
        if state.workspace.app.bot_user_id not in channel.members:
            raise SlackError("not_in_channel")
    content: JSON = {"text": arguments.text("initial_comment") or ""}
    if not content["text"] and arguments.values.get("blocks"):
        content = checked_content(state, arguments.content())
    files = [state.files.complete(str(one.get("id")), one.get("title")) for one in wanted]
    for channel in channels:
        state.background.start(_share(state, files, channel.id, content, arguments.text("thread_ts")))
    return {"files": [state.files.as_json(file) for file in files]}


async def _share(
    state: SlackState, files: list[StoredFile], channel_id: str, content: JSON, thread_ts: str | None
) -> None:
    """Posts the files once Slack has looked at them, which is after the call was answered."""
    await asyncio.sleep(state.files.processing)
    for file in files:
        file.channels.append(channel_id)
    shown = [state.files.as_json(file) for file in files]
    message: JSON = {
        **by_the_app(state, channel_id),
        **content,
        "subtype": "file_share",
        "files": shown,
        "upload": True,
    }
    if thread_ts:
        message["thread_ts"] = thread_ts
    state.messages.post(message)


def file_info(state: SlackState, arguments: Arguments) -> JSON:
    return {"file": state.files.as_json(state.files.get(arguments.required("file"))), "comments": []}


METHODS: Final[Mapping[str, Method]] = {
    "files.getUploadURLExternal": Method(get_upload_url, ("files:write",), Tier.TIER_4),
    "files.completeUploadExternal": Method(complete_upload, ("files:write",), Tier.TIER_4),
    "files.info": Method(file_info, ("files:read",), Tier.TIER_4),
}
