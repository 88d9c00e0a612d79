"""What is said of a failed question by SQL."""

from dataclasses import replace

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.sql_errors import explained
from servers.state import Outcome
from tests.servers.seen import server

DB1 = server("db1")
AT_HOST = 'connection failed: connection to server at "192.0.2.1", port 5432 failed: '


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (psycopg.OperationalError(AT_HOST + "Connection refused\n\tIs the server running"), Outcome.REFUSED),
        (psycopg.OperationalError(AT_HOST + "timeout expired"), Outcome.TIMED_OUT),
        (psycopg.errors.ConnectionTimeout("connection timeout expired"), Outcome.TIMED_OUT),
        (TimeoutError(), Outcome.TIMED_OUT),
        (psycopg.OperationalError(AT_HOST + "FATAL:  the database system is starting up"), Outcome.STARTING),
        (psycopg.OperationalError(AT_HOST + "FATAL:  the database system is shutting down"), Outcome.STARTING),
        (psycopg.OperationalError(AT_HOST + 'FATAL:  password authentication failed for user "u"'), Outcome.DENIED),
        (psycopg.OperationalError(AT_HOST + 'FATAL:  no pg_hba.conf entry for host "x"'), Outcome.DENIED),
        (psycopg.OperationalError(AT_HOST + "FATAL:  sorry, too many clients already"), Outcome.FAILED),
        (psycopg.OperationalError("failed to resolve host 'db1': Name or service not known"), Outcome.UNREACHABLE),
        (psycopg.OperationalError("server closed the connection unexpectedly"), Outcome.UNREACHABLE),
        (psycopg.OperationalError(AT_HOST + "No route to host"), Outcome.UNREACHABLE),
        (psycopg.errors.AdminShutdown("terminating connection due to administrator command"), Outcome.UNREACHABLE),
        (psycopg.errors.CannotConnectNow("the database system is starting up"), Outcome.STARTING),
        (psycopg.errors.QueryCanceled("canceling statement due to statement timeout"), Outcome.TIMED_OUT),
        (psycopg.errors.InsufficientPrivilege("permission denied"), Outcome.DENIED),
        (psycopg.errors.SyntaxError("syntax error"), Outcome.FAILED),
        (ValueError("odd"), Outcome.FAILED),
    ],
)
def test_an_error_has_one_outcome(error: Exception, outcome: Outcome) -> None:
    assert explained(error, DB1).outcome is outcome


def test_the_detail_is_what_the_server_said_and_not_where_it_is() -> None:
    refused = psycopg.OperationalError(AT_HOST + "Connection refused\n\tIs the server running on that host?")

    assert explained(refused, DB1).detail == "Connection refused"


def test_a_conninfo_that_cannot_be_read_is_never_repeated() -> None:
    broken = replace(DB1, conninfo="password='hush")

    assert "hush" not in explained(psycopg.ProgrammingError("cannot parse password='hush"), broken).detail


@given(st.text(), st.text())
def test_a_detail_is_one_short_line_without_the_password(before: str, after: str) -> None:
    detail = explained(psycopg.OperationalError(before + "hush-db1" + after), DB1).detail

    assert "hush-db1" not in detail
    assert detail.isprintable()
    assert len(detail) <= 200
