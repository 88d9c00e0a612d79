"""What Patroni says of a cluster: its members, who leads, and what it will and will not do by itself."""

from dataclasses import dataclass
from datetime import datetime

from servers.state import Answer


@dataclass(frozen=True, slots=True)
class PatroniMember:
    """A member as /cluster lists it. `lag` is in bytes; None: Patroni does not know it, or it leads.

    `role` and `state` are Patroni's own words ("leader", "sync_standby", "replica"; "running", "streaming").
    """

    name: str
    role: str
    state: str
    lag: int | None = None
    timeline: int | None = None
    pending_restart: bool = False
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def leads(self) -> bool:
        return self.role in ("leader", "standby_leader")

    @property
    def healthy(self) -> bool:
        """It runs. A replica without a leader to stream from is “in archive recovery”."""
        return self.state in ("running", "streaming", "in archive recovery")

    @property
    def streams(self) -> bool:
        """It leads, or receives from who does. Patroni before 3.1 says “running” of both."""
        return self.state in ("running", "streaming")

    @property
    def may_lead(self) -> bool:
        """Whether its tags let Patroni promote it: nofailover, or a failover_priority of 0, forbid it."""
        tags = dict(self.tags)
        return tags.get("nofailover", "False") != "True" and tags.get("failover_priority", "1") != "0"


@dataclass(frozen=True, slots=True)
class ScheduledSwitchover:
    """A switchover that Patroni will do by itself."""

    at: datetime
    source: str | None
    target: str | None


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A line of /history: a timeline that ended, why, when, and who led afterwards, as far as Patroni knows."""

    timeline: int
    reason: str
    at: datetime | None = None
    new_leader: str = ""


@dataclass(frozen=True, slots=True)
class PatroniConfig:
    """The part of /config that decides what may happen. Seconds and bytes; Patroni's defaults where it says nothing.

    https://patroni.readthedocs.io/en/latest/dynamic_configuration.html
    """

    ttl: float = 30.0
    loop_wait: float = 10.0
    retry_timeout: float = 10.0
    maximum_lag_on_failover: int = 1_048_576
    synchronous_mode: bool = False
    quorum_commit: bool = False


@dataclass(frozen=True, slots=True)
class PatroniState:
    """One look, or why there is none: then members are empty, and nothing may be concluded from that.

    `dcs_seen_at` is known only then, and only where a member answers all the same: when it last reached the DCS, by its
    own clock.
    """

    answer: Answer
    members: tuple[PatroniMember, ...] = ()
    paused: bool = False
    scheduled: ScheduledSwitchover | None = None
    config: PatroniConfig = PatroniConfig()
    dcs_seen_at: datetime | None = None

    @property
    def leader(self) -> PatroniMember | None:
        return next((member for member in self.members if member.leads), None)

    def member(self, name: str) -> PatroniMember | None:
        return next((member for member in self.members if member.name == name), None)
