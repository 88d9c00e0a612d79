"""The one exception with which the practice Slack refuses: it carries Slack's own error code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

JSON = dict[str, Any]


class SlackError(Exception):
    """A refusal as Slack words it: `{"ok": false, "error": code}` and whatever else Slack adds to that answer."""

    def __init__(self, code: str, *, messages: Sequence[str] = (), extra: Mapping[str, Any] | None = None) -> None:
        super().__init__(code if not messages else f"{code}: {'; '.join(messages)}")
        self.code = code
        self.messages = tuple(messages)
        self.extra = dict(extra or {})

    def answer(self) -> JSON:
        """The body of the answer; details stand both in `errors` and in `response_metadata`, as with Slack."""
        body: JSON = {"ok": False, "error": self.code, **self.extra}
        if self.messages:
            body["errors"] = list(self.messages)
            body["response_metadata"] = {"messages": [f"[ERROR] {message}" for message in self.messages]}
        return body
