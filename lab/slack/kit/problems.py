"""Collects what is wrong with a piece of Block Kit, in the words and with the JSON pointers that Slack uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Object = Mapping[str, Any]


@dataclass(slots=True)
class Problems:
    """Problems found so far. Every `check` method reports at a JSON pointer and says whether it passed."""

    file_is_usable: Callable[[Mapping[str, Any]], bool] = lambda _: False
    found: list[str] = field(default_factory=list)

    def add(self, message: str, pointer: str) -> None:
        self.found.append(f"{message} [json-pointer:{pointer}]")

    def is_object(self, value: object, pointer: str) -> bool:
        if isinstance(value, Mapping):
            return True
        self.add("must provide an object", pointer)
        return False

    def properties(self, value: Object, pointer: str, *, required: Sequence[str], optional: Sequence[str]) -> bool:
        """Every required property is there, and none that Slack does not know ("invalid additional property")."""
        missing = [name for name in required if value.get(name) is None]
        for name in missing:
            self.add(f"missing required field: {name}", pointer)
        for name in value:
            if name not in required and name not in optional:
                self.add(f"invalid additional property: {name}", pointer)
        return not missing

    def length(self, value: object, pointer: str, limit: int, *, minimum: int = 0) -> None:
        """A string of `minimum` to `limit` characters; an absent one passes."""
        if value is None:
            return
        if not isinstance(value, str):
            self.add("must provide a string", pointer)
        elif len(value) > limit:
            self.add(f"must be less than {limit + 1} characters", pointer)
        elif len(value) < minimum:
            self.add(f"must be more than {minimum - 1} characters", pointer)

    def items(self, value: object, pointer: str, limit: int, *, minimum: int = 1) -> Sequence[Any]:
        """A list of `minimum` to `limit` items, returned for a closer look; empty if it is no list."""
        if value is None:
            return ()
        if not isinstance(value, list):
            self.add("must provide an array", pointer)
            return ()
        if len(value) > limit:
            self.add(f"no more than {limit} items allowed", pointer)
        elif len(value) < minimum:
            self.add(f"no fewer than {minimum} items allowed" if minimum > 1 else "must provide items", pointer)
        return value

    def text(self, value: object, pointer: str, limit: int, *, plain: bool = False) -> None:
        """A text object: `plain_text`, or `mrkdwn` where that is allowed; an absent one passes."""
        if value is None or not self.is_object(value, pointer):
            return
        assert isinstance(value, Mapping)  # noqa: S101 - is_object has just established it
        kind = value.get("type")
        allowed = ("plain_text",) if plain else ("plain_text", "mrkdwn")
        if kind not in allowed:
            self.add(f"must be one of: {', '.join(allowed)}", f"{pointer}/type")
            return
        optional = ("emoji",) if kind == "plain_text" else ("verbatim",)
        if self.properties(value, pointer, required=("type", "text"), optional=optional):
            self.length(value["text"], f"{pointer}/text", limit, minimum=1)
