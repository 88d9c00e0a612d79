"""A person in a test or demo: does what people do on the page, and awaits what they would see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lab.slack.errors import JSON
from lab.slack.kit.blocks import interactive_elements
from lab.slack.kit.inputs import element_value, initial_values, options_of
from lab.slack.kit.problems import Object
from lab.slack.people.interactions import Interactions, Outcome
from lab.slack.store.composing import all_blocks
from lab.slack.store.state import SlackState
from lab.slack.wire.happenings import Happenings
from lab.slack.workspace import User

Predicate = Callable[[JSON], bool]


class PracticePerson:
    """One person of the workspace."""

    def __init__(self, user: User, state: SlackState, interactions: Interactions, happenings: Happenings) -> None:
        self.user = user
        self.id = user.id
        self._state = state
        self._interactions = interactions
        self._happenings = happenings

    async def command(self, command: str, text: str = "", *, channel: str) -> Outcome:
        """Runs a slash command; returns when the app has acknowledged it, or Slack has given it up."""
        return await self._interactions.command(self.user, self._state.conversations.addressed(channel), command, text)

    def say(self, text: str, *, channel: str, thread_ts: str | None = None) -> JSON:
        """Posts a message; `@understudy` becomes a mention."""
        return self._interactions.say(self.user, self._state.conversations.addressed(channel), text, thread_ts)

    async def press(
        self,
        where: JSON,
        *,
        action_id: str | None = None,
        text: str | None = None,
        value: object = None,
        stale: bool = False,
    ) -> Outcome:
        """Presses a button, or chooses in a select, of a message, modal or App Home.

        The element is found by `action_id` or by a button's text in what stands there now (with `stale`: in `where`
        as it was seen). `value` is what to choose: an option's value, a list of them, an id or a date; for a button
        it tells apart several with one action_id. Raises LookupError when there is no such element.
        """
        current = where if stale else self._current(where)
        block, element = _find(current, action_id, text, value)
        action = {"type": element["type"], "block_id": block["block_id"], "action_id": element["action_id"]}
        if element["type"] == "button":
            action |= {name: element[name] for name in ("text", "value", "style") if name in element}
        elif element["type"] == "overflow":
            action["selected_option"] = next(dict(one) for one in options_of(element) if one["value"] == value)
        else:
            action |= element_value(element, value)
        if "ts" in current:
            return await self._interactions.press(self.user, current, action, initial_values(all_blocks(current)))
        return await self._interactions.press_in_view(self.user, current, action, _values(current))

    async def submit(self, view: JSON, values: Mapping[str, Mapping[str, object]] | None = None) -> Outcome:
        """Fills in a modal (`{block_id: {action_id: plain value}}`, see `element_value`) and submits it.

        The outcome says `closed`, or carries `errors` by block id, or the `view` that came instead.
        Raises LookupError for a field that the modal does not have.
        """
        current = self._current(view)
        state, given = _values(current), {key: dict(fields) for key, fields in (values or {}).items()}
        for block, element in interactive_elements(current["blocks"]):
            fields = given.get(block["block_id"], {})
            if element["action_id"] in fields:
                entry = element_value(element, fields.pop(element["action_id"]))
                state.setdefault(block["block_id"], {})[element["action_id"]] = entry
        unknown = [f"{block_id}/{name}" for block_id, fields in given.items() for name in fields]
        if unknown:
            raise LookupError(f"the modal has no field {', '.join(unknown)}")
        return await self._interactions.submit(self.user, current, state)

    async def close(self, view: JSON) -> None:
        """Closes a modal by its X or its close button."""
        self._interactions.close(self.user, self._current(view))

    async def wait_for_view(self, predicate: Predicate | None = None, *, timeout: float = 5.0) -> JSON:
        """The modal in front of this person, once there is one that satisfies the predicate."""

        def look() -> JSON | None:
            stack = self._state.views.stack(self.id)
            return stack[-1] if stack and (predicate is None or predicate(stack[-1])) else None

        return await self._state.audience.until(look, timeout, f"a modal for {self.user.name}")

    async def open_home(self, *, timeout: float = 5.0) -> JSON:
        """Opens App Home and returns what the app publishes in answer."""
        before = self._state.views.home(self.id)

        def look() -> JSON | None:
            home = self._state.views.home(self.id)
            return home if home is not None and (before is None or home["hash"] != before["hash"]) else None

        self._happenings.home_opened(self.user)
        return await self._state.audience.until(look, timeout, f"App Home of {self.user.name}")

    @property
    def home(self) -> JSON | None:
        return self._state.views.home(self.id)

    @property
    def views(self) -> list[JSON]:
        """The open modals, the visible one last."""
        return self._state.views.stack(self.id)

    @property
    def notices(self) -> list[str]:
        """What Slack itself told this person, such as commands that failed."""
        return list(self._state.notices[self.id])

    def ephemerals(self, channel: str | None = None) -> list[JSON]:
        channel_id = self._state.conversations.addressed(channel).id if channel else None
        return self._state.messages.ephemerals(self.id, channel_id)

    async def wait_for_ephemeral(
        self, predicate: Predicate | None = None, *, channel: str | None = None, timeout: float = 5.0
    ) -> JSON:
        """The latest ephemeral message that satisfies the predicate, once there is one."""

        def look() -> JSON | None:
            fitting = (one for one in reversed(self.ephemerals(channel)) if predicate is None or predicate(one))
            return next(fitting, None)

        return await self._state.audience.until(look, timeout, f"an ephemeral message for {self.user.name}")

    def _current(self, where: JSON) -> JSON:
        if "ts" in where:
            if where.get("ephemeral"):
                current = self._state.messages.ephemeral(self.id, where["ts"])
                if current is None:
                    raise LookupError("that ephemeral message is gone, or another person's")
                return current
            return self._state.messages.find(where["channel"], where["ts"])
        return self._state.views.of(self.id, where["id"])


def _values(view: JSON) -> JSON:
    """What stands in a view's fields: initial values under what was filled in so far."""
    values = initial_values(view["blocks"])
    for block_id, fields in view["state"]["values"].items():
        values.setdefault(block_id, {}).update(fields)
    return values


def _find(where: JSON, action_id: str | None, text: str | None, value: object) -> tuple[Object, Object]:
    offered: list[str] = []
    for block, element in interactive_elements(all_blocks(where)):
        label: Any = (element.get("text") or {}).get("text")
        offered.append(f"{element['action_id']} ({label})" if label else str(element["action_id"]))
        if action_id not in (None, element["action_id"]) or text not in (None, label):
            continue
        if element["type"] == "button" and value not in (None, element.get("value")):
            continue
        return block, element
    raise LookupError(f"nothing to press fits {action_id or text!r}; there is: {', '.join(offered) or 'nothing'}")
