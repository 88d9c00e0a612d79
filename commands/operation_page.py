"""An operation as its channel sees it: the card with its buttons, the progress in its thread, and the report."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from commands.authority import approvers_text
from commands.document import Document
from commands.operation_markdown import Told, markdown
from commands.plan import Conclusion
from commands.plan_page import checks_line, costs, plan_title, risks, steps, warnings
from commands.policies import OrderPolicy
from ledger.approvals import Approval
from ledger.operations import Operation, OperationState
from ledger.page import Button, Facts, File, Item, Items, Mention, Moment, Note, Page, Part, Span, Tone, note, text
from ledger.quantities import count_text, seconds_text

BREAK_GLASS = "nobody: break glass, as the policy lets them"
APPROVE, REJECT, CANCEL = "order.approve", "order.reject", "order.cancel"

_STATES: Mapping[OperationState, tuple[Tone, str]] = {
    OperationState.PLANNED: (Tone.WAITING, "is planned"),
    OperationState.AWAITING_APPROVAL: (Tone.WAITING, "awaits approval"),
    OperationState.APPROVED: (Tone.RUNNING, "is approved and starts"),
    OperationState.RUNNING: (Tone.RUNNING, "is running"),
    OperationState.INTERRUPTED: (Tone.CRITICAL, "was interrupted"),
    OperationState.SUCCEEDED: (Tone.GOOD, "succeeded"),
    OperationState.FAILED: (Tone.CRITICAL, "failed"),
    OperationState.CANCELLED: (Tone.INFO, "was cancelled"),
    OperationState.EXPIRED: (Tone.INFO, "expired"),
    OperationState.REJECTED: (Tone.INFO, "was rejected"),
}


class StepState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNDOING = "being taken back"
    UNDONE = "taken back"
    NOT_REACHED = "not reached"


_STEP_TONES: Mapping[StepState, Tone] = {
    StepState.WAITING: Tone.WAITING,
    StepState.RUNNING: Tone.RUNNING,
    StepState.DONE: Tone.GOOD,
    StepState.FAILED: Tone.FAILED,
    StepState.UNDOING: Tone.RUNNING,
    StepState.UNDONE: Tone.INFO,
    StepState.NOT_REACHED: Tone.INFO,
}


@dataclass(frozen=True, slots=True)
class StepProgress:
    """How far one step is. `seconds` is how long it took."""

    state: StepState = StepState.WAITING
    detail: str = ""
    seconds: float | None = None


def write_conclusion(conclusion: Conclusion) -> str:
    """The conclusion as the ledger keeps it; its plots go to the channel alone."""
    facts = [list(pair) for pair in conclusion.facts]
    return json.dumps({"line": conclusion.line, "facts": facts, "next": list(conclusion.next_steps)})


def read_conclusion(result: str | None) -> Conclusion:
    value = json.loads(result) if result else {}
    facts = tuple((str(name), str(fact)) for name, fact in value.get("facts", ()))
    return Conclusion(str(value.get("line", "")), facts, tuple(str(line) for line in value.get("next", ())))


def card(
    operation: Operation,
    document: Document,
    policy: OrderPolicy | None,
    approvals: Sequence[Approval],
    *,
    cancellable: bool = False,
) -> Page:
    """The operation's message in the channel, with the buttons that can do something now."""
    plan = document.plan
    tone, state = _STATES[operation.state]
    title = f"{plan_title(plan)} {state}"
    conclusion = read_conclusion(operation.result)
    awaiting = operation.state is OperationState.AWAITING_APPROVAL
    return Page(
        title=title,
        tone=Tone.WARNING if awaiting and plan.risks else tone,
        summary=" ".join(filter(None, (f"{title}.", conclusion.line or f"Reason: {operation.reason}"))),
        parts=(
            *((text(conclusion.line),) if conclusion.line else ()),
            *_measured(conclusion),
            *((costs(plan), *risks(plan), *warnings(plan)) if awaiting else ()),
            Facts(_facts(operation, alone=document.alone)),
            *((steps(plan), note(checks_line(plan.checks))) if awaiting else ()),
            *_decisions(operation, approvals, policy, risky=bool(plan.risks)),
            note(f"Operation {operation.id}, plan {operation.plan_hash[:12]}"),
        ),
        buttons=_buttons(operation, cancellable=cancellable),
    )


def progress_page(document: Document, progress: Sequence[StepProgress], title: str, notes: Sequence[Note] = ()) -> Page:
    """The steps as they tick; `notes` say what happened to Understudy itself in between."""
    done = sum(step.state is StepState.DONE for step in progress)
    tone = _progress_tone(progress)
    pairs = zip(document.plan.steps, progress, strict=True)
    running = [step.title for step, at in pairs if at.state is StepState.RUNNING]
    now = f": {running[0]}" if running else ""
    summary = f"{title}: {done} of {count_text(len(progress), 'step')} done{now}"
    return Page(title=title, tone=tone, summary=summary, parts=(_step_items(document, progress), *notes))


