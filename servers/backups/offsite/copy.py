"""Copying a backup from its host to an object store, through the bot, in parts; and comparing what is there.

An upload that broke off goes on with the parts that are there, once their checksums agree with the file. A backup is
off site when its list (`understudy.json`) is there, which is written last.
"""

import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import IO

from servers.backups.offsite.limit import BandwidthLimit
from servers.backups.offsite.parts import Part, etag_of, parts_of
from servers.backups.offsite.source import PIECE, RemoteFiles
from servers.backups.offsite.store import ObjectStore, Stored, Unfinished
from servers.engines.engine import ActionFailed
from servers.state import OffsiteBackup

LIST = "understudy.json"
MANIFEST = "backup_manifest"
_ENDED = "ended_at"
# Segments, history files and backup history files, packed as they may be, and complete.
_ARCHIVED = re.compile(r"^[0-9A-F]{8}([0-9A-F]{16}(\.[0-9A-F]{8}\.backup)?|\.history)(\.(zst|lz4|gz))?(\.gpg)?$")
Progress = Callable[[int, int], None]  # bytes that are there, of how many


@dataclass(frozen=True, slots=True)
class CopiedFile:
    """A file of a backup as the store must have it."""

    name: str
    size: int
    etag: str


def differences(copied: Iterable[CopiedFile], there: Mapping[str, Stored]) -> tuple[str, ...]:
    """What is not as it was copied, by size and checksum."""
    found = []
    for each in copied:
        stored = there.get(each.name)
        if stored is None:
            found.append(f"{each.name} is missing off site")
        elif stored.size != each.size:
            found.append(f"{each.name} has {stored.size} bytes off site, and had {each.size}")
        elif stored.etag != each.etag:
            found.append(f"{each.name} has another checksum off site than when it was copied")
    return tuple(found)


