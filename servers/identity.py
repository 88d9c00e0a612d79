"""Which machine, which instance is meant: one short digest of the settings that lead there.

What people approve names servers; the settings say where a name leads. A plan carries these digests, so that a name
that leads elsewhere by the time it runs is found out.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

# For a field's metadata: it says how something is done there (how long, with which programs), not which machine it is.
MANNER: Mapping[str, bool] = {"manner": True}

# Of libpq's parameters those that say which server and which role are meant; the others say how it is reached.
# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
_WHERE = frozenset({"host", "hostaddr", "port", "user", "dbname", "service"})

_DIGITS = 16  # of SHA-256: 64 bits


def identity(settings: object) -> str:
    """Of a frozen dataclass of settings: the first 16 hexadecimal digits of the SHA-256 of its canonical JSON.

    No secret goes into it, for it is stored and shown; nor do files of the bot's own machine (keys, known hosts), which
    lie elsewhere for the terminal than for the bot and say nothing about the machine that is meant; nor what says only
    how something is done there, so that a time-out that was changed does not void what waits for approval.
    """
    canonical = json.dumps(_plain(settings), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:_DIGITS]


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        # What may hold a secret is kept out of the value's repr, and is libpq's conninfo or a bare password.
        return {
            one.name: _plain(getattr(value, one.name)) if one.repr else _where(getattr(value, one.name))
            for one in fields(value)
            if "manner" not in one.metadata
        }
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return None if isinstance(value, Path) else value


def _where(conninfo: str | None) -> object:
    """None for what is no conninfo: a bare password."""
    if conninfo is None:
        return None
    try:
        parameters = conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError:
        return None
    return {name: str(value) for name, value in parameters.items() if name in _WHERE}
