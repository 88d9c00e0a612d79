"""What is remembered of a server: its role when it last answered by SQL, how far it was, since when it is silent."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from servers.lsn import Lsn
from servers.state import Role, SqlFacts

# Between two looks that come closer together, a burst would count as the rate of writing.
RATE_SPAN = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class LastSeen:
    """`at` is the last answer, `missed_at` the first look after it that found the server silent.

    `wal_rate` is how fast a primary wrote before, in bytes of WAL a second; None where no two looks could tell.
    """

    role: Role = Role.UNKNOWN
    at: datetime | None = None
    wal_lsn: Lsn | None = None
    wal_rate: float | None = None
    missed_at: datetime | None = None
    measured_at: datetime | None = None  # from where the rate is measured on
    measured_lsn: Lsn | None = None


def answered(last: LastSeen, facts: SqlFacts, at: datetime) -> LastSeen:
    """After an answer. Pure."""
    role = Role.STANDBY if facts.in_recovery else Role.PRIMARY
    seen = LastSeen(role, at, facts.wal_lsn, measured_at=at, measured_lsn=facts.wal_lsn)
    if last.measured_at is None or last.measured_lsn is None or facts.wal_lsn is None:
        return seen
    span = at - last.measured_at
    if span < RATE_SPAN:
        return replace(seen, wal_rate=last.wal_rate, measured_at=last.measured_at, measured_lsn=last.measured_lsn)
    return replace(seen, wal_rate=max(0, facts.wal_lsn - last.measured_lsn) / span.total_seconds())


def silent(last: LastSeen, at: datetime) -> LastSeen:
    """After a look that got no answer. Pure."""
    return last if last.missed_at is not None else replace(last, missed_at=at)
