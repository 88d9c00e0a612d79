"""Everything that one person's page draws when it is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from lab.slack.errors import JSON
from lab.slack.store.messages import page_form
from lab.slack.store.state import SlackState
from lab.slack.workspace import Channel, User, Workspace


def seen_by(user: User, state: SlackState, completions: Mapping[str, Sequence[JSON]]) -> JSON:
    """The workspace, the channels and their messages, the open modals and App Home, as this person sees them."""
    workspace = state.workspace
    state.conversations.direct(user.id)  # always offered, as Slack offers an app's own messages
    channels = state.conversations.visible_to(user.id)
    return {
        "team": {"id": workspace.team.id, "name": workspace.team.name},
        "user": user.id,
        "users": [_user(one) for one in workspace.users],
        "user_groups": [asdict(group) for group in workspace.user_groups],
        "channels": [_channel(one, workspace) for one in channels],
        "app": {
            "app_id": workspace.app.id,
            "bot_user_id": workspace.app.bot_user_id,
            "name": workspace.app.name,
        },
        "commands": [
            {
                "command": one.command,
                "description": one.description,
                "usage_hint": one.usage_hint,
                "completions": list(completions.get(one.command, ())),
            }
            for one in workspace.app.commands
        ],
        "messages": {channel.id: _messages(channel, user, state) for channel in channels},
        "views": state.views.stack(user.id),
        "home": state.views.home(user.id),
    }


def _user(user: User) -> JSON:
    return {"id": user.id, "name": user.name, "real_name": user.real_name, "tz": user.tz, "is_bot": user.is_bot}


def _channel(channel: Channel, workspace: Workspace) -> JSON:
    return {"id": channel.id, "name": channel.name or workspace.app.name, "topic": channel.topic}


def _messages(channel: Channel, user: User, state: SlackState) -> list[JSON]:
    posted = state.messages.all_in(channel.id)
    mine = state.messages.ephemerals(user.id, channel.id)
    return [page_form(message) for message in sorted([*posted, *mine], key=lambda one: float(one["ts"]))]
