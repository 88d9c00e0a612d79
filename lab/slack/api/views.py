"""views.*"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lab.slack.api.arguments import Arguments
from lab.slack.api.method import Method
from lab.slack.api.rate_limits import Tier
from lab.slack.errors import JSON, SlackError
from lab.slack.kit.blocks import Surface
from lab.slack.store.state import SlackState


def _view(arguments: Arguments) -> object:
    view = arguments.json("view")
    if view is None:
        raise SlackError("invalid_arguments", messages=["missing required field: view"])
    return view


def open_view(state: SlackState, arguments: Arguments) -> JSON:
    view, trigger_id = _view(arguments), arguments.required("trigger_id")
    state.views.check(view, Surface.MODAL)  # a mistake in the view does not use up the trigger id
    return {"view": state.views.open(state.triggers.exchange(trigger_id), view)}


def push_view(state: SlackState, arguments: Arguments) -> JSON:
    view, trigger_id = _view(arguments), arguments.required("trigger_id")
    state.views.check(view, Surface.MODAL)
    return {"view": state.views.push(state.triggers.exchange(trigger_id), view)}


def update_view(state: SlackState, arguments: Arguments) -> JSON:
    view = _view(arguments)
    view_id = arguments.text("view_id") or arguments.text("external_id")
    if view_id is None:
        raise SlackError("invalid_arguments", messages=["must provide either `view_id` or `external_id`"])
    return {"view": state.views.update(view_id, view, arguments.text("hash"))}


def publish_view(state: SlackState, arguments: Arguments) -> JSON:
    view, user_id = _view(arguments), arguments.required("user_id")
    if state.workspace.user(user_id) is None:
        raise SlackError("invalid_arguments", messages=["invalid `user_id` [json-pointer:/user_id]"])
    return {"view": state.views.publish(user_id, view, arguments.text("hash"))}


METHODS: Final[Mapping[str, Method]] = {
    "views.open": Method(open_view, (), Tier.TIER_4),
    "views.push": Method(push_view, (), Tier.TIER_4),
    "views.update": Method(update_view, (), Tier.TIER_4),
    "views.publish": Method(publish_view, (), Tier.TIER_4),
}
