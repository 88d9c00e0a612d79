"""Going from database to database: what refuses is named and left alone for a while, and there is an end to it."""

import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from servers.inventory import Server
from servers.watching.postgresql.table_look import MOST_DATABASES, TableMemory, look_at_tables
from servers.watching.postgresql.tables import TableBehind, tables_behind
from tests.servers.seen import server
from tests.servers.watching.postgresql.rows import hexadecimal


@pytest.fixture
def refusing() -> Iterator[Server]:
    """A server whose port nobody listens on, and nobody else may take."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        yield replace(server("db1"), conninfo=f"host=127.0.0.1 port={port} user=understudy dbname=postgres")


async def test_a_database_that_refuses_is_named_and_not_asked_again_for_an_hour(refusing: Server) -> None:
    memory = TableMemory()
    seen = await look_at_tables(refusing, memory, ("shop",))
    assert seen is not None
    assert seen.behind == ()
    assert [line.partition(":")[0] for line in seen.unseen] == ["shop"]
    assert "refused" in seen.unseen[0]
    assert await look_at_tables(refusing, memory, ("shop",)) is seen
    memory.at = float("-inf")
    refused = memory.refused["shop"]
    assert await look_at_tables(refusing, memory, ("shop",)) == seen
    assert memory.refused["shop"] is refused


async def test_beyond_twenty_databases_it_says_so(refusing: Server) -> None:
    seen = await look_at_tables(refusing, TableMemory(), [f"d{number}" for number in range(MOST_DATABASES + 1)])
    assert seen is not None
    assert seen.unseen[-1] == f"d{MOST_DATABASES}: there are too many databases to look at each"
    assert "refused" in seen.unseen[-2]


def test_a_table_as_the_server_tells_of_it() -> None:
    row = {"table_hex": hexadecimal("public.orders"), "dead": 600.0, "due": 150.0, "vacuumed_age": None}
    (table,) = tables_behind("shop", [row])
    assert table == TableBehind("shop", "public.orders", 600.0, 150.0, None)
    assert table.factor == 4.0


@pytest.mark.parametrize("changed", [{"dead": None}, {"due": "many"}, {"table_hex": "no"}])
def test_nonsense_is_refused(changed: dict[str, object]) -> None:
    row = {"table_hex": hexadecimal("t"), "dead": 1.0, "due": 1.0, "vacuumed_age": 1.0, **changed}
    with pytest.raises((TypeError, ValueError)):
        tables_behind("shop", [row])
