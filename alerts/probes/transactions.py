"""Transactions that stay open: the longest one, the longest idle in one, and prepared ones that nobody ends."""

from alerts.observation import Look, Observation, Unit
from alerts.probes.postgresql_watched import Measured, of_each_server
from ledger.quantities import seconds_text
from servers.state import ServerState
from servers.watching.postgresql.server_statistics import ServerStatistics, Session
from servers.watching.postgresql.watched import PostgresqlWatched

TRANSACTION_AGE = "transaction_age_seconds"
IDLE_IN_TRANSACTION = "idle_in_transaction_seconds"
PREPARED_AGE = "prepared_transaction_seconds"


def transactions(look: Look) -> tuple[Observation, ...]:
    """`transaction_age_seconds`, `idle_in_transaction_seconds` and `prepared_transaction_seconds` of each server: the
    longest of each, 0 where there is none. Base backups and replication have no transaction of their own."""
    return (
        *of_each_server(look, TRANSACTION_AGE, Unit.SECONDS, _longest),
        *of_each_server(look, IDLE_IN_TRANSACTION, Unit.SECONDS, _idle),
        *of_each_server(look, PREPARED_AGE, Unit.SECONDS, _prepared),
    )


def _longest(server: ServerState, seen: ServerStatistics, watched: PostgresqlWatched) -> Measured:
    ages = [one.transaction_age for one in seen.transactions if one.transaction_age is not None]
    lines = tuple(
        f"{one.who} has been in a transaction for {seconds_text(one.transaction_age)}, {_doing(one)}"
        for one in seen.transactions[:3]
        if one.transaction_age is not None
    )
    return max(ages, default=0.0), lines


def _idle(server: ServerState, seen: ServerStatistics, watched: PostgresqlWatched) -> Measured:
    ages = [one.state_age for one in seen.idle_in_transaction if one.state_age is not None]
    lines = tuple(
        f"{one.who} has been {one.state} for {seconds_text(one.state_age)}; last: {one.query or 'nothing to be seen'}"
        for one in seen.idle_in_transaction[:3]
        if one.state_age is not None
    )
    return max(ages, default=0.0), lines


def _prepared(server: ServerState, seen: ServerStatistics, watched: PostgresqlWatched) -> Measured:
    lines = tuple(f"{one.gid} was prepared {seconds_text(one.age)} ago" for one in seen.prepared[:3])
    return max((one.age for one in seen.prepared), default=0.0), lines


def _doing(session: Session) -> str:
    return f"{session.state}: {session.query}" if session.query else session.state
