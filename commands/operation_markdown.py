"""The report of an operation as Markdown, to be kept: what was measured, what was done, what was seen before. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from commands.markdown import as_table, as_text
from commands.plan import Conclusion, Plan
from commands.plan_page import plan_title
from ledger.operations import Operation


@dataclass(frozen=True, slots=True)
class Told:
    """An operation that has ended. `steps` has a line for each step of the plan: what became of it."""

    operation: Operation
    plan: Plan
    conclusion: Conclusion
    steps: Sequence[str]


def markdown(told: Told) -> str:
    operation, plan = told.operation, told.plan
    parts = (
        f"# {as_text(plan_title(plan))}: {operation.state}",
        as_text(told.conclusion.line),
        as_table(("What", "Result"), told.conclusion.facts),
        "## Steps",
        as_table(("", "Step", "On", "What became of it"), _steps(told)),
        "## Checked before",
        as_table(("Check", "Result", "Seen"), ((one.title, str(one.result), one.evidence) for one in plan.checks)),
        "## Record",
        as_table(("", ""), _record(operation)),
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def _steps(told: Told) -> Iterable[tuple[str, ...]]:
    pairs = zip(told.plan.steps, told.steps, strict=True)
    return ((str(number), step.title, step.server, line) for number, (step, line) in enumerate(pairs, 1))


def _record(operation: Operation) -> Iterable[tuple[str, str]]:
    ended = f"{operation.finished_at:%Y-%m-%d %H:%M:%S} UTC" if operation.finished_at else "not known"
    return (
        ("Operation", operation.id),
        ("Cluster", operation.cluster),
        ("Requested by", operation.requester.name),
        ("Reason", operation.reason or "none given"),
        ("Asked for", f"{operation.created_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("Ended", ended),
        ("Plan", operation.plan_hash),
        ("Who decided, and every step", f"/ha audit, operation {operation.id}"),
    )
