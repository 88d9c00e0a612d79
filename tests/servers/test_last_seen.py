"""What is remembered of a server that has gone silent."""

import dataclasses
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from servers.last_seen import LastSeen, answered, silent
from servers.lsn import Lsn
from servers.state import Role, SqlFacts
from tests.servers.seen import AT, PRIMARY_FACTS


def at(seconds: float, lsn: int) -> tuple[SqlFacts, timedelta]:
    return dataclasses.replace(PRIMARY_FACTS, wal_lsn=Lsn(lsn)), timedelta(seconds=seconds)


def after(*answers: tuple[float, int]) -> LastSeen:
    last = LastSeen()
    for seconds, lsn in answers:
        facts, later = at(seconds, lsn)
        last = answered(last, facts, AT + later)
    return last


def test_the_rate_is_that_between_two_looks() -> None:
    last = after((0, 1000), (2, 5000))
    assert (last.role, last.wal_lsn, last.wal_rate) == (Role.PRIMARY, 5000, 2000.0)


def test_looks_that_come_close_together_tell_no_rate_of_their_own() -> None:
    assert after((0, 1000), (0.2, 900_000)).wal_rate is None
    assert after((0, 1000), (2, 5000), (2.2, 900_000)).wal_rate == 2000.0


def test_silence_begins_with_the_first_look_that_gets_no_answer_and_ends_with_the_next_answer() -> None:
    last = silent(silent(after((0, 1000)), AT + timedelta(seconds=3)), AT + timedelta(seconds=9))
    assert last.missed_at == AT + timedelta(seconds=3)
    assert last.wal_lsn == 1000
    facts, _ = at(0, 2000)
    assert answered(last, facts, AT + timedelta(seconds=10)).missed_at is None


@given(st.lists(st.tuples(st.floats(0, 1e6), st.integers(0, 2**60))))
def test_a_rate_is_never_negative(answers: list[tuple[float, int]]) -> None:
    rate = after(*sorted(answers)).wal_rate
    assert rate is None or rate >= 0
