"""The words of an alert's life: what is kept of it, what was found, what changed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from alerts.rules.rule import Result, Rule
from ledger.alerts import AlertRow, AlertState
from ledger.silences import Silence


class Change(StrEnum):
    """A change of state that is recorded and told."""

    FIRED = "fired"
    FIRED_AGAIN = "fired again"
    FLAPPING = "flapping"
    FLAPPED = "came and went"  # once more, while it is known to
    ESCALATED = "escalated"
    EASED = "eased"
    RESOLVED = "resolved"
    RELEASED = "no longer held back"
    REPEATED = "repeated"
    ACKNOWLEDGED = "acknowledged"
    ASKED = "asked whether somebody is still on it"
    STILL_ON_IT = "still on it"
    LEFT = "acknowledgement expired"
    SILENCED = "silenced"
    SILENCE_ENDED = "silence ended"


@dataclass(frozen=True, slots=True)
class Track:
    """What is kept of one rule and subject: the alert (firing, or resolved a moment ago), since when it is bad without
    firing, and since when it is well without being resolved."""

    alert: AlertRow | None = None
    pending_since: datetime | None = None
    well_since: datetime | None = None

    @property
    def firing(self) -> AlertRow | None:
        return self.alert if self.alert is not None and self.alert.state is AlertState.FIRING else None

    @property
    def empty(self) -> bool:
        return self.alert is None and self.pending_since is None


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of state: what it was, what it is, and when."""

    change: Change
    before: AlertRow | None
    after: AlertRow
    at: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found about a subject. `cause` is the message of what explains it or holds it back, if anything does
    now; `silence` the silence by matcher that it falls under; `at_work`: people are, so nobody is reminded."""

    rule: Rule
    cluster: str
    subject: str
    result: Result
    cause: str | None = None
    silence: Silence | None = None
    at_work: bool = False


def own_group(alert_id: str) -> str:
    """The message of an alert that stands for itself."""
    return f"alert/{alert_id}"


def held(alert: AlertRow) -> bool:
    """Whether it is shown only as the consequence of something else."""
    return alert.group != own_group(alert.id)
