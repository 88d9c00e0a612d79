"""The workspace with the app installed as its manifest has it: its commands, scopes and event subscriptions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.slack.workspace import SlashCommand, Workspace, default_workspace


def workspace_from_manifest(manifest: Mapping[str, Any] | Path) -> Workspace:
    """The default workspace with what an app manifest (a mapping, or a JSON or YAML file) grants and declares.

    Raises ValueError when the file is not a manifest.
    """
    content = _read(manifest) if isinstance(manifest, Path) else manifest
    features = content.get("features") or {}
    settings = content.get("settings") or {}
    oauth = content.get("oauth_config") or {}
    return default_workspace(
        commands=[
            SlashCommand(
                str(one["command"]),
                str(one.get("description") or ""),
                str(one.get("usage_hint") or ""),
                bool(one.get("should_escape")),
            )
            for one in features.get("slash_commands") or ()
        ],
        scopes=(oauth.get("scopes") or {}).get("bot") or (),
        events=(settings.get("event_subscriptions") or {}).get("bot_events") or (),
    )


def _read(path: Path) -> Mapping[str, Any]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        content = json.loads(text)
    else:
        import yaml  # only a manifest in YAML needs it

        content = yaml.safe_load(text)
    if not isinstance(content, Mapping):
        raise ValueError(f"{path} is not an app manifest")
    return content
