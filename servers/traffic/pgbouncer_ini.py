"""pgbouncer.ini: where its databases lead to, and the same file with other addresses, all else byte for byte.

The format: https://www.pgbouncer.org/config.html, "Generic settings" and "Section [databases]".
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from servers.traffic.target import Address

_SECTION = re.compile(rb"\s*\[([^\]]*)\]\s*")
_ENTRY = re.compile(rb'\s*("(?:[^"]|"")*"|[^\s="]+)\s*=\s*')
_PAIR = re.compile(rb"([A-Za-z_]+)\s*=\s*('(?:[^']|'')*'|\S*)")
_COMMENTS = (b";", b"#", b"%")


class IniMistake(Exception):
    """The file cannot be used as it is. Says why, and what to do."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A database's line: where it stands in the file, and where its connection string begins in the line."""

    line: int
    begin: int


def with_address(text: bytes, databases: Sequence[str], address: Address) -> bytes:
    """The file with these databases led to `address`. Raises IniMistake."""
    lines = text.splitlines(keepends=True)
    for database in databases:
        entry = _entry(lines, database)
        lines[entry.line] = _line(lines[entry.line], entry.begin, address)
    return b"".join(lines)


def _entry(lines: Sequence[bytes], database: str) -> _Entry:
    found = list(_entries(lines, database))
    if not found:
        raise IniMistake(f"has no entry for “{database}” in [databases]: name the file that has it (%include?)")
    if len(found) > 1:
        raise IniMistake(f"has {len(found)} entries for “{database}”: PgBouncer would take the last one; keep one")
    return found[0]


def _entries(lines: Sequence[bytes], database: str) -> Iterator[_Entry]:
    section = b""
    for number, line in enumerate(lines):
        if heading := _SECTION.fullmatch(line):
            section = heading.group(1).strip().lower()
        elif section == b"databases" and not line.lstrip().startswith(_COMMENTS):
            entry = _ENTRY.match(line)
            if entry and _name(entry.group(1)) == database.encode():
                yield _Entry(number, entry.end())


def _name(written: bytes) -> bytes:
    return written[1:-1].replace(b'""', b'"') if written.startswith(b'"') else written


def _line(line: bytes, begin: int, address: Address) -> bytes:
    ending = line[len(line.rstrip()) :]
    body = line[: len(line) - len(ending)]
    for key, value in ((b"host", address.host.encode()), (b"port", str(address.port).encode())):
        body = _with_value(body, begin, key, value)
    return body + ending


def _with_value(body: bytes, begin: int, key: bytes, value: bytes) -> bytes:
    places = [pair.span(2) for pair in _PAIR.finditer(body, begin) if pair.group(1).lower() == key]
    if not places:
        return body.rstrip() + b" " + key + b"=" + value
    for start, end in reversed(places):
        body = body[:start] + value + body[end:]
    return body
