"""Is the bot alive, and is it of use? Pure: numbers in, a verdict in plain words out."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vitals:
    """What the bot knows of itself. Ages in seconds; None where something has not happened yet.

    `cluster_ages` has, per cluster, how long ago the last look ended; `look_limit` is when that is too long.
    """

    ledger_error: str | None
    slack_sockets: int | None  # None: no sockets are wanted (HTTP mode, or no Slack at all)
    outbox_pending: int
    outbox_oldest_age: float | None
    cluster_ages: Mapping[str, float | None]
    look_limit: float
    loop_lag: float


@dataclass(frozen=True, slots=True)
class Readiness:
    """Ready when there is no `reason` against it."""

    reasons: tuple[str, ...]

    @property
    def ready(self) -> bool:
        return not self.reasons


# A message that has waited this long was noticed by nobody: Slack is away, or the bot cannot speak.
OUTBOX_LIMIT_SECONDS = 60.0
# An event loop that answers this late misses Slack's three seconds.
LOOP_LIMIT_SECONDS = 1.0


def readiness(vitals: Vitals) -> Readiness:
    """What keeps the bot from doing its work right now."""
    reasons = []
    if vitals.ledger_error is not None:
        reasons.append(f"the ledger cannot be used: {vitals.ledger_error}")
    if vitals.slack_sockets == 0:
        reasons.append("no Socket Mode connection to Slack is open")
    if vitals.outbox_oldest_age is not None and vitals.outbox_oldest_age > OUTBOX_LIMIT_SECONDS:
        reasons.append(
            f"{vitals.outbox_pending} messages wait for Slack, the oldest for {vitals.outbox_oldest_age:.0f} s"
        )
    for cluster, age in vitals.cluster_ages.items():
        if age is None:
            reasons.append(f"{cluster} has not been looked at yet")
        elif age > vitals.look_limit:
            reasons.append(f"{cluster} was last looked at {age:.0f} s ago")
    if vitals.loop_lag > LOOP_LIMIT_SECONDS:
        reasons.append(f"the event loop answers {vitals.loop_lag:.1f} s late")
    return Readiness(tuple(reasons))
