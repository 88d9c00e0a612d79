"""What goes on inside a server: what is bad, what is usual, and what is unknown."""

from dataclasses import replace
from typing import Any

import pytest

from alerts.inhibition import hides
from alerts.observation import Look
from alerts.round import observe
from alerts.rules.rule import Bad, Ok, Unknown
from alerts.thresholds import Thresholds
from ledger.alerts import Severity
from tests.alerts.looks import CLUSTER, DB1, DB2, PRIMARY_SQL, STANDBY_SQL, dark, gone, look
from tests.alerts.postgresql.readings import BY_NAME, judged, observed, severity, value
from tests.alerts.postgresql.scenes import pair, silent, statistics, watched, with_watched
from tests.servers.watching.postgresql.rows import hexadecimal, session

WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
HOUR, MINUTE = 3600.0, 60.0
GIB = 1024.0**3

# Every rule that reads the statistics, with the observations that it needs of a healthy server.
RULES = (
    "long_transaction", "idle_in_transaction", "prepared_transaction", "blocked_sessions", "deadlocks",
    "transaction_ids", "multixacts", "xmin_horizon", "recovery_conflicts", "temporary_files", "cache_hit",
    "checkpoints", "checksum_failures", "settings_pending_restart", "settings_differ", "replication_encryption",
)  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("server", ["db1", "db2"])
def test_in_a_healthy_pair_all_is_well(rule: str, server: str) -> None:
    assert isinstance(judged(pair(), rule, server), Ok)


@pytest.mark.parametrize(
    "seen",
    [
        look(),
        with_watched(look(), silent("db1"), silent("db2")),
        pair(seen=look(gone(DB1), gone(DB2))),
        pair(seen=look(dark(DB1), dark(DB2))),
        pair(statistics(sees_everything=False), statistics(sees_everything=False)),
    ],
    ids=["not asked yet", "no answer", "down", "unseen", "without the right"],
)
@pytest.mark.parametrize("rule", [rule for rule in RULES if rule != "settings_differ"])
def test_what_is_not_seen_is_unknown(rule: str, seen: Look) -> None:
    assert isinstance(judged(seen, rule, "db1"), Unknown)


@pytest.mark.parametrize("rule", ["deadlocks", "recovery_conflicts", "temporary_files", "cache_hit", "checkpoints"])
def test_after_a_restart_or_a_reset_what_is_counted_is_unknown(rule: str) -> None:
    fresh = replace(watched("db1", statistics()), latest=None, lately=None, long=None)
    assert isinstance(judged(with_watched(look(), fresh), rule, "db1"), Unknown)


def test_that_the_statistics_are_not_seen_is_visible_itself() -> None:
    seen = with_watched(look(), silent("db1"), watched("db2", statistics()))
    result = judged(seen, "cannot_see", "db1")
    assert isinstance(result, Bad)
    assert "statistics: timed out: no statistics within 10 s" in result.evidence[0]
    assert isinstance(judged(seen, "cannot_see", "db2"), Ok)
    # A restart that one look has met is no blindness.
    assert isinstance(judged(with_watched(look(), silent("db1", 1)), "cannot_see", "db1"), Ok)


def aged(transaction_ids: int, multixacts: int) -> list[dict[str, Any]]:
    return [{"database_hex": hexadecimal("shop"), "transaction_ids": transaction_ids, "multixacts": multixacts}]


def in_transaction(age: float, **changed: Any) -> dict[str, Any]:
    return session(transaction_age=age, state_age=age, **changed)


