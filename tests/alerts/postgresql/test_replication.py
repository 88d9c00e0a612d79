"""Lag before replay, slots, synchronous standbys and the receiver, as the fast look sees them."""

from dataclasses import replace

import pytest

from alerts.inhibition import hides
from alerts.observation import Look
from alerts.rules.rule import Bad, Ok, Unknown
from ledger.alerts import Severity
from servers.lsn import Lsn
from servers.state import Receiver, ReplicationRow, ServerState, Slot, SqlFacts
from servers.synchronous import synchronous_standbys_wanted
from tests.alerts.looks import DB1, DB2, MIB, PRIMARY_SQL, STANDBY_SQL, dark, gone, look
from tests.alerts.postgresql.readings import BY_NAME, judged, severity, value

AT = Lsn(100 * MIB)
GIB = 1024 * MIB


def primary(**changed: object) -> ServerState:
    return replace(DB1, sql=replace(PRIMARY_SQL, **changed))  # type: ignore[arg-type]


def standby(**changed: object) -> ServerState:
    return replace(DB2, sql=replace(STANDBY_SQL, **changed))  # type: ignore[arg-type]


def sent(sent_lsn: int, write: int, flush: int, *, seconds: float | None = None) -> ReplicationRow:
    row = ReplicationRow("db2", None, "streaming", "async", Lsn(sent_lsn), Lsn(write), Lsn(flush), Lsn(flush), None)
    return replace(row, write_lag_seconds=seconds, flush_lag_seconds=seconds)


def with_row(row: ReplicationRow) -> Look:
    return look(primary(replication=(row,)))


def with_slot(slot: Slot, **changed: object) -> Look:
    return look(primary(slots=(slot,), **changed))


SLOT = Slot("db2", True, AT, "reserved", None)


def test_lag_before_replay_is_told_stage_by_stage() -> None:
    seen = with_row(sent(90 * MIB, 80 * MIB, 70 * MIB, seconds=1.5))
    lags = [value(seen, f"{stage}_lag_bytes", "db2") for stage in ("sent", "write", "flush")]
    assert lags == [10.0 * MIB, 20.0 * MIB, 30.0 * MIB]
    assert value(seen, "flush_lag_seconds", "db2") == 1.5
    assert value(seen, "flush_lag_bytes", "db1") == 0.0


def test_on_an_idle_primary_there_is_no_lag_whatever_the_old_times_say() -> None:
    seen = with_row(sent(100 * MIB, 100 * MIB, 100 * MIB, seconds=3600.0))
    assert value(seen, "flush_lag_seconds", "db2") == 0.0
    assert value(seen, "write_lag_seconds", "db2") == 0.0


@pytest.mark.parametrize(
    "seen", [look(dark(DB1)), look(gone(DB1)), look(primary(replication=())), look(DB1, replace(DB2, name="db9"))]
)
def test_lag_is_unknown_without_the_primary_or_its_row(seen: Look) -> None:
    name = seen.state.servers[1].name
    assert value(seen, "sent_lag_bytes", name) is None
    assert value(seen, "flush_lag_bytes", name) is None


@pytest.mark.parametrize(("behind", "expected"), [(0, None), (64 * MIB, None), (65 * MIB, Severity.WARNING)])
def test_what_a_failover_would_lose_has_a_limit(behind: int, expected: Severity | None) -> None:
    seen = with_row(sent(100 * MIB, 100 * MIB, 100 * MIB - behind))
    assert severity(judged(seen, "flush_lag", "db2")) is expected


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        ("", 0),
        ("  ", 0),
        ("db2", 1),
        ("db2, db3", 1),
        ("*", 1),
        ("FIRST 2 (db2, db3)", 2),
        ("any 1 (*)", 1),
        ("2(db2,db3)", 2),
        ('"3 (x"', 1),
    ],
)
def test_how_many_synchronous_standbys_are_asked_for(names: str, wanted: int) -> None:
    assert synchronous_standbys_wanted(names) == wanted


@pytest.mark.parametrize(
    ("names", "states", "missing"),
    [
        ("", ("async",), 0.0),
        ("db2", ("sync",), 0.0),
        ("db2", ("async",), 1.0),
        ("FIRST 2 (db2, db3)", ("sync",), 1.0),
        ("ANY 1 (db2, db3)", ("quorum", "quorum"), 0.0),
        ("ANY 1 (db2, db3)", (), 1.0),
    ],
)
def test_fewer_than_asked_for_means_that_commits_wait(names: str, states: tuple[str, ...], missing: float) -> None:
    rows = tuple(replace(sent(1, 1, 1), sync_state=state) for state in states)
    seen = look(primary(synchronous_standby_names=names, replication=rows))
    assert value(seen, "synchronous_standbys_missing", "db1") == missing
    assert value(seen, "synchronous_standbys_missing", "db2") == 0.0
    assert value(seen, "synchronous_commit_waits", "db2") == float(missing > 0)
    expected = Severity.CRITICAL if missing else None
    assert severity(judged(seen, "synchronous_standbys", "db1")) is expected


