"""A server that answers too much, in no encoding, or nonsense: its question fails in words, and nothing else does."""

import asyncio
import resource
import struct
from collections.abc import Iterator
from dataclasses import replace

import pytest

from servers.errors import ServerUnreachable
from servers.inventory import Cluster, Server
from servers.observe import Observer
from servers.sql import Sessions
from servers.ssh import Shells
from servers.state import Outcome
from servers.watching.postgresql.look import PostgresqlLook
from tests.servers.pair import now
from tests.servers.seen import server
from tests.servers.unruly import INT4, Answer, begun, message, result, row, row_description, unruly_server

MEBIBYTE = 1024 * 1024


def at(port: int) -> Server:
    return replace(server("db1"), conninfo=f"host=127.0.0.1 port={port} user=understudy dbname=postgres sslmode=prefer")


def a_gigabyte_in_one_row() -> Iterator[bytes]:
    yield begun() + row_description("value")
    size = 1024 * MEBIBYTE
    yield b"D" + struct.pack("!ihi", size + 10, 1, size)
    for _ in range(1024):
        yield bytes(MEBIBYTE)


def a_gigabyte_in_many_rows() -> Iterator[bytes]:
    yield begun() + row_description("value")
    one = row(bytes(MEBIBYTE // 4))
    for _ in range(4096):
        yield one


def an_answer_that_stops_in_the_middle() -> Iterator[bytes]:
    yield begun() + row_description("value") + row(b"x")[:5]


def no_utf_8() -> Iterator[bytes]:
    yield begun() + result(row(b"caf\xe9 \xff"))


def a_number_that_is_none() -> Iterator[bytes]:
    yield begun() + result(row(b"eighteen"), columns=("version_number",), oid=INT4)


def no_protocol() -> Iterator[bytes]:
    yield b"\0garbage" * 64


def other_columns() -> Iterator[bytes]:
    yield begun() + result(row(b"<!channel>"), columns=("nonsense",))


def an_error_with_markup() -> Iterator[bytes]:
    yield message(b"E", b"SERROR\0C42P01\0M<!channel> *no* such table\0\0") + message(b"Z", b"I")


@pytest.mark.parametrize("answer", [a_gigabyte_in_one_row, a_gigabyte_in_many_rows], ids=lambda one: one.__name__)
async def test_a_gigabyte_is_not_taken_in(answer: Answer) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with unruly_server(answer) as port:
        sessions = Sessions()
        with pytest.raises(ServerUnreachable, match="larger than 64 MB") as error:
            await sessions.query(at(port), "SELECT 1", timeout=30)
        assert error.value.outcome is Outcome.FAILED
        await sessions.close()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < 512


@pytest.mark.parametrize(
    "answer",
    [
        an_answer_that_stops_in_the_middle,
        no_utf_8,
        a_number_that_is_none,
        no_protocol,
        other_columns,
        an_error_with_markup,
    ],
    ids=lambda one: one.__name__,
)
async def test_whatever_it_answers_its_statistics_are_unknown_and_it_says_why(answer: Answer) -> None:
    async with unruly_server(answer) as port:
        watch = PostgresqlLook(Sessions(), now, timeout=1.0)
        async with asyncio.timeout(10):
            (seen,) = await watch.look(Cluster("shop", "C0OPS", (at(port),)))
        assert seen.statistics is None
        assert not seen.answer.ok
        assert seen.answer.detail
        await watch.close()


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (an_answer_that_stops_in_the_middle, "no answer by SQL within 0.3 s"),
        (no_utf_8, "its answer makes no sense (UnicodeDecodeError)"),
        (a_number_that_is_none, "its answer makes no sense (ValueError)"),
        (other_columns, "its answer makes no sense: 'started_at'"),
    ],
    ids=lambda one: one if isinstance(one, str) else one.__name__,
)
async def test_the_fast_look_says_so_as_well(answer: Answer, detail: str) -> None:
    async with unruly_server(answer) as port:
        cluster = Cluster("shop", "C0OPS", (at(port),))
        sessions, shells = Sessions(), Shells()
        state = await Observer({}, shells, sessions, now, sql_timeout=0.3, ssh_timeout=0.1).observe(cluster)
        (seen,) = state.servers
        assert (seen.sql, seen.sql_answer.detail) == (None, detail)
        await sessions.close()
        await shells.close()
