"""Bringing the ledger back from its newest copy off site, to where there is none."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.ledger_copies.opening import open_store
from bot.ledger_copies.packing import unpack
from bot.ledger_copies.place import CopyPlace
from bot.ledger_copies.store import StoredCopy
from bot.ledger_copies.workspace import workspace
from commands.operation_page import write_conclusion
from commands.plan import Conclusion
from ledger.brought_back import LINE, settle
from ledger.connection import DIRECTORY_MODE
from ledger.copying import end_of
from ledger.ledger import Ledger
from ledger.operations import Operation
from servers.backups.offsite.store import s3_client
from servers.backups.offsite.stores import MakeClient
from servers.blocking import in_thread
from servers.engines.engine import ActionFailed

_READ_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class BroughtBackLedger:
    """From which copy, and the operations that were open in it: they are ended, and nothing of them is carried on."""

    copy: StoredCopy
    ended: tuple[Operation, ...]


async def bring_ledger_back(
    path: Path, place: CopyPlace, now: Callable[[], datetime], make_client: MakeClient = s3_client
) -> BroughtBackLedger | None:
    """None where the store has no copy. It has its name once all of it is proven, and never takes another file's.

    Raises ActionFailed, and LedgerError where the copy is not whole; doing it again begins anew.
    """
    for left in (path, path.with_name(f"{path.name}-wal")):
        if left.exists():
            raise ActionFailed(f"{left} is there: move it aside first, if it is not to be used")
    store = await open_store(place, make_client)
    copy = await store.newest()
    if copy is None:
        return None
    if copy.encrypted and place.encryption is None:
        raise ActionFailed(f"{copy.name} is encrypted: set ledger.offsite.recipients, and import the secret key here")
    path.parent.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
    with workspace(path.parent) as directory:
        packed, plain = directory / "packed", directory / "ledger"
        await store.get(copy, packed)
        await unpack(packed, plain, place.encryption if copy.encrypted else None)
        found = await in_thread(lambda: end_of(plain), _READ_SECONDS)
        if found != copy.end:
            raise ActionFailed(f"{copy.name} holds {found.records} records, and was said to hold {copy.end.records}")
        ended = await _settled(plain, copy, now())
        # A hard link never replaces what somebody has made there meanwhile.
        os.link(plain, path)
    return BroughtBackLedger(copy, ended)


async def _settled(plain: Path, copy: StoredCopy, at: datetime) -> tuple[Operation, ...]:
    result = write_conclusion(Conclusion(LINE))
    async with await Ledger.open(plain, create=False) as ledger:
        return await ledger.write(lambda db: settle(db, copy.name, copy.end, at, result))
