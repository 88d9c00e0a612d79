"""One text for one value: the JSON that hashes are taken over."""

import json
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import TypeAlias

from ledger.times import to_text

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"


def plain(value: object) -> JsonValue:
    """The value in JSON's own types, with nothing that two JSON libraries could write in two ways.

    Floats become their shortest decimal text, times their UTC text, enums their value. Raises TypeError for anything
    that has no plain form.
    """
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, Mapping):
        return {_key(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no plain form; record its text or its fields instead")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a key must be text, not {type(key).__name__}")
    return str(key)


def canonical(value: JsonValue) -> str:
    """Sorted keys, no white space, ASCII only: equal values give equal texts on every machine."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
