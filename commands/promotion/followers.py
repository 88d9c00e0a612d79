"""The cluster's further standbys: whom each streams from, whom it is to follow, and what may keep it from that.

One behind the new primary, or behind another standby, needs nothing but a look: a standby follows a new timeline by
itself (recovery_target_timeline is "latest" by default since PostgreSQL 12). All others are pointed at the new primary.
"""

from dataclasses import dataclass

from commands.plan import Check, Step
from commands.promotion import steps
from commands.promotion.pair import Pair, passed, warned
from ledger.quantities import bytes_text
from servers.engines.standby_settings import holds_secret
from servers.lag import received_lsn
from servers.state import Role
from servers.topology import upstream_of


@dataclass(frozen=True, slots=True)
class Follower:
    """One further standby. `upstream` is whom it streams from (None: not known), `follows` whom it will."""

    name: str
    upstream: str | None
    follows: str

    @property
    def moves(self) -> bool:
        """Whether its settings have to be changed."""
        return self.upstream != self.follows


def followers(pair: Pair) -> tuple[Follower, ...]:
    """Those that are moved first: the others may stream from them."""
    found = tuple(_follower(pair, name) for name in pair.others)
    return tuple(sorted(found, key=lambda follower: not follower.moves))


def _follower(pair: Pair, name: str) -> Follower:
    upstream = upstream_of(pair.cluster, pair.state, name)
    stays = upstream is not None and upstream != pair.source.name
    return Follower(name, upstream, upstream if stays and upstream is not None else pair.target.name)


def following_steps(pair: Pair) -> tuple[Step, ...]:
    """One a follower."""
    return tuple(
        steps.follow(each.name, each.follows) if each.moves else steps.keep_up(each.name, each.follows)
        for each in followers(pair)
    )


def following_facts(pair: Pair) -> tuple[tuple[str, str], ...]:
    """What is material: who follows whom afterwards."""
    return tuple((f"{each.name} follows", each.follows) for each in followers(pair))


def following_checks(pair: Pair) -> tuple[Check, ...]:
    """What speaks for and against each. No promotion waits for a further standby, so these warn at most."""
    return tuple(_check(pair, each) for each in followers(pair))


def _check(pair: Pair, follower: Follower) -> Check:
    name = f"follows_{follower.name}"
    behind = "" if follower.follows == pair.target.name else f", which follows {pair.target.name}"
    title = f"{follower.name} will follow {follower.follows}{behind}"
    obstacle = _obstacle(pair, follower)
    if obstacle is not None:
        return warned(name, title, f"{obstacle}. The promotion does not wait for it; the report says what became of it")
    if follower.moves:
        return passed(name, title, f"it streams from {follower.upstream or 'nobody that the settings know'} now")
    return passed(name, title, f"it streams from {follower.upstream} already; nothing to change")


def _obstacle(pair: Pair, follower: Follower) -> str | None:
    """In one clause; None where nothing is in the way."""
    state = pair.state.server(follower.name)
    if state.sql is None:
        return f"it does not answer by SQL ({state.sql_answer.how})"
    if state.role is not Role.STANDBY:
        return "it is no standby"
    if pair.new.sql is not None and state.sql.timeline != pair.new.sql.timeline:
        return f"it is on timeline {state.sql.timeline}, {pair.target.name} on {pair.new.sql.timeline}"
    ahead = _ahead(pair, follower)
    if ahead:
        return f"it is {bytes_text(ahead)} ahead of {pair.target.name}, and would need a rewind or a new copy"
    if follower.moves and pair.target.replication is None:
        return f"the settings have no “replication” for {pair.target.name}"
    if follower.moves and (state.host is None or not state.ssh_answer.ok):
        return f"its host does not answer by SSH ({state.ssh_answer.how}); {_by_sql_alone(pair)}"
    if follower.moves and pair.cluster.server(follower.name).slot is None:
        return "no slot is set for it: it can follow only while the WAL that it needs is still there"
    return None


def _by_sql_alone(pair: Pair) -> str:
    """What becomes of a standby whose settings can be changed by SQL only."""
    if holds_secret(pair.target.replication or ""):
        return f"“replication” of {pair.target.name} has a password, which SQL alone would log: use a passfile"
    return "SQL alone is tried, which needs ALTER SYSTEM on primary_conninfo and primary_slot_name, and pg_reload_conf"


def _ahead(pair: Pair, follower: Follower) -> int:
    """Bytes, while the old primary is gone: a living one gives everybody everything before it stops."""
    sql = pair.state.server(follower.name).sql
    theirs, mine = received_lsn(sql) if sql else None, received_lsn(pair.new.sql) if pair.new.sql else None
    if pair.old.sql is not None or theirs is None or mine is None:
        return 0
    return max(0, theirs - mine)
