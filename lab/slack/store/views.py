"""Modals and App Home tabs: what is open for whom, in which version, and what Slack demands of a view."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from lab.slack.errors import JSON, SlackError
from lab.slack.kit.blocks import Surface, check_blocks, interactive_elements, with_ids
from lab.slack.kit.problems import Problems
from lab.slack.people.audience import Audience
from lab.slack.store.clock import Timestamps
from lab.slack.workspace import Workspace

MOST_VIEWS: Final = 3
MOST_VIEW_BYTES: Final = 250_000
_MODAL_PROPERTIES: Final = (
    "title", "submit", "close", "private_metadata", "callback_id", "clear_on_close", "notify_on_close",
    "external_id", "submit_disabled",
)  # fmt: skip
_HOME_PROPERTIES: Final = ("private_metadata", "callback_id", "external_id")


def check_view(view: object, surface: Surface, file_is_usable: Callable[[Mapping[str, Any]], bool]) -> JSON:
    """The view if Slack would take it; else SlackError `invalid_arguments` (or `view_too_large`) with each mistake."""
    if not isinstance(view, Mapping):
        raise SlackError("invalid_arguments", messages=["must provide an object [json-pointer:/view]"])
    problems = Problems(file_is_usable)
    if view.get("type") != surface.value:
        problems.add(f"must be one of: {surface.value}", "/view/type")
    if surface is Surface.MODAL:
        problems.properties(view, "/view", required=("type", "title", "blocks"), optional=_MODAL_PROPERTIES)
        for name in ("title", "submit", "close"):
            problems.text(view.get(name), f"/view/{name}", 24, plain=True)
        if view.get("submit") is None and _has_input(view):
            problems.add("missing required field: submit", "/view")
    else:
        problems.properties(view, "/view", required=("type", "blocks"), optional=_HOME_PROPERTIES)
    problems.length(view.get("private_metadata"), "/view/private_metadata", 3000)
    for name in ("callback_id", "external_id"):
        problems.length(view.get(name), f"/view/{name}", 255)
    blocks = view.get("blocks")
    problems.found.extend(check_blocks(blocks, surface, pointer="/view/blocks", file_is_usable=file_is_usable))
    if problems.found:
        raise SlackError("invalid_arguments", messages=problems.found)
    if len(json.dumps(view)) > MOST_VIEW_BYTES:
        raise SlackError("view_too_large")
    return dict(view)


def _has_input(view: Mapping[str, Any]) -> bool:
    blocks = view.get("blocks")
    return isinstance(blocks, list) and any(isinstance(one, Mapping) and one.get("type") == "input" for one in blocks)


class Views:
    """Each person's stack of modals (three at most) and App Home tab."""

    def __init__(
        self, workspace: Workspace, audience: Audience, timestamps: Timestamps,
        file_is_usable: Callable[[Mapping[str, Any]], bool],
    ) -> None:  # fmt: skip
        self._workspace = workspace
        self._audience = audience
        self._timestamps = timestamps
        self._file_is_usable = file_is_usable
        self._stacks: dict[str, list[JSON]] = {}
        self._homes: dict[str, JSON] = {}

    def stack(self, user_id: str) -> list[JSON]:
        """The person's open modals, the visible one last."""
        return list(self._stacks.get(user_id, ()))

    def home(self, user_id: str) -> JSON | None:
        return self._homes.get(user_id)

    def find(self, view_id: str) -> tuple[str, JSON]:
        """The owner and current version of an open modal or a published home; SlackError `not_found`."""
        for owner, view in self._all():
            if view_id in (view["id"], view["external_id"] or None):
                return owner, view
        raise SlackError("not_found")

    def _all(self) -> Iterator[tuple[str, JSON]]:
        for owner, stack in self._stacks.items():
            yield from ((owner, view) for view in stack)
        yield from self._homes.items()

    def of(self, user_id: str, view_id: str) -> JSON:
        """The current version of one of this person's own views; SlackError `not_found`."""
        owner, view = self.find(view_id)
        if owner != user_id:
            raise SlackError("not_found")
        return view

    def check(self, definition: object, surface: Surface) -> None:
        """Raises SlackError if Slack would not take this view."""
        check_view(definition, surface, self._file_is_usable)

    def open(self, user_id: str, definition: object) -> JSON:
        view = self._new(check_view(definition, Surface.MODAL, self._file_is_usable))
        self._stacks[user_id] = [view]
        self._audience.publish({"type": "view_opened", "view": view}, user_id=user_id)
        return view

    def push(self, user_id: str, definition: object) -> JSON:
        """Raises SlackError `not_found` without an open modal, `push_limit_reached` above three."""
        stack = self._stacks.get(user_id)
        if not stack:
            raise SlackError("not_found")
        if len(stack) >= MOST_VIEWS:
            raise SlackError("push_limit_reached")
        view = self._new(check_view(definition, Surface.MODAL, self._file_is_usable))
        view |= {"root_view_id": stack[0]["id"], "previous_view_id": stack[-1]["id"]}
        stack.append(view)
        self._audience.publish({"type": "view_pushed", "view": view}, user_id=user_id)
        return view

    def update(self, view_id: str, definition: object, view_hash: str | None = None) -> JSON:
        """Raises SlackError `not_found`, or `hash_conflict` when the view has changed since `view_hash`."""
        user_id, current = self.find(view_id)
        if view_hash is not None and view_hash != current["hash"]:
            raise SlackError("hash_conflict")
        if current["type"] == "home":
            return self.publish(user_id, definition)
        checked = check_view(definition, Surface.MODAL, self._file_is_usable)
        view = self._new(checked, view_id=current["id"])
        view |= {name: current[name] for name in ("root_view_id", "previous_view_id")}
        view["state"] = {"values": _kept(current["state"]["values"], view["blocks"])}
        stack = self._stacks[user_id]
        stack[[open_view["id"] for open_view in stack].index(current["id"])] = view
        self._audience.publish({"type": "view_updated", "view": view}, user_id=user_id)
        return view

    def publish(self, user_id: str, definition: object, view_hash: str | None = None) -> JSON:
        current = self._homes.get(user_id)
        if view_hash is not None and (current is None or view_hash != current["hash"]):
            raise SlackError("hash_conflict")
        checked = check_view(definition, Surface.HOME, self._file_is_usable)
        view = self._new(checked, view_id=current["id"] if current else None)
        self._homes[user_id] = view
        self._audience.publish({"type": "home", "view": view}, user_id=user_id)
        return view

    def remember(self, view_id: str, values: JSON) -> JSON:
        """Keeps what the person has filled in so far as the view's state, and returns the view with it."""
        user_id, view = self.find(view_id)
        filled = {**view, "state": {"values": values}}
        if view["type"] == "home":
            self._homes[user_id] = filled
        else:
            self._stacks[user_id] = [filled if one["id"] == view["id"] else one for one in self._stacks[user_id]]
        return filled

    def close(self, user_id: str, view_id: str, *, clear: bool = False) -> list[JSON]:
        """Closes this modal and those above it, or the whole stack; returns the closed ones, the topmost first."""
        stack = self._stacks.get(user_id, [])
        ids = [view["id"] for view in stack]
        if view_id not in ids:
            raise SlackError("not_found")
        keep = 0 if clear else ids.index(view_id)
        closed = stack[keep:][::-1]
        self._stacks[user_id] = stack[:keep]
        for view in closed:
            event = {"type": "view_closed", "view_id": view["id"], "clear": clear}
            self._audience.publish(event, user_id=user_id)
        return closed

    def _new(self, definition: JSON, view_id: str | None = None) -> JSON:
        """Raises SlackError `duplicate_external_id` when another open view has that id."""
        external_id = definition.get("external_id")
        taken = {view["external_id"] for _, view in self._all() if view["id"] != view_id}
        if external_id and external_id in taken:
            raise SlackError("duplicate_external_id")
        view_id = view_id or f"V0{secrets.token_hex(5).upper()}"
        app, team = self._workspace.app, self._workspace.team
        return {
            "id": view_id,
            "team_id": team.id,
            "type": definition["type"],
            "blocks": with_ids(definition["blocks"]),
            "private_metadata": definition.get("private_metadata") or "",
            "callback_id": definition.get("callback_id") or "",
            "state": {"values": {}},
            "hash": f"{self._timestamps.next().partition('.')[0]}.{secrets.token_urlsafe(6)}",
            "title": definition.get("title") or {"type": "plain_text", "text": "View Title", "emoji": True},
            "clear_on_close": bool(definition.get("clear_on_close")),
            "notify_on_close": bool(definition.get("notify_on_close")),
            "close": definition.get("close"),
            "submit": definition.get("submit"),
            "previous_view_id": None,
            "root_view_id": view_id,
            "app_id": app.id,
            "external_id": definition.get("external_id") or "",
            "app_installed_team_id": team.id,
            "bot_id": app.bot_id,
        }


def _kept(values: JSON, blocks: list[JSON]) -> JSON:
    """What was filled in stays through an update wherever block_id and action_id stay."""
    kept: JSON = {}
    for block, element in interactive_elements(blocks):
        value = values.get(block["block_id"], {}).get(element["action_id"])
        if value is not None:
            kept.setdefault(block["block_id"], {})[element["action_id"]] = value
    return kept
