"""What Slack sends, read into plain values. Pure.

`delivery` is the same when Slack delivers the same thing again, and different for everything that a person does anew:
https://docs.slack.dev/interactivity/handling-user-interaction#payloads
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.slack.draw import split_menu_value
from commands.asked import Asked
from commands.people import Face

Payload = Mapping[str, Any]
LONGEST_ID = 200


@dataclass(frozen=True, slots=True)
class Incoming:
    """Somebody did something in Slack.

    `person_id` is what rights hang on; of a person of another workspace it names that workspace too, so that nobody
    in the settings or in a group of ours can have it.
    """

    delivery: str
    person_id: str
    slack_user: str
    person_name: str
    channel: str | None
    thread_ts: str | None
    text: str
    trigger_id: str | None
    response_url: str | None

    def asked(self, at: datetime, text: str | None = None) -> Asked:
        return Asked(
            id=self.delivery,
            person_id=self.person_id,
            person_name=self.person_name,
            face=Face.SLACK,
            channel=self.channel,
            text=self.text if text is None else text,
            at=at,
        )


@dataclass(frozen=True, slots=True)
class Press:
    """A button or menu: what it is for, the value it carries, and what was chosen in a menu."""

    action: str
    value: str
    choice: str | None


def of_command(body: Payload, own_team: str) -> Incoming:
    user, team = str(body["user_id"]), str(body.get("team_id") or "")
    return Incoming(
        delivery=_delivery("command", body.get("trigger_id"), user, body.get("response_url")),
        person_id=_person_id(user, team, own_team),
        slack_user=user,
        person_name=str(body.get("user_name") or user),
        channel=_optional(body.get("channel_id")),
        thread_ts=None,
        text=str(body.get("text") or "").strip(),
        trigger_id=_optional(body.get("trigger_id")),
        response_url=_optional(body.get("response_url")),
    )


def of_press(body: Payload, own_team: str) -> Incoming:
    action, container = body["actions"][0], body.get("container") or {}
    where = container.get("message_ts") or container.get("view_id")
    user = _user(body)
    channel = (body.get("channel") or {}).get("id") or container.get("channel_id")
    return Incoming(
        delivery=_delivery("press", where, action.get("action_ts") or body.get("trigger_id"), user, _pressed(action)),
        person_id=_interacting(body, own_team),
        slack_user=user,
        person_name=_name(body),
        channel=_optional(channel),
        thread_ts=_optional(container.get("thread_ts")),
        text="",
        trigger_id=_optional(body.get("trigger_id")),
        response_url=_optional(body.get("response_url")),
    )


def of_submission(body: Payload, own_team: str, channel: str | None) -> Incoming:
    """Two submissions of one modal, the first of which had errors, differ in their trigger."""
    view = body["view"]
    user = _user(body)
    return Incoming(
        delivery=_delivery("submission", view["id"], body.get("trigger_id") or view.get("hash"), user),
        person_id=_interacting(body, own_team),
        slack_user=user,
        person_name=_name(body),
        channel=channel,
        thread_ts=None,
        text="",
        trigger_id=None,
        response_url=None,
    )


def of_event(body: Payload, own_team: str) -> Incoming:
    event = body["event"]
    user = str(event.get("user") or "")
    team = str(event.get("user_team") or event.get("team") or own_team)
    return Incoming(
        delivery=_delivery("event", body.get("event_id")),
        person_id=_person_id(user, team, own_team),
        slack_user=user,
        person_name=user,
        channel=_optional(event.get("channel")),
        thread_ts=_optional(event.get("thread_ts")),
        text=str(event.get("text") or ""),
        trigger_id=None,
        response_url=None,
    )


def press_of(body: Payload) -> Press:
    """What was pressed. The action's name stands before the colon that makes its id unique in a message."""
    action = body["actions"][0]
    name = str(action.get("action_id") or "").partition(":")[0]
    option = action.get("selected_option")
    if option is not None:
        choice, value = split_menu_value(str(option.get("value") or ""))
        return Press(name, value, choice)
    return Press(name, str(action.get("value") or ""), None)


def _pressed(action: Payload) -> str:
    return str(action.get("action_id") or "")


def _delivery(kind: str, *parts: object) -> str:
    return ":".join([kind, *(str(part)[:LONGEST_ID] for part in parts if part)])


def _interacting(body: Payload, own_team: str) -> str:
    user = body.get("user") or {}
    team = user.get("team_id") or (body.get("team") or {}).get("id") or ""
    return _person_id(_user(body), str(team), own_team)


def _person_id(user: str, team: str, own_team: str) -> str:
    return user if team == own_team else f"foreign:{team or 'unknown'}:{user}"


def _user(body: Payload) -> str:
    return str((body.get("user") or {}).get("id") or "")


def _name(body: Payload) -> str:
    user = body.get("user") or {}
    return str(user.get("username") or user.get("name") or user.get("id") or "")


def _optional(value: object) -> str | None:
    return str(value) if value else None
