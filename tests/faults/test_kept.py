"""Results that outlive a run that was broken off."""

from dataclasses import replace
from pathlib import Path

from tests.faults.kept import Keeper, Kept
from tests.faults.test_table import CUT, HELD, KILLED


def test_what_was_kept_is_read_again_and_the_last_result_of_a_cell_counts(tmp_path: Path) -> None:
    path = tmp_path / "new" / "results.jsonl"
    keeper = Keeper(path)
    assert keeper.all([KILLED, CUT]) == {}
    keeper.keep(Kept(replace(HELD, end="failed", told="Two\nlines\tand a tab…"), "one"))
    keeper.keep(Kept(replace(HELD, cell=CUT, told="Two\nlines\tand a tab…"), "one"))
    keeper.keep(Kept(HELD, "two"))
    assert Keeper(path).all([KILLED, CUT]) == {
        KILLED: Kept(HELD, "two"),
        CUT: Kept(replace(HELD, cell=CUT, told="Two\nlines\tand a tab…"), "one"),
    }


def test_half_a_line_and_a_cell_that_there_is_no_longer_count_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    Keeper(path).keep(Kept(HELD, "one"))
    Keeper(path).keep(Kept(replace(HELD, cell=CUT), "one"))
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: len(text) - 20], encoding="utf-8")
    assert Keeper(path).all([KILLED, CUT]) == {KILLED: Kept(HELD, "one")}
    assert Keeper(path).all([CUT]) == {}


def test_a_new_run_forgets_what_was_kept(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "results.jsonl")
    keeper.keep(Kept(HELD, "one"))
    keeper.begin_anew()
    assert keeper.all([KILLED]) == {}
