"""What the audit log keeps of the settings: a digest of the whole, and of each key, so that the next start can say by
name what has changed. No value is kept, and no secret goes into a digest.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from bot.settings import Settings
from ledger.redact import Redactor

_DIGITS = 12  # of SHA-256 a key: 48 bits
_NO_SETTING = "directory"  # where the file lies


def key_digests(settings: Settings, redactor: Redactor) -> dict[str, str]:
    """By key as it stands in the file ("clusters.shop.channel"): the first hexadecimal digits of the SHA-256 of its
    value in JSON. Secrets are replaced before: a token that was changed is no change here."""
    values = settings.model_dump(mode="json", exclude={_NO_SETTING})
    return {key: _digest(json.dumps(_discreet(value, redactor)))[:_DIGITS] for key, value in _leaves("", values)}


def settings_details(keys: Mapping[str, str], before: Mapping[str, str] | None) -> dict[str, object]:
    """The details of the record. `before` are the digests of the last start, None where there was none."""
    details: dict[str, object] = {"digest": _digest(json.dumps(dict(keys), sort_keys=True)), "keys": dict(keys)}
    if before is None:
        return {**details, "line": "first start: nothing to compare with"}
    changed = sorted(key for key in {*keys, *before} if keys.get(key) != before.get(key))
    return {**details, "changed": changed, "line": f"changed: {', '.join(changed)}" if changed else "unchanged"}


def _leaves(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Each value with its key; a list counts as one value."""
    if isinstance(value, Mapping) and value:
        for name in sorted(value):
            yield from _leaves(f"{key}.{name}" if key else str(name), value[name])
    else:
        yield key, value


def _discreet(value: Any, redactor: Redactor) -> Any:
    """Before it is written as JSON, which would escape what is looked for."""
    match value:
        case str():
            return redactor.text(value)
        case list():
            return [_discreet(one, redactor) for one in value]
        case dict():
            return {name: _discreet(one, redactor) for name, one in sorted(value.items())}
        case _:
            return value


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
