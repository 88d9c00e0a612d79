"""What is looked at less often: the busiest queries, tables that wait for VACUUM, certificates."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alerts.inhibition import hides
from alerts.observation import Look
from alerts.round import observe
from alerts.rules.rule import Bad, Ok, Unknown
from ledger.alerts import Severity
from ledger.query_series import Query
from servers.watching.postgresql.certificate import Certificate
from servers.watching.postgresql.statements import QueryFigures
from servers.watching.postgresql.table_look import TablesSeen
from servers.watching.postgresql.tables import TableBehind
from tests.alerts.looks import NOW, look
from tests.alerts.postgresql.readings import BY_NAME, judged, severity, value
from tests.alerts.postgresql.scenes import statistics, watched, with_watched

ORDERS = TableBehind("shop", "public.orders", 600_000.0, 100_000.0, 86_400.0)


def seen(**changed: Any) -> Look:
    return with_watched(look(), replace(watched("db1", statistics()), **changed), watched("db2", statistics()))


def test_each_query_is_one_subject_with_its_text() -> None:
    figures = QueryFigures((5, -4711), 2.0, 0.25, 0.5, "SELECT ? FROM orders", "shop")
    subject = Query("db1", "-4711", "SELECT ? FROM orders", "shop").subject
    now = seen(queries=(figures,))
    assert value(now, "query_load", subject) == 0.5
    assert value(now, "query_mean_seconds", subject) == 0.25
    assert value(now, "query_calls_per_second", subject) == 2.0


def test_without_the_extension_there_are_no_queries() -> None:
    names = {one.name for one in observe(seen(queries=None)).observations}
    assert not names & {"query_load", "query_mean_seconds"}


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        (TablesSeen(), None),
        (TablesSeen((replace(ORDERS, dead=120_000.0),)), None),
        (TablesSeen((ORDERS,)), Severity.WARNING),
        (TablesSeen((ORDERS,), unseen=("crm: no pg_hba.conf entry",)), Severity.WARNING),
    ],
)
def test_a_table_may_wait_for_vacuum_but_not_forever(tables: TablesSeen, expected: Severity | None) -> None:
    assert severity(judged(seen(tables=tables), "autovacuum_behind", "db1")) is expected


def test_the_table_is_named() -> None:
    result = judged(seen(tables=TablesSeen((ORDERS,))), "autovacuum_behind", "db1")
    assert isinstance(result, Bad)
    assert result.evidence == ("shop: public.orders has 600000 dead rows, vacuumed 1 d ago; it is due at 100000",)


def test_tables_that_were_not_looked_at_are_unknown_and_a_standbys_are_its_primarys() -> None:
    assert isinstance(judged(seen(tables=None), "autovacuum_behind", "db1"), Unknown)
    assert isinstance(judged(seen(tables=TablesSeen(unseen=("crm: refused",))), "autovacuum_behind", "db1"), Unknown)
    assert isinstance(judged(seen(), "autovacuum_behind", "db2"), Ok)


def test_what_holds_vacuum_back_explains_that_it_is_behind() -> None:
    for rule in ("xmin_horizon", "long_transaction", "prepared_transaction"):
        assert hides(BY_NAME[rule], "db1", BY_NAME["autovacuum_behind"], "db1")


@pytest.mark.parametrize(
    ("days", "expected"),
    [(90, None), (15, None), (13, Severity.WARNING), (2, Severity.CRITICAL), (-1, Severity.CRITICAL)],
)
def test_a_certificate_is_to_be_renewed_in_time(days: int, expected: Severity | None) -> None:
    certificate = Certificate(NOW + timedelta(days=days), "CN=db1")
    assert severity(judged(seen(certificate=certificate), "server_certificate", "db1")) is expected


def test_no_tls_is_no_certificate_that_expires_and_no_answer_is_unknown() -> None:
    assert isinstance(judged(seen(certificate=Certificate(None)), "server_certificate", "db1"), Ok)
    assert isinstance(judged(seen(certificate=None), "server_certificate", "db1"), Unknown)
