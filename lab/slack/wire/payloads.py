"""The payloads that Slack sends to an app, with the fields that Slack gives them.

https://docs.slack.dev/interactivity/implementing-slash-commands and …/reference/interaction-payloads
"""

from __future__ import annotations

import secrets
import time
from typing import Any

from lab.slack.errors import JSON
from lab.slack.store.messages import api_form
from lab.slack.store.state import SlackState
from lab.slack.workspace import Channel, User


def slash_command(state: SlackState, user: User, channel: Channel, command: str, text: str, response_url: str) -> JSON:
    team = state.workspace.team
    return {
        "token": state.credentials.verification_token,
        "team_id": user.team_id or team.id,
        "team_domain": team.domain,
        "channel_id": channel.id,
        "channel_name": channel.name or "directmessage",
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "api_app_id": state.workspace.app.id,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": state.triggers.issue(user.id),
    }


def message_action(state: SlackState, user: User, message: JSON, action: JSON, values: JSON, response_url: str) -> JSON:
    """`block_actions` from a message. An ephemeral message is not repeated in the payload, as in Slack."""
    channel = state.conversations.get(message["channel"])
    ephemeral = bool(message.get("ephemeral"))
    container: JSON = {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": channel.id,
        "is_ephemeral": ephemeral,
    }
    if message.get("thread_ts"):
        container["thread_ts"] = message["thread_ts"]
    payload = _interaction(state, "block_actions", user) | {
        "container": container,
        "trigger_id": state.triggers.issue(user.id),
        "channel": {"id": channel.id, "name": channel.name or "directmessage"},
        "state": {"values": values},
        "response_url": response_url,
        "actions": [action],
    }
    return payload if ephemeral else payload | {"message": api_form(message)}


def view_action(state: SlackState, user: User, view: JSON, action: JSON) -> JSON:
    """`block_actions` from a modal or App Home."""
    return _interaction(state, "block_actions", user) | {
        "container": {"type": "view", "view_id": view["id"]},
        "trigger_id": state.triggers.issue(user.id),
        "view": view,
        "actions": [action],
    }


def view_submission(state: SlackState, user: User, view: JSON) -> JSON:
    return _interaction(state, "view_submission", user) | {
        "trigger_id": state.triggers.issue(user.id),
        "view": view,
        "response_urls": [],
    }


def view_closed(state: SlackState, user: User, view: JSON, *, is_cleared: bool) -> JSON:
    return _interaction(state, "view_closed", user) | {"view": view, "is_cleared": is_cleared}


def event_callback(state: SlackState, event: JSON) -> JSON:
    """The outer event of the Events API; the same `event_id` comes with every retry."""
    team, app = state.workspace.team, state.workspace.app
    return {
        "token": state.credentials.verification_token,
        "team_id": team.id,
        "context_team_id": team.id,
        "context_enterprise_id": None,
        "api_app_id": app.id,
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev0{secrets.token_hex(4).upper()}",
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": team.id,
                "user_id": app.bot_user_id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{secrets.token_urlsafe(12)}",
    }


def _interaction(state: SlackState, kind: str, user: User) -> dict[str, Any]:
    team = state.workspace.team
    return {
        "type": kind,
        "team": {"id": team.id, "domain": team.domain},
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id or team.id},
        "api_app_id": state.workspace.app.id,
        "token": state.credentials.verification_token,
        "enterprise": None,
        "is_enterprise_install": False,
    }
