"""Signed segments of the audit log: a segment is the records from `first` to `last`, closed by a signed statement.

The statement is canonical JSON (see `ledger.canonical`) of

    {"closed_at", "first", "head", "key", "last", "ledger", "previous", "segment", "version": 1}

where `head` is the hash of record `last`, `ledger` this ledger's own id, `key` the id of the key that signed, and
`previous` the signature of the segment before (null for the first). Segments follow each other without a gap from
record 1 on, so the last one speaks for the whole log up to its end.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlite_utils import Database

from ledger.audit import record_count
from ledger.canonical import JsonValue, canonical
from ledger.signing import SigningKey
from ledger.times import from_text, from_text_or_none, to_text

VERSION = 1
_KEYS = frozenset({"closed_at", "first", "head", "key", "last", "ledger", "previous", "segment", "version"})

_IDENTITY = "SELECT id FROM ledger_identity"
_LAST = "SELECT statement, signature FROM audit_segment ORDER BY number DESC LIMIT 1"
_ALL = "SELECT statement, signature FROM audit_segment ORDER BY number"
# What is recorded of a copy that was written is no reason to sign again.
_UNSIGNED = """
    SELECT count(*), min(at) FROM audit
    WHERE sequence > (SELECT coalesce(max(last), 0) FROM audit_segment) AND kind <> 'witness written'
"""
_INSERT = "INSERT INTO audit_segment (number, statement, signature) VALUES (:number, :statement, :signature)"


@dataclass(frozen=True, slots=True)
class Segment:
    """A signed statement: `statement` is the very text that `signature` is over."""

    number: int
    first: int
    last: int
    head: str
    ledger: str
    key: str
    previous: str | None
    closed_at: datetime
    statement: str
    signature: str

    @property
    def records(self) -> str:
        """“records 101 to 120”."""
        return f"record {self.last}" if self.first == self.last else f"records {self.first} to {self.last}"


@dataclass(frozen=True, slots=True)
class Unsigned:
    """How many records are worth a new segment, and how old the oldest of them is."""

    records: int
    since: datetime | None


class NoStatement(Exception):
    """A text is no statement of a segment."""


def close_segment(db: Database, key: SigningKey, at: datetime) -> Segment | None:
    """Signs what came since the last segment; within the caller's write. None when nothing came."""
    before = last_segment(db)
    count, head = record_count(db)
    first = before.last + 1 if before else 1
    if count < first:
        return None
    statement = canonical(
        {
            "closed_at": to_text(at),
            "first": first,
            "head": head,
            "key": key.public.id,
            "last": count,
            "ledger": ledger_id(db),
            "previous": before.signature if before else None,
            "segment": before.number + 1 if before else 1,
            "version": VERSION,
        }
    )
    segment = read_segment(statement, key.sign(statement))
    db.execute(_INSERT, {"number": segment.number, "statement": statement, "signature": segment.signature})
    return segment


def ledger_id(db: Database) -> str:
    """The ledger's own name: 32 hexadecimal digits, made when it was."""
    return str(db.execute(_IDENTITY).fetchone()[0])


def last_segment(db: Database) -> Segment | None:
    row = db.execute(_LAST).fetchone()
    return None if row is None else read_segment(*row)


def unsigned(db: Database) -> Unsigned:
    records, since = db.execute(_UNSIGNED).fetchone()
    return Unsigned(records, from_text_or_none(since))


def segments(db: Database) -> Iterator[tuple[str, str]]:
    """Every statement with its signature, as they stand, oldest first. Lazy: use it up within the read."""
    return cast(Iterator[tuple[str, str]], db.execute(_ALL))


def signed_json(statement: str, signature: str) -> str:
    """A segment as it leaves this machine: one line of canonical JSON."""
    return f'{{"segment":{statement},"signature":{json.dumps(signature)}}}'


def read_signed(line: str) -> Segment:
    """The segment of such a line. Raises NoStatement for anything but the very text that `signed_json` writes."""
    try:
        value: JsonValue = json.loads(line)
        same = canonical(value) == line
    except (ValueError, RecursionError):
        raise NoStatement("it is no JSON") from None
    if not isinstance(value, dict) or value.keys() != {"segment", "signature"} or not same:
        raise NoStatement("it is not as it was written")
    return read_segment(canonical(value["segment"]), value["signature"])


def read_segment(statement: str, signature: object) -> Segment:
    """Raises NoStatement."""
    try:
        value = json.loads(statement)
        if not isinstance(value, dict) or value.keys() != _KEYS or canonical(value) != statement:
            raise NoStatement("it is not as it was written")
        if value["version"] != VERSION or not isinstance(signature, str):
            raise NoStatement(f"it is of version {value['version']}, not {VERSION}")
        whole = all(type(value[name]) is int for name in ("segment", "first", "last"))
        whole = whole and all(isinstance(value[name], str) for name in ("head", "ledger", "key"))
        if not whole or not isinstance(value["previous"], str | None):
            raise NoStatement("it is not as it was written")
        closed_at = from_text(value["closed_at"])
    except (ValueError, TypeError, RecursionError):
        raise NoStatement("it is not as it was written") from None
    return Segment(
        number=value["segment"],
        first=value["first"],
        last=value["last"],
        head=value["head"],
        ledger=value["ledger"],
        key=value["key"],
        previous=value["previous"],
        closed_at=closed_at,
        statement=statement,
        signature=signature,
    )
