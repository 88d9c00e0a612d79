"""How far a standby is behind."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from servers.lag import data_at_risk_bytes, flush_lag_bytes, received_lsn, replay_lag_bytes, replay_lag_seconds
from servers.lsn import Lsn, format_lsn, parse_lsn
from servers.state import SqlFacts
from tests.servers.seen import PRIMARY_FACTS, STANDBY_FACTS

positions = st.integers(0, 2**64 - 1).map(Lsn)


def primary(at: int | None) -> SqlFacts:
    return replace(PRIMARY_FACTS, wal_lsn=None if at is None else Lsn(at))


def standby(received: int | None, replayed: int | None, age: float | None = 3.0) -> SqlFacts:
    return replace(
        STANDBY_FACTS,
        receive_lsn=None if received is None else Lsn(received),
        replay_lsn=None if replayed is None else Lsn(replayed),
        last_replayed_transaction_age_seconds=age,
    )


def test_replay_lag_is_all_that_is_not_yet_visible() -> None:
    assert replay_lag_bytes(primary(1000), standby(900, 400)) == 600


def test_flush_lag_is_what_would_be_lost() -> None:
    assert flush_lag_bytes(primary(1000), standby(900, 400)) == 100


def test_what_came_from_the_archive_counts_as_received() -> None:
    assert received_lsn(standby(None, 400)) == 400
    assert received_lsn(standby(300, 400)) == 400


def test_a_standby_that_seems_ahead_is_not_behind() -> None:
    assert replay_lag_bytes(primary(1000), standby(1100, 1100)) == 0


def test_a_primary_that_does_not_write_gives_no_lag_in_seconds() -> None:
    assert replay_lag_seconds(primary(1000), standby(1000, 1000, age=3600.0)) == 0.0
    assert replay_lag_seconds(primary(1001), standby(1000, 1000, age=7.0)) == 7.0


def test_what_is_not_known_is_none_and_never_zero() -> None:
    assert replay_lag_bytes(None, standby(1, 1)) is None
    assert replay_lag_bytes(primary(1000), None) is None
    assert replay_lag_bytes(primary(None), standby(1, 1)) is None
    assert replay_lag_bytes(primary(1000), standby(1, None)) is None
    assert flush_lag_bytes(primary(1000), standby(None, None)) is None
    assert replay_lag_seconds(primary(1000), None) is None
    assert data_at_risk_bytes(None, standby(1, 1)) is None


def test_positions_of_strangers_tell_no_distance() -> None:
    other = replace(standby(1, 1), system_identifier="1")
    apart = replace(standby(1, 1), timeline=2, receiver=None)

    assert replay_lag_bytes(primary(1000), other) is None
    assert replay_lag_bytes(primary(1000), apart) is None
    assert replay_lag_bytes(standby(1, 1), standby(1, 1)) is None


def test_the_last_known_position_of_a_dead_primary_tells_what_is_at_risk() -> None:
    assert data_at_risk_bytes(Lsn(1000), standby(900, 400)) == 100


@given(positions, positions)
def test_a_lag_is_never_negative(one: Lsn, other: Lsn) -> None:
    assert replay_lag_bytes(primary(one), standby(other, other)) == max(0, one - other)


@given(positions)
def test_a_position_is_written_as_postgresql_writes_it(position: Lsn) -> None:
    assert parse_lsn(format_lsn(position)) == position
