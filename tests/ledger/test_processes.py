"""Several processes, and processes that die: the ledger stays one whole chain, and keeps what it promised."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from sqlite_utils import Database

from ledger import audit_chain, outbox
from ledger.ledger import Ledger

KEYS = "SELECT sequence, key FROM audit ORDER BY sequence"
CARDS = "SELECT card FROM outbox ORDER BY id"


def start(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.ledger.writer", str(path), name, str(count)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def promised(output: str) -> list[tuple[int, str]]:
    """The changes that were reported as committed; a last line cut off by the kill is none."""
    lines = output.splitlines(keepends=True)
    return [(int(line.split()[0]), line.split()[1]) for line in lines if line.endswith("\n")]


async def look(path: Path) -> tuple[audit_chain.Verification, list[tuple[int, str]], list[str]]:
    def query(db: Database) -> tuple[audit_chain.Verification, list[tuple[int, str]], list[str]]:
        keys = [(row[0], row[1]) for row in db.execute(KEYS)]
        return audit_chain.verify(db), keys, [row[0] for row in db.execute(CARDS)]

    async with await Ledger.open(path, create=False) as ledger:
        return await ledger.read(query)


async def test_two_processes_that_write_at_once_keep_one_chain(path: Path) -> None:
    writers = [start(path, name, 100) for name in ("bot", "terminal")]  # the file is new to both
    reported = [promised(writer.communicate(timeout=60)[0]) for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0]
    verification, keys, cards = await look(path)
    assert verification.ok
    assert verification.count == 200
    assert sorted(reported[0] + reported[1]) == keys
    assert cards == [f"card {key}" for _, key in keys]


@pytest.mark.parametrize("seed", range(5))
async def test_kill_9_at_any_moment_loses_nothing_that_was_promised(path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a moment to kill at, no secret
    kept: list[tuple[int, str]] = []
    for life in range(3):
        writer = start(path, f"life{life}", 1_000_000)
        assert writer.stdout is not None
        first = "".join(writer.stdout.readline() for _ in range(chance.randint(1, 60)))
        with pytest.raises(subprocess.TimeoutExpired):
            writer.wait(chance.uniform(0, 0.02))
        writer.kill()
        # Not by communicate(): with a time-out it reads past what readline has read ahead, and loses it.
        kept += promised(first + writer.stdout.read())
        writer.wait(60)
        verification, keys, cards = await look(path)
        assert verification.ok, verification.reason
        assert set(kept) <= set(keys)
        assert len(keys) - len(kept) <= life + 1  # at most the change whose answer died with each process
        assert cards == [f"card {key}" for _, key in keys]  # all of a change, or nothing


async def test_items_put_by_another_process_are_seen(ledger: Ledger) -> None:
    assert await ledger.read(outbox.pending_count) == 0
    assert start(ledger.path, "terminal", 3).wait(60) == 0
    assert await ledger.read(outbox.pending_count) == 3
