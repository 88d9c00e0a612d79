"""The ledger's copies in the store: one object each, named by its time, and beside it what it holds, written last.

Nothing is overwritten and nothing removed there: each copy stays as a version of its own.
"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from ledger.copying import LedgerEnd
from servers.backups.offsite.source import PIECE
from servers.backups.offsite.store import ObjectStore, Stored
from servers.blocking import in_thread
from servers.engines.engine import ActionFailed

_STAMP = "%Y%m%dT%H%M%S%fZ"
_READ_SECONDS = 60.0
_ENDING = ".sqlite3.gz"
_DESCRIPTION = re.compile(r"^\d{8}T\d{12}Z-[0-9a-f]{32}\.json$")


@dataclass(frozen=True, slots=True)
class StoredCopy:
    """A copy that is there as a whole: its name, when it was taken, its size and checksum, and what it holds."""

    name: str
    at: datetime
    size: int
    md5: str
    encrypted: bool
    end: LedgerEnd


class StoredCopies:
    """Below `PREFIXledger/`. Everything raises ActionFailed."""

    def __init__(self, store: ObjectStore, prefix: str) -> None:
        self._store = store
        self._prefix = f"{prefix}ledger/"

    async def put(self, file: Path, end: LedgerEnd, at: datetime, *, encrypted: bool) -> StoredCopy:
        """Send it, compare it with what the store has then, and say what it is."""
        size, digest = await in_thread(lambda: _measured(file), _READ_SECONDS)
        stem = f"{at:{_STAMP}}-{end.ledger}"
        copy = StoredCopy(f"{stem}{_ENDING}{'.gpg' if encrypted else ''}", at, size, digest.hex(), encrypted, end)
        with file.open("rb") as body:
            await self._store.put(f"{self._prefix}{copy.name}", body, digest)
        there = (await self._store.objects(f"{self._prefix}{copy.name}")).get(f"{self._prefix}{copy.name}")
        if not _agrees(copy, there):
            raise ActionFailed(f"the store has {copy.name} otherwise than it was sent")
        described = _described(copy)
        md5 = hashlib.md5(described, usedforsecurity=False).digest()
        await self._store.put(f"{self._prefix}{stem}.json", described, md5)
        return copy

    async def newest(self) -> StoredCopy | None:
        """The newest one that is as it was sent; None where there is none at all. What is not whole is passed over."""
        there = await self._store.objects(self._prefix)
        names = (key.removeprefix(self._prefix) for key in there)
        described = sorted(filter(_DESCRIPTION.match, names), reverse=True)
        for name in described:
            copy = _read(await self._store.get(f"{self._prefix}{name}"))
            if copy is not None and _agrees(copy, there.get(f"{self._prefix}{copy.name}")):
                return copy
        if described:
            raise ActionFailed(f"none of the {len(described)} copies of the ledger off site is as it was sent")
        return None

    async def get(self, copy: StoredCopy, into: Path) -> None:
        """Into a new file, by pieces, compared."""
        digest, at = hashlib.md5(usedforsecurity=False), 0
        with into.open("xb") as out:
            while at < copy.size:
                piece = await self._store.read(f"{self._prefix}{copy.name}", at, min(PIECE, copy.size - at))
                if not piece:
                    break
                digest.update(piece)
                out.write(piece)
                at += len(piece)
        if digest.hexdigest() != copy.md5:
            raise ActionFailed(f"{copy.name} did not come as it was sent: try again")


def _agrees(copy: StoredCopy, there: Stored | None) -> bool:
    return there is not None and (there.size, there.etag) == (copy.size, copy.md5)


def _described(copy: StoredCopy) -> bytes:
    return json.dumps({**asdict(copy), "at": copy.at.isoformat()}, indent=1).encode("ascii")


def _read(described: bytes) -> StoredCopy | None:
    """None for what is no description of ours: a path is made of its name."""
    try:
        value = json.loads(described)
        end = value["end"]
        copy = StoredCopy(
            str(value["name"]),
            datetime.fromisoformat(value["at"]).astimezone(UTC),
            int(value["size"]),
            str(value["md5"]),
            value["encrypted"] is True,
            LedgerEnd(str(end["ledger"]), int(end["records"]), str(end["head"])),
        )
    except (ValueError, KeyError, TypeError):
        return None
    return copy if _is_ours(copy) else None


def _is_ours(copy: StoredCopy) -> bool:
    return re.fullmatch(r"\d{8}T\d{12}Z-[0-9a-f]{32}\.sqlite3\.gz(\.gpg)?", copy.name) is not None


def _measured(file: Path) -> tuple[int, bytes]:
    with file.open("rb") as content:
        return file.stat().st_size, hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).digest()
