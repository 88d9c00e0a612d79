"""The file, its transactions and its threads."""

import asyncio
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from ledger import audit, outbox
from ledger.errors import LedgerError, Problem
from ledger.ledger import Ledger
from ledger.schema import MIGRATIONS
from tests.ledger.values import entry, item


def count(db: Database) -> int:
    return int(db.execute("SELECT count(*) FROM audit").fetchone()[0])


def pragma(db: Database, name: str) -> object:
    return db.execute(f"PRAGMA {name}").fetchone()[0]


async def test_a_new_ledger_is_private_and_durable(ledger: Ledger) -> None:
    await ledger.write(lambda db: audit.append(db, entry()))
    for file in ledger.path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
    names = ("journal_mode", "synchronous", "foreign_keys", "user_version")
    settings = await ledger.write(lambda db: [pragma(db, name) for name in names])
    assert settings == ["wal", 2, 1, len(MIGRATIONS)]  # synchronous 2 is FULL


async def test_an_old_file_is_made_private_again(path: Path) -> None:
    await (await Ledger.open(path)).close()
    path.chmod(0o644)
    await (await Ledger.open(path)).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_what_was_written_is_there_after_opening_again(path: Path) -> None:
    async with await Ledger.open(path) as first:
        written = await first.write(lambda db: audit.append(db, entry()))
    async with await Ledger.open(path) as second:
        assert await second.read(lambda db: audit.recent(db, 1)) == [written]


async def test_an_exception_undoes_every_part_of_the_change(ledger: Ledger) -> None:
    def change(db: Database) -> None:
        audit.append(db, entry())
        outbox.put(db, item("card"))
        raise KeyError("the caller's own")

    with pytest.raises(KeyError):
        await ledger.write(change)
    assert await ledger.read(count) == 0
    assert await ledger.read(outbox.pending_count) == 0
    await ledger.write(lambda db: audit.append(db, entry()))
    assert await ledger.read(count) == 1


async def test_a_read_sees_one_moment_while_another_writes(ledger: Ledger) -> None:
    first_look, written = threading.Event(), threading.Event()

    def look_twice(db: Database) -> tuple[int, int]:
        first = count(db)
        first_look.set()
        assert written.wait(10)
        return first, count(db)

    looking = asyncio.create_task(ledger.read(look_twice))
    await asyncio.to_thread(first_look.wait, 10)
    await ledger.write(lambda db: audit.append(db, entry()))
    written.set()
    assert await looking == (0, 0)


async def test_the_event_loop_goes_on_while_the_ledger_works(ledger: Ledger) -> None:
    release = threading.Event()
    writing = asyncio.create_task(ledger.write(lambda _: release.wait(10)))
    reading = asyncio.create_task(ledger.read(lambda _: release.wait(10)))
    await asyncio.sleep(0)
    assert not writing.done()
    release.set()  # reached only because neither blocks this thread
    assert await writing
    assert await reading


async def test_a_read_cannot_write(ledger: Ledger) -> None:
    with pytest.raises(LedgerError) as refused:
        await ledger.read(lambda db: audit.append(db, entry()))
    assert refused.value.problem is Problem.READ_ONLY


@pytest.mark.parametrize("make", [lambda _: iter([1]), lambda db: (row for row in db.query("SELECT 1"))])
async def test_a_result_that_would_be_read_too_late_is_refused(
    ledger: Ledger, make: Callable[[Database], Iterator[object]]
) -> None:
    for access in (ledger.read, ledger.write):
        with pytest.raises(LedgerError, match="after the transaction"):
            await access(make)


async def test_a_change_may_not_end_the_transaction_itself(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="leave that to write"):
        await ledger.write(lambda db: db.conn.execute("COMMIT") and None)
    await ledger.write(lambda db: audit.append(db, entry()))


