"""`/ha queries`: which queries took the time, and how they did a week before."""

from datetime import UTC, datetime, timedelta

from commands.plots.queries_page import Queries, queries_page
from ledger.history.buckets import bucket_of
from ledger.history.series import Series
from ledger.page import Page, Plot, Table, Tone
from ledger.query_series import QUERY_CALLS, QUERY_LOAD, QUERY_MEAN_SECONDS, Query, query_of
from ledger.units import Unit

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ORDERS = Query("db1", "-42", "SELECT * FROM orders WHERE id = ?", "app")
SLOW = Query("db1", "7", "UPDATE stock SET n = n - ? WHERE " + "a = ? AND (b) " * 12, "my db")


def _series(name: str, query: Query, *values: float) -> Series:
    return Series(name, query.subject, Unit.SECONDS, NOON, 60, tuple(bucket_of([value]) for value in values))


def _page(now: list[Series], last_week: list[Series]) -> Page:
    return queries_page(
        Queries("shop", tuple(now), tuple(last_week), NOON, NOON + timedelta(minutes=2), "Europe/Berlin")
    )


def _all(query: Query, load: float, mean: float, calls: float) -> list[Series]:
    return [
        _series(QUERY_LOAD, query, load, load),
        _series(QUERY_MEAN_SECONDS, query, mean, mean),
        _series(QUERY_CALLS, query, calls, calls),
    ]


def _rows(page: Page) -> tuple[tuple[str, ...], ...]:
    return next(part.rows for part in page.parts if isinstance(part, Table))


def test_whoever_took_the_most_time_comes_first() -> None:
    page = _page([*_all(ORDERS, 0.1, 0.001, 100), *_all(SLOW, 2.5, 0.5, 5)], [])
    first, second = _rows(page)
    assert first[:3] == ("1", "db1", "my db")
    assert first[3].startswith("UPDATE stock")
    assert len(first[3]) <= 60
    assert first[4:] == ("2.50", "500 ms", "5", "new")
    assert second[3] == "SELECT * FROM orders WHERE id = ?"
    (plot,) = (part for part in page.parts if isinstance(part, Plot))
    assert [line.label for line in plot.lines] == ["1", "2"]


def test_against_last_week() -> None:
    def change(mean: float, before: float) -> str:
        return _rows(_page(_all(ORDERS, 1, mean, 1), _all(ORDERS, 1, before, 1)))[0][-1]

    assert change(0.4, 0.1) == "4.0 times as long (was 100 ms)"
    assert change(0.1, 0.1) == "the same (100 ms)"
    assert change(0.05, 0.1) == "50 % of it (was 100 ms)"


def test_one_that_was_slow_for_a_moment_is_not_called_busy_all_the_time() -> None:
    moment = Series(QUERY_LOAD, SLOW.subject, Unit.COUNT, NOON, 60, (bucket_of([1.0]), None, None, None))
    steady = _series(QUERY_LOAD, ORDERS, 0.5, 0.5, 0.5, 0.5)
    assert [row[4] for row in _rows(_page([moment, steady], []))] == ["0.50", "0.25"]


def test_without_pg_stat_statements_nothing_is_known() -> None:
    page = _page([], [])
    assert page.tone is Tone.UNKNOWN


def test_a_subject_is_a_query_on_a_server() -> None:
    assert query_of(SLOW.subject) == SLOW
    assert query_of(ORDERS.subject) == ORDERS