def test_without_the_right_it_is_unknown_whether_commits_wait() -> None:
    seen = look(primary(synchronous_standby_names="db2", replication=(), sees_everything=False))
    assert isinstance(judged(seen, "synchronous_standbys", "db1"), Unknown)


@pytest.mark.parametrize(
    ("age", "expected"), [(0.5, None), (59.0, None), (121.0, Severity.WARNING)]
)  # an idle primary sends something every 30 s
def test_a_receiver_that_hears_nothing_is_found_out(age: float, expected: Severity | None) -> None:
    heard = Receiver("streaming", "db1", 5432, "db2", AT, age)
    assert severity(judged(look(DB1, standby(receiver=heard)), "receiver_silent", "db2")) is expected


def test_without_a_receiver_its_silence_is_unknown() -> None:
    assert isinstance(judged(look(DB1, standby(receiver=None)), "receiver_silent", "db2"), Unknown)


@pytest.mark.parametrize(
    ("slot", "in_use"),
    [
        (SLOT, 1.0),
        (replace(SLOT, active=False), 0.0),
        (replace(SLOT, active=False, restart_lsn=None, wal_status=None), 1.0),
        (replace(SLOT, active=False, wal_status="lost", restart_lsn=None), 1.0),
    ],
)
def test_a_slot_that_keeps_wal_is_to_be_read_from(slot: Slot, in_use: float) -> None:
    assert value(with_slot(slot), "slot_in_use", "db1 slot db2") == in_use


def test_a_slot_that_waits_on_a_standby_for_its_promotion_is_no_news() -> None:
    seen = look(DB1, standby(slots=(replace(SLOT, active=False),)))
    assert value(seen, "slot_in_use", "db2 slot db2") == 1.0


@pytest.mark.parametrize(
    ("slot", "facts", "expected"),
    [
        (SLOT, {}, None),
        (replace(SLOT, restart_lsn=Lsn(0)), {"wal_lsn": Lsn(33 * GIB)}, Severity.WARNING),
        (replace(SLOT, restart_lsn=Lsn(0)), {"wal_lsn": Lsn(31 * GIB)}, None),
        # 4 GiB may be kept: 3 of them are, then nearly all.
        (replace(SLOT, restart_lsn=Lsn(0), safe_wal_size=1 * GIB), {"wal_lsn": Lsn(3 * GIB)}, Severity.WARNING),
        (replace(SLOT, restart_lsn=Lsn(0), safe_wal_size=MIB), {"wal_lsn": Lsn(4 * GIB)}, Severity.CRITICAL),
        (replace(SLOT, restart_lsn=Lsn(0), safe_wal_size=-5), {"wal_lsn": Lsn(4 * GIB)}, Severity.CRITICAL),
        (replace(SLOT, restart_lsn=Lsn(0), safe_wal_size=4 * GIB), {"wal_lsn": Lsn(16 * MIB)}, None),
        (replace(SLOT, restart_lsn=None, wal_status="lost", active=False), {}, Severity.WARNING),
    ],
)
def test_it_warns_before_a_slot_is_lost(slot: Slot, facts: dict[str, object], expected: Severity | None) -> None:
    assert severity(judged(with_slot(slot, **facts), "slot_wal", "db1 slot db2")) is expected


def test_where_lsns_are_hidden_what_a_slot_keeps_is_unknown() -> None:
    seen = with_slot(replace(SLOT, active=False), wal_lsn=None, sees_everything=False)
    assert isinstance(judged(seen, "slot_wal", "db1 slot db2"), Unknown)
    assert isinstance(judged(seen, "slot_unused", "db1 slot db2"), Unknown)


def test_a_slot_whose_standby_is_down_is_its_consequence() -> None:
    assert hides(BY_NAME["standby_down"], "db2", BY_NAME["slot_unused"], "db1 slot db2")
    assert hides(BY_NAME["primary_down"], "db1", BY_NAME["slot_wal"], "db1 slot db2")
    assert not hides(BY_NAME["standby_down"], "db2", BY_NAME["slot_wal"], "db1 slot db2")


def test_the_rate_of_wal_is_the_primarys_own_and_unknown_while_it_is_silent() -> None:
    writing = replace(DB1, wal_rate=2048.0)
    assert value(look(writing), "wal_bytes_per_second", "db1") == 2048.0
    assert value(look(writing), "wal_bytes_per_second", "db2") == 0.0
    assert value(look(gone(writing)), "wal_bytes_per_second", "db1") is None


def test_in_a_healthy_pair_all_of_it_is_well() -> None:
    facts: SqlFacts = replace(PRIMARY_SQL, slots=(SLOT,), replication=(sent(AT, AT, AT),))
    seen = look(replace(DB1, sql=facts))
    for rule, subject in (
        ("flush_lag", "db2"),
        ("synchronous_standbys", "db1"),
        ("receiver_silent", "db2"),
        ("slot_wal", "db1 slot db2"),
        ("slot_unused", "db1 slot db2"),
    ):
        assert isinstance(judged(seen, rule, subject), Ok), rule
        assert not isinstance(judged(seen, rule, subject), Bad)
