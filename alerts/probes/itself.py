"""What Understudy sees of itself. No cluster's look has it: `alerts.keeper.take_own` is handed it."""

from collections.abc import Iterator

from alerts.itself import OwnState
from alerts.observation import Observation, Unit
from alerts.probes.ledger_copy import ledger_copy
from ledger.quantities import bytes_text, seconds_text, share_text

LOOK_AGE = "own_look_age"
SLACK_LAG = "own_slack_lag"
LOOP_LAG = "own_loop_lag"
LEDGER_FREE = "own_ledger_free"
PING_AGE = "own_ping_age"


def own(state: OwnState) -> tuple[Observation, ...]:
    """`own_look_age` of each cluster, `own_slack_lag` of the oldest message that waits, `own_loop_lag`,
    `own_ledger_free` bytes, `own_ping_age` since the dead man's switch took a ping, and the ledger's copies."""
    return (*_looks(state), _slack(state), _loop(state), _ledger(state), *_ping(state), *ledger_copy(state))


def _looks(state: OwnState) -> Iterator[Observation]:
    for cluster, age in state.look_ages.items():
        line = "no look has ended yet" if age is None else f"the last look ended {seconds_text(age)} ago"
        yield Observation(LOOK_AGE, cluster, age, Unit.SECONDS, (line,))


def _slack(state: OwnState) -> Observation:
    waits = state.outbox_oldest_age or 0.0
    line = f"{state.outbox_pending} messages wait for Slack" if state.outbox_pending else "no message waits for Slack"
    return Observation(SLACK_LAG, "Slack", waits, Unit.SECONDS, (line,))


def _loop(state: OwnState) -> Observation:
    return Observation(LOOP_LAG, "event loop", state.loop_lag, Unit.SECONDS)


def _ledger(state: OwnState) -> Observation:
    if state.ledger_free is None:
        return Observation(LEDGER_FREE, "ledger", None, Unit.BYTES, (state.ledger_problem or "not looked at yet",))
    used = "" if state.ledger_used is None else f", {share_text(state.ledger_used)} of its file system is used"
    line = f"{bytes_text(state.ledger_free)} left for the ledger{used}"
    return Observation(LEDGER_FREE, "ledger", float(state.ledger_free), Unit.BYTES, (line,))


def _ping(state: OwnState) -> Iterator[Observation]:
    ping = state.ping
    if ping is None:
        return
    age = max(0.0, (state.at - (ping.answered_at or ping.since)).total_seconds())
    last = "took the last ping" if ping.answered_at else "has taken no ping since the start"
    line = f"the dead man's switch {last} {seconds_text(age)} ago"
    yield Observation(PING_AGE, "ping", age, Unit.SECONDS, (line, *((ping.problem,) if ping.problem else ())))
