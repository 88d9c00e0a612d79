"""Copies the ledger off site while the bot runs, and once more when it ends."""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog

from bot.ledger_copies.opening import open_store
from bot.ledger_copies.packing import pack
from bot.ledger_copies.place import CopyPlace
from bot.ledger_copies.store import StoredCopies, StoredCopy
from bot.ledger_copies.workspace import workspace
from ledger.copies import LedgerCopies
from ledger.copying import copy_ledger
from ledger.errors import LedgerError
from servers.backups.offsite.store import s3_client
from servers.backups.offsite.stores import MakeClient
from servers.blocking import in_thread
from servers.engines.engine import ActionFailed

COPY_SECONDS = 120.0

_log = structlog.get_logger(__name__)


class LedgerCopyKeeper:
    """Call `run` as a task, and `copy` once nothing more is recorded. `place` None: it does nothing."""

    def __init__(
        self, ledger: Path, place: CopyPlace | None, now: Callable[[], datetime], make_client: MakeClient = s3_client
    ) -> None:
        self._ledger, self._place, self._now, self._make_client = ledger, place, now, make_client
        self._store: StoredCopies | None = None
        self._sent: str = ""  # the checksum of what was last sent, before it was packed
        self._state = LedgerCopies(now())
        self._turn = asyncio.Lock()

    def state(self) -> LedgerCopies | None:
        """How the copies stand; None where the settings name no place."""
        return None if self._place is None else self._state

    async def run(self) -> None:
        """Until cancelled. What fails is told in the log, and tried again."""
        while self._place is not None:
            await self.copy()
            await asyncio.sleep(self._place.every)

    async def copy(self) -> StoredCopy | None:
        """Copy it now, unless all of it is there; what was sent. Never raises, but when it is cancelled."""
        if self._place is None:
            return None
        async with self._turn:
            began = self._now()
            try:
                sent = await self._copy(self._place, began)
            except (ActionFailed, LedgerError, OSError, TimeoutError) as error:
                problem = str(error) or type(error).__name__
                self._state = LedgerCopies(self._state.since, self._state.copied_at, problem)
                _log.warning("ledger_copy.failed", error=problem)
                return None
            self._state = LedgerCopies(self._state.since, began)
            return sent

    async def _copy(self, place: CopyPlace, at: datetime) -> StoredCopy | None:
        if self._store is None:
            self._store = await open_store(place, self._make_client)
        with workspace(self._ledger.parent) as directory:
            plain, packed = directory / "ledger", directory / "packed"
            end = await in_thread(lambda: copy_ledger(self._ledger, plain), COPY_SECONDS)
            digest = await in_thread(lambda: _digest(plain), COPY_SECONDS)
            if digest == self._sent:
                return None
            await pack(plain, packed, place.encryption)
            sent = await self._store.put(packed, end, at, encrypted=place.encryption is not None)
        self._sent = digest
        _log.info("ledger_copy.sent", name=sent.name, records=end.records)
        return sent


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
