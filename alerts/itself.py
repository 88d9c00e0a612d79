"""What Understudy knows of itself, and the names under which it speaks of what belongs to no cluster."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ledger.copies import LedgerCopies
from servers.inventory import Cluster

# In the place of a cluster's name: settings may not give them to one.
OWN = "understudy"
ELSEWHERE = "elsewhere"  # alerts that others send, of clusters that are not known here
RESERVED_NAMES = (OWN, ELSEWHERE)


@dataclass(frozen=True, slots=True)
class OwnClusters:
    """What stands in a cluster's place: for Understudy itself, and for what others alert elsewhere."""

    own: Cluster
    elsewhere: Cluster


@dataclass(frozen=True, slots=True)
class Ping:
    """How the pings to the dead man's switch go. `answered_at`: the last that was taken; `problem` of the last try."""

    since: datetime
    answered_at: datetime | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class OwnState:
    """The bot at that time. Ages and lags in seconds, sizes in bytes; None: not known, or not wanted."""

    at: datetime
    look_ages: Mapping[str, float | None] = field(default_factory=dict)  # by cluster, since its last look ended
    outbox_pending: int = 0
    outbox_oldest_age: float | None = None
    loop_lag: float | None = None
    ledger_free: int | None = None
    ledger_used: float | None = None  # the share of its file system
    ledger_problem: str = ""  # why its file system could not be looked at
    ping: Ping | None = None
    copies: LedgerCopies | None = None
