"""api.*, auth.*, team.*, users.*, usergroups.* and conversations.*"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from lab.slack.api.arguments import Arguments
from lab.slack.api.method import Method, Token
from lab.slack.api.rate_limits import Tier
from lab.slack.errors import JSON, SlackError
from lab.slack.store.messages import api_form
from lab.slack.store.state import SlackState
from lab.slack.workspace import Channel, User, UserGroup

T = TypeVar("T")
_READ: Final = ("channels:read", "groups:read", "im:read", "mpim:read")
_HISTORY: Final = ("channels:history", "groups:history", "im:history", "mpim:history")


def api_test(_state: SlackState, arguments: Arguments) -> JSON:
    error = arguments.text("error")
    if error:
        raise SlackError(error, extra={"args": dict(arguments.values)})
    return {"args": dict(arguments.values)}


def auth_test(state: SlackState, _arguments: Arguments) -> JSON:
    team, app = state.workspace.team, state.workspace.app
    bot = state.workspace.user(app.bot_user_id)
    return {
        "url": f"{state.base_url}/",
        "team": team.name,
        "user": bot.name if bot else app.name,
        "team_id": team.id,
        "user_id": app.bot_user_id,
        "bot_id": app.bot_id,
        "is_enterprise_install": False,
    }


def team_info(state: SlackState, _arguments: Arguments) -> JSON:
    team = state.workspace.team
    return {"team": {"id": team.id, "name": team.name, "domain": team.domain, "email_domain": "", "icon": {}}}


def user_json(state: SlackState, user: User) -> JSON:
    """Slack's user object, as far as an app reads it; the email only with its own scope."""
    profile: JSON = {"real_name": user.real_name, "display_name": user.name, "title": ""}
    if "users:read.email" in state.workspace.app.scopes and not user.is_bot:
        profile["email"] = user.email
    return {
        "id": user.id,
        "team_id": user.team_id or state.workspace.team.id,
        "name": user.name,
        "real_name": user.real_name,
        "deleted": user.deleted,
        "tz": user.tz,
        "tz_label": user.tz,
        "tz_offset": user.tz_offset,
        "profile": profile,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "is_admin": False,
        **({"is_stranger": True} if user.team_id else {}),
        "updated": 1700000000,
    }


def users_info(state: SlackState, arguments: Arguments) -> JSON:
    user = state.workspace.user(arguments.required("user"))
    if user is None:
        raise SlackError("user_not_found")
    return {"user": user_json(state, user)}


def users_list(state: SlackState, _arguments: Arguments) -> JSON:
    members = [user_json(state, user) for user in state.workspace.users]
    return {"members": members, "response_metadata": {"next_cursor": ""}}


def users_lookup_by_email(state: SlackState, arguments: Arguments) -> JSON:
    email = arguments.required("email").lower()
    for user in state.workspace.people:
        if user.email == email:
            return {"user": user_json(state, user)}
    raise SlackError("users_not_found")


def user_groups_list(state: SlackState, arguments: Arguments) -> JSON:
    def shown(group: UserGroup) -> JSON:
        one: JSON = {
            "id": group.id,
            "team_id": state.workspace.team.id,
            "is_usergroup": True,
            "name": group.name,
            "handle": group.handle,
            "description": "",
            "date_delete": 0,
            "user_count": len(group.users),
        }
        return one | ({"users": list(group.users)} if arguments.flag("include_users") else {})

    return {"usergroups": [shown(group) for group in state.workspace.user_groups]}


def user_group_users(state: SlackState, arguments: Arguments) -> JSON:
    wanted = arguments.required("usergroup")
    for group in state.workspace.user_groups:
        if group.id == wanted:
            return {"users": list(group.users)}
    raise SlackError("no_such_subteam")


def _readable(state: SlackState, reference: str) -> Channel:
    channel = state.conversations.get(reference)
    if channel.is_private and state.workspace.app.bot_user_id not in channel.members:
        raise SlackError("channel_not_found")
    return channel


def _with_history(state: SlackState, arguments: Arguments) -> Channel:
    channel = _readable(state, arguments.required("channel"))
    if state.workspace.app.bot_user_id not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def conversations_info(state: SlackState, arguments: Arguments) -> JSON:
    return {"channel": state.conversations.as_json(_readable(state, arguments.required("channel")))}


def conversations_list(state: SlackState, arguments: Arguments) -> JSON:
    kinds = arguments.names("types") or ["public_channel"]

    def kind(channel: Channel) -> str:
        if state.conversations.is_direct(channel):
            return "im"
        return "private_channel" if channel.is_private else "public_channel"

    seen = state.conversations.visible_to(state.workspace.app.bot_user_id)
    found = [state.conversations.as_json(channel) for channel in seen if kind(channel) in kinds]
    page, cursor = _page(found, arguments, default=100)
    return {"channels": page, "response_metadata": {"next_cursor": cursor}}


