"""Keeps the settings' secrets out of everything that is remembered or shown."""

import json
import re
from collections.abc import Iterable
from typing import cast
from urllib.parse import quote

from sqlite_utils import Database

from ledger.canonical import JsonValue

REPLACEMENT = "[redacted]"

# Below this, a secret is replaced only where it stands alone: as part of other words it would make texts unreadable.
SHORT = 8

_REDACT = "SELECT redact_json(:value)"


class Redactor:
    """Replaces secret values, as they are and as they stand in a URL, in JSON, in a conninfo or in postgresql.conf,
    wherever they occur."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if secret.strip() for form in _forms(secret)}
        # The longest first: a secret that contains another one is replaced whole.
        alternatives = [_pattern(form) for form in sorted(forms, key=lambda form: (-len(form), form))]
        self._pattern = re.compile("|".join(alternatives)) if alternatives else None

    def __repr__(self) -> str:
        return "Redactor(…)"  # a repr ends up in logs; the secrets must not

    def text(self, text: str) -> str:
        """The text without secrets, and without halves of surrogate pairs, which no database and no network takes."""
        whole = text.encode("utf-8", "replace").decode("utf-8")
        return whole if self._pattern is None else self._pattern.sub(REPLACEMENT, whole)

    def value(self, value: JsonValue) -> JsonValue:
        """The same for every text and every key within."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {self.text(key): self.value(item) for key, item in value.items()}
        return value

    def install(self, db: Database) -> None:
        """Makes this redactor the connection's own, so that whoever writes there cannot do without it."""
        db.conn.create_function("redact_json", 1, self._json, deterministic=True)

    def _json(self, text: str) -> str:
        return json.dumps(self.value(cast(JsonValue, json.loads(text))))


def redacted(db: Database, value: JsonValue) -> JsonValue:
    """The value without the secrets of the settings that the ledger was opened with."""
    row = db.execute(_REDACT, {"value": json.dumps(value)}).fetchone()
    return cast(JsonValue, json.loads(row[0]))


def redacted_text(db: Database, text: str) -> str:
    return str(redacted(db, text))


def _forms(secret: str) -> set[str]:
    # libpq's quoting in a connection string, and that within the quotes of a configuration file:
    # https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE
    conninfo = secret.replace("\\", r"\\").replace("'", r"\'")
    configured = conninfo.replace("\\", r"\\").replace("'", "''")
    escaped = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    return {secret, secret.strip(), quote(secret, safe=""), conninfo, configured, *escaped}


def _pattern(form: str) -> str:
    if len(form) >= SHORT:
        return re.escape(form)
    return rf"(?<!\w){re.escape(form)}(?!\w)"
