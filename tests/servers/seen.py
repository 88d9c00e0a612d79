"""Servers as they might be seen, for tests of what is made of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from servers.inventory import Cluster, Server, Service, ServiceKind, SshTarget
from servers.lsn import Lsn
from servers.state import (
    Answer,
    ClusterState,
    ControlData,
    HostFacts,
    Outcome,
    PeerReply,
    PeerTry,
    Receiver,
    ReplicationRow,
    Role,
    ServerState,
    SqlFacts,
)

AT = datetime(2026, 3, 4, 3, 12, tzinfo=UTC)
SYSTEM = "7711578829883216209"


def server(name: str, kind: ServiceKind = ServiceKind.PG_CTL) -> Server:
    return Server(
        name=name,
        conninfo=f"host=192.0.2.1 port=5432 user=understudy password=hush-{name}",
        ssh=SshTarget("192.0.2.1", 22, "postgres", None, Path("known_hosts")),
        service=Service(kind, f"/data/{name}"),
        replication="host=192.0.2.1 port=5432 user=replicator",
        slot=name,
    )


PAIR = Cluster("shop", "C0OPS", (server("db1"), server("db2")))

RECEIVER = Receiver("streaming", "192.0.2.1", 5432, "db2", Lsn(1000), 0.5)
ROW = ReplicationRow("db2", "192.0.2.2", "streaming", "async", Lsn(1000), Lsn(1000), Lsn(1000), Lsn(1000), None)

PRIMARY_FACTS = SqlFacts(
    version_number=180004,
    in_recovery=False,
    timeline=1,
    system_identifier=SYSTEM,
    started_at=AT,
    wal_lsn=Lsn(1000),
    receive_lsn=None,
    replay_lsn=None,
    replay_paused=False,
    last_replayed_transaction_age_seconds=None,
    receiver=None,
    replication=(ROW,),
    slots=(),
    archiver=None,
    connections=1,
    max_connections=100,
    reserved_connections=3,
    sees_everything=True,
    synchronous_standby_names="",
    data_checksums=True,
    wal_log_hints=True,
    wal_segment_size=16 * 1024 * 1024,
)
STANDBY_FACTS = replace(
    PRIMARY_FACTS, in_recovery=True, wal_lsn=None, receive_lsn=Lsn(1000), replay_lsn=Lsn(1000), receiver=RECEIVER,
    replication=(),
)  # fmt: skip


def answer(outcome: Outcome = Outcome.ANSWERED, at: datetime = AT) -> Answer:
    return Answer(outcome, at, 0.01)


def control(state: str = "in production", system: str = SYSTEM, timeline: int = 1) -> ControlData:
    return ControlData(state, system, timeline, Lsn(900), Lsn(900))


def host(
    pid: int | None = 42,
    *,
    stopped: bool = False,
    state: str = "in production",
    signal: bool = False,
    peers: dict[str, PeerReply] | None = None,
) -> HostFacts:
    tries = tuple(PeerTry(name, reply) for name, reply in (peers or {}).items())
    return HostFacts(pid, stopped, signal, control(state), (), (0.1, 0.1, 0.1), 0.0, tries)


def seen(
    name: str,
    sql: SqlFacts | Outcome,
    host_facts: HostFacts | Outcome = Outcome.NOT_ASKED,
    *,
    last_role: Role = Role.UNKNOWN,
    host_age: float = 0.0,
) -> ServerState:
    """A server as it was seen; an Outcome where there was no answer."""
    facts = sql if isinstance(sql, SqlFacts) else None
    facts_of_host = host_facts if isinstance(host_facts, HostFacts) else None
    return ServerState(
        name=name,
        sql=facts,
        sql_answer=answer(sql if isinstance(sql, Outcome) else Outcome.ANSWERED),
        host=facts_of_host,
        ssh_answer=answer(
            host_facts if isinstance(host_facts, Outcome) else Outcome.ANSWERED, AT - timedelta(seconds=host_age)
        ),
        last_role=last_role,
        last_seen_at=AT if facts or last_role is not Role.UNKNOWN else None,
    )


def look(*servers: ServerState) -> ClusterState:
    return ClusterState("shop", AT, servers)
