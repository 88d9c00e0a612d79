"""Bringing a backup or WAL back from the store to a host, through the bot, by pieces.

What broke off goes on where the file on the host ends. A backup has its name once every file of it agrees with what was
copied; a file that does not is told, and left for people to look at.
"""

from servers.backups.offsite.copy import CopiedFile, OffsiteCopies, plain_name
from servers.backups.offsite.parts import etag_of, parts_of
from servers.backups.offsite.source import PIECE, RemoteFiles
from servers.backups.offsite.store import ObjectStore
from servers.engines.engine import ActionFailed

_TRIES = 5  # for one piece


class BringBack:
    """Out of one store. Everything raises ActionFailed; doing it again goes on."""

    def __init__(self, store: ObjectStore, copies: OffsiteCopies) -> None:
        self._store = store
        self._copies = copies

    async def backup(self, name: str, files: RemoteFiles, directory: str) -> str:
        """Bring a backup back into the directory of all backups on that host; its own path there."""
        path = f"{directory.rstrip('/')}/{plain_name(name)}"
        part = f"{path}.part"
        await files.make_directory(part)
        for each in await self._copies.files_of(name):
            await self._file(self._copies.key_of(name, each.name), each, files, f"{part}/{each.name}")
        await files.finish(part, path)
        return path

    async def wal(self, name: str, files: RemoteFiles, archive: str) -> None:
        """Bring a file of the archive back: first under a name that no recovery looks for."""
        key = self._copies.wal_key(plain_name(name))
        stored = (await self._store.objects(key)).get(key)
        if stored is None:
            raise ActionFailed(f"{name} is not off site")
        part = f"{archive.rstrip('/')}/{name}.part"
        await self._file(key, CopiedFile(name, stored.size, stored.etag), files, part)
        await files.finish(part, f"{archive.rstrip('/')}/{name}")

    async def _file(self, key: str, wanted: CopiedFile, files: RemoteFiles, path: str) -> None:
        at, failures = await files.size_or_zero(path), 0
        if at == wanted.size == 0:
            await files.append(path, 0, b"")
        while at < wanted.size:
            piece = await self._store.read(key, at, min(PIECE, wanted.size - at))
            try:
                await files.append(path, at, piece)
                failures = 0
            except ActionFailed:
                failures += 1
                if failures == _TRIES:
                    raise
            at = await files.size_or_zero(path)
        parts = [await files.md5(path, part.offset, part.size) for part in parts_of(wanted.size)]
        if at != wanted.size or etag_of(parts) != wanted.etag:
            raise ActionFailed(f"{files.server.name}: {path} is not what was copied: move it away, and do it again")
