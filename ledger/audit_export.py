"""The audit log as it leaves the ledger: JSON lines for machines and courts, CSV for people. docs/audit.md has the
format in full.

A whole export is a line a record, oldest first, then a line a signed segment, then one that says where the chain ends.
A part (filtered) begins with a line that says so; what is not in it cannot be proved from it.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from typing import cast

from sqlite_utils import Database

from ledger.audit import AuditFilter, matching
from ledger.audit_chain import (
    NOTHING_OUTSIDE,
    Broken,
    Ending,
    Head,
    Link,
    Outside,
    Verification,
    check_hash,
    head,
    verify_links,
    with_head,
)
from ledger.audit_segments import NoStatement, ledger_id, read_signed, segments, signed_json
from ledger.canonical import JsonValue, canonical

_EVERYTHING = AuditFilter()
_CSV_HEADERS = (
    "record", "at (UTC)", "person id", "person", "face", "what", "cluster", "place", "text", "details", "hash"
)  # fmt: skip
# What a spreadsheet takes for a formula: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def export(db: Database, wanted: AuditFilter = _EVERYTHING) -> Iterator[str]:
    """The log as JSON lines. Each is canonical JSON without its line feed. Lazy: use it up within the read."""
    digest = hashlib.sha256()
    for line in _lines(db, wanted):
        digest.update(line.encode("ascii") + b"\n")
        yield line
    end = head(db)
    name = "head" if wanted == _EVERYTHING else "end"
    last: dict[str, JsonValue] = {"count": end.count, "hash": end.hash, "ledger": ledger_id(db)}
    digest.update(canonical(last).encode("ascii"))
    yield canonical({name: {**last, "sha256": digest.hexdigest()}})


def export_csv(db: Database, wanted: AuditFilter = _EVERYTHING) -> Iterator[str]:
    """The same as CSV (RFC 4180), a text a row with its line end. A cell that a spreadsheet would take for a formula
    begins with an apostrophe. Lazy."""
    yield _csv_row(_CSV_HEADERS)
    for sequence, _, digest, text in matching(db, wanted):
        entry = json.loads(text)
        actor = entry["actor"]
        details = json.dumps(entry["details"], ensure_ascii=False, sort_keys=True)
        cells = (entry["at"], actor["id"], actor["name"], actor["face"], entry["kind"], entry["cluster"])
        yield _csv_row((str(sequence), *cells, entry["place"], entry["text"], details, digest))


def verify_export(lines: Iterable[str], kept: Head | None = None, outside: Outside = NOTHING_OUTSIDE) -> Verification:
    """The same proof as `audit_chain.verify`, on the lines of an export. Of a part only its records are proved."""
    given = iter(lines)
    first = next(given, None)
    if first is not None and first.startswith('{"part":'):
        return _verify_part(first, given)
    ending = Ending(wrong="the export ends without the line that says where the chain ends: its tail is missing")
    links = _links(chain(() if first is None else (first,), given), ending, "head")
    return verify_links(links, ending, with_head(outside, kept))


def _lines(db: Database, wanted: AuditFilter) -> Iterator[str]:
    if wanted != _EVERYTHING:
        yield canonical({"part": cast(JsonValue, wanted.parameters())})
    for sequence, previous, digest, entry in matching(db, wanted):
        yield (
            f'{{"entry":{entry},"hash":{json.dumps(digest)},"previous":{json.dumps(previous)},"sequence":{sequence}}}'
        )
    if wanted == _EVERYTHING:
        for signed in segments(db):
            yield signed_json(*signed)


def _csv_row(cells: Iterable[str | None]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([f"'{cell}" if cell and cell.startswith(_FORMULA) else cell or "" for cell in cells])
    return out.getvalue()


def _verify_part(first: str, rest: Iterator[str]) -> Verification:
    ending = Ending(wrong="the export ends without its last line: its tail is missing")
    count, at = 0, 1
    begin = hashlib.sha256(first.removesuffix("\n").removesuffix("\r").encode("utf-8", "surrogateescape") + b"\n")
    try:
        _parsed(_bare(first))
        pairs = pairwise(chain((None,), _links(rest, ending, "end", begin)))
        for before, link in pairs:
            if link is None:
                continue
            at = _check_in_part(before, link, at)
            count, at = count + 1, at + 1
        if ending.wrong is not None:
            raise Broken(ending.wrong)
    except Broken as broken:
        return Verification(False, count, "", first_bad=broken.at or at, reason=str(broken), part=True)
    return Verification(True, count, "", part=True)


def _check_in_part(before: Link | None, link: Link, at: int) -> int:
    """The record's own number, which is at least `at`."""
    if type(link.sequence) is not int or link.sequence < at or not isinstance(link.previous, str):
        raise Broken(f"a record is out of place: {link.sequence} stands there")
    if before is not None and before.sequence == link.sequence - 1 and link.previous != before.hash:
        raise Broken("it does not follow the record before it", at=link.sequence)
    try:
        check_hash(link, link.sequence, link.previous)
    except Broken as broken:
        raise Broken(str(broken), at=link.sequence) from None
    return link.sequence


def _links(lines: Iterable[str], ending: Ending, last: str, digest: "hashlib._Hash | None" = None) -> Iterator[Link]:
    digest = digest or hashlib.sha256()
    for given in lines:
        line = _bare(given)
        if ending.head is not None:
            raise Broken("the export goes on after the line that ends it")
        value = _parsed(line)
        if value.keys() == {"entry", "hash", "previous", "sequence"} and not ending.segments:
            yield Link(value["sequence"], value["previous"], value["hash"], canonical(value["entry"]))
        elif value.keys() == {"segment", "signature"}:
            _take_segment(line, ending)
        elif value.keys() == {last}:
            _take_end(value[last], digest.copy(), ending)
        else:
            raise Broken("the line is no record of an audit log")
        digest.update(line.encode("ascii") + b"\n")


def _take_segment(line: str, ending: Ending) -> None:
    try:
        ending.segments.append(read_signed(line))
    except NoStatement as wrong:
        raise Broken(f"the line of a signed segment cannot be read: {wrong}") from None


def _take_end(value: object, digest: "hashlib._Hash", ending: Ending) -> None:
    """The checksum is over all lines before, and over the rest of this one."""
    shape = isinstance(value, dict) and value.keys() == {"count", "hash", "ledger", "sha256"}
    if not isinstance(value, dict) or not shape or type(value["count"]) is not int:
        raise Broken("the line that ends the export is not as it was written")
    ending.head, ending.ledger = Head(value["count"], value["hash"]), value["ledger"]
    digest.update(canonical({key: value[key] for key in ("count", "hash", "ledger")}).encode("ascii"))
    same = value["sha256"] == digest.hexdigest()
    ending.wrong = None if same else "a line was changed: the export's own checksum is another one"


def _bare(line: str) -> str:
    """The line without its end, LF or CR LF."""
    return line[:-1].removesuffix("\r") if line.endswith("\n") else line


def _parsed(line: str) -> dict[str, JsonValue]:
    try:
        value: JsonValue = json.loads(line)
        # Anything but the very same text could hide something (a key twice) from some reader of the file.
        if not isinstance(value, dict) or canonical(value) != line:
            raise Broken("the line is not as it was exported")
    except (ValueError, RecursionError) as error:
        raise Broken("the line is no JSON") from error
    else:
        return value