class TestCancellation:
    async def test_a_change_that_waits_is_withdrawn(self, ledger: Ledger) -> None:
        begun, release = threading.Event(), threading.Event()

        def slow(_: Database) -> None:
            begun.set()
            release.wait(10)

        first = asyncio.create_task(ledger.write(slow))
        await asyncio.to_thread(begun.wait, 10)
        second = asyncio.create_task(ledger.write(lambda db: audit.append(db, entry())))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        release.set()
        await first
        assert await ledger.read(count) == 0

    async def test_a_change_that_runs_is_waited_for_and_kept(self, ledger: Ledger) -> None:
        begun, release, woken = threading.Event(), threading.Event(), []
        ledger.on_commit(lambda: woken.append(True))

        def slow(db: Database) -> None:
            begun.set()
            assert release.wait(10)
            audit.append(db, entry())
            outbox.put(db, item("card"))

        task = asyncio.create_task(ledger.write(slow))
        await asyncio.to_thread(begun.wait, 10)
        for _ in range(3):  # impatience changes nothing
            task.cancel()
            await asyncio.sleep(0)
        assert not task.done()
        release.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await ledger.read(count) == 1
        assert woken == [True]

    async def test_who_only_reads_is_let_go_at_once(self, ledger: Ledger) -> None:
        begun, release = threading.Event(), threading.Event()

        def slow(_: Database) -> None:
            begun.set()
            release.wait(10)

        task = asyncio.create_task(ledger.read(slow))
        await asyncio.to_thread(begun.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await ledger.read(count) == 0  # there is another reader
        release.set()

    async def test_a_time_out_around_a_write_leaves_a_ledger_that_works(self, ledger: Ledger) -> None:
        begun = threading.Event()

        def slow(db: Database) -> None:
            begun.set()
            threading.Event().wait(0.05)
            audit.append(db, entry())

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await ledger.write(slow)
        present = await ledger.read(count)
        assert present == (1 if begun.is_set() else 0)
        await ledger.write(lambda db: audit.append(db, entry()))
        assert await ledger.read(count) == present + 1


class TestWaking:
    async def test_only_a_commit_with_something_to_say_wakes(self, ledger: Ledger) -> None:
        woken: list[int] = []
        loop_thread = threading.get_ident()
        stop = ledger.on_commit(lambda: woken.append(threading.get_ident()))
        await ledger.write(lambda db: audit.append(db, entry()))
        assert woken == []
        await ledger.write(lambda db: outbox.put(db, item("card")))
        assert woken == [loop_thread]
        with pytest.raises(outbox.OutboxMisused):
            await ledger.write(lambda db: [outbox.put(db, item("card")), outbox.put(db, item("reply", parent="none"))])
        assert len(woken) == 1
        stop()
        stop()
        await ledger.write(lambda db: outbox.put(db, item("card")))
        assert len(woken) == 1


class TestTrouble:
    async def open_error(self, path: Path, *, create: bool = True) -> LedgerError:
        with pytest.raises(LedgerError) as caught:
            await Ledger.open(path, create=create)
        assert str(path) in str(caught.value)
        return caught.value

    async def test_missing(self, path: Path) -> None:
        assert (await self.open_error(path, create=False)).problem is Problem.CANNOT_OPEN
        assert not path.exists()

    async def test_a_directory(self, tmp_path: Path) -> None:
        assert (await self.open_error(tmp_path)).problem is Problem.CANNOT_OPEN

    async def test_no_database(self, path: Path) -> None:
        path.write_text("listen_addresses = '*'\n" * 100)
        assert (await self.open_error(path)).problem is Problem.NOT_A_LEDGER
        assert path.read_text().startswith("listen_addresses")

    async def test_another_programs_database(self, path: Path) -> None:
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE theirs (a)")
        other.close()
        path.chmod(0o640)
        before = path.read_bytes()
        assert (await self.open_error(path)).problem is Problem.NOT_A_LEDGER
        assert path.read_bytes() == before
        assert stat.S_IMODE(path.stat().st_mode) == 0o640

    async def test_an_empty_file_is_no_ledger_to_read(self, path: Path) -> None:
        path.touch()
        assert (await self.open_error(path, create=False)).problem is Problem.NOT_A_LEDGER

    async def test_a_newer_schema(self, path: Path) -> None:
        await (await Ledger.open(path)).close()
        with sqlite3.connect(path) as other:
            other.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
        other.close()
        assert (await self.open_error(path)).problem is Problem.TOO_NEW

    async def test_a_full_disk_keeps_nothing_of_the_change(self, ledger: Ledger) -> None:
        await ledger.write(lambda db: audit.append(db, entry()))
        await ledger.write(lambda db: pragma(db, f"max_page_count = {pragma(db, 'page_count')}"))

        def much(db: Database) -> None:
            for _ in range(100):
                audit.append(db, entry("x" * 5000))

        with pytest.raises(LedgerError, match="disk is full") as caught:
            await ledger.write(much)
        assert caught.value.problem is Problem.FULL
        assert await ledger.read(count) == 1
        await ledger.write(lambda db: pragma(db, "max_page_count = 1000000"))
        await ledger.write(much)
        assert await ledger.read(count) == 101

    async def test_a_lock_that_is_never_given_back(self, ledger: Ledger) -> None:
        await ledger.write(lambda db: pragma(db, "busy_timeout = 20"))
        other = sqlite3.connect(ledger.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError) as caught:
            await ledger.write(lambda db: audit.append(db, entry()))
        assert caught.value.problem is Problem.BUSY
        assert await ledger.read(count) == 0
        other.close()
        await ledger.write(lambda db: audit.append(db, entry()))

    async def test_a_broken_rule_of_a_table(self, ledger: Ledger) -> None:
        with pytest.raises(LedgerError) as caught:
            await ledger.write(lambda db: db.execute("DELETE FROM audit_head"))
        assert caught.value.problem is Problem.REFUSED

    async def test_closed(self, path: Path) -> None:
        ledger = await Ledger.open(path)
        writing = asyncio.create_task(ledger.write(lambda db: audit.append(db, entry())))
        await asyncio.sleep(0)
        await ledger.close()
        await ledger.close()
        assert (await writing).sequence == 1  # what was begun was finished
        for access in (ledger.read, ledger.write):
            with pytest.raises(LedgerError) as caught:
                await access(count)
            assert caught.value.problem is Problem.CLOSED
