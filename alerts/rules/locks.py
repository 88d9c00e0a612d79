"""Sessions do not wait long for each other."""

from alerts.dependencies import Layer
from alerts.probes.activity_counters import DEADLOCKS
from alerts.probes.blocked_sessions import BLOCKED_SECONDS, BLOCKED_SESSIONS
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown, above
from ledger.alerts import Severity
from ledger.quantities import count_text, seconds_text


def _judge(reading: Reading) -> Result:
    longest, count = reading.value(BLOCKED_SECONDS), reading.value(BLOCKED_SESSIONS)
    if longest is None or count is None:
        return Unknown()
    limit = reading.thresholds.blocked_seconds
    value = f"{count_text(int(count), 'session')} blocked, the longest for {seconds_text(longest)}"
    if not count or longest <= limit:
        return Ok(value if count else "nobody waits")
    return Bad(Severity.WARNING, value, f"at most {seconds_text(limit)}", reading.evidence(BLOCKED_SECONDS))


BLOCKED = Rule(
    name="blocked_sessions",
    observes=(BLOCKED_SECONDS, BLOCKED_SESSIONS),
    title="{cluster}: sessions on {subject} wait for a lock",
    resolved_title="{cluster}: nobody on {subject} waits long for a lock any more",
    judge=_judge,
    hold=lambda thresholds: 0.0,
    why="Whoever comes after them waits as well, until all connections are used up.",
    mend="The evidence says who holds the others up. Let it end, or end it: SELECT pg_cancel_backend(pid), and where "
    "it is idle in a transaction pg_terminate_backend(pid).",
    about=Layer.INSIDE,
)

MANY_DEADLOCKS = Rule(
    name="deadlocks",
    observes=(DEADLOCKS,),
    title="{cluster}: transactions on {subject} run into each other again and again",
    resolved_title="{cluster}: hardly any deadlocks on {subject} any more",
    judge=above(
        DEADLOCKS,
        lambda thresholds: thresholds.deadlocks,
        lambda value: f"{count_text(round(value), 'deadlock')} in 10 min",
    ),
    hold=lambda thresholds: 0.0,
    why="Of each deadlock PostgreSQL ends one transaction with an error, which its application must try again.",
    mend="The server's log has each one with its queries. Let the application take its locks always in the same order.",
    about=Layer.INSIDE,
)
