"""One server as a judge sees it: what it says, what its host says, and what is remembered, brought together.

Host facts count for a server that is silent only when they are of this look: older ones say nothing about now.
"""

from dataclasses import dataclass
from functools import cached_property

from servers.control_data import IN_PRODUCTION, SHUT_DOWN
from servers.inventory import Cluster
from servers.state import (
    Answer,
    ClusterState,
    ControlData,
    HostFacts,
    Outcome,
    PeerReply,
    Receiver,
    Role,
    ServerState,
    SqlFacts,
)
from servers.topology import upstream_of

# An idle primary still sends a keepalive every wal_sender_timeout / 2 (30 s by default) and WAL about every 15 s.
# A message that is older than this no longer shows that the primary is alive: it is "no" only beside other noes.
RECENT_MESSAGE_SECONDS = 10.0

_PRIMARY_STATES = frozenset({IN_PRODUCTION, SHUT_DOWN, "shutting down", "in crash recovery"})
_STANDBY_STATES = frozenset({"in archive recovery", "shut down in recovery"})
_NO_STANDBYS = frozenset({"pg_basebackup", "pg_receivewal"})
_FEEDING_STATES = frozenset({"streaming", "catchup"})


@dataclass(frozen=True)
class View:
    """What is known of one server. `host` is None unless it was looked at in this very pass."""

    name: str
    sql: SqlFacts | None
    sql_answer: Answer
    host: HostFacts | None
    ssh_answer: Answer
    last_role: Role
    last_seen: float
    upstream: str | None = None  # the server that a standby streams from, or would; None: not known

    @property
    def speaks(self) -> bool:
        return self.sql is not None

    @property
    def unknown(self) -> bool:
        return self.sql is None and self.host is None

    @property
    def sql_outcome(self) -> Outcome:
        """How the question by SQL failed; NOT_ASKED is no failure."""
        return self.sql_answer.outcome

    @cached_property
    def control(self) -> ControlData | None:
        return self.host.control if self.host else None

    @property
    def system_identifier(self) -> str | None:
        if self.sql is not None:
            return self.sql.system_identifier
        return self.control.system_identifier if self.control else None

    @property
    def alive(self) -> bool:
        """Its host shows a postmaster that runs."""
        return self.host is not None and self.host.postmaster_pid is not None and not self.host.postmaster_stopped

    @property
    def postmaster_gone(self) -> bool:
        """Its host shows that there is none, or that it is stopped."""
        return self.host is not None and (self.host.postmaster_pid is None or self.host.postmaster_stopped)

    @property
    def own_try(self) -> PeerReply:
        """What its own host hears from it."""
        return self.host.peer(self.name) if self.host else PeerReply.NOT_TRIED

    @cached_property
    def role(self) -> Role:
        """Primary or standby, by the best source there is: itself, its data directory, our memory."""
        if self.sql is not None:
            return Role.STANDBY if self.sql.in_recovery else Role.PRIMARY
        if self.host is not None and self.host.standby_signal:
            return Role.STANDBY
        if self.control is not None and self.control.state in _PRIMARY_STATES:
            return Role.PRIMARY
        if self.control is not None and self.control.state in _STANDBY_STATES:
            return Role.STANDBY
        return self.last_role

    @property
    def believed_primary(self) -> bool:
        return self.role is Role.PRIMARY

    @property
    def believed_standby(self) -> bool:
        return self.role is Role.STANDBY

    @property
    def surely_standby(self) -> bool:
        """It says so now, or its data directory does; memory is not enough."""
        return self.believed_standby and not self.unknown

    @property
    def runs_as_primary(self) -> bool:
        """It takes writes: it says so, or its host shows a postmaster on a data directory that is in production."""
        if self.sql is not None:
            return not self.sql.in_recovery
        if self.host is None or self.host.postmaster_pid is None or self.host.standby_signal:
            return False
        return self.control is not None and self.control.state == IN_PRODUCTION

    @property
    def claim(self) -> tuple[bool, int, bool, float]:
        """Of several that are or were primaries: the one that speaks, on the newest timeline, seen last as one."""
        timeline = self.sql.timeline if self.sql else self.control.timeline if self.control else 0
        return self.speaks, timeline, self.last_role is Role.PRIMARY, self.last_seen

    @property
    def receiver(self) -> Receiver | None:
        return self.sql.receiver if self.sql else None

    @property
    def streams(self) -> bool | None:
        """Whether its receiver streams; None where the role may not see that."""
        if self.sql is None or (self.receiver is not None and not self.sql.sees_everything):
            return None
        return self.receiver is not None and self.receiver.status == "streaming"

    @property
    def hears_its_primary(self) -> bool:
        """Its receiver streams and got a message lately."""
        age = self.receiver.last_message_age_seconds if self.receiver else None
        return self.streams is True and age is not None and age < RECENT_MESSAGE_SECONDS

    def hears(self, other: "View") -> bool:
        """The same of that very server: a cascading standby hears the one before it, and knows of no other."""
        return self.hears_its_primary and self.upstream in (None, other.name)

    def feeds(self, standby: "View") -> bool | None:
        """Whether this server streams to the standby, as it says; None where it does not say, or may not see."""
        if self.sql is None or not self.sql.sees_everything:
            return None
        rows = [row for row in self.sql.replication if row.application_name not in _NO_STANDBYS]
        named = [row for row in rows if row.application_name == standby.name]
        return any(row.state in _FEEDING_STATES for row in named or rows)


def views_of(cluster: Cluster, state: ClusterState) -> tuple[View, ...]:
    """A view of each server of the cluster, in its order; servers that were not looked at are unknown."""
    seen = {server.name: server for server in state.servers}
    nothing = Answer(Outcome.NOT_ASKED, state.at, 0.0)
    return tuple(
        _view(seen.get(server.name) or ServerState(server.name, None, nothing, None, nothing), cluster, state)
        for server in cluster.servers
    )


def _view(server: ServerState, cluster: Cluster, state: ClusterState) -> View:
    host_is_of_this_look = server.ssh_answer.ok and server.ssh_answer.at >= state.at
    return View(
        name=server.name,
        sql=server.sql if server.sql_answer.ok else None,
        sql_answer=server.sql_answer,
        host=server.host if host_is_of_this_look else None,
        ssh_answer=server.ssh_answer,
        last_role=server.last_role,
        last_seen=server.last_seen_at.timestamp() if server.last_seen_at else 0.0,
        upstream=upstream_of(cluster, state, server.name),
    )
