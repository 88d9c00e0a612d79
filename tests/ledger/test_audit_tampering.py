"""Somebody with the file in hand and the triggers out of the way rewrites the past: every way is found."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from ledger.audit import append, record_hash
from ledger.audit_chain import Head, head, verify
from ledger.audit_export import export, verify_export
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from tests.ledger.values import entry

RECORDS = 6


@pytest.fixture
def log(db: Database) -> Database:
    for number in range(1, RECORDS + 1):
        append(db, entry(f"/ha status {number}", key=f"k{number}"))
    assert verify(db).count == RECORDS
    return db


@contextmanager
def triggers_out_of_the_way(db: Database) -> Iterator[None]:
    """The triggers are put back afterwards, so that only the records themselves can tell."""
    triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        db.execute(f"DROP TRIGGER {name}")
    yield
    for _, sql in triggers:
        db.execute(sql)


def forged(db: Database, sequence: int, previous: str, text: str) -> tuple[int, str, str, str]:
    body = json.dumps({**json.loads(body_of(db, 1)), "text": text, "key": None}, sort_keys=True, separators=(",", ":"))
    return sequence, previous, record_hash(sequence, previous, body), body


def body_of(db: Database, sequence: int) -> str:
    return str(db.execute("SELECT entry FROM audit WHERE sequence = ?", [sequence]).fetchone()[0])


def hash_of(db: Database, sequence: int) -> str:
    return str(db.execute("SELECT hash FROM audit WHERE sequence = ?", [sequence]).fetchone()[0])


INSERT = "INSERT INTO audit (sequence, previous, hash, entry) VALUES (?, ?, ?, ?)"


def change_text(db: Database) -> None:
    db.execute("UPDATE audit SET entry = replace(entry, 'status 3', 'status x') WHERE sequence = 3")


def change_text_and_its_hash(db: Database) -> None:
    row = forged(db, 3, hash_of(db, 2), "nothing happened")
    db.execute("UPDATE audit SET hash = ?, entry = ? WHERE sequence = 3", [row[2], row[3]])


def change_only_white_space(db: Database) -> None:
    db.execute("UPDATE audit SET entry = entry || ' ' WHERE sequence = 3")


def change_to_what_no_hash_covers(db: Database) -> None:
    db.execute("UPDATE audit SET entry = replace(entry, 'Anna', 'Änna') WHERE sequence = 3")


def drop_from_the_middle(db: Database) -> None:
    db.execute("DELETE FROM audit WHERE sequence = 3")


def drop_from_the_middle_and_close_the_gap(db: Database) -> None:
    db.execute("DELETE FROM audit WHERE sequence = 3")
    for sequence in range(4, RECORDS + 1):
        db.execute("UPDATE audit SET sequence = sequence - 1 WHERE sequence = ?", [sequence])


def swap(db: Database) -> None:
    for old, new in ((3, -1), (4, 3), (-1, 4)):
        db.execute("UPDATE audit SET sequence = ? WHERE sequence = ?", [new, old])


def insert_into_the_middle(db: Database) -> None:
    for sequence in range(RECORDS, 2, -1):
        db.execute("UPDATE audit SET sequence = sequence + 1 WHERE sequence = ?", [sequence])
    db.execute(INSERT, forged(db, 3, hash_of(db, 2), "inserted"))


def insert_before_the_first(db: Database) -> None:
    db.execute(INSERT, forged(db, 0, "0" * 64, "inserted"))


def insert_at_the_end(db: Database) -> None:
    db.execute(INSERT, forged(db, RECORDS + 1, hash_of(db, RECORDS), "inserted"))


def cut_the_tail(db: Database) -> None:
    db.execute("DELETE FROM audit WHERE sequence > 4")


def cut_everything(db: Database) -> None:
    db.execute("DELETE FROM audit")


def cut_the_tail_and_write_another(db: Database) -> None:
    db.execute("DELETE FROM audit WHERE sequence > 5")
    db.execute(INSERT, forged(db, 6, hash_of(db, 5), "another end"))


def drop_the_head(db: Database) -> None:
    db.execute("DELETE FROM audit_head")


WAYS: list[tuple[Callable[[Database], None], int]] = [
    (change_text, 3),
    (change_text_and_its_hash, 4),
    (change_only_white_space, 3),
    (change_to_what_no_hash_covers, 3),
    (drop_from_the_middle, 3),
    (drop_from_the_middle_and_close_the_gap, 3),
    (swap, 3),
    (insert_into_the_middle, 4),
    (insert_before_the_first, 1),
    (insert_at_the_end, RECORDS + 2),
    (cut_the_tail, 5),
    (cut_everything, 1),
    (cut_the_tail_and_write_another, RECORDS + 1),
    (drop_the_head, RECORDS + 1),
]


@pytest.mark.parametrize(("tamper", "first_bad"), WAYS, ids=[way.__name__ for way, _ in WAYS])
def test_it_is_found_and_where(log: Database, tamper: Callable[[Database], None], first_bad: int) -> None:
    with triggers_out_of_the_way(log):
        tamper(log)
    result = verify(log)
    assert not result.ok
    assert result.first_bad == first_bad
    assert result.count == first_bad - 1
    assert result.reason


def test_a_head_kept_elsewhere_finds_a_log_that_was_rewritten_as_a_whole(log: Database) -> None:
    kept = head(log)
    with triggers_out_of_the_way(log):
        log.execute("DELETE FROM audit WHERE sequence > 4")
        log.execute("UPDATE audit_head SET count = 4, hash = ?", [hash_of(log, 4)])
    assert verify(log).ok  # nothing in the file itself can tell
    assert not verify(log, kept).ok
    append(log, entry("a new end"))
    append(log, entry("of the same length"))
    found = verify(log, kept)
    assert (found.ok, found.first_bad) == (False, RECORDS)
    assert not verify_export(list(export(log)), kept).ok
    assert verify(log, Head(4, hash_of(log, 4))).ok


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET entry = entry WHERE sequence = 3",
        "DELETE FROM audit WHERE sequence = 6",
        "INSERT INTO audit SELECT sequence + 1, previous, hash, entry FROM audit WHERE sequence = 6",
        "INSERT OR REPLACE INTO audit SELECT sequence, previous, hash, entry FROM audit WHERE sequence = 3",
        "INSERT OR REPLACE INTO audit SELECT 7, hash, 'x', entry FROM audit WHERE sequence = 6",
        "UPDATE audit_head SET count = 5",
        "UPDATE audit_head SET hash = 'x'",
        "DELETE FROM audit_head",
        "INSERT OR REPLACE INTO audit_head VALUES (1, 0, 'x')",
    ],
)
async def test_the_triggers_refuse_it_in_the_first_place(ledger: Ledger, statement: str) -> None:
    await ledger.write(lambda db: [append(db, entry(key=f"k{number}")) for number in range(RECORDS)])
    with pytest.raises(LedgerError, match=r"append-only|end of the audit log|one end only|columns"):
        await ledger.write(lambda db: db.execute("PRAGMA recursive_triggers = OFF") and db.execute(statement) and None)
    assert (await ledger.read(verify)).count == RECORDS


class TestExports:
    def lines(self, log: Database) -> list[str]:
        return list(export(log))

    def bad(self, lines: list[str]) -> int | None:
        result = verify_export(lines)
        assert not result.ok
        assert result.reason
        return result.first_bad

    def test_line_feeds_of_any_kind_do_no_harm(self, log: Database) -> None:
        for ending in ("\n", "\r\n"):
            assert verify_export([line + ending for line in self.lines(log)]).count == RECORDS

    def test_a_dropped_line(self, log: Database) -> None:
        lines = self.lines(log)
        assert self.bad(lines[:2] + lines[3:]) == 3

    def test_a_cut_tail_with_and_without_its_end(self, log: Database) -> None:
        lines = self.lines(log)
        assert self.bad(lines[:4]) == 5
        assert self.bad([*lines[:4], lines[-1]]) == 5
        assert self.bad([]) == 1

    def test_swapped_repeated_and_appended_lines(self, log: Database) -> None:
        lines = self.lines(log)
        assert self.bad([*lines[:2], lines[3], lines[2], *lines[4:]]) == 3
        assert self.bad([*lines[:3], lines[2], *lines[3:]]) == 4
        assert self.bad([*lines, lines[0]]) == RECORDS + 1

    def test_another_ledgers_name_in_the_last_line_of_a_log_without_signatures(self, log: Database) -> None:
        *lines, end = self.lines(log)
        renamed = end.replace('"ledger":"', '"ledger":"0')
        assert renamed != end
        assert self.bad([*lines, renamed]) == RECORDS + 1

    def test_the_same_key_twice_in_a_line(self, log: Database) -> None:
        lines = self.lines(log)
        lines[2] = lines[2].replace('"text":', '"text":"innocent","text":')
        assert self.bad(lines) == 3

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(data=st.data())
    def test_any_single_changed_character(self, log: Database, data: st.DataObject) -> None:
        lines = self.lines(log)
        number = data.draw(st.integers(0, RECORDS))
        position = data.draw(st.integers(0, len(lines[number]) - 1))
        character = data.draw(st.characters().filter(lambda other: other != lines[number][position]))
        changed = lines[number][:position] + character + lines[number][position + 1 :]
        if changed.rstrip("\r\n") == lines[number]:
            return
        assert self.bad([*lines[:number], changed, *lines[number + 1 :]]) is not None
