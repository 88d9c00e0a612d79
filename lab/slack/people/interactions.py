"""What a person does and what Slack makes of it; the practice page and the tests' people both come through here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lab.slack.errors import JSON, SlackError
from lab.slack.kit.blocks import interactive_elements
from lab.slack.kit.inputs import refused_by_client, value_key
from lab.slack.kit.problems import Object
from lab.slack.store.composing import all_blocks, respond
from lab.slack.store.state import SlackState
from lab.slack.store.tickets import Source
from lab.slack.wire import payloads
from lab.slack.wire.delivery import Ack, Delivery, Kind, NotAcknowledged
from lab.slack.workspace import Channel, User

TROUBLE: Final = "We had some trouble connecting. Try again?"
_ACTION_FIELDS: Final = ("type", "action_id", "block_id", "value", "text", "placeholder", "style", "rich_text_value")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of something a person did: how soon the app acknowledged it, and what Slack shows for it."""

    ack_ms: float | None = None
    error: str | None = None  # Slack's code, such as `operation_timeout`
    response: JSON | None = None  # the message of an immediate response to a command
    errors: Mapping[str, str] = field(default_factory=dict)  # a modal's errors by block id
    view: JSON | None = None  # the view that now stands where one was submitted
    closed: bool = False  # the submitted view is gone

    @property
    def ok(self) -> bool:
        return self.error is None and not self.errors


