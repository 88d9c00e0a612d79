"""Signing on time, posting once a day, and copies that are tried again until they are written."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from bot.witness import keeper as keeper_module
from bot.witness.keeper import SEGMENT_RECORDS, Witnesses, WitnessKeeper
from bot.witness.store import NotWritten
from ledger.audit import AuditKind, append, recent
from ledger.audit_chain import Outside, head, verify
from ledger.audit_segments import Segment, last_segment
from ledger.ledger import Ledger
from ledger.outbox import due
from ledger.page import Page, Tone
from ledger.signing import SigningKey
from ledger.witness_copies import copies_waiting
from tests.ledger.values import entry


@dataclass
class Clock:
    now: datetime = datetime(2026, 1, 31, 3, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def later(self, **passed: float) -> None:
        self.now += timedelta(**passed)


@dataclass
class Shelf:
    """A store that fails with the words in `fails`, or hangs until `hangs` is set."""

    written: list[int] = field(default_factory=list)
    fails: str | None = None
    asked: int = 0

    def write(self, segment: Segment, now: datetime) -> str:
        self.asked += 1
        if self.fails:
            raise NotWritten(self.fails)
        self.written.append(segment.number)
        return f"s3://evidence/{segment.number}"


@dataclass
class World:
    ledger: Ledger
    clock: Clock
    shelf: Shelf
    keeper: WitnessKeeper
    key: SigningKey

    async def record(self, records: int = 1) -> None:
        def change(db: object) -> None:
            for _ in range(records):
                append(db, replace(entry(), at=self.clock.now))  # type: ignore[arg-type]

        await self.ledger.write(change)

    async def segment(self) -> Segment | None:
        return await self.ledger.read(last_segment)

    async def cards(self) -> list[Page]:
        return [delivery.item.page for delivery in await self.ledger.read(lambda db: due(db, self.clock.now))]

    async def kinds(self) -> list[AuditKind]:
        return [record.entry.kind for record in await self.ledger.read(lambda db: recent(db, 100))]


@pytest.fixture
async def world(tmp_path: Path, key: SigningKey) -> AsyncIterator[World]:
    clock, shelf = Clock(), Shelf()
    async with await Ledger.open(tmp_path / "ledger.db") as ledger:
        witnesses = Witnesses(key, channel="C0OPS", post_at=time(9), store=shelf)
        yield World(ledger, clock, shelf, WitnessKeeper(ledger, witnesses, clock), key)


async def test_a_start_signs_what_an_earlier_process_left(world: World) -> None:
    await world.record()
    await world.keeper.look()
    assert await world.segment() is None
    await world.keeper.look(at_once=True)
    segment = await world.segment()
    assert segment is not None
    assert segment.last == 1
    assert world.shelf.written == [1]


async def test_a_segment_is_closed_after_an_hour_or_after_many_records(world: World) -> None:
    await world.record()
    world.clock.later(minutes=59)
    await world.keeper.look()
    assert await world.segment() is None
    world.clock.later(minutes=1)
    await world.keeper.look()
    assert world.shelf.written == [1]
    await world.record(SEGMENT_RECORDS)
    await world.keeper.look()
    assert world.shelf.written == [1, 2]


async def test_the_record_of_a_copy_alone_is_no_reason_to_sign_again(world: World) -> None:
    await world.record()
    await world.keeper.look(at_once=True)
    assert (await world.kinds())[0] is AuditKind.WITNESS_WRITTEN
    world.clock.later(hours=5)
    await world.keeper.look(at_once=True)
    assert world.shelf.written == [1]


async def test_the_head_is_signed_and_posted_once_a_day(world: World) -> None:
    await world.record()
    await world.keeper.look()
    assert await world.cards() == []
    world.clock.now = world.clock.now.replace(hour=9, minute=0)
    for _ in range(3):
        await world.keeper.look()
        world.clock.later(minutes=5)
    (card,) = await world.cards()
    assert card.title == "Audit log: 1 record, signed"
    segment = await world.segment()
    assert segment is not None
    assert f"1:{segment.head}" in card.summary
    world.clock.later(days=1)
    await world.keeper.look()
    assert len(await world.cards()) == 2
    result = await world.ledger.read(lambda db: verify(db, outside=Outside(keys=(world.key.public,))))
    assert result.ok


async def test_a_store_that_fails_is_told_counted_and_asked_again(world: World) -> None:
    world.shelf.fails = "S3 says AccessDenied"
    await world.record()
    await world.keeper.look(at_once=True)
    for _ in range(20):  # an outage of minutes
        world.clock.later(seconds=5)
        await world.keeper.look()
    assert 1 < world.shelf.asked < 10
    assert (await world.kinds()).count(AuditKind.WITNESS_FAILED) == 1
    latest = world.keeper.latest
    assert latest is not None
    assert (latest.copies.count, latest.copies.failing, latest.copies.last_error) == (1, 1, "S3 says AccessDenied")
    world.clock.now = world.clock.now.replace(hour=9)
    await world.keeper.look()
    (card,) = await world.cards()
    assert card.tone is Tone.WARNING
    assert "Not in S3 since 2026-01-31 03:12 UTC" in card.summary
    world.shelf.fails = None
    world.clock.later(minutes=20)
    await world.keeper.look()
    assert world.shelf.written == [1, 2]
    assert (await world.ledger.read(copies_waiting)).count == 0


async def test_a_store_that_hangs_is_left_behind(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper_module, "WRITE_SECONDS", 0.05)
    let_go = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang(segment: Segment, now: datetime) -> str:
        asyncio.run_coroutine_threadsafe(let_go.wait(), loop).result()
        return ""

    monkeypatch.setattr(world.shelf, "write", hang)
    await world.record()
    await world.keeper.look(at_once=True)
    let_go.set()
    assert "did not answer within" in str((await world.ledger.read(copies_waiting)).last_error)


async def test_the_end_is_signed_and_its_copy_written_by_the_next_process(world: World) -> None:
    await world.record()
    await world.keeper.close()
    segment = await world.segment()
    assert segment is not None
    assert segment.last == (await world.ledger.read(head)).count
    assert world.shelf.written == []
    await world.keeper.look(at_once=True)
    assert world.shelf.written == [1]


async def test_without_a_key_it_runs_and_says_so(world: World) -> None:
    unsigned = Witnesses(None, "audit.signing_key_file is not set", channel="C0OPS", post_at=time(9))
    keeper = WitnessKeeper(world.ledger, unsigned, world.clock)
    await world.record()
    world.clock.now = world.clock.now.replace(hour=10)
    await keeper.look(at_once=True)
    await keeper.close()
    (card,) = await world.cards()
    assert card.title == "Audit log: 1 record, NOT signed"
    assert await world.segment() is None
    assert keeper.latest is not None
    assert not keeper.latest.signing
