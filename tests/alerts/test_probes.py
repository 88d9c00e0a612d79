"""Each probe reads the right value out of a look, and says "unknown" rather than guess."""

import math
from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.observation import Look
from alerts.round import observe
from servers.lsn import Lsn
from servers.state import (
    Answer,
    Archiver,
    BackupState,
    BaseBackup,
    DiskUse,
    Outcome,
    ReplicationRow,
    SqlFacts,
)
from servers.verdict import Verdict
from tests.alerts.looks import (
    ARCHIVER,
    BACKUPS,
    CLUSTER,
    DB1,
    DB2,
    GOOD_BACKUP,
    HOST,
    MIB,
    NOW,
    PRIMARY_SQL,
    SENDER,
    STANDBY_SQL,
    UNREACHABLE,
    dark,
    failed_over,
    gone,
    look,
    nothing_known,
    primary_down,
    verdict,
)


def value(seen: Look, name: str, subject: str) -> float | None:
    return next(each for each in observe(seen).observations if (each.name, each.subject) == (name, subject)).value


def evidence(seen: Look, name: str, subject: str) -> str:
    return "\n".join(
        next(each for each in observe(seen).observations if (each.name, each.subject) == (name, subject)).evidence
    )


REPLICATION_BROKEN = look(
    DB1, replace(DB2, sql=replace(STANDBY_SQL, receiver=None)), verdict(Verdict.REPLICATION_BROKEN)
)
SPLIT_BRAIN = look(DB1, replace(DB2, sql=PRIMARY_SQL), verdict(Verdict.SPLIT_BRAIN, None))
NO_PRIMARY = look(replace(DB1, sql=STANDBY_SQL), DB2, verdict(Verdict.NO_PRIMARY, None, ("db1", "db2")))
FROM_HERE_ONLY = look(replace(DB1, sql=None, sql_answer=UNREACHABLE), DB2, verdict(Verdict.PRIMARY_UNREACHABLE))
HUNG_STANDBY = look(DB1, replace(DB2, sql=None, sql_answer=UNREACHABLE), verdict(Verdict.REPLICATION_BROKEN))
STRANGERS = look(DB1, replace(DB2, sql=PRIMARY_SQL), verdict(Verdict.NOT_A_PAIR))
STANDBY_GONE = look(DB1, gone(DB2), verdict(Verdict.STANDBY_DOWN))


@pytest.mark.parametrize(
    ("seen", "name", "subject", "expected"),
    [
        (look(), "primary_up", "db1", 1.0),
        (look(), "primary_up", "db2", 1.0),
        (primary_down(), "primary_up", "db1", 0.0),
        (primary_down(), "primary_up", "db2", None),
        (failed_over(), "primary_up", "db1", 1.0),
        (nothing_known(), "primary_up", "db1", None),
        (FROM_HERE_ONLY, "primary_up", "db1", None),
        (FROM_HERE_ONLY, "primary_reachable", "db1", 0.0),
        (look(), "primary_reachable", "db1", 1.0),
        (look(), "primary_present", "shop", 1.0),
        (NO_PRIMARY, "primary_present", "shop", 0.0),
        (primary_down(), "primary_present", "shop", None),
        (SPLIT_BRAIN, "one_primary", "shop", 0.0),
        (STRANGERS, "one_primary", "shop", 0.0),
        (look(), "one_primary", "shop", 1.0),
        (look(DB1, dark(DB2), verdict(Verdict.STANDBY_DOWN)), "one_primary", "shop", None),
        (STANDBY_GONE, "one_primary", "shop", 1.0),
        (look(), "standby_up", "db2", 1.0),
        (look(), "standby_up", "db1", 1.0),
        (STANDBY_GONE, "standby_up", "db2", 0.0),
        (primary_down(), "standby_up", "db1", None),
        (failed_over(), "standby_up", "db1", 0.0),
        (nothing_known(), "standby_up", "db2", None),
        (look(), "standby_streams", "db2", 1.0),
        (REPLICATION_BROKEN, "standby_streams", "db2", 0.0),
        (HUNG_STANDBY, "standby_streams", "db2", 0.0),
        (primary_down(), "standby_streams", "db2", None),
        (failed_over(), "standby_streams", "db2", 1.0),
    ],
)
def test_availability_follows_the_verdict(seen: Look, name: str, subject: str, expected: float | None) -> None:
    assert value(seen, name, subject) == expected


def test_a_verdict_comes_with_the_evidence_of_every_viewpoint() -> None:
    assert evidence(primary_down(), "primary_up", "db1").splitlines() == [
        "by SQL from here: refused",
        "by SSH on db1: no postmaster",
        "from db2: no response",
    ]


@pytest.mark.parametrize(
    ("names", "rows", "expected"),
    [("", (), 0.0), ("*", (), 1.0), ("*", (SENDER,), 1.0), ("*", (replace(SENDER, sync_state="sync"),), 0.0)],
)
def test_commits_wait_where_a_synchronous_standby_is_asked_for_and_not_there(
    names: str, rows: tuple[ReplicationRow, ...], expected: float
) -> None:
    sql = replace(PRIMARY_SQL, synchronous_standby_names=names, replication=rows)
    assert value(look(replace(DB1, sql=sql)), "synchronous_commit_waits", "db2") == expected


def lagging(standby: SqlFacts, primary: SqlFacts = PRIMARY_SQL) -> Look:
    return look(replace(DB1, sql=primary), replace(DB2, sql=standby))


def test_replay_lag_in_bytes_is_the_distance_between_the_positions() -> None:
    behind = replace(STANDBY_SQL, replay_lsn=Lsn(97 * MIB))
    assert value(lagging(behind), "replay_lag_bytes", "db2") == 3 * MIB
    assert "3.0 MB behind" in evidence(lagging(behind), "replay_lag_bytes", "db2")


def test_a_standby_that_was_asked_a_moment_later_is_not_ahead() -> None:
    assert value(lagging(replace(STANDBY_SQL, replay_lsn=Lsn(101 * MIB))), "replay_lag_bytes", "db2") == 0


def test_an_idle_primary_makes_no_lag_in_seconds() -> None:
    idle = replace(STANDBY_SQL, last_replayed_transaction_age_seconds=86400.0)
    assert value(lagging(idle), "replay_lag_seconds", "db2") == 0


def test_lag_in_seconds_is_the_primarys_measure_while_replay_runs() -> None:
    behind = replace(STANDBY_SQL, replay_lsn=Lsn(97 * MIB), last_replayed_transaction_age_seconds=90.0)
    assert value(lagging(behind), "replay_lag_seconds", "db2") == 0.5


def test_lag_in_seconds_grows_while_replay_is_paused() -> None:
    paused = replace(
        STANDBY_SQL, replay_lsn=Lsn(97 * MIB), replay_paused=True, last_replayed_transaction_age_seconds=90.0
    )
    assert value(lagging(paused), "replay_lag_seconds", "db2") == 90.0
    assert "paused" in evidence(lagging(paused), "replay_lag_bytes", "db2")


def test_replay_lag_is_unknown_without_either_server() -> None:
    assert value(primary_down(), "replay_lag_bytes", "db2") is None
    assert value(look(DB1, dark(DB2)), "replay_lag_bytes", "db2") is None
    assert value(lagging(replace(STANDBY_SQL, replay_lsn=None)), "replay_lag_bytes", "db2") is None


FAILED = replace(ARCHIVER, failed_count=3, last_failed_wal="00000001000000000000000A", last_failed_age_seconds=5.0)


@pytest.mark.parametrize(
    ("archiver", "failing", "behind"),
    [
        (ARCHIVER, 0.0, None),
        (FAILED, 1.0, None),
        (replace(FAILED, last_failed_age_seconds=61.0), 0.0, None),
        (replace(FAILED, last_archived_age_seconds=None), 1.0, None),
        (replace(ARCHIVER, oldest_ready_age_seconds=1000.0), 0.0, 1000.0),
        (replace(ARCHIVER, mode="off"), 1.0, 0.0),
        (None, None, None),
    ],
)
def test_the_wal_archive_fails_when_its_last_try_did(
    archiver: Archiver | None, failing: float | None, behind: float | None
) -> None:
    seen = look(replace(DB1, sql=replace(PRIMARY_SQL, archiver=archiver)))
    assert value(seen, "archive_failing", "db1") == failing
    assert value(seen, "archive_behind", "db1") == behind


def test_archiving_may_be_off_where_no_archive_is_configured() -> None:
    off = replace(DB1, sql=replace(PRIMARY_SQL, archiver=replace(ARCHIVER, mode="off")))
    assert value(look(off, cluster=replace(CLUSTER, backups=None), backups=None), "archive_failing", "db1") == 0


def test_a_standby_archives_nothing_and_that_is_well() -> None:
    assert value(look(), "archive_failing", "db2") == 0


def backup_look(*backups: BaseBackup, answer: Answer = BACKUPS.answer) -> Look:
    return look(backups=BackupState(answer, backups, None, None))


BEGUN = replace(GOOD_BACKUP, name="20260131", started_at=NOW - timedelta(hours=7), finished_at=None)


def test_a_backup_is_as_old_as_the_newest_complete_one() -> None:
    older = replace(GOOD_BACKUP, name="old", finished_at=NOW - timedelta(days=2))
    assert value(backup_look(older, GOOD_BACKUP, BEGUN), "backup_age", "shop") == 5 * 3600
    assert value(backup_look(), "backup_age", "shop") == math.inf
    assert value(backup_look(answer=UNREACHABLE), "backup_age", "shop") is None
    assert value(look(backups=None), "backup_age", "shop") is None


def test_only_an_incomplete_backup_that_is_newer_than_the_last_good_one_counts() -> None:
    assert value(backup_look(GOOD_BACKUP), "backup_incomplete_age", "shop") == 0
    newer = replace(BEGUN, started_at=NOW - timedelta(hours=4))
    assert value(backup_look(GOOD_BACKUP, newer), "backup_incomplete_age", "shop") == 4 * 3600
    assert value(backup_look(GOOD_BACKUP, BEGUN), "backup_incomplete_age", "shop") == 0
    assert value(backup_look(replace(BEGUN, started_at=None)), "backup_incomplete_age", "shop") is None


def test_a_cluster_without_a_backup_place_has_no_backup_values() -> None:
    seen = observe(look(cluster=replace(CLUSTER, backups=None), backups=None)).observations
    assert not [each for each in seen if each.name.startswith("backup") or each.subject == "backups"]


def test_each_file_system_is_observed_once() -> None:
    twice = DiskUse("/data/pg_wal", "/data", 1000 * MIB, 400 * MIB, 600 * MIB)
    full = DiskUse("/var", "/var", 100 * MIB, 95 * MIB, 5 * MIB)
    seen = observe(look(replace(DB1, host=replace(HOST, disks=(*HOST.disks, twice, full))))).observations
    of_db1 = {each.subject: each.value for each in seen if each.name == "disk_used" and each.server == "db1"}
    assert of_db1 == {"db1 /data": 0.4, "db1 /var": 0.95}


def test_connections_are_a_share_of_what_ordinary_roles_may_open() -> None:
    busy = replace(DB1, sql=replace(PRIMARY_SQL, connections=97))
    assert value(look(busy), "connections_used", "db1") == 1.0
    assert value(primary_down(), "connections_used", "db1") is None


def test_what_cannot_be_seen_is_named() -> None:
    assert value(look(), "not_seen", "db1") == 0
    assert value(nothing_known(), "not_seen", "db1") == 2
    assert evidence(nothing_known(), "not_seen", "db1").splitlines() == [
        "SQL: unreachable: no route to host",
        "SSH: unreachable: no route to host",
    ]
    assert value(nothing_known(), "not_seen", "backups") == 1


def test_a_server_whose_host_shows_that_it_is_down_is_seen() -> None:
    assert value(primary_down(), "not_seen", "db1") == 0
    assert value(look(replace(DB1, sql=None, sql_answer=UNREACHABLE)), "not_seen", "db1") == 1


def test_a_missing_right_is_named() -> None:
    blind = replace(DB1, sql=replace(PRIMARY_SQL, sees_everything=False))
    assert "pg_monitor" in evidence(look(blind), "not_seen", "db1")


def test_not_asked_is_not_the_same_as_not_seen() -> None:
    unasked = replace(DB1, host=None, ssh_answer=Answer(Outcome.NOT_ASKED, NOW, 0.0))
    assert value(look(unasked), "not_seen", "db1") == 0


def test_a_probe_that_fails_is_seen_and_disturbs_no_other() -> None:
    def broken(seen: Look) -> tuple[()]:
        raise ZeroDivisionError("nonsense from a server")

    def working(seen: Look) -> tuple[()]:
        return ()

    observed = observe(look(), (broken, working))
    assert not observed.complete
    assert [(each.name, each.subject) for each in observed.observations] == [("not_seen", "by probe broken")]
    assert observed.observations[0].evidence == ("ZeroDivisionError: nonsense from a server",)
