"""One operation at a time per cluster, and numbers that only grow."""

import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from ledger import locks
from ledger.ledger import Ledger
from tests.ledger.test_operations import new
from tests.ledger.values import NOW, later


def test_the_second_is_told_who_was_first(db: Database) -> None:
    first, second = new(db).id, new(db).id
    fencing = locks.acquire(db, "orders", first, "bot 1", at=NOW)
    with pytest.raises(locks.LockHeld, match=f"{first} holds orders since 2026-01-31 03:12:00") as held:
        locks.acquire(db, "orders", second, "bot 2", at=later(1))
    assert held.value.holder == locks.Lock("orders", first, "bot 1", fencing, NOW)
    with pytest.raises(locks.LockHeld):  # not even the same operation twice: that is what two bots would do
        locks.acquire(db, "orders", first, "bot 1", at=later(1))


def test_clusters_do_not_stand_in_each_others_way(db: Database) -> None:
    one = locks.acquire(db, "orders", new(db).id, "bot", at=NOW)
    two = locks.acquire(db, "billing", new(db, "billing").id, "bot", at=NOW)
    assert one < two
    assert [lock.cluster for lock in locks.holders(db)] == ["billing", "orders"]


def test_time_takes_no_lock_away(db: Database) -> None:
    locks.acquire(db, "orders", new(db).id, "bot 1", at=NOW)
    with pytest.raises(locks.LockHeld):
        locks.acquire(db, "orders", new(db).id, "bot 2", at=later(10 * 365 * 86400))


def test_taking_over_names_the_number_that_was_seen(db: Database) -> None:
    operation = new(db).id
    old = locks.acquire(db, "orders", operation, "bot 1", at=NOW)
    with pytest.raises(locks.LockLost):
        locks.take_over(db, "orders", operation, "bot 2", fencing=old + 1, at=NOW)
    taken = locks.take_over(db, "orders", operation, "bot 2", fencing=old, at=later(1))
    assert taken > old
    with pytest.raises(locks.LockLost):  # a third who saw the same is too late
        locks.take_over(db, "orders", operation, "bot 3", fencing=old, at=later(1))
    with pytest.raises(locks.LockLost, match="bot 2"):
        locks.check(db, "orders", operation, old)
    with pytest.raises(locks.LockLost, match="bot 2"):
        locks.release(db, "orders", old)
    locks.check(db, "orders", operation, taken)


def test_a_lock_needs_an_operation(db: Database) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        locks.acquire(db, "orders", "none", "bot", at=NOW)


def test_numbers_cannot_be_turned_back(db: Database) -> None:
    locks.acquire(db, "orders", new(db).id, "bot", at=NOW)
    with pytest.raises(sqlite3.IntegrityError, match="only grow"):
        db.execute("UPDATE fencing SET last = 0")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.sampled_from(["take", "give", "over"]), st.sampled_from(["a", "b", "c"])), max_size=30))
def test_no_number_is_ever_used_twice(db: Database, actions: list[tuple[str, str]]) -> None:
    operation = new(db).id
    for cluster in "abc":
        standing = locks.holder(db, cluster)
        if standing:
            locks.release(db, cluster, standing.fencing)
    given_out = [int(db.execute("SELECT last FROM fencing").fetchone()[0])]
    for action, cluster in actions:
        standing = locks.holder(db, cluster)
        if action == "take" and standing is None:
            given_out.append(locks.acquire(db, cluster, operation, "bot", at=NOW))
        elif action == "give" and standing is not None:
            locks.release(db, cluster, standing.fencing)
        elif action == "over" and standing is not None:
            given_out.append(locks.take_over(db, cluster, operation, "bot", fencing=standing.fencing, at=NOW))
    assert given_out == sorted(set(given_out))


async def test_two_bots_on_one_ledger(ledger: Ledger) -> None:
    async with await Ledger.open(ledger.path) as other:
        operation = await ledger.write(lambda db: new(db).id)
        await ledger.write(lambda db: locks.acquire(db, "orders", operation, "bot 1", at=NOW))
        with pytest.raises(locks.LockHeld, match=operation):
            await other.write(lambda db: locks.acquire(db, "orders", operation, "bot 2", at=NOW))
