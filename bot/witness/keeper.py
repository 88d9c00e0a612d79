"""Signs the audit log, and sends what was signed out of this machine's reach: daily to a channel, and to S3.

What is signed, the card and the copy that is due stand in the ledger in one transaction. What fails later is tried
again, is counted, and holds up nothing.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Protocol

import structlog
from sqlite_utils import Database

from bot.witness.head_page import head_page
from bot.witness.store import NotWritten
from ledger.audit import UNDERSTUDY, AuditEntry, AuditKind, append
from ledger.audit_chain import head
from ledger.audit_segments import Segment, close_segment, last_segment, unsigned
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from ledger.outbox import OutboxItem, put, was_put
from ledger.signing import SigningKey
from ledger.witness_copies import (
    CopiesWaiting,
    DueCopy,
    copies_waiting,
    copy_failed,
    copy_written,
    due_copies,
    queue_copy,
)
from servers.blocking import in_thread

SEGMENT_RECORDS = 1000
SEGMENT_AGE = timedelta(hours=1)
LOOK_SECONDS = 5.0
WRITE_SECONDS = 15.0  # more than the client's own time-outs together

_log = structlog.get_logger(__name__)


class Store(Protocol):
    """Where copies go; `bot.witness.store.S3Store` is one."""

    def write(self, segment: Segment, now: datetime) -> str: ...


@dataclass(frozen=True, slots=True)
class Witnesses:
    """What there is to sign with, and who is told. `unsigned_because` says why there is no key."""

    key: SigningKey | None
    unsigned_because: str | None = None
    channel: str | None = None
    post_at: time = time(9)  # UTC
    store: Store | None = None


@dataclass(frozen=True, slots=True)
class WitnessFigures:
    """For metrics."""

    signing: bool
    unsigned_records: int
    copies: CopiesWaiting


class WitnessKeeper:
    """Call `run` as a task, and `close` once nothing more is recorded."""

    def __init__(self, ledger: Ledger, witnesses: Witnesses, now: Callable[[], datetime]) -> None:
        self._ledger, self._witnesses, self._now = ledger, witnesses, now
        self._paused_until: datetime | None = None
        self.latest: WitnessFigures | None = None

    async def run(self) -> None:
        """Until cancelled. Signs at once what an earlier process left unsigned."""
        at_once = True
        while True:
            try:
                await self.look(at_once=at_once)
                at_once = False
            except LedgerError as error:
                _log.error("witness.ledger_failed", error=str(error))
            except Exception:
                _log.exception("witness.broke")
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self, *, at_once: bool = False) -> None:
        """Signs and posts what is due by now, and writes what waits to be written."""
        now = self._now()
        if await self._ledger.read(lambda db: self._is_due(db, now, at_once)):
            await self._ledger.write(lambda db: self._sign_and_post(db, now, at_once))
        await self.write_copies()
        self.latest = await self._ledger.read(self._figures)

    async def close(self) -> None:
        """Signs the end of the log. `write_copies` may still take its copy away, else the next process does."""
        await self._ledger.write(lambda db: self._sign(db, self._now()))

    def _figures(self, db: Database) -> WitnessFigures:
        return WitnessFigures(self._witnesses.key is not None, unsigned(db).records, copies_waiting(db))

    def _is_due(self, db: Database, now: datetime, at_once: bool) -> bool:
        return self._segment_is_due(db, now, at_once) or self._post_is_due(db, now)

    def _segment_is_due(self, db: Database, now: datetime, at_once: bool) -> bool:
        waiting = unsigned(db)
        if self._witnesses.key is None or waiting.since is None:
            return False
        return at_once or waiting.records >= SEGMENT_RECORDS or now - waiting.since >= SEGMENT_AGE

    def _post_is_due(self, db: Database, now: datetime) -> bool:
        due = self._witnesses.channel is not None and now.timetz().replace(tzinfo=None) >= self._witnesses.post_at
        return due and not was_put(db, _card(now))

    def _sign_and_post(self, db: Database, now: datetime, at_once: bool) -> None:
        post = self._post_is_due(db, now)
        if post or self._segment_is_due(db, now, at_once):
            self._sign(db, now)
        if post and self._witnesses.channel is not None:
            page = head_page(head(db), last_segment(db), self._witnesses.unsigned_because, copies_waiting(db))
            put(db, OutboxItem(created_at=now, channel=self._witnesses.channel, card=_card(now), page=page))

    def _sign(self, db: Database, now: datetime) -> None:
        if self._witnesses.key is None:
            return
        segment = close_segment(db, self._witnesses.key, now)
        if segment is not None and self._witnesses.store is not None:
            queue_copy(db, segment, now)

    async def write_copies(self) -> None:
        """Writes what waits to be written, unless the last try has just failed."""
        now, store = self._now(), self._witnesses.store
        if store is None or (self._paused_until is not None and now < self._paused_until):
            return
        for copy in await self._ledger.read(lambda db: due_copies(db, now)):
            if not await self._write_copy(store, copy):
                # The others would meet the same.
                self._paused_until = self._now() + timedelta(seconds=LOOK_SECONDS * 3)
                return

    async def _write_copy(self, store: Store, copy: DueCopy) -> bool:
        segment = copy.segment
        try:
            place = await in_thread(lambda: store.write(segment, self._now()), WRITE_SECONDS)
        except NotWritten as error:
            why = str(error)
        except TimeoutError:
            why = f"S3 did not answer within {WRITE_SECONDS:g} s"
        except Exception as error:
            _log.exception("witness.store_broke")
            why = f"an error of Understudy's own: {type(error).__name__}"
        else:
            await self._ledger.write(lambda db: _written(db, segment, place, self._now()))
            return True
        _log.error("witness.not_written", segment=segment.number, tries=copy.tries + 1, error=why)
        await self._ledger.write(lambda db: _failed(db, copy, why, self._now()))
        return False


def _written(db: Database, segment: Segment, place: str, at: datetime) -> None:
    copy_written(db, segment.number, place, at)
    details = {"segment": segment.number, "records": segment.last, "hash": segment.head, "place": place}
    append(db, AuditEntry(at, AuditKind.WITNESS_WRITTEN, UNDERSTUDY, details=details))


def _failed(db: Database, copy: DueCopy, why: str, at: datetime) -> None:
    """Recorded at the first try only: an outage of hours is one record a segment."""
    copy_failed(db, copy, why, at)
    if copy.tries == 0:
        details = {"segment": copy.segment.number, "records": copy.segment.last, "why": why}
        append(db, AuditEntry(at, AuditKind.WITNESS_FAILED, UNDERSTUDY, details=details))


def _card(now: datetime) -> str:
    return f"audit/head/{now:%Y-%m-%d}"
