"""What Slack demands of an app manifest, for the parts that ours has; nothing else is let through.

Limits: https://docs.slack.dev/reference/app-manifest
"""

from typing import Any


def _object(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _text(longest: int, pattern: str | None = None) -> dict[str, Any]:
    return {"type": "string", "maxLength": longest, **({"pattern": pattern} if pattern else {})}


def _names(most: int) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string"}, "maxItems": most, "uniqueItems": True}


_YES_OR_NO = {"type": "boolean"}

_DISPLAY = _object(
    ("name",),
    name=_text(35),
    description=_text(140),
    long_description={"type": "string", "minLength": 174, "maxLength": 4000},
    background_color=_text(7, "^#([0-9a-fA-F]{3}){1,2}$"),
)
_COMMAND = _object(
    ("command", "description"),
    command=_text(32, "^/"),
    description=_text(2000),
    usage_hint=_text(1000),
    should_escape=_YES_OR_NO,
)
_FEATURES = _object(
    app_home=_object(
        home_tab_enabled=_YES_OR_NO, messages_tab_enabled=_YES_OR_NO, messages_tab_read_only_enabled=_YES_OR_NO
    ),
    bot_user=_object(("display_name",), display_name=_text(80, r"^[a-z0-9_.-]+$"), always_online=_YES_OR_NO),
    slash_commands={"type": "array", "items": _COMMAND, "maxItems": 50},
)
_SETTINGS = _object(
    event_subscriptions=_object(bot_events=_names(100)),
    interactivity=_object(("is_enabled",), is_enabled=_YES_OR_NO),
    org_deploy_enabled=_YES_OR_NO,
    socket_mode_enabled=_YES_OR_NO,
    token_rotation_enabled=_YES_OR_NO,
)

SCHEMA: dict[str, Any] = _object(
    ("display_information",),
    _metadata=_object(major_version={"const": 1}, minor_version={"type": "integer"}),
    display_information=_DISPLAY,
    features=_FEATURES,
    oauth_config=_object(scopes=_object(bot=_names(255))),
    settings=_SETTINGS,
)
