"""A plan: what an order would do, what was seen that speaks for or against it, and what may be lost.

Approval binds to the hash of the plan's material facts. Evidence, estimates and wording are not material: they may
differ between the look that people approved and the look just before the run; what is done to which server may not,
nor which machine that server is.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ledger.page import Plot, Table


class CheckResult(StrEnum):
    PASS = "pass"  # noqa: S105 - the word for a check, no password
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at before anything is touched. `evidence` is what was seen, in one line."""

    name: str
    title: str
    result: CheckResult
    evidence: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `action` names the code that does it; `server` is where it acts.

    `does`, `verified_by` and `undo` are what people read before they approve; `timeout` is in seconds.
    `undo` is None where nothing can take the step back.
    """

    action: str
    server: str
    title: str
    does: str
    verified_by: str
    timeout: float
    undo: str | None = None


@dataclass(frozen=True, slots=True)
class Loss:
    """What may be lost: None where it cannot be known. Zero bytes means: nothing, and the plan's checks hold that."""

    bytes: int | None
    seconds: float | None
    explanation: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What an order would do.

    `kind` is the order in the field's words ("switchover", "failover", "restore").
    `outage_seconds` is how long writes are expected to fail; None where it cannot be told.
    `risks` are things that people must approve in so many words, because no check can rule them out.
    `listing` is what else people need to see before they decide. `writes_seen_at` is when the primary of a failover was
    last seen taking writes: its outage is measured from there.
    `facts` are what else is material, by name ("slot", "copy from"). `consequence` is one line: what will be different.
    `dangerous` asks for the cluster's name typed. `settings` has, by name, a digest of the settings that say which
    machine is meant (`commands.binding`).
    """

    kind: str
    cluster: str
    system_identifier: str
    timeline: int
    source: str | None
    target: str
    steps: tuple[Step, ...]
    checks: tuple[Check, ...]
    outage_seconds: float | None
    loss: Loss
    risks: tuple[str, ...] = ()
    listing: Table | None = None
    writes_seen_at: datetime | None = None
    facts: tuple[tuple[str, str], ...] = ()
    consequence: str = ""
    dangerous: bool = True
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def failed_checks(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.result is CheckResult.FAIL)

    @property
    def hash(self) -> str:
        """SHA-256 over the material facts, in hexadecimal."""
        return hashlib.sha256(self.material().encode()).hexdigest()

    def material(self) -> str:
        """The material facts as canonical JSON: sorted keys, no white space, ASCII only."""
        facts = {
            "kind": self.kind,
            "cluster": self.cluster,
            "system_identifier": self.system_identifier,
            "timeline": self.timeline,
            "from": self.source,
            "to": self.target,
            "steps": [[step.action, step.server] for step in self.steps],
            "risks": list(self.risks),
            "facts": [list(fact) for fact in self.facts],
            "settings": [list(one) for one in self.settings],
        }
        return json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


@dataclass(frozen=True, slots=True)
class Conclusion:
    """How an operation ended: one line, measured values by name, and what to do next; with plots of them where there
    are some. `file`: the name under which the whole goes with it as a report in Markdown."""

    line: str
    facts: tuple[tuple[str, str], ...] = ()
    next_steps: tuple[str, ...] = ()
    plots: tuple[Plot, ...] = ()
    file: str | None = None
