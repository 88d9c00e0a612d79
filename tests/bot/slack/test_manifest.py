"""The app's manifest: what Slack takes, and exactly what the code uses."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.app import COMMAND
from bot.slack.scopes import OF_METHODS, WANTED_SCOPES
from tests.bot.slack.conftest import MANIFEST
from tests.bot.slack.manifest_schema import SCHEMA

BOT = Path(__file__).parents[3] / "bot"
# What the SDK calls behind a method of its own.
BEHIND = {"files_upload_v2": ("files.getUploadURLExternal", "files.completeUploadExternal")}


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    return loaded


def called_methods() -> set[str]:
    """The Web API methods that the bot's code calls, found in its syntax trees."""
    names = {name for path in BOT.rglob("*.py") for name in _called_on_clients(ast.parse(path.read_text("utf-8")))}
    known = {method.replace(".", "_").lower(): method for method in OF_METHODS}
    found: set[str] = set()
    for name in names:
        found.update(BEHIND.get(name, (known.get(name.lower(), name),)))
    # Socket Mode's client asks for its own address.
    return found | {"apps.connections.open"}


def _called_on_clients(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and "_" in node.attr and hasattr(AsyncWebClient, node.attr):
            target = node.value
            name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
            if "client" in name or name in ("web", "sender"):
                yield node.attr


def test_the_manifest_is_one_that_slack_takes(manifest: dict[str, Any]) -> None:
    jsonschema.Draft7Validator(SCHEMA).validate(manifest)


def test_every_method_that_is_called_is_in_the_table_and_nothing_else() -> None:
    assert called_methods() == set(OF_METHODS)


def test_the_manifest_asks_for_exactly_the_scopes_that_are_used(manifest: dict[str, Any]) -> None:
    asked = manifest["oauth_config"]["scopes"]["bot"]
    assert set(asked) == WANTED_SCOPES
    assert asked == sorted(asked)


def test_the_command_and_the_events_are_those_that_the_app_listens_to(manifest: dict[str, Any]) -> None:
    (command,) = manifest["features"]["slash_commands"]
    assert command["command"] == COMMAND
    assert command["usage_hint"]
    assert manifest["settings"]["event_subscriptions"]["bot_events"] == ["app_home_opened", "app_mention"]
    assert manifest["settings"]["socket_mode_enabled"] is True
    assert manifest["settings"]["interactivity"]["is_enabled"] is True
    assert manifest["features"]["app_home"]["home_tab_enabled"] is True
