"""The busiest queries of a stretch: by what they did in it, whatever they had done before."""

import pytest

from servers.watching.postgresql.statements import MOST, Counted, QueryFigures, busiest, counted, texts
from tests.servers.watching.postgresql.rows import hexadecimal

BEFORE = {(5, 1): Counted(100.0, 50.0), (5, 2): Counted(10.0, 900.0), (6, 3): Counted(1.0, 1.0)}


def test_mean_rate_and_load_are_of_the_stretch_alone() -> None:
    after = {**BEFORE, (5, 1): Counted(160.0, 80.0)}
    assert busiest(BEFORE, after, 60.0) == (QueryFigures((5, 1), 1.0, 0.5, 0.5),)


def test_the_busiest_comes_first_and_no_more_than_twenty() -> None:
    before = {(5, number): Counted(1.0, 1.0) for number in range(50)}
    after = {(5, number): Counted(2.0, 2.0 + number) for number in range(50)}
    found = busiest(before, after, 60.0)
    assert len(found) == MOST
    assert [one.key[1] for one in found[:3]] == [49, 48, 47]


@pytest.mark.parametrize(
    "now",
    [
        Counted(10.0, 900.0),  # nobody called it
        Counted(3.0, 2.0),  # its statistics were reset
        Counted(12.0, 2.0),  # …and it was called more often than before since
    ],
)
def test_what_did_nothing_or_was_reset_is_left_out(now: Counted) -> None:
    assert busiest(BEFORE, {(5, 2): now}, 60.0) == ()


def test_one_that_was_not_counted_before_is_left_out_once() -> None:
    assert busiest({}, BEFORE, 60.0) == ()
    assert busiest(BEFORE, BEFORE, 0.0) == ()


def test_what_a_server_says_of_a_query_has_no_literals() -> None:
    rows = [
        {
            "database_id": 5, "queryid": -7, "database_hex": hexadecimal("shop"),
            "query_hex": hexadecimal("ALTER ROLE app PASSWORD 'hunter2'"),
        }
    ]  # fmt: skip
    assert texts(rows) == {(5, -7): ("ALTER ROLE app PASSWORD ?", "shop")}


@pytest.mark.parametrize("row", [{}, {"database_id": 5, "queryid": None, "calls": 1.0, "seconds": 1.0},
                                 {"database_id": 5, "queryid": 1, "calls": "many", "seconds": 1.0}])  # fmt: skip
def test_nonsense_is_refused(row: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        counted([row])