@pytest.mark.parametrize(
    ("rule", "changed", "expected"),
    [
        # A dump takes hours; nobody's query takes a quarter of a day.
        ("long_transaction", {"transactions": [in_transaction(5 * HOUR, application_name="pg_dump")]}, None),
        ("long_transaction", {"transactions": [in_transaction(7 * HOUR)]}, WARNING),
        ("idle_in_transaction", {"idle_in_transaction": [in_transaction(9 * MINUTE)]}, None),
        ("idle_in_transaction", {"idle_in_transaction": [in_transaction(11 * MINUTE)]}, WARNING),
        ("prepared_transaction", {"prepared": [{"gid_hex": hexadecimal("x"), "age": 5.0}]}, None),
        ("prepared_transaction", {"prepared": [{"gid_hex": hexadecimal("x"), "age": HOUR}]}, WARNING),
        # autovacuum_freeze_max_age is 0.2 thousand millions: the usual state of a large server.
        ("transaction_ids", {"ages": aged(210_000_000, 1)}, None),
        ("transaction_ids", {"ages": aged(1_100_000_000, 1)}, WARNING),
        ("transaction_ids", {"ages": aged(1_700_000_000, 1)}, CRITICAL),
        ("multixacts", {"ages": aged(1, 410_000_000)}, None),
        ("multixacts", {"ages": aged(1, 1_700_000_000)}, CRITICAL),
        ("xmin_horizon", {"xmin_holders": [{"kind": "slot", "name_hex": "", "age": 14_000_000}]}, None),
        ("xmin_horizon", {"xmin_holders": [{"kind": "slot", "name_hex": "", "age": 150_000_000}]}, WARNING),
        ("checksum_failures", {"checksum_failures": [{"database_hex": "", "failures": 1, "age": None}]}, CRITICAL),
        ("settings_pending_restart", {"pending_restart": ["max_connections"]}, WARNING),
    ],
)  # fmt: skip
def test_what_a_server_says_of_itself_has_limits(rule: str, changed: dict[str, Any], expected: Severity | None) -> None:
    assert severity(judged(pair(statistics(**changed)), rule, "db1")) is expected


@pytest.mark.parametrize(
    ("rule", "grown", "expected"),
    [
        ("deadlocks", {"deadlocks": 3.0}, None),
        ("deadlocks", {"deadlocks": 11.0}, WARNING),
        ("recovery_conflicts", {"recovery_conflicts": 5.0}, None),
        ("recovery_conflicts", {"recovery_conflicts": 50.0}, WARNING),
        ("temporary_files", {"temp_bytes": 20 * GIB}, None),
        ("temporary_files", {"temp_bytes": 60 * GIB}, WARNING),
        # A bulk load asks for many checkpoints; only `for` makes it bad. A base backup asks for one.
        ("checkpoints", {"checkpoints requested": 11.0, "checkpoints timed": 0.0}, None),
        ("checkpoints", {"checkpoints requested": 40.0, "checkpoints timed": 2.0}, WARNING),
        ("checkpoints", {"checkpoints requested": 13.0, "checkpoints timed": 50.0}, None),
        # Off, until somebody says what is too little.
        ("cache_hit", {"blocks_hit": 1.0, "blocks_read": 1e6}, None),
    ],
)
def test_what_the_counters_grew_by_has_limits(rule: str, grown: dict[str, float], expected: Severity | None) -> None:
    assert severity(judged(pair(grown=grown), rule, "db1")) is expected


def test_a_cache_is_judged_where_somebody_said_what_is_too_little() -> None:
    strict = Thresholds(cache_hit_least=0.9)
    assert severity(judged(pair(grown={"blocks_hit": 8e5, "blocks_read": 2e5}), "cache_hit", "db1", strict)) is WARNING
    # A small or idle database reads too little to tell.
    assert value(pair(grown={"blocks_hit": 10.0, "blocks_read": 10.0}), "cache_hit", "db1") is None


def test_a_standby_makes_no_checkpoints_of_its_own() -> None:
    busy = pair(grown={"checkpoints requested": 99.0, "checkpoints timed": 0.0})
    assert value(busy, "checkpoints_requested", "db2") == 0.0
    assert value(busy, "checkpoint_write_seconds", "db2") is None
    assert value(busy, "checkpoint_write_seconds", "db1") == pytest.approx(1200 / 99)


