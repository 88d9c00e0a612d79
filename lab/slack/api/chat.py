"""chat.* and reactions.*"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lab.slack.api.arguments import Arguments
from lab.slack.api.method import Method
from lab.slack.api.rate_limits import Tier
from lab.slack.errors import JSON, SlackError
from lab.slack.store.composing import MOST_TEXT, by_the_app, checked_content
from lab.slack.store.messages import api_form
from lab.slack.store.state import SlackState
from lab.slack.workspace import Channel

MOST_UPDATED_TEXT: Final = 4000  # https://docs.slack.dev/reference/methods/chat.update, msg_too_long


def _writable(state: SlackState, reference: str) -> Channel:
    """The channel to write to; SlackError `channel_not_found` or `not_in_channel`."""
    channel = state.conversations.addressed(reference)
    app = state.workspace.app
    is_member = app.bot_user_id in channel.members
    if not is_member and channel.is_private:
        raise SlackError("channel_not_found")
    if not is_member and "chat:write.public" not in app.scopes:
        raise SlackError("not_in_channel")
    return channel


def post_message(state: SlackState, arguments: Arguments) -> JSON:
    channel = _writable(state, arguments.required("channel"))
    given = arguments.content()
    message = {**by_the_app(state, channel.id), **checked_content(state, given)}
    thread_ts = arguments.text("thread_ts")
    if thread_ts:
        parent = state.messages.thread(channel.id, thread_ts)[0]
        message["thread_ts"] = parent.get("thread_ts") or thread_ts
        if arguments.flag("reply_broadcast"):
            message["subtype"] = "thread_broadcast"
    for name in ("username", "icon_emoji", "icon_url"):
        if arguments.text(name) and "chat:write.customize" in state.workspace.app.scopes:
            message[name] = arguments.text(name)
    metadata = arguments.json("metadata")
    if metadata is not None:
        message["metadata"] = _checked_metadata(metadata)
    posted = state.messages.post(message)
    answer: JSON = {"channel": channel.id, "ts": posted["ts"], "message": api_form(posted, with_metadata=True)}
    if len(str(given.get("text") or "")) > MOST_TEXT:
        answer["response_metadata"] = {"warnings": ["message_truncated"]}
    return answer


def update(state: SlackState, arguments: Arguments) -> JSON:
    """With `text` and no `blocks` the blocks go; with neither they stay. Only text changes are marked as edited."""
    channel = state.conversations.get(arguments.required("channel"))
    current = state.messages.find(channel.id, arguments.required("ts"))
    app = state.workspace.app
    if current.get("bot_id") != app.bot_id:
        raise SlackError("cant_update_message")
    given = arguments.content()
    if len(str(given.get("text") or "")) > MOST_UPDATED_TEXT:
        raise SlackError("msg_too_long")
    keeps_blocks = "blocks" not in given and not given.get("text")
    keeps_attachments = "attachments" not in given
    changed = {name: value for name, value in current.items() if name not in ("blocks", "attachments", "edited")}
    content = checked_content(state, given)
    changed |= content if given.get("text") is not None else {**content, "text": current["text"]}
    if keeps_blocks and "blocks" in current:
        changed["blocks"] = current["blocks"]
    if keeps_attachments and "attachments" in current:
        changed["attachments"] = current["attachments"]
    metadata = arguments.json("metadata")
    if metadata is not None:
        changed["metadata"] = _checked_metadata(metadata)
    if "blocks" not in given:
        changed["edited"] = {"user": app.bot_user_id, "ts": state.timestamps.next()}
    replaced = state.messages.replace(changed)
    return {"channel": channel.id, "ts": replaced["ts"], "text": replaced["text"], "message": api_form(replaced)}


def delete(state: SlackState, arguments: Arguments) -> JSON:
    channel = state.conversations.get(arguments.required("channel"))
    message = state.messages.find(channel.id, arguments.required("ts"))
    if message.get("bot_id") != state.workspace.app.bot_id:
        raise SlackError("cant_delete_message")
    state.messages.delete(channel.id, message["ts"])
    return {"channel": channel.id, "ts": message["ts"]}


def post_ephemeral(state: SlackState, arguments: Arguments) -> JSON:
    channel = _writable(state, arguments.required("channel"))
    user_id = arguments.required("user")
    if user_id not in channel.members:
        raise SlackError("user_not_in_channel")
    message = {**by_the_app(state, channel.id), **checked_content(state, arguments.content())}
    if arguments.text("thread_ts"):
        message["thread_ts"] = arguments.text("thread_ts")
    return {"message_ts": state.messages.post_ephemeral(message, user_id)["ts"]}


def get_permalink(state: SlackState, arguments: Arguments) -> JSON:
    channel = state.conversations.get(arguments.required("channel"))
    message = state.messages.find(channel.id, arguments.required("message_ts"))
    link = f"{state.base_url}/archives/{channel.id}/p{message['ts'].replace('.', '')}"
    if message.get("thread_ts") not in (None, message["ts"]):
        link += f"?thread_ts={message['thread_ts']}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def _checked_metadata(metadata: object) -> JSON:
    if not isinstance(metadata, Mapping) or not {"event_type", "event_payload"} <= set(metadata):
        raise SlackError("invalid_metadata_format")
    return dict(metadata)


def add_reaction(state: SlackState, arguments: Arguments) -> JSON:
    reactions, name, channel_id, ts = _reactions(state, arguments)
    bot = state.workspace.app.bot_user_id
    if any(one["name"] == name and bot in one["users"] for one in reactions):
        raise SlackError("already_reacted")
    known = next((one for one in reactions if one["name"] == name), {"name": name, "users": []})
    users = [*known["users"], bot]
    others = [one for one in reactions if one["name"] != name]
    _set_reactions(state, channel_id, ts, [*others, {"name": name, "users": users, "count": len(users)}])
    return {}


def remove_reaction(state: SlackState, arguments: Arguments) -> JSON:
    reactions, name, channel_id, ts = _reactions(state, arguments)
    bot = state.workspace.app.bot_user_id
    if not any(one["name"] == name and bot in one["users"] for one in reactions):
        raise SlackError("no_reaction")
    left: list[JSON] = []
    for one in reactions:
        users = [user for user in one["users"] if (one["name"], user) != (name, bot)]
        if users:
            left.append({**one, "users": users, "count": len(users)})
    _set_reactions(state, channel_id, ts, left)
    return {}


def _reactions(state: SlackState, arguments: Arguments) -> tuple[list[JSON], str, str, str]:
    channel = state.conversations.get(arguments.required("channel"))
    message = state.messages.find(channel.id, arguments.required("timestamp"))
    name = arguments.required("name").strip(":")
    if not name or not all(letter.isalnum() or letter in "_+-'" for letter in name):
        raise SlackError("invalid_name")
    return list(message.get("reactions", ())), name, channel.id, message["ts"]


def _set_reactions(state: SlackState, channel_id: str, ts: str, reactions: list[JSON]) -> None:
    message = {name: value for name, value in state.messages.find(channel_id, ts).items() if name != "reactions"}
    state.messages.replace(message | ({"reactions": reactions} if reactions else {}), quietly=True)


METHODS: Final[Mapping[str, Method]] = {
    "chat.postMessage": Method(post_message, ("chat:write",), Tier.SPECIAL),
    "chat.update": Method(update, ("chat:write",), Tier.TIER_3),
    "chat.delete": Method(delete, ("chat:write",), Tier.TIER_3),
    "chat.postEphemeral": Method(post_ephemeral, ("chat:write",), Tier.TIER_4),
    "chat.getPermalink": Method(get_permalink, (), Tier.SPECIAL),
    "reactions.add": Method(add_reaction, ("reactions:write",), Tier.TIER_3),
    "reactions.remove": Method(remove_reaction, ("reactions:write",), Tier.TIER_2),
}