class Interactions:
    def __init__(self, state: SlackState, delivery: Delivery) -> None:
        self._state = state
        self._delivery = delivery

    async def command(self, user: User, channel: Channel, command: str, text: str) -> Outcome:
        """Runs a slash command in a channel; an immediate response is shown at once."""
        known = self._state.workspace.command(command)
        if known is None:
            return self._failed(user, "invalid_command", f"{command} is not a valid command.")
        if "commands" not in self._state.workspace.app.scopes:
            return self._failed(user, "dispatch_failed", f'{command} failed with the error "dispatch_failed"')
        if known.should_escape:
            text = self.typed(text)
        response_url = self._state.response_urls.issue(Source(user.id, channel.id))
        payload = payloads.slash_command(self._state, user, channel, command, text.strip(), response_url)
        try:
            ack = await self._delivery.ask(Kind.COMMAND, payload)
        except NotAcknowledged as failure:
            return self._failed(user, failure.error, f'{command} failed with the error "{failure.error}"')
        if not ack.payload or not any(ack.payload.get(name) for name in ("text", "blocks", "attachments")):
            return Outcome(ack_ms=ack.milliseconds)
        try:
            response = respond(self._state, ack.payload, channel.id, user.id, None)
        except SlackError:
            error = "invalid_command_response"
            return self._failed(user, error, f'{command} failed with the error "{error}"', ack.milliseconds)
        return Outcome(ack_ms=ack.milliseconds, response=response)

    def say(self, user: User, channel: Channel, text: str, thread_ts: str | None = None) -> JSON:
        """Posts what a person typed."""
        message: JSON = {
            "channel": channel.id,
            "user": user.id,
            "team": user.team_id or self._state.workspace.team.id,
            "text": self.typed(text),
        }
        if thread_ts:
            self._state.messages.find(channel.id, thread_ts)
            message["thread_ts"] = thread_ts
        return self._state.messages.post(message)

    def typed(self, text: str) -> str:
        """Typed text as Slack stores it: `&`, `<` and `>` escaped, @names and #channels turned into references."""
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        users = {user.name.lower(): user.id for user in self._state.workspace.users}
        channels = {channel.name: channel.id for channel in self._state.conversations if channel.name}

        def user(match: re.Match[str]) -> str:
            user_id = users.get(match[1].lower())
            return f"<@{user_id}>" if user_id else match[0]

        def channel(match: re.Match[str]) -> str:
            channel_id = channels.get(match[1])
            return f"<#{channel_id}|{match[1]}>" if channel_id else match[0]

        return re.sub(r"#([a-z0-9_-]+)", channel, re.sub(r"@([\w.-]+)", user, text))

    async def press(self, user: User, message: JSON, action: Object, values: JSON) -> Outcome:
        """A button, select or other element of a message; SlackError `message_not_found` if that is gone."""
        sent = self._action(action, message)
        is_ephemeral = bool(message.get("ephemeral"))
        source = Source(user.id, message["channel"], message["ts"], is_ephemeral, message.get("thread_ts"))
        response_url = self._state.response_urls.issue(source)
        values = _with_action(values, sent)
        payload = payloads.message_action(self._state, user, message, sent, values, response_url)
        return await self._interact(user, payload)

    async def press_in_view(self, user: User, view: JSON, action: Object, values: JSON) -> Outcome:
        """An element of a modal or App Home. One in an input block tells the app only if it asked for that."""
        sent = self._action(action, view)
        view = self._state.views.remember(view["id"], _with_action(values, sent))
        for block, _ in interactive_elements(view["blocks"]):
            if block["block_id"] == sent["block_id"] and block["type"] == "input" and not block.get("dispatch_action"):
                return Outcome()
        return await self._interact(user, payloads.view_action(self._state, user, view, sent))

    async def submit(self, user: User, view: JSON, values: JSON) -> Outcome:
        """Submits a modal: refused by the client, or sent, and then what the app's `response_action` asks for."""
        view = self._state.views.remember(view["id"], values)
        refused = refused_by_client(view["blocks"], values)
        if refused:
            self._show_errors(user, view, refused)
            return Outcome(errors=refused)
        try:
            payload = payloads.view_submission(self._state, user, view)
            ack = await self._delivery.ask(Kind.INTERACTIVE, payload)
        except NotAcknowledged as failure:
            return self._failed(user, failure.error, TROUBLE)
        try:
            return self._after_submission(user, view, ack)
        except SlackError as refusal:
            return self._failed(user, refusal.code, TROUBLE, ack.milliseconds)

    def close(self, user: User, view: JSON) -> None:
        """Closes a modal (the whole stack if it says so) and tells the app of those that want to be told."""
        clear = bool(view["clear_on_close"])
        for closed in self._state.views.close(user.id, view["id"], clear=clear):
            if closed["notify_on_close"]:
                payload = payloads.view_closed(self._state, user, closed, is_cleared=clear)
                self._delivery.tell(Kind.INTERACTIVE, payload)

    def _after_submission(self, user: User, view: JSON, ack: Ack) -> Outcome:
        response = ack.payload or {}
        asked = response.get("response_action")
        if asked == "errors":
            errors = {str(block_id): str(text) for block_id, text in (response.get("errors") or {}).items()}
            inputs = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
            if not errors or not inputs.issuperset(errors):
                raise SlackError("invalid_arguments")
            self._show_errors(user, view, errors)
            return Outcome(ack_ms=ack.milliseconds, errors=errors)
        if asked == "update":
            updated = self._state.views.update(view["id"], response.get("view"))
            return Outcome(ack_ms=ack.milliseconds, view=updated)
        if asked == "push":
            return Outcome(ack_ms=ack.milliseconds, view=self._state.views.push(user.id, response.get("view")))
        if asked not in (None, "clear"):
            raise SlackError("invalid_arguments")
        if view["id"] in [one["id"] for one in self._state.views.stack(user.id)]:
            self._state.views.close(user.id, view["id"], clear=asked == "clear")
        return Outcome(ack_ms=ack.milliseconds, closed=True)

    async def _interact(self, user: User, payload: JSON) -> Outcome:
        try:
            ack = await self._delivery.ask(Kind.INTERACTIVE, payload)
        except NotAcknowledged as failure:
            return self._failed(user, failure.error, TROUBLE)
        return Outcome(ack_ms=ack.milliseconds)

    def _show_errors(self, user: User, view: JSON, errors: Mapping[str, str]) -> None:
        event = {"type": "view_errors", "view_id": view["id"], "errors": dict(errors)}
        self._state.audience.publish(event, user_id=user.id)

    def _failed(self, user: User, error: str, text: str, ack_ms: float | None = None) -> Outcome:
        self._state.notice(user.id, text)
        return Outcome(ack_ms=ack_ms, error=error)

    def _action(self, action: Object, container: JSON) -> JSON:
        """The entry of `actions` that Slack sends: what was chosen, the rest from the element as the app drew it."""
        chosen = {
            name: value
            for name, value in action.items()
            if name in _ACTION_FIELDS or name.startswith("selected_")
        }  # fmt: skip
        for block, element in interactive_elements(all_blocks(container)):
            if (block["block_id"], element["action_id"]) == (action.get("block_id"), action.get("action_id")):
                drawn = {name: element[name] for name in ("text", "value", "style", "placeholder") if name in element}
                chosen = {**chosen, **drawn, "type": element["type"]}
        return {**chosen, "action_ts": self._state.timestamps.next()}


def _with_action(values: Mapping[str, Any], action: Object) -> JSON:
    """The state with the action's own value in it, as Slack has it for everything but buttons and menus."""
    key = value_key(str(action.get("type")))
    if key is None or key not in action:
        return dict(values)
    entry = {"type": action["type"], key: action[key]}
    block = {**values.get(action["block_id"], {}), action["action_id"]: entry}
    return {**values, action["block_id"]: block}
