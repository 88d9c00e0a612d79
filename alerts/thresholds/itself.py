"""When Understudy is in trouble itself."""

from dataclasses import dataclass

from alerts.thresholds.kinds import GIBIBYTE, MEBIBYTE, MINUTE, seconds, size


@dataclass(frozen=True)
class OwnThresholds:
    # A look that takes longer than 15 s is given up: two in a row are no hiccup.
    own_look_late: float = seconds(MINUTE)
    own_slack_late: float = seconds(MINUTE)
    # Slack gives three seconds for an answer.
    own_loop_late: float = seconds(1)
    own_loop_for: float = seconds(MINUTE)
    own_ledger_free_bytes: float = size(1 * GIBIBYTE)
    # Some hundred thousand records: enough to see to it, not enough to wait until tomorrow.
    own_ledger_free_critical_bytes: float = size(200 * MEBIBYTE, not_above="own_ledger_free_bytes")
    own_ping_late: float = seconds(5 * MINUTE)
