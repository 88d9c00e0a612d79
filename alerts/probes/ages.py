"""How near a server is to where PostgreSQL stops: ages of transaction ids and multixacts, and what VACUUM waits for.

Both wrap around at 2^31: https://www.postgresql.org/docs/current/routine-vacuuming.html#VACUUM-FOR-WRAPAROUND
"""

from alerts.observation import Look, Observation, Unit
from alerts.probes.postgresql_watched import Measured, of_each_server
from servers.state import ServerState
from servers.watching.postgresql.server_statistics import ServerStatistics
from servers.watching.postgresql.watched import PostgresqlWatched

TRANSACTION_IDS_USED = "transaction_ids_used"
MULTIXACTS_USED = "multixacts_used"
XMIN_AGE = "xmin_age"
_WRAPAROUND = 2.0**31


def ages(look: Look) -> tuple[Observation, ...]:
    """`transaction_ids_used` and `multixacts_used` (shares of 2^31, of the oldest database) and `xmin_age` (how many
    transactions ago the oldest snapshot began that something still needs), of each server."""
    return (
        *of_each_server(look, TRANSACTION_IDS_USED, Unit.SHARE, _transaction_ids),
        *of_each_server(look, MULTIXACTS_USED, Unit.SHARE, _multixacts),
        *of_each_server(look, XMIN_AGE, Unit.COUNT, _xmin),
    )


def _transaction_ids(server: ServerState, seen: ServerStatistics, watched: PostgresqlWatched) -> Measured:
    if not seen.ages:
        return None, ()
    oldest = max(seen.ages, key=lambda one: one.transaction_ids)
    line = f"database {oldest.database} was frozen {oldest.transaction_ids / 1e6:.0f} million transactions ago"
    return oldest.transaction_ids / _WRAPAROUND, (line,)


def _multixacts(server: ServerState, seen: ServerStatistics, watched: PostgresqlWatched) -> Measured:
    if not seen.ages:
        return None, ()
    oldest = max(seen.ages, key=lambda one: one.multixacts)
    line = f"database {oldest.database} has multixacts that are {oldest.multixacts / 1e6:.0f} million old"
    return oldest.multixacts / _WRAPAROUND, (line,)


def _xmin(server: ServerState, seen: ServerStatistics, watched: PostgresqlWatched) -> Measured:
    lines = tuple(
        f"{one.kind} {one.name} needs rows from {one.age / 1e6:.1f} million transactions ago"
        for one in seen.xmin_holders[:3]
    )
    return float(max((one.age for one in seen.xmin_holders), default=0)), lines
