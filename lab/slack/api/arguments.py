"""The arguments of a Web API call, whether they came as JSON, as a form, or in the URL."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from lab.slack.errors import JSON, SlackError

_JSON_ARGUMENTS: Final = ("blocks", "attachments", "view", "metadata", "files")


@dataclass(frozen=True, slots=True)
class Arguments:
    """Reads arguments by name and refuses what Slack refuses (`invalid_arguments`)."""

    values: Mapping[str, Any]

    def text(self, name: str, default: str | None = None) -> str | None:
        value = self.values.get(name)
        return default if value is None or value == "" else str(value)

    def required(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise SlackError("invalid_arguments", messages=[f"missing required field: {name}"])
        return value

    def flag(self, name: str) -> bool:
        return str(self.values.get(name, "")).lower() in ("1", "true")

    def number(self, name: str, default: int, *, most: int) -> int:
        value = self.values.get(name)
        if value in (None, ""):
            return default
        try:
            return max(1, min(int(str(value)), most))
        except ValueError:
            raise SlackError("invalid_arguments", messages=[f"must be a number: {name}"]) from None

    def names(self, name: str) -> list[str]:
        """A comma-separated list."""
        return [part.strip() for part in (self.text(name) or "").split(",") if part.strip()]

    def json(self, name: str) -> Any:
        """An argument that is a JSON object or array, as such or as a string; None if absent or unreadable."""
        return decoded(self.values.get(name))

    def content(self) -> JSON:
        """The arguments that make a message: text, blocks and attachments."""
        content: JSON = {"text": self.values.get("text")}
        for name, error in (("blocks", "invalid_blocks_format"), ("attachments", "invalid_attachments")):
            if self.values.get(name) in (None, ""):
                continue
            content[name] = self.json(name)
            if content[name] is None:
                raise SlackError(error)
        return content


def decoded(value: object) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None


async def read_arguments(request: web.Request) -> tuple[JSON, str | None]:
    """The arguments without the token, and the token, from the header or the arguments.

    Raises SlackError `invalid_json` or `json_not_object`.
    """
    values: JSON = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.text() or "{}")
        except ValueError:
            raise SlackError("invalid_json") from None
        if not isinstance(body, dict):
            raise SlackError("json_not_object")
        values |= body
    elif request.method == "POST":
        values |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    token = values.pop("token", None)
    scheme, _, from_header = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and from_header:
        token = from_header
    return values, str(token) if token else None


def journal_form(values: JSON) -> JSON:
    """The arguments as the journal shows them: JSON decoded, so that a test need not."""
    return {name: (decoded(value) if name in _JSON_ARGUMENTS else value) for name, value in values.items()}
