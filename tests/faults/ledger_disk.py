"""A small disk for a ledger alone, which can be filled until the ledger takes nothing more."""

import asyncio
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from lab import disks
from lab.accounts import Account
from ledger.audit import UNDERSTUDY, AuditEntry, AuditKind, append
from ledger.errors import LedgerError, Problem
from ledger.ledger import Ledger

_MEGABYTES = 16  # soon filled: the moment counts


@contextmanager
def ledger_disk() -> Iterator[Path]:
    """The directory that it is mounted on. FaultNotAvailable where none can be mounted."""
    with TemporaryDirectory(prefix="understudy-ledger-") as name:
        place = Path(name)
        disks.mount(place, _me(), _MEGABYTES)
        try:
            yield place
        finally:
            disks.unmount(place)


async def fill_up(place: Path) -> int:
    """Leave no room for a single record; how many went into what SQLite had set aside by then."""
    await asyncio.to_thread(disks.fill_up, place, _me())
    taken = 0
    async with await Ledger.open(place / "ledger.sqlite3", create=False) as ledger:
        while True:
            entry = AuditEntry(datetime.now(UTC), AuditKind.STARTED, UNDERSTUDY, details={"filling": taken})
            try:
                await ledger.write(lambda db, entry=entry: append(db, entry))  # type: ignore[misc]
            except LedgerError as error:
                if error.problem is Problem.FULL:
                    return taken
                raise
            taken += 1


async def make_room(place: Path) -> None:
    await asyncio.to_thread(disks.empty, place)


def _me() -> Account:
    me = pwd.getpwuid(os.geteuid())
    return Account(me.pw_name, me.pw_uid, me.pw_gid, change=False)