def test_who_blocks_whom_is_told_from_the_head_of_the_queue_on() -> None:
    head = session(pid=9, state="idle in transaction", state_age=720.0, query_hex=hexadecimal("UPDATE a SET b = 5"))
    second = session(pid=12, blocked_by=[9], wait_age=180.0, query_hex=hexadecimal("ALTER TABLE a ADD c int"))
    third = session(pid=13, blocked_by=[12], wait_age=20.0, query_hex=hexadecimal("SELECT 1 FROM a"))
    result = judged(pair(statistics(locked=[second, third, head], waiting=2)), "blocked_sessions", "db1")
    assert isinstance(result, Bad)
    assert result.value == "2 sessions blocked, the longest for 3 min"
    assert result.evidence == (
        "pid 9 (app@shop, checkout) holds up 2 sessions, it is idle in transaction for 12 min: UPDATE a SET b = ?",
        "pid 12 (app@shop, checkout) has waited 3 min for pid 9: ALTER TABLE a ADD c int",
        "pid 13 (app@shop, checkout) has waited 20 s for pid 12: SELECT ? FROM a",
    )


def test_a_wait_of_a_moment_is_no_news_and_neither_is_a_count_that_has_no_wait() -> None:
    waiting = session(pid=12, blocked_by=[9], wait_age=1.5)
    assert isinstance(judged(pair(statistics(locked=[waiting], waiting=1)), "blocked_sessions", "db1"), Ok)
    assert isinstance(judged(pair(statistics(locked=[], waiting=1)), "blocked_sessions", "db1"), Ok)


def test_what_holds_vacuum_back_is_named() -> None:
    holders = [
        {"kind": "slot", "name_hex": hexadecimal("warehouse"), "age": 150_000_000},
        {"kind": "client backend", "name_hex": hexadecimal("pid 7 report"), "age": 1_000_000},
    ]
    result = judged(pair(statistics(xmin_holders=holders)), "xmin_horizon", "db1")
    assert isinstance(result, Bad)
    assert result.evidence[0] == "slot warehouse needs rows from 150.0 million transactions ago"


def test_settings_that_differ_are_named_with_both_values_and_commands_without() -> None:
    primary = statistics(settings={"shared_buffers": "4GB", "archive_command": "aa", "wal_level": "replica"})
    standby = statistics(settings={"shared_buffers": "1GB", "archive_command": "bb", "jit": "on"})
    result = judged(pair(primary, standby), "settings_differ", "db2")
    assert isinstance(result, Bad)
    assert result.value == "2 settings differ"
    assert result.evidence == (
        "archive_command is not the same on db1 and db2",
        "shared_buffers is 4GB on db1 and 1GB on db2",
    )
    assert isinstance(judged(pair(primary, standby), "settings_differ", "db1"), Ok)


def test_without_the_primarys_answer_it_is_unknown_whether_settings_differ() -> None:
    seen = with_watched(look(), silent("db1"), watched("db2", statistics()))
    assert isinstance(judged(seen, "settings_differ", "db2"), Unknown)
    two = look(DB1, replace(DB2, sql=PRIMARY_SQL))
    assert isinstance(judged(pair(seen=two), "settings_differ", "db2"), Unknown)


def link(address: str | None, encrypted: bool) -> dict[str, Any]:
    return {"application_name": "db2", "client_address": address, "encrypted": encrypted}


@pytest.mark.parametrize(
    ("address", "encrypted", "bare"),
    [
        ("192.0.2.9", True, 0.0),
        ("192.0.2.9", False, 1.0),
        ("2001:db8::9", False, 1.0),
        ("127.0.0.3", False, 0.0),
        ("::1", False, 0.0),
        (None, False, 0.0),
        ("no address", False, 1.0),
    ],
)
def test_replication_in_the_clear_counts_over_a_network_only(address: str | None, encrypted: bool, bare: float) -> None:
    seen = pair(statistics(replication_links=[link(address, encrypted)]))
    assert value(seen, "replication_in_the_clear", "db1") == bare


