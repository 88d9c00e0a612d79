"""What goes on inside each server, looked at once: what can be seen, and which right or extension is missing."""

from collections.abc import Iterator

from bot.check.finding import Finding, Outcome
from bot.wiring import utc_now
from servers.inventory import Cluster
from servers.sql import Sessions
from servers.watching.postgresql.look import PostgresqlLook
from servers.watching.postgresql.server_statistics import ServerStatistics
from servers.watching.postgresql.watched import PostgresqlWatched


async def check_statistics(cluster: Cluster) -> list[Finding]:
    """Findings for each server; over connections that are closed again."""
    watch = PostgresqlLook(Sessions(), utc_now)
    try:
        watched = await watch.look(cluster)
    finally:
        await watch.close()
    return [finding for one in watched for finding in findings(cluster.name, one)]


def findings(cluster: str, watched: PostgresqlWatched) -> Iterator[Finding]:
    """What one server's look was worth. Pure."""
    subject, seen = f"{cluster}/{watched.server}", watched.statistics
    if seen is None:
        yield Finding(subject, "statistics", Outcome.SKIPPED, watched.answer.how, "mend SQL first")
        return
    yield _statistics(subject, seen)
    if not seen.in_recovery:
        yield _queries(subject, watched)
        yield _tables(subject, watched)


def _statistics(subject: str, seen: ServerStatistics) -> Finding:
    if not seen.sees_everything:
        said = "the role lacks pg_monitor: sessions, locks, senders and counters are unknown"
        return Finding(subject, "statistics", Outcome.BROKEN, said, "GRANT pg_monitor TO the bot's role")
    said = f"{sum(seen.connections.values())} client connections, {len(seen.settings)} settings compared"
    return Finding(subject, "statistics", Outcome.WORKS, said)


def _queries(subject: str, watched: PostgresqlWatched) -> Finding:
    seen = watched.statistics
    elsewhere = watched.tables.statements_in if watched.tables is not None else None
    if seen is not None and not seen.has_statement_statistics and elsewhere is None:
        mend = (
            "to see which queries take the time, put pg_stat_statements into shared_preload_libraries, restart, and "
            "CREATE EXTENSION pg_stat_statements in the database that the bot connects to"
        )
        return Finding(subject, "query statistics", Outcome.WARNING, "pg_stat_statements is not installed", mend)
    if watched.without_queries.startswith("pg_stat_statements"):
        mend = (
            "look that it is in shared_preload_libraries, ALTER EXTENSION pg_stat_statements UPDATE, and GRANT USAGE "
            "on its schema to the bot's role"
        )
        return Finding(subject, "query statistics", Outcome.WARNING, watched.without_queries, mend)
    return Finding(subject, "query statistics", Outcome.WORKS, "pg_stat_statements can be read")


def _tables(subject: str, watched: PostgresqlWatched) -> Finding:
    unseen = watched.tables.unseen if watched.tables is not None else ()
    if unseen:
        mend = "let the bot's role into these databases by pg_hba.conf, to see the tables that wait for VACUUM"
        return Finding(subject, "tables", Outcome.WARNING, "; ".join(unseen[:3]), mend)
    return Finding(subject, "tables", Outcome.WORKS, "every database can be looked at")
