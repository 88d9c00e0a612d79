"""The page that `make faults` writes."""

from dataclasses import replace

import pytest

from tests.faults.cell import BROKEN, DONE, LEFT_OUT, UNENDED, Cell, Order, Result, When
from tests.faults.kept import Kept
from tests.faults.table import document, for_readers


async def nothing(_scene: object) -> None:
    pass


def cell(fault: str, order: Order = Order.FAILOVER) -> Cell:
    return Cell(fault, order, When("fence"), nothing, DONE)


KILLED, CUT, FULL = cell("kill"), cell("cut"), cell("disk full")
HELD = Result(KILLED, "succeeded", "It succeeded.", 120, 3, 0, 1, True, True, 12.4, "18.4")


def page(*results: Result, version: str = "1a2b3c") -> str:
    return document((KILLED, CUT, FULL), {result.cell: Kept(result, version) for result in results}, ["nothing: never"])


def row(text: str, fault: str) -> str:
    return next(line for line in text.splitlines() if line.startswith("|") and f"| {fault} |" in line)


def test_a_line_tells_what_became_of_a_cell() -> None:
    line = row(page(HELD), "kill")
    assert line == "| failover | kill | during fence | succeeded | 120 | 0 | 3 | 1 | 12 | It succeeded. |"


def test_what_the_standby_had_received_is_lost_in_a_column_of_its_own_and_does_not_hold() -> None:
    text = page(replace(HELD, lost=3, lost_received=2))
    assert "| 120 | 2 | 1 | 1 |" in row(text, "kill")
    assert "2 rows are lost that the standby had received" in text
    assert "**0 of 3 cells hold.**" in text


def test_every_cell_has_a_line_and_is_named_where_nothing_became_of_it() -> None:
    broken = Result.without_an_end(CUT, BROKEN, "KeyError: db1", 3.0)
    left_out = Result.without_an_end(FULL, LEFT_OUT, "only root can mount a disk", 0.1)
    text = page(HELD, broken, left_out)
    assert "| it broke off |" in row(text, "cut")
    assert "| left out |" in row(text, "disk full")
    assert "**1 of 3 cells hold.**" in text
    assert "What does not hold:\n\n- failover: cut (during fence): it broke off: KeyError: db1" in text
    assert "Not played:\n\n- failover: disk full (during fence): only root can mount a disk" in text
    assert "| not played |" in row(page(), "kill")
    assert "**0 of 3 cells hold.**" in page()


def test_a_cell_that_did_not_end_is_shown_as_that_and_does_not_hold() -> None:
    text = page(replace(HELD, end=UNENDED, told=""))
    assert "| did not end in time |" in row(text, "kill")
    assert "- failover: kill (during fence): it ended as" in text
    assert "**0 of 3 cells hold.**" in text


def test_the_versions_that_were_played_are_named() -> None:
    assert "Played on Understudy 1a2b3c with PostgreSQL 18.4." in page(HELD)
    kept = {KILLED: Kept(HELD, "one"), CUT: Kept(replace(HELD, cell=CUT), "two")}
    assert "Played on Understudy one (1 of them), two (1 of them) with" in document((KILLED, CUT), kept, [])


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("Ended: <!date^1795523382^{date} {time}|2026-11-24 12:29:42 UTC>.", "Ended: 2026-11-24 12:29:42 UTC."),
        ("/tmp/understudy-lab-0/worlds/1f2e3d/db2/data is full", "…/db2/data is full"),
        ("/var/tmp/x.y/understudy-lab-1000/worlds/1f2e3d/db2/data/PG_VERSION", "…/db2/data/PG_VERSION"),
        ("The ledger /tmp/understudy-ledger-ab_c1/ledger.sqlite3", "The ledger …/ledger.sqlite3"),
        ("/var/lib/postgresql/18/main is full", "/var/lib/postgresql/18/main is full"),
        ("It failed.\n• Look:  /ha status", "It failed. • Look: /ha status"),
    ],
)  # fmt: skip
def test_what_people_were_told_is_for_readers(told: str, read: str) -> None:
    assert for_readers(told) == read


def test_what_people_were_told_does_not_break_the_table() -> None:
    line = row(page(replace(HELD, told="a | b\n`c` <d> [e](f) *g* \\")), "kill")
    assert line.endswith(r"| a \| b \`c\` \<d\> \[e\](f) \*g\* \\ |")


def test_a_date_at_the_cut_is_not_cut_in_its_middle() -> None:
    told = f"{'x' * 230} <!date^1795523382^{{time}}|2026-11-24 12:29:42 UTC>"
    line = row(page(replace(HELD, told=told)), "kill")
    assert "!date" not in line
    assert line.endswith("2026-11-… |")