def report_page(
    operation: Operation,
    document: Document,
    progress: Sequence[StepProgress],
    conclusion: Conclusion,
    notes: Sequence[Note] = (),
) -> Page:
    """What was done, how long it took, what was measured, and what to do next."""
    tone, state = _STATES[operation.state]
    title = f"{plan_title(document.plan)} {state}"
    return Page(
        title=title,
        tone=tone,
        summary=f"{title}. {conclusion.line}",
        parts=(
            text(conclusion.line),
            *_measured(conclusion),
            *conclusion.plots,
            *((_step_items(document, progress),) if _began(progress) else ()),
            *((_next_steps(conclusion),) if conclusion.next_steps else ()),
            *((text(f"Approved by {BREAK_GLASS}."),) if document.alone else ()),
            *notes,
            note(f"Operation {operation.id}, requested by ", Mention(operation.requester.name, operation.requester.id)),
            *_file(operation, document, progress, conclusion),
        ),
    )


def _file(
    operation: Operation, document: Document, progress: Sequence[StepProgress], conclusion: Conclusion
) -> tuple[File, ...]:
    if conclusion.file is None:
        return ()
    told = Told(operation, document.plan, conclusion, tuple(step_line(at) for at in progress))
    return (File(conclusion.file, plan_title(document.plan), markdown(told)),)


def _measured(conclusion: Conclusion) -> tuple[Part, ...]:
    facts = tuple((name, (value,)) for name, value in conclusion.facts)
    return (Facts(facts),) if facts else ()


def _began(progress: Sequence[StepProgress]) -> bool:
    """Whether any step did: else a list of them would be noise."""
    return any(step.state not in (StepState.WAITING, StepState.NOT_REACHED) for step in progress)


def _step_items(document: Document, progress: Sequence[StepProgress]) -> Items:
    items = tuple(
        Item(_STEP_TONES[at.state], f"{number}. {step.title}", step_line(at))
        for number, (step, at) in enumerate(zip(document.plan.steps, progress, strict=True), 1)
    )
    return Items("Steps", items)


def step_line(at: StepProgress) -> str:
    took = f"({seconds_text(at.seconds)})" if at.seconds is not None else ""
    state = f"{at.state}." if at.state in (StepState.UNDOING, StepState.UNDONE, StepState.NOT_REACHED) else ""
    return " ".join(filter(None, (state, at.detail, took)))


def _progress_tone(progress: Sequence[StepProgress]) -> Tone:
    states = {step.state for step in progress}
    if StepState.FAILED in states:
        return Tone.CRITICAL
    return Tone.GOOD if states <= {StepState.DONE} else Tone.RUNNING


def _next_steps(conclusion: Conclusion) -> Part:
    return Items("What to do next", tuple(Item(Tone.INFO, line) for line in conclusion.next_steps))


def _facts(operation: Operation, *, alone: bool) -> tuple[tuple[str, tuple[Span, ...]], ...]:
    requester = operation.requester
    pairs: list[tuple[str, tuple[Span, ...]]] = [
        ("Requested by", (Mention(requester.name, requester.id),)),
        ("Reason", (operation.reason or "none given",)),
    ]
    if alone:
        pairs.append(("Approved by", (BREAK_GLASS,)))
    if operation.state is OperationState.AWAITING_APPROVAL:
        pairs.append(("Expires", (Moment(operation.expires_at),)))
    if operation.finished_at is not None:
        pairs.append(("Ended", (Moment(operation.finished_at),)))
    if operation.cancelled_by is not None:
        cancelled = operation.cancelled_by
        pairs.append(("Cancelled by", (Mention(cancelled.name, cancelled.id),)))
    return tuple(pairs)


def _decisions(
    operation: Operation, approvals: Sequence[Approval], policy: OrderPolicy | None, *, risky: bool
) -> tuple[Part, ...]:
    """Who decided what, and who is still asked."""
    lines = tuple(
        Note((Mention(one.who.name, one.who.id), f" {one.decision} this ", Moment(one.at))) for one in approvals
    )
    if operation.state is not OperationState.AWAITING_APPROVAL or policy is None:
        return lines
    needed = policy.needed(risky=risky)
    asked = f"{len(approvals)} of {count_text(needed, 'approval')}. May approve: {approvers_text(policy)}."
    return (*lines, note(asked))


def _buttons(operation: Operation, *, cancellable: bool) -> tuple[Button, ...]:
    if operation.state is OperationState.RUNNING and cancellable and operation.cancelled_by is None:
        return (Button(CANCEL, "Cancel", operation.id),)
    if operation.state is not OperationState.AWAITING_APPROVAL:
        return ()
    return (
        Button(APPROVE, "Approve", operation.id, "primary"),
        Button(REJECT, "Reject", operation.id, "danger"),
        Button(CANCEL, "Cancel", operation.id),
    )
