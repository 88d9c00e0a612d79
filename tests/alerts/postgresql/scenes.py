"""A pair whose statistics were watched, and what can be different about them."""

from dataclasses import replace
from typing import Any

from alerts.observation import Look
from servers.state import Answer, Outcome
from servers.watching.postgresql.changes import Change
from servers.watching.postgresql.reading import server_statistics
from servers.watching.postgresql.server_statistics import ServerStatistics
from servers.watching.postgresql.watched import PostgresqlWatched
from servers.watching.watched import Watched
from tests.alerts.looks import ANSWERED, NOW, look
from tests.servers.watching.postgresql.rows import row

NOTHING_GREW: dict[str, float] = {
    "deadlocks": 0.0, "recovery_conflicts": 0.0, "temp_bytes": 0.0, "temp_files": 0.0, "blocks_hit": 1e6,
    "blocks_read": 1e3, "commits": 600.0, "rollbacks": 0.0, "checkpoints timed": 12.0, "checkpoints requested": 0.0,
    "checkpoints write_seconds": 1200.0, "checkpoints sync_seconds": 1.2,
}  # fmt: skip


def statistics(**changed: Any) -> ServerStatistics:
    """By the row that a healthy server answers with."""
    return server_statistics(row(**changed))


def watched(server: str, seen: ServerStatistics, grown: dict[str, float] | None = None) -> PostgresqlWatched:
    counters = {**NOTHING_GREW, **(grown or {})}
    changes = (Change(60.0, counters), Change(600.0, counters), Change(3600.0, counters))
    return PostgresqlWatched(server, ANSWERED, seen, *changes)


def with_watched(seen: Look, *servers: PostgresqlWatched) -> Look:
    return replace(seen, state=replace(seen.state, watched=Watched(postgresql=servers)))


def pair(
    primary: ServerStatistics | None = None,
    standby: ServerStatistics | None = None,
    *,
    grown: dict[str, float] | None = None,
    seen: Look | None = None,
) -> Look:
    """db1 is the primary and db2 its standby; `grown` is what their counters grew by."""
    return with_watched(
        seen or look(),
        watched("db1", primary or statistics(), grown),
        watched("db2", standby or statistics(in_recovery=True), grown),
    )


def silent(server: str, failures: int = 2) -> PostgresqlWatched:
    answer = Answer(Outcome.TIMED_OUT, NOW, 10.0, "no statistics within 10 s")
    return PostgresqlWatched(server, answer, failures=failures)
