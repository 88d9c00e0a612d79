"""What is missing to see inside a server is named, with what to do about it."""

from dataclasses import replace
from typing import Any

import pytest

from bot.check.finding import Outcome
from bot.check.statistics import findings
from servers.watching.postgresql.table_look import TablesSeen
from servers.watching.postgresql.watched import PostgresqlWatched
from tests.alerts.postgresql.scenes import silent, statistics, watched

OPEN = TablesSeen()


def outcomes(seen: PostgresqlWatched) -> dict[str, Outcome]:
    return {finding.what: finding.outcome for finding in findings("shop", seen)}


def seen(tables: TablesSeen = OPEN, without_queries: str = "", **changed: Any) -> PostgresqlWatched:
    return replace(watched("db1", statistics(**changed)), tables=tables, without_queries=without_queries)


def test_all_can_be_seen() -> None:
    assert set(outcomes(seen(has_statement_statistics=True)).values()) == {Outcome.WORKS}
    assert outcomes(seen(TablesSeen(statements_in="crm")))["query statistics"] is Outcome.WORKS


@pytest.mark.parametrize(
    ("found", "what", "outcome", "mend"),
    [
        (silent("db1"), "statistics", Outcome.SKIPPED, "mend SQL first"),
        (seen(sees_everything=False), "statistics", Outcome.BROKEN, "GRANT pg_monitor"),
        (seen(), "query statistics", Outcome.WARNING, "CREATE EXTENSION pg_stat_statements"),
        (seen(without_queries="pg_stat_statements: column does not exist", has_statement_statistics=True),
         "query statistics", Outcome.WARNING, "ALTER EXTENSION pg_stat_statements UPDATE"),
        (seen(TablesSeen(unseen=("crm: no pg_hba.conf entry",))), "tables", Outcome.WARNING, "pg_hba.conf"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named(found: PostgresqlWatched, what: str, outcome: Outcome, mend: str) -> None:
    (finding,) = (one for one in findings("shop", found) if one.what == what)
    assert finding.outcome is outcome
    assert mend in finding.mend


def test_a_standby_is_not_asked_for_its_primarys_tables() -> None:
    assert set(outcomes(replace(seen(in_recovery=True), tables=None))) == {"statistics"}
