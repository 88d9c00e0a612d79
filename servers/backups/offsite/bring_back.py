"""Bringing a backup or WAL back from the store to a host, through the bot, by pieces.

What broke off goes on where the file on the host ends. A backup has its name once every file of it agrees with what was
copied; a file that does not is told, and left for people to look at.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial

from servers.backups.offsite.copy import MANIFEST, CopiedFile, OffsiteCopies, plain_name
from servers.backups.offsite.parts import etag_of, parts_of
from servers.backups.offsite.source import PIECE, RemoteFiles
from servers.backups.offsite.store import ObjectStore, Stored
from servers.engines.engine import ActionFailed

_TRIES = 5  # for one piece
_AHEAD = 3  # pieces that are asked of the store while one is written: two megabytes a file

Progress = Callable[[int, int], None]  # bytes that are there, of how many


class BringBack:
    """Out of one store. Everything raises ActionFailed; doing it again goes on."""

    def __init__(self, store: ObjectStore, copies: OffsiteCopies) -> None:
        self._store = store
        self._copies = copies

    async def backup(
        self, name: str, files: RemoteFiles, directory: str, tell: Progress = lambda done, total: None
    ) -> str:
        """Bring a backup back into the directory of all backups on that host; its own path there."""
        path = f"{directory.rstrip('/')}/{plain_name(name)}"
        part = f"{path}.part"
        await files.make_directory(part)
        every = await self._copies.files_of(name)
        done, total = 0, sum(each.size for each in every)
        for each in every:
            key, to = self._copies.key_of(name, each.name), f"{part}/{each.name}"
            await self._file(key, each, files, to, partial(_told, tell, done, total))
            done += each.size
        ended = await self._copies.ended_at(name)
        if ended is not None and any(each.name == MANIFEST for each in every):
            await files.set_modified(f"{part}/{MANIFEST}", ended)
        await files.finish(part, path)
        return path

    async def wal(self, name: str, files: RemoteFiles, archive: str, stored: Stored | None = None) -> None:
        """Bring a file of the archive back: first under a name that no recovery looks for.

        `stored`: what the store has of it, where that is known.
        """
        key = self._copies.wal_key(plain_name(name))
        if stored is None:
            stored = (await self._store.objects(key)).get(key)
        if stored is None:
            raise ActionFailed(f"{name} is not off site")
        part = f"{archive.rstrip('/')}/{name}.part"
        await self._file(key, CopiedFile(name, stored.size, stored.etag), files, part)
        if stored.modified is not None:
            await files.set_modified(part, stored.modified)
        await files.finish(part, f"{archive.rstrip('/')}/{name}")

    async def _file(
        self, key: str, wanted: CopiedFile, files: RemoteFiles, path: str, tell: Callable[[int], None] = lambda at: None
    ) -> None:
        at, failures = await files.size_or_zero(path), 0
        if at == wanted.size == 0:
            await files.append(path, 0, b"")
        while at < wanted.size:
            try:
                async with aclosing(self._pieces(key, at, wanted.size)) as pieces:
                    async for piece in pieces:
                        await files.append(path, at, piece)
                        at, failures = at + len(piece), 0
                        tell(at)
            except ActionFailed:
                failures += 1
                if failures == _TRIES:
                    raise
            at = await files.size_or_zero(path)
        parts = [await files.md5(path, part.offset, part.size) for part in parts_of(wanted.size)]
        if at != wanted.size or etag_of(parts) != wanted.etag:
            raise ActionFailed(f"{files.server.name}: {path} is not what was copied: move it away, and do it again")

    async def _pieces(self, key: str, at: int, size: int) -> AsyncGenerator[bytes, None]:
        """In order, from `at` on; the next ones are asked for while one is used."""
        waiting: deque[asyncio.Task[bytes]] = deque()
        try:
            while at < size or waiting:
                while at < size and len(waiting) < _AHEAD:
                    length = min(PIECE, size - at)
                    waiting.append(asyncio.create_task(self._store.read(key, at, length)))
                    at += length
                yield await waiting.popleft()
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)


def _told(tell: Progress, before: int, total: int, at: int) -> None:
    tell(before + at, total)