class OffsiteCopies:
    """The copies of one cluster's backups and WAL, below a prefix that ends in a slash."""

    def __init__(self, store: ObjectStore, prefix: str, limit: BandwidthLimit) -> None:
        self._store, self._prefix = store, prefix
        self._backups, self._wal = f"{prefix}backups/", f"{prefix}wal/"
        self._system = f"{prefix}wal-of-system"
        self._limit = limit
        self._lists: dict[str, tuple[str, tuple[CopiedFile, ...]]] = {}  # by backup, with the list's ETag

    def within(self, name: str) -> "OffsiteCopies":
        """Copies of something else in the same store, below a prefix of its own; they share the bandwidth."""
        return OffsiteCopies(self._store, f"{self._prefix}{name}/", self._limit)

    async def look(self) -> tuple[OffsiteBackup, ...]:
        """The backups that are there as a whole, by name, each with what is not as it was copied."""
        there = await self._store.objects(self._backups)
        files: dict[str, dict[str, Stored]] = {}
        for key, stored in there.items():
            name, _, file = key.removeprefix(self._backups).rpartition("/")
            files.setdefault(name, {})[file] = stored
        return tuple([await self._seen(name, found) for name, found in sorted(files.items()) if LIST in found])

    async def files_of(self, name: str) -> tuple[CopiedFile, ...]:
        """The files of a backup that is there as a whole, as they were copied. Raises ActionFailed."""
        return _listed(await self._store.get(self.key_of(name, LIST)))

    async def ended_at(self, name: str) -> int | None:
        """When it was complete, in seconds since 1970: by its list, else by when its manifest came into the store.

        A backup serves the moments after that; what is brought back would be as young as it is. Raises ActionFailed.
        """
        try:
            told = json.loads(await self._store.get(self.key_of(name, LIST))).get(_ENDED)
        except (ValueError, AttributeError):
            told = None
        if isinstance(told, int):
            return told
        key = self.key_of(name, MANIFEST)
        stored = (await self._store.objects(key)).get(key)
        return stored.modified if stored else None

    def key_of(self, name: str, file: str) -> str:
        """The object that has a file of a backup."""
        return f"{self._backups}{name}/{file}"

    def wal_key(self, name: str) -> str:
        """The object that has a file of the archive."""
        return f"{self._wal}{name}"

    async def wal_files(self) -> Mapping[str, Stored]:
        """The files of the archive that are there, by name. Raises ActionFailed."""
        return {key.removeprefix(self._wal): stored for key, stored in (await self._store.objects(self._wal)).items()}

    async def copy(self, files: RemoteFiles, directory: str, tell: Progress = lambda done, total: None) -> int:
        """Copy the backup in that directory; bytes of it. What is there already and agrees is not sent again.

        Raises ActionFailed; what was sent stays, and the next try goes on from there.
        """
        prefix = f"{self._backups}{directory.rstrip('/').rpartition('/')[2]}/"
        sizes = await files.sizes(directory)
        if not sizes:
            raise ActionFailed(f"{files.server.name}: {directory} has no files")
        there = await self._store.objects(prefix)
        total, done, copied = sum(sizes.values()), 0, []
        for file, size in sorted(sizes.items()):
            sent = partial(_told, tell, done, total)
            key = f"{prefix}{file}"
            etag = await self._file(files, f"{directory}/{file}", key, size, there.get(key), sent)
            copied.append(CopiedFile(file, size, etag))
            done += size
            tell(done, total)
        ended = await files.modified(f"{directory}/{MANIFEST}")
        body = json.dumps({"files": [asdict(each) for each in copied], _ENDED: ended}, indent=1).encode()
        await self._store.put(f"{prefix}{LIST}", body, _md5(body).digest())
        return total

    async def copy_wal(self, files: RemoteFiles, archive: str, system: str = "") -> int:
        """Copy what of the archive is not there yet, the oldest first; how many files.

        Raises ActionFailed, also where what is there is another cluster's: by its database system ('' where that is not
        known), which was noted with the first segment, and by segments of the same name.
        """
        noted = await self._noted_system(system)
        there = await self._store.objects(self._wal)
        names = [name for name in await files.names(archive) if _ARCHIVED.match(name)]
        missing = [name for name in names if f"{self._wal}{name}" not in there]
        await self._refuse_anothers(files, archive, names, there)
        if system and missing and not noted:
            await self._store.put(self._system, system.encode(), _md5(system.encode()).digest())
        for name in missing:
            path = f"{archive}/{name}"
            await self._file(files, path, f"{self._wal}{name}", await files.size(path), None, lambda sent: None)
        return len(missing)

    async def _noted_system(self, system: str) -> bool:
        """Whether that system is noted there; ActionFailed where another one is.

        What a new cluster archives may have no name in common with what the old one has left.
        """
        if not system or self._system not in await self._store.objects(self._system):
            return False
        noted = (await self._store.get(self._system)).decode("ascii", "replace")
        if noted != system:
            raise ActionFailed(
                f"{self._wal} off site has the WAL of database system {noted[:40]}, and this is {system}: another or a "
                "new cluster. No WAL is copied; give each its own prefix, and keep the old one for what it can restore"
            )
        return True

    async def _refuse_anothers(
        self, files: RemoteFiles, archive: str, names: Iterable[str], there: Mapping[str, Stored]
    ) -> None:
        """ActionFailed where a segment that both have is not the same one: the oldest and the newest are looked at.

        The first page of every segment has the cluster's system identifier (XLogLongPageHeaderData in
        src/include/access/xlog_internal.h), so any one tells two clusters apart.
        """
        both = [name for name in names if f"{self._wal}{name}" in there and ".history" not in name]
        for name in dict.fromkeys((*both[:1], *both[-1:])):
            path, stored = f"{archive}/{name}", there[f"{self._wal}{name}"]
            size = await files.size(path)
            if stored.size != size or stored.etag != await _etag_here(files, path, size):
                raise ActionFailed(
                    f"{self._wal}{name} off site is not the same segment as {path} on {files.server.name}: does "
                    "another cluster copy to this prefix? No WAL is copied; give each cluster a prefix of its own"
                )

    async def _seen(self, name: str, files: Mapping[str, Stored]) -> OffsiteBackup:
        etag = files[LIST].etag
        kept = self._lists.get(name)
        if kept is None or kept[0] != etag:
            kept = etag, _listed(await self._store.get(f"{self._backups}{name}/{LIST}"))
            self._lists[name] = kept
        return OffsiteBackup(name, sum(each.size for each in kept[1]), differences(kept[1], files))

    async def _file(
        self, files: RemoteFiles, path: str, key: str, size: int, there: Stored | None, tell: Callable[[int], None]
    ) -> str:
        parts = tuple(parts_of(size))
        if there is not None and there.size == size:
            etag = await _etag_here(files, path, size)
            if there.etag == etag:
                return etag
        if len(parts) == 1:
            with tempfile.TemporaryFile() as body:
                digest = await self._read(files, path, parts[0], body)
                made, wanted = await self._store.put(key, body, digest), digest.hex()
        else:
            upload = await self._store.unfinished(key) or await self._store.begin(key)
            digests = []
            for part in parts:
                digests.append(await self._part(files, path, key, part, upload))
                tell(part.offset + part.size)
            wanted = etag_of(digests)
            made = await self._completed(key, upload, digests, wanted)
        if made != wanted:
            raise ActionFailed(f"the store has {key} with another checksum ({made}) than was sent ({wanted})")
        return wanted

    async def _completed(self, key: str, upload: Unfinished, digests: list[bytes], wanted: str) -> str:
        """The object's ETag. An answer that was lost does not matter once the object is there."""
        try:
            return await self._store.complete(key, upload.upload_id, [digest.hex() for digest in digests])
        except ActionFailed:
            there = (await self._store.objects(key)).get(key)
            if there is None or there.etag != wanted:
                raise
            return there.etag

    async def _part(self, files: RemoteFiles, path: str, key: str, part: Part, upload: Unfinished) -> bytes:
        there = upload.parts.get(part.number)
        if there is not None and there.size == part.size:
            digest = await files.md5(path, part.offset, part.size)
            if digest.hex() == there.etag:
                return digest
        with tempfile.TemporaryFile() as body:
            digest = await self._read(files, path, part, body)
            await self._store.put_part(key, upload.upload_id, part.number, body, digest)
        return digest

    async def _read(self, files: RemoteFiles, path: str, part: Part, into: IO[bytes]) -> bytes:
        """Write a part into a file of our own, so that memory does not grow with parts; its MD5."""
        digest, offset, left = _md5(b""), part.offset, part.size
        while left > 0:
            size = min(left, PIECE)
            await self._limit.wait_for(size)
            piece = await files.read(path, offset, size)
            digest.update(piece)
            into.write(piece)
            offset, left = offset + size, left - size
        return digest.digest()


async def _etag_here(files: RemoteFiles, path: str, size: int) -> str:
    return etag_of([await files.md5(path, part.offset, part.size) for part in parts_of(size)])


def _told(tell: Progress, before: int, total: int, sent: int) -> None:
    tell(before + sent, total)


def _listed(body: bytes) -> tuple[CopiedFile, ...]:
    """ActionFailed where it is no list of ours."""
    try:
        rows = json.loads(body)["files"]
        found = tuple(CopiedFile(str(row["name"]), int(row["size"]), str(row["etag"])) for row in rows)
    except (ValueError, KeyError, TypeError) as error:
        raise ActionFailed(f"{LIST} off site makes no sense: {error}") from None
    for each in found:
        plain_name(each.name)
    return found


def plain_name(name: str) -> str:
    """The name, of which a path on a host is made. Whoever may write into the store does not choose that path: anything
    but a plain name is ActionFailed."""
    if not name or "/" in name or name.startswith(".") or not name.isprintable():
        raise ActionFailed(f"off site there is something called {name[:60]!r}, which is no file of a backup")
    return name


def _md5(content: bytes) -> "hashlib._Hash":
    return hashlib.md5(content, usedforsecurity=False)