def conversations_members(state: SlackState, arguments: Arguments) -> JSON:
    channel = _readable(state, arguments.required("channel"))
    page, cursor = _page(list(channel.members), arguments, default=100)
    return {"members": page, "response_metadata": {"next_cursor": cursor}}


def conversations_join(state: SlackState, arguments: Arguments) -> JSON:
    channel = _readable(state, arguments.required("channel"))
    if channel.is_private:
        raise SlackError("method_not_supported_for_channel_type")
    already = state.workspace.app.bot_user_id in channel.members
    joined = state.conversations.join(channel, state.workspace.app.bot_user_id)
    answer: JSON = {"channel": state.conversations.as_json(joined)}
    return answer | ({"warning": "already_in_channel"} if already else {})


def conversations_open(state: SlackState, arguments: Arguments) -> JSON:
    if arguments.text("channel"):
        channel = _readable(state, arguments.required("channel"))
    else:
        users = arguments.names("users")
        if len(users) != 1:
            raise SlackError("users_list_not_supplied" if not users else "too_many_users")
        channel = state.conversations.direct(users[0])
    shown = state.conversations.as_json(channel) if arguments.flag("return_im") else {"id": channel.id}
    return {"channel": shown}


def conversations_history(state: SlackState, arguments: Arguments) -> JSON:
    channel = _with_history(state, arguments)
    found = _between(state.messages.history(channel.id), arguments)[::-1]
    return _messages(found, arguments)


def conversations_replies(state: SlackState, arguments: Arguments) -> JSON:
    channel = _with_history(state, arguments)
    thread = state.messages.thread(channel.id, arguments.required("ts"))
    parent, replies = thread[:1], _between(thread[1:], arguments)
    return _messages([*parent, *replies], arguments)


def _between(messages: list[JSON], arguments: Arguments) -> list[JSON]:
    oldest, latest = arguments.text("oldest", "0") or "0", arguments.text("latest")
    inclusive = arguments.flag("inclusive")

    def within(message: JSON) -> bool:
        ts = float(message["ts"])
        if inclusive and (message["ts"] in (oldest, latest)):
            return True
        return float(oldest) < ts and (latest is None or ts < float(latest))

    return [message for message in messages if within(message)]


def _messages(found: list[JSON], arguments: Arguments) -> JSON:
    page, cursor = _page(found, arguments, default=100)
    with_metadata = arguments.flag("include_all_metadata")
    answer: JSON = {
        "messages": [api_form(message, with_metadata=with_metadata) for message in page],
        "has_more": bool(cursor),
    }
    return answer | ({"response_metadata": {"next_cursor": cursor}} if cursor else {})


def _page(items: list[T], arguments: Arguments, *, default: int) -> tuple[list[T], str]:
    """One page of the items and the cursor of the next, empty on the last."""
    limit = arguments.number("limit", default, most=1000)
    cursor = arguments.text("cursor", "0") or "0"
    if not cursor.isdigit():
        raise SlackError("invalid_cursor")
    start = int(cursor)
    return items[start : start + limit], str(start + limit) if start + limit < len(items) else ""


METHODS: Final[Mapping[str, Method]] = {
    "api.test": Method(api_test, (), Tier.TIER_4, Token.NONE),
    "auth.test": Method(auth_test, (), Tier.SPECIAL),
    "team.info": Method(team_info, ("team:read",), Tier.TIER_3),
    "users.info": Method(users_info, ("users:read",), Tier.TIER_4),
    "users.list": Method(users_list, ("users:read",), Tier.TIER_2),
    "users.lookupByEmail": Method(users_lookup_by_email, ("users:read.email",), Tier.TIER_3),
    "usergroups.list": Method(user_groups_list, ("usergroups:read",), Tier.TIER_2),
    "usergroups.users.list": Method(user_group_users, ("usergroups:read",), Tier.TIER_2),
    "conversations.info": Method(conversations_info, _READ, Tier.TIER_3),
    "conversations.list": Method(conversations_list, _READ, Tier.TIER_2),
    "conversations.members": Method(conversations_members, _READ, Tier.TIER_4),
    "conversations.join": Method(conversations_join, ("channels:join",), Tier.TIER_3),
    "conversations.open": Method(
        conversations_open, ("im:write", "mpim:write", "channels:manage", "groups:write"), Tier.TIER_3
    ),
    "conversations.history": Method(conversations_history, _HISTORY, Tier.TIER_3),
    "conversations.replies": Method(conversations_replies, _HISTORY, Tier.TIER_3),
}
