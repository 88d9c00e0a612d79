"""The ledger: one SQLite file that remembers what was asked, decided, done and said.

All access is off the event loop: one thread writes, two read. Several processes may use one ledger at once.
"""

import asyncio
import queue
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from sqlite_utils import Database

from ledger.connection import connect, prepare
from ledger.errors import LedgerError, Problem, in_words
from ledger.outbox import last_put
from ledger.redact import Redactor

T = TypeVar("T")

READERS = 2  # so that a long export does not hold up a status


class Ledger:
    """Open with `Ledger.open`, close with `close` (or use it as an async context manager)."""

    def __init__(self, path: Path, writer: Database, readers: list[Database]) -> None:
        self.path = path
        self._writer = writer
        self._readers = readers
        self._idle_readers: queue.SimpleQueue[Database] = queue.SimpleQueue()
        for reader in readers:
            self._idle_readers.put(reader)
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="ledger-write")
        self._read_threads = ThreadPoolExecutor(len(readers), thread_name_prefix="ledger-read")
        self._callbacks: list[Callable[[], None]] = []
        self._closed = False

    @classmethod
    async def open(cls, path: Path | str, redactor: Redactor | None = None, *, create: bool = True) -> Self:
        """Opens the ledger, brings its schema up to date and its mode to 0600.

        `redactor` knows the settings' secrets; they are taken out of whatever is recorded.
        With `create` False a missing file is an error. Raises LedgerError.
        """
        where = Path(path)
        return await asyncio.to_thread(cls._open, where, redactor or Redactor(), create)

    @classmethod
    def _open(cls, path: Path, redactor: Redactor, create: bool) -> Self:
        with in_words(path):
            prepare(path, create=create)
            writer = connect(path, redactor, writable=True)
            return cls(path, writer, [connect(path, redactor, writable=False) for _ in range(READERS)])

    async def write(self, change: Callable[[Database], T]) -> T:
        """Runs `change` in one transaction and returns its result once that is safe on disk.

        `change` runs on another thread and must return plain values. Compose functions to put several changes into
        one transaction. Whatever it raises undoes all of it and comes out here; SQLite's errors come as LedgerError.

        When the caller is cancelled, a change that has not begun is withdrawn; one that runs is waited for (it takes
        milliseconds, at most the busy time-out), so that nothing goes on behind the caller's back. CancelledError
        then says only that the caller was cancelled, not whether the change was kept: look before doing it again.
        """
        job = self._submit(self._write_thread, lambda: self._write(change))
        try:
            result, put = await _settled(job)
        except asyncio.CancelledError:
            if _succeeded(job) and job.result()[1]:
                self._wake()
            raise
        if put:
            self._wake()
        return result

    async def read(self, query: Callable[[Database], T]) -> T:
        """Runs `query` on one consistent snapshot and returns its result, which must be plain values (a lazy
        iterator would read outside of it). A cancelled caller is let go at once. Raises LedgerError."""
        return await asyncio.wrap_future(self._submit(self._read_threads, lambda: self._read(query)))

    def on_commit(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Calls `callback` on the event loop after each write of this process that put something into the outbox.

        Returns a function that ends it. What other processes put is found by looking from time to time.
        """
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback) if callback in self._callbacks else None

    async def close(self) -> None:
        """Finishes what was begun and closes. Closing again does nothing."""
        if not self._closed:
            self._closed = True
            closing = asyncio.ensure_future(asyncio.to_thread(self._close))
            await _finished(closing)
            closing.result()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _submit(self, threads: ThreadPoolExecutor, job: Callable[[], T]) -> Future[T]:
        if self._closed:
            raise LedgerError(Problem.CLOSED, f"The ledger {self.path} is closed; nothing was done.")
        return threads.submit(job)

    def _write(self, change: Callable[[Database], T]) -> tuple[T, bool]:
        db = self._writer
        with in_words(self.path):
            db.conn.execute("BEGIN IMMEDIATE")
            try:
                before = last_put(db)
                result = _plain(change(db))
                if not db.conn.in_transaction:
                    raise LedgerError(Problem.MISUSED, "A change ended the transaction itself; leave that to write().")
                put = last_put(db) > before
                db.conn.execute("COMMIT")
            except BaseException:
                # Some errors (a full disk) have already rolled back.
                if db.conn.in_transaction:
                    db.conn.execute("ROLLBACK")
                raise
            return result, put

    def _read(self, query: Callable[[Database], T]) -> T:
        db = self._idle_readers.get()
        try:
            with in_words(self.path):
                db.conn.execute("BEGIN")
                try:
                    return _plain(query(db))
                finally:
                    if db.conn.in_transaction:
                        db.conn.execute("ROLLBACK")
        finally:
            self._idle_readers.put(db)

    def _wake(self) -> None:
        for callback in tuple(self._callbacks):
            callback()

    def _close(self) -> None:
        self._write_thread.shutdown(wait=True)
        self._read_threads.shutdown(wait=True)
        for db in (*self._readers, self._writer):
            db.close()


def _plain(result: T) -> T:
    if isinstance(result, Iterator | Awaitable):
        raise LedgerError(
            Problem.MISUSED,
            f"A {type(result).__name__} would be used after the transaction has ended; return a list or a value.",
        )
    return result


def _succeeded(job: Future[T]) -> bool:
    return job.done() and not job.cancelled() and job.exception() is None


async def _settled(job: Future[T]) -> T:
    """The job's result. A cancelled caller withdraws it, or waits for its end when it has begun."""
    future = asyncio.wrap_future(job)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        if not job.cancel():
            await _finished(future)
        raise


async def _finished(future: asyncio.Future[T]) -> None:
    """Waits until `future` is done, however often the waiting is cancelled."""
    cancelled = False
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError
