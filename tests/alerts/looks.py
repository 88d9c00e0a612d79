"""Looks at a pair, made to order: a healthy one, and what can be different about it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alerts.observation import Look
from servers.inventory import BackupPlace, BackupTool, Cluster, Server, Service, ServiceKind, SshTarget
from servers.lsn import Lsn
from servers.state import (
    Answer,
    Archiver,
    BackupState,
    BaseBackup,
    ClusterState,
    DiskUse,
    HostFacts,
    Outcome,
    Receiver,
    ReplicationRow,
    Role,
    ServerState,
    SqlFacts,
    TargetView,
)
from servers.verdict import Judgement, Verdict

NOW = datetime(2026, 1, 31, 3, 12, tzinfo=UTC)
MIB = 1024 * 1024


def server(name: str) -> Server:
    return Server(
        name=name,
        conninfo=f"host={name} dbname=postgres",
        ssh=SshTarget(name, 22, "postgres", None, Path("known_hosts")),
        service=Service(ServiceKind.PG_CTL, "/data"),
    )


PLACE = BackupPlace(BackupTool.NATIVE, "/backups", "/archive")
CLUSTER = Cluster("shop", "C0OPS", (server("db1"), server("db2")), PLACE)

ANSWERED = Answer(Outcome.ANSWERED, NOW, 0.01)
REFUSED = Answer(Outcome.REFUSED, NOW, 0.01, "nobody listens on port 5432")
UNREACHABLE = Answer(Outcome.UNREACHABLE, NOW, 0.01, "no route to host")

ARCHIVER = Archiver("on", 10, "000000010000000000000009", 60.0, 0, None, None, None)

_SQL = SqlFacts(
    version_number=180000,
    in_recovery=False,
    timeline=1,
    system_identifier="7000000000000000001",
    started_at=NOW - timedelta(days=3),
    wal_lsn=Lsn(100 * MIB),
    receive_lsn=None,
    replay_lsn=None,
    replay_paused=False,
    last_replayed_transaction_age_seconds=None,
    receiver=None,
    replication=(),
    slots=(),
    archiver=ARCHIVER,
    connections=10,
    max_connections=100,
    reserved_connections=3,
    sees_everything=True,
    synchronous_standby_names="",
    data_checksums=True,
    wal_log_hints=True,
    wal_segment_size=16 * MIB,
)
SENDER = ReplicationRow("db2", "127.0.0.3", "streaming", "async", None, None, None, None, 0.5)
PRIMARY_SQL = replace(_SQL, replication=(SENDER,))
STANDBY_SQL = replace(
    _SQL,
    in_recovery=True,
    wal_lsn=None,
    receive_lsn=Lsn(100 * MIB),
    replay_lsn=Lsn(100 * MIB),
    last_replayed_transaction_age_seconds=1.0,
    receiver=Receiver("streaming", "db1", 5432, "db2", Lsn(100 * MIB), 0.1),
    archiver=None,
)
HOST = HostFacts(
    postmaster_pid=1000,
    postmaster_stopped=False,
    standby_signal=False,
    control=None,
    disks=(DiskUse("/data", "/data", 1000 * MIB, 400 * MIB, 600 * MIB),),
    load=None,
    clock_offset_seconds=0.0,
    peers=(),
)
DB1 = ServerState("db1", PRIMARY_SQL, ANSWERED, HOST, ANSWERED, Role.PRIMARY, NOW)
DB2 = ServerState("db2", STANDBY_SQL, ANSWERED, replace(HOST, standby_signal=True), ANSWERED, Role.STANDBY, NOW)

GOOD_BACKUP = BaseBackup(
    "20260130", "/backups/20260130", NOW - timedelta(hours=6), NOW - timedelta(hours=5), 40 * MIB, None, None, 1
)
BACKUPS = BackupState(ANSWERED, (GOOD_BACKUP,), 12, NOW - timedelta(minutes=1))

HEALTHY = Judgement(Verdict.HEALTHY, "db1", ("db2",), (), ("db1: primary", "db2: streams from db1"))
EVIDENCE = ("by SQL from here: refused", "by SSH on db1: no postmaster", "from db2: no response")


def look(
    db1: ServerState = DB1,
    db2: ServerState = DB2,
    judgement: Judgement = HEALTHY,
    *,
    backups: BackupState | None = BACKUPS,
    at: datetime = NOW,
    cluster: Cluster = CLUSTER,
    traffic: tuple[TargetView, ...] = (),
) -> Look:
    return Look(cluster, ClusterState(cluster.name, at, (db1, db2), backups, traffic=traffic), judgement)


def verdict(
    of: Verdict, primary: str | None = "db1", standbys: tuple[str, ...] = ("db2",), unknown: tuple[str, ...] = ()
) -> Judgement:
    return Judgement(of, primary, standbys, unknown, EVIDENCE)


def gone(state: ServerState) -> ServerState:
    """Its postmaster is not there: SQL is refused, and its host says so."""
    host = replace(state.host, postmaster_pid=None) if state.host is not None else None
    return replace(state, sql=None, sql_answer=REFUSED, host=host)


def dark(state: ServerState) -> ServerState:
    """Nothing is known of it."""
    return replace(state, sql=None, sql_answer=UNREACHABLE, host=None, ssh_answer=UNREACHABLE)


def primary_down(at: datetime = NOW) -> Look:
    return look(gone(DB1), DB2, verdict(Verdict.PRIMARY_DOWN), at=at)


def failed_over(at: datetime = NOW) -> Look:
    """db2 is the primary, db1 still lies where it fell."""
    promoted = replace(DB2, sql=replace(PRIMARY_SQL, timeline=2, replication=()))
    return look(gone(DB1), promoted, verdict(Verdict.STANDBY_DOWN, "db2", ("db1",)), at=at)


def nothing_known(at: datetime = NOW) -> Look:
    unknown = verdict(Verdict.UNKNOWN, unknown=("db1", "db2"))
    blind = BackupState(UNREACHABLE, (), None, None)
    return look(dark(DB1), dark(DB2), unknown, backups=blind, at=at)
