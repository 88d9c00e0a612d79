"""Proof that the audit log is whole: in the ledger, and in an export without it."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sqlite_utils import Database

from ledger.audit import GENESIS, record_hash
from ledger.canonical import JsonValue, canonical

_RECORDS = "SELECT sequence, previous, hash, entry FROM audit ORDER BY sequence"
_HEAD = "SELECT count, hash FROM audit_head"


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ends: how many records there are, and the hash of the last one."""

    count: int
    hash: str


@dataclass(frozen=True, slots=True)
class Verification:
    """`count` and `head` are the good records from the start on; `first_bad` is the first sequence number that
    is not as it was written (changed, missing, inserted or moved), `reason` says in what way."""

    ok: bool
    count: int
    head: str
    first_bad: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Link:
    sequence: object
    previous: object
    hash: object
    entry: str


class _Broken(Exception):
    pass


def head(db: Database) -> Head:
    """Where the log ends now; worth keeping somewhere else, to give to `verify` later."""
    count, digest = db.execute(_HEAD).fetchone()
    return Head(count, digest)


def verify(db: Database, kept: Head | None = None) -> Verification:
    """Recomputes the whole chain and compares its end with the recorded one.

    `kept` is an earlier head that was kept elsewhere: the log must still contain it.
    """
    links = (_Link(*row) for row in db.execute(_RECORDS))
    return _verify(links, lambda: _recorded_head(db), kept)


def export(db: Database) -> Iterator[str]:
    """The log as JSON lines, oldest first: a line a record, then one that says where the chain ends.

    Each line is canonical JSON without its line feed. Reads lazily: use it up within the read.
    """
    for sequence, previous, digest, entry in db.execute(_RECORDS):
        yield (
            f'{{"entry":{entry},"hash":{json.dumps(digest)},"previous":{json.dumps(previous)},"sequence":{sequence}}}'
        )
    end = head(db)
    yield canonical({"head": {"count": end.count, "hash": end.hash}})


def verify_export(lines: Iterable[str], kept: Head | None = None) -> Verification:
    """The same proof on the lines of an export."""
    end: list[Head] = []

    def recorded_head() -> Head:
        if not end:
            raise _Broken("the export ends without the line that says where the chain ends: its tail is missing")
        return end[0]

    return _verify(_links(lines, end), recorded_head, kept)


def _links(lines: Iterable[str], end: list[Head]) -> Iterator[_Link]:
    for line in lines:
        if end:
            raise _Broken("the export goes on after the line that ends it")
        value = _parsed(line.rstrip("\r\n"))
        if value.keys() == {"head"}:
            end.append(_parsed_head(value["head"]))
        elif value.keys() == {"entry", "hash", "previous", "sequence"}:
            yield _Link(value["sequence"], value["previous"], value["hash"], canonical(value["entry"]))
        else:
            raise _Broken("the line is no record of an audit log")


def _parsed(line: str) -> dict[str, JsonValue]:
    try:
        value: JsonValue = json.loads(line)
        # Anything but the very same text could hide something (a key twice) from some reader of the file.
        if not isinstance(value, dict) or canonical(value) != line:
            raise _Broken("the line is not as it was exported")
    except (ValueError, RecursionError) as error:
        raise _Broken("the line is no JSON") from error
    else:
        return value


def _parsed_head(value: object) -> Head:
    if isinstance(value, dict) and value.keys() == {"count", "hash"}:
        return Head(value["count"], value["hash"])
    raise _Broken("the line that ends the export is not as it was written")


def _recorded_head(db: Database) -> Head:
    row = db.execute(_HEAD).fetchone()
    if row is None:
        raise _Broken("the record of where the chain ends is missing")
    return Head(*row)


def _verify(links: Iterator[_Link], recorded_head: Callable[[], Head], kept: Head | None) -> Verification:
    count, previous = 0, GENESIS
    try:
        if kept is not None and kept.count == 0 and kept.hash != GENESIS:
            raise _Broken("the head that was kept is no head of an empty log")
        for link in links:
            _check_link(link, count + 1, previous)
            if kept is not None and kept.count == count + 1 and kept.hash != link.hash:
                raise _Broken("the hash is not the one that was kept elsewhere: the log was rewritten")
            count, previous = count + 1, str(link.hash)
        _check_end(Head(count, previous), recorded_head(), kept)
    except _Broken as broken:
        return Verification(False, count, previous, first_bad=count + 1, reason=str(broken))
    return Verification(True, count, previous)


def _check_link(link: _Link, sequence: int, previous: str) -> None:
    if link.sequence != sequence:
        raise _Broken(f"record {sequence} is missing or out of place: {link.sequence} stands there")
    if link.previous != previous:
        raise _Broken("it does not follow the record before it: one of the two was dropped, moved or inserted")
    if link.hash != _hash(sequence, previous, link.entry):
        raise _Broken("its content does not match its hash: it was changed")


def _hash(sequence: int, previous: str, entry: str) -> str | None:
    return record_hash(sequence, previous, entry) if entry.isascii() else None


def _check_end(end: Head, recorded: Head, kept: Head | None) -> None:
    if recorded.count > end.count:
        raise _Broken(f"the log should end with record {recorded.count}: its tail is missing")
    if recorded != end:
        raise _Broken("the recorded end of the log is not where the chain ends: records were added or rewritten")
    if kept is not None and kept.count > end.count:
        raise _Broken(f"the log once had {kept.count} records: its tail is missing")
