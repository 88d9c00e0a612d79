"""What a server's statistics say is read as it is, and nonsense is refused as a whole."""

import math
from typing import Any

import pytest

from servers.watching.postgresql.reading import LONGEST_NAME, server_statistics
from tests.servers.watching.postgresql.rows import hexadecimal, row, session


def test_a_healthy_server() -> None:
    seen = server_statistics(row())
    assert seen.connections == {"active": 1, "idle": 4}
    assert seen.counters.values["checkpoints timed"] == 1.0
    assert seen.counters.values["conflicts by snapshot"] == 0.0
    assert seen.databases == ("shop",)


def test_bytes_that_are_no_utf_8_show_as_such_and_fail_nothing() -> None:
    latin = session(query_hex=hexadecimal("SELECT 1 FROM caf\xe9".encode("latin-1")), user_hex=hexadecimal(b"\xff\xfe"))
    seen = server_statistics(row(transactions=[latin]))
    assert seen.transactions[0].query == "SELECT ? FROM caf\ufffd"
    assert seen.transactions[0].user == "\ufffd\ufffd"


def test_names_are_one_line_and_no_longer_than_people_read() -> None:
    odd = session(application_name="a\nb\x1b[0m" + "x" * 1000)
    name = server_statistics(row(transactions=[odd])).transactions[0].application_name
    assert name.startswith("a b [0m")
    assert len(name) == LONGEST_NAME


def test_no_query_brings_its_literals_along() -> None:
    secret = session(query_hex=hexadecimal("ALTER ROLE app PASSWORD 'hunter2'"))
    seen = server_statistics(row(transactions=[secret], locked=[{**secret, "blocked_by": [9]}]))
    assert "hunter2" not in repr(seen)


@pytest.mark.parametrize(
    "changed",
    [
        {"version_number": "eighteen"},
        {"now": None},
        {"now": math.inf},
        {"now": "soon"},
        {"connections": []},
        {"transactions": None},
        {"transactions": [{}]},
        {"transactions": [session(pid=None)]},
        {"transactions": [session(query_hex="no hexadecimal")]},
        {"transactions": [session(transaction_age="long")]},
        {"locked": [session(blocked_by=["x"])]},
        {"counters": {"deadlocks": "many"}},
        {"counters": None},
        {"ages": [{"database_hex": "", "transaction_ids": None, "multixacts": 1}]},
        {"checkpoints": None},
        {"settings": None},
    ],
)
def test_nonsense_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
        server_statistics(row(**changed))
