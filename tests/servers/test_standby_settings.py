"""The lines that go into postgresql.auto.conf. (PostgreSQL reads them on a real server in test_native_engine.)"""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from servers.engines.engine import ActionFailed
from servers.engines.standby_settings import quoted, standby_settings
from tests.servers.seen import server

DB1, DB2 = server("db1"), server("db2")


def read_back(text: str) -> str:
    """As guc-file.l does: between the quotes, '' is one quote and a backslash takes the next character as it is."""
    return re.sub(r"''|\\(.)", lambda found: found[1] or "'", text[1:-1])


@given(st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" ")))
def test_a_value_is_read_back_as_it_was(value: str) -> None:
    assert read_back(quoted(value)) == value


@pytest.mark.parametrize("value", ["one\ntwo", "nul\0", "\r"])
def test_what_cannot_stand_on_one_line_is_refused(value: str) -> None:
    with pytest.raises(ActionFailed):
        quoted(value)


def test_the_lines_name_the_upstream_and_the_slot() -> None:
    first, second = standby_settings(DB2, DB1).splitlines()

    name, _, value = first.partition(" = ")
    assert name == "primary_conninfo"
    assert conninfo_to_dict(read_back(value)) == {
        "host": "192.0.2.1", "port": "5432", "user": "replicator", "application_name": "db2",
    }  # fmt: skip
    assert second == "primary_slot_name = 'db2'"


def test_an_application_name_of_the_settings_stays() -> None:
    upstream = replace(DB1, replication="host=a application_name='my name'")

    assert "my name" in standby_settings(DB2, upstream)


@pytest.mark.parametrize("replication", [None, "host='unfinished"])
def test_settings_that_do_not_tell_the_way_are_refused(replication: str | None) -> None:
    with pytest.raises(ActionFailed, match="db1"):
        standby_settings(DB2, replace(DB1, replication=replication))
