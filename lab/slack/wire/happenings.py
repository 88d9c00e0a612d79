"""The Events API: which happenings the app hears of, by its subscriptions and scopes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lab.slack.errors import JSON
from lab.slack.store.state import SlackState
from lab.slack.wire import payloads
from lab.slack.wire.delivery import Delivery
from lab.slack.workspace import Channel, User

# Subscription → the scope without which Slack does not send it.
_SCOPES: Final[Mapping[str, str]] = {
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "reaction_added": "reactions:read",
}


class Happenings:
    """Turns what happens in the workspace into events for the app."""

    def __init__(self, state: SlackState, delivery: Delivery) -> None:
        self._state = state
        self._delivery = delivery
        state.messages.observer = self._message

    def home_opened(self, user: User) -> None:
        channel = self._state.conversations.direct(user.id)
        event: JSON = {
            "type": "app_home_opened",
            "user": user.id,
            "channel": channel.id,
            "tab": "home",
            "event_ts": self._state.timestamps.next(),
        }
        view = self._state.views.home(user.id)
        if view is not None:
            event["view"] = view
        if self._is_subscribed("app_home_opened"):
            self._announce(event)

    def _message(self, subtype: str, message: JSON, previous: JSON | None) -> None:
        channel = self._state.conversations.get(message["channel"])
        app = self._state.workspace.app
        if app.bot_user_id not in channel.members:
            return
        if self._is_subscribed(self._subscription(channel)):
            self._announce(self._message_event(channel, subtype, message, previous))
        mentions = f"<@{app.bot_user_id}>" in message.get("text", "")
        if not subtype and mentions and message.get("bot_id") is None and self._is_subscribed("app_mention"):
            self._announce({**_event_form(message), "type": "app_mention", "event_ts": message["ts"]})

    def _message_event(self, channel: Channel, subtype: str, message: JSON, previous: JSON | None) -> JSON:
        kind = "im" if self._state.conversations.is_direct(channel) else "channel"
        if not subtype:
            return {**_event_form(message), "channel_type": kind, "event_ts": message["ts"]}
        happened_at = self._state.timestamps.next()
        event: JSON = {
            "type": "message",
            "subtype": subtype,
            "channel": channel.id,
            "channel_type": kind,
            "hidden": True,
            "ts": happened_at,
            "event_ts": happened_at,
            "previous_message": previous and _event_form(previous),
        }
        if subtype == "message_deleted":
            return event | {"deleted_ts": message["ts"]}
        return event | {"message": _event_form(message)}

    def _subscription(self, channel: Channel) -> str:
        if self._state.conversations.is_direct(channel):
            return "message.im"
        return "message.groups" if channel.is_private else "message.channels"

    def _is_subscribed(self, name: str) -> bool:
        app = self._state.workspace.app
        scope = _SCOPES.get(name)
        return name in app.events and (scope is None or scope in app.scopes)

    def _announce(self, event: JSON) -> None:
        self._delivery.announce(payloads.event_callback(self._state, event))


def _event_form(message: JSON) -> JSON:
    return {name: value for name, value in message.items() if name != "metadata"}
