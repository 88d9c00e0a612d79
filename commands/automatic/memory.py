"""What is remembered of a cluster between looks, in this process alone: a restart begins anew, and so counts anew.

Immutable; each look gives the next one.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from servers.lag import received_lsn
from servers.lsn import Lsn
from servers.state import ClusterState, Role, ServerState

LONGEST_GAP = timedelta(seconds=15)  # between two looks that still count as one stretch of agreement
CLOCK_SET_BACK = timedelta(seconds=15)  # a look this much older than the last one is no late one: looks end sooner
LONGEST_SILENCE = timedelta(seconds=60)  # from a primary's last word to its outage, within which that word still tells
_WAITS = frozenset({"on", "remote_apply"})  # synchronous_commit, where a commit waits until a standby has it on disk
_RATE_SPAN = timedelta(seconds=1)  # at least, to tell how fast a primary writes


@dataclass(frozen=True, slots=True)
class LastWord:
    """A primary when it was last seen. `rate` is in bytes of WAL a second, None where two looks were not there to tell.

    `synchronous` are the standbys without which it acknowledged no commit, by its setting of synchronous_commit.
    """

    server: str
    at: datetime
    lsn: Lsn
    synchronous: frozenset[str]
    rate: float | None = None
    measured_at: datetime | None = None
    measured_lsn: Lsn | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """`agreed_since`, `agreed_at`: the present stretch of looks that agree that the primary is down."""

    last_look_at: datetime | None = None
    agreed_since: datetime | None = None
    agreed_at: datetime | None = None
    last_word: LastWord | None = None

    @property
    def agreed_for(self) -> timedelta | None:
        if self.agreed_since is None or self.agreed_at is None:
            return None
        return self.agreed_at - self.agreed_since

    def after(self, state: ClusterState, *, agrees: bool) -> "Memory":
        """The memory with this look in it. Begun anew where the clock was set back: its times tell nothing then."""
        if self.last_look_at is not None and self.last_look_at - state.at > CLOCK_SET_BACK:
            return Memory().after(state, agrees=agrees)
        word = _heard(self.last_word, state)
        if not agrees:
            return Memory(state.at, last_word=word)
        unbroken = self.agreed_at is not None and timedelta(0) <= state.at - self.agreed_at <= LONGEST_GAP
        since = self.agreed_since if unbroken else state.at
        return replace(self, last_look_at=state.at, agreed_since=since, agreed_at=state.at, last_word=word)

    def overtakes(self, state: ClusterState) -> bool:
        """Whether that look began before the last one, and only ended later."""
        if self.last_look_at is None:
            return False
        return timedelta(0) < self.last_look_at - state.at <= CLOCK_SET_BACK


def loss_at_most(memory: Memory, source: str, target: ServerState, names: frozenset[str]) -> int | None:
    """Bytes of WAL that would be lost by promoting `target`; None: not known.

    What the old primary had when it was last seen and the target has not received, and what it may have written from
    then until it was first seen down, at the rate that it wrote with before. A target without which it acknowledged no
    commit has everything that was acknowledged; `names` are those by which the primary may know it.
    """
    word = memory.last_word
    received = received_lsn(target.sql) if target.sql else None
    if word is None or word.server != source or received is None or memory.agreed_since is None:
        return None
    silence = memory.agreed_since - word.at
    if not timedelta(0) <= silence <= LONGEST_SILENCE:
        return None
    if names & word.synchronous:
        return 0
    if word.rate is None:
        return None
    return max(0, word.lsn - received) + round(word.rate * silence.total_seconds())


def _heard(before: LastWord | None, state: ClusterState) -> LastWord | None:
    primaries = [server for server in state.servers if server.role is Role.PRIMARY]
    if len(primaries) != 1 or primaries[0].sql is None or primaries[0].sql.wal_lsn is None:
        return before
    server, sql, lsn = primaries[0].name, primaries[0].sql, primaries[0].sql.wal_lsn
    waits = sql.synchronous_commit in _WAITS
    sync = frozenset(row.application_name for row in sql.replication if row.sync_state == "sync" and waits)
    word = LastWord(server, state.at, lsn, sync, measured_at=state.at, measured_lsn=lsn)
    if before is None or before.server != server or before.measured_at is None or before.measured_lsn is None:
        return word
    span = state.at - before.measured_at
    if span < _RATE_SPAN:
        return replace(word, rate=before.rate, measured_at=before.measured_at, measured_lsn=before.measured_lsn)
    return replace(word, rate=max(0, lsn - before.measured_lsn) / span.total_seconds())