def test_where_the_settings_allow_it_nothing_is_in_the_clear() -> None:
    allowed = look(cluster=replace(CLUSTER, unencrypted_replication=True))
    seen = pair(statistics(replication_links=[link("192.0.2.9", False)]), seen=allowed)
    assert value(seen, "replication_in_the_clear", "db1") == 0.0


def version(number: int, standby: int | None = None) -> Look:
    return look(
        replace(DB1, sql=replace(PRIMARY_SQL, version_number=number)),
        replace(DB2, sql=replace(STANDBY_SQL, version_number=standby or number)),
    )


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        # By the table, 18.6 came on the 13th of August 2026; the looks are of January 2026.
        (version(180006), None),
        (version(180099), None),
        (version(190001), None),
        (version(180004), None),
        (version(130023), None),
    ],
)
def test_a_release_is_not_old_before_another_has_been_out_for_long(seen: Look, expected: Severity | None) -> None:
    assert severity(judged(seen, "release_outdated", "db1")) is expected


def test_a_release_that_was_overtaken_long_ago_is_old_and_it_says_as_of_when_that_is_known() -> None:
    later = version(180004)
    later = replace(later, state=replace(later.state, at=later.state.at.replace(year=2027)))
    result = judged(later, "release_outdated", "db1")
    assert isinstance(result, Bad)
    assert result.evidence == (
        "db1 runs 18.4, 18.6 was released on 2026-08-13 (releases are known here as of 2026-08-13)",
    )
    unsupported = replace(version(130023), state=replace(version(130023).state, at=later.state.at))
    assert severity(judged(unsupported, "release_outdated", "db1")) is WARNING


def test_releases_that_differ_within_the_pair() -> None:
    result = judged(version(180006, 180004), "versions_differ", "db2")
    assert isinstance(result, Bad)
    assert result.evidence == ("db2 runs 18.4, db1 18.6",)
    assert isinstance(judged(version(180006), "versions_differ", "db2"), Ok)
    assert isinstance(judged(look(dark(DB1), DB2), "versions_differ", "db2"), Unknown)


def test_sessions_by_state() -> None:
    seen = pair(statistics(connections={"active": 3, "idle": 20, "idle in transaction (aborted)": 2, "hidden": 1}))
    assert value(seen, "connections_active", "db1") == 3.0
    assert value(seen, "connections_idle", "db1") == 20.0
    assert value(seen, "connections_idle_in_transaction", "db1") == 2.0


def test_who_runs_out_of_connections_sees_what_they_do() -> None:
    seen = pair(statistics(connections={"active": 3, "idle in transaction": 90}))
    assert observed(seen, "connections_used", "db1").evidence[1:] == (
        "within the last minute: 90 idle in transaction, 3 active",
    )
    assert len(observed(look(), "connections_used", "db1").evidence) == 1


def test_a_server_that_is_down_hides_what_goes_on_inside_it() -> None:
    for rule in RULES:
        assert hides(BY_NAME["primary_down"], "db1", BY_NAME[rule], "db1"), rule


def test_slack_markup_in_a_name_or_a_query_stays_text() -> None:
    odd = session(
        pid=9, application_name="<!channel> *x*", user_hex=hexadecimal("<@U1>"), transaction_age=9 * HOUR,
        query_hex=hexadecimal("SELECT \"<!here>\" FROM `t`"),
    )  # fmt: skip
    line = observed(pair(statistics(transactions=[odd])), "transaction_age_seconds", "db1").evidence[0]
    # It is kept as it is: whoever draws it escapes it (tests/bot/slack/test_drawing.py).
    assert "<!channel> *x*" in line
    assert '"<!here>" FROM `t`' in line


def test_no_probe_fails_on_any_of_it() -> None:
    assert observe(pair()).complete
    assert observe(look()).complete
