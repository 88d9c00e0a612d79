"""Which columns, functions and settings PostgreSQL 13 to 18 have, as the servers themselves tell; and our SQL.

`catalogs.tsv` has one line for each: what it is, its name, a column's type, the first and the last major version that
has it. It was written by `python -m tests.servers.catalogs CONNINFO…` from a server of each version, with every
statement prepared on each. The same in words, by version:
https://www.postgresql.org/docs/13/views-overview.html to https://www.postgresql.org/docs/18/views-overview.html.
"""

import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg

import bot.check.servers
import servers

TABLE = Path(__file__).with_name("catalogs.tsv")
VERSIONS = range(13, 19)

_RELATION = re.compile(r"\b(?:FROM|JOIN)\s+(pg_\w+)\b(?!\s*\()", re.IGNORECASE)
_FUNCTION = re.compile(r"\b(pg_\w+)\s*\(")
_SETTING = re.compile(r"current_setting\('(\w+)'\)")
_PSQL_VARIABLE = re.compile(r":'\w+'")
# What an extension brings no catalog tells of.
_EXTENSION = "pg_stat_statements("
_SOME_VERSIONS = re.compile(r"_(UNTIL|SINCE)_(\d+)$")

_COLUMNS: LiteralString = """
SELECT 'column', relname || '.' || attname, format_type(atttypid, atttypmod)
  FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid
 WHERE relnamespace = 'pg_catalog'::regnamespace AND relname = ANY(%s) AND attnum > 0 AND NOT attisdropped
"""
_FUNCTIONS: LiteralString = """
SELECT DISTINCT 'function', proname::text, '-' FROM pg_proc
 WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = ANY(%s)
"""
_SETTINGS: LiteralString = "SELECT 'setting', name, '-' FROM pg_settings WHERE name = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Entry:
    """A column ("pg_database.datname"), function or setting, and the versions that have it, both included."""

    kind: str
    name: str
    type: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Statement:
    """One of our statements, by the module and the name that it has there, with psycopg's and psql's parameters."""

    name: str
    sql: str

    @property
    def relations(self) -> frozenset[str]:
        return frozenset(_RELATION.findall(self.sql))

    @property
    def functions(self) -> frozenset[str]:
        return frozenset(_FUNCTION.findall(self.sql))

    @property
    def settings(self) -> frozenset[str]:
        """Those that must be there: one that may be missing is asked for with a second argument."""
        return frozenset(_SETTING.findall(self.sql))

    @property
    def versions(self) -> range:
        """Those that it is asked of, as its name ends: in _UNTIL_16 or _SINCE_17, else all."""
        some = _SOME_VERSIONS.search(self.name)
        if some is None:
            return VERSIONS
        version = int(some.group(2))
        return range(VERSIONS.start, version + 1) if some.group(1) == "UNTIL" else range(version, VERSIONS.stop)

    def prepared(self) -> str:
        """As a PREPARE, which looks every name up and runs nothing."""
        numbers = iter(range(1, 100))
        positional = re.sub(r"%s", lambda _: f"${next(numbers)}", self.sql)
        return f"PREPARE looked_up AS {_PSQL_VARIABLE.sub('NULL', positional).replace('%%', '%').rstrip().rstrip(';')}"


def statements() -> tuple[Statement, ...]:
    """Every constant of `servers` and of the check of servers that is one statement and reads a catalog."""
    names = [found.name for found in pkgutil.walk_packages(servers.__path__, "servers.")]
    modules = [*(importlib.import_module(name) for name in names), bot.check.servers]
    found = [
        Statement(f"{module.__name__}.{name}", value)
        for module in modules
        for name, value in sorted(vars(module).items())
        if isinstance(value, str) and name.isupper() and _is_statement(value)
    ]
    return tuple(found)


def entries() -> tuple[Entry, ...]:
    """The table."""
    lines = [line.split("\t") for line in TABLE.read_text().splitlines()]
    return tuple(Entry(kind, name, type_, int(first), int(last)) for kind, name, type_, first, last in lines)


def relations_of(version: int) -> Mapping[str, Sequence[Entry]]:
    """The columns that each view or table has in that major version."""
    found: dict[str, list[Entry]] = {}
    for entry in entries():
        if entry.kind == "column" and entry.first <= version <= entry.last:
            found.setdefault(entry.name.partition(".")[0], []).append(entry)
    return found


def _is_statement(text: str) -> bool:
    """A whole one: what is put together with others ends in the middle, and psql's \\gset and \\gexec are not SQL."""
    begins = text.lstrip().upper().startswith(("SELECT", "WITH"))
    if _EXTENSION in text:
        return False
    whole = text.count("(") == text.count(")") and not text.rstrip().endswith(",")
    return begins and "pg_" in text and whole and "\\g" not in text


def _told(conninfo: str) -> tuple[int, Iterator[tuple[str, str, str]]]:
    """What one server has of what our statements read; every statement is prepared there first."""
    ours = statements()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        version = connection.info.server_version // 10_000
        for statement in ours:
            if version in statement.versions:
                connection.execute(statement.prepared())
                connection.execute("DEALLOCATE looked_up")
        rows = [
            row
            for sql, names in (
                (_COLUMNS, {name for one in ours for name in one.relations}),
                (_FUNCTIONS, {name for one in ours for name in one.functions}),
                (_SETTINGS, {name for one in ours for name in one.settings}),
            )
            for row in connection.execute(sql, (sorted(names),)).fetchall()
        ]
        return version, iter(rows)


def _write(conninfos: Sequence[str]) -> None:
    versions: dict[tuple[str, str, str], list[int]] = {}
    for conninfo in conninfos:
        version, rows = _told(conninfo)
        for row in rows:
            versions.setdefault(row, []).append(version)
    lines = ["\t".join((*key, str(min(found)), str(max(found)))) for key, found in sorted(versions.items())]
    TABLE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    _write(sys.argv[1:])
