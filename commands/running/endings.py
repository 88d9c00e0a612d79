"""What is said of an operation that did not reach its end. Pure."""

from collections.abc import Mapping, Sequence

from commands.command import Action, MeasuringOrder, Order
from commands.document import Document
from commands.operation_page import StepProgress, StepState
from commands.plan import Conclusion, Plan


def sentence(text: str) -> str:
    return text if text.endswith((".", "…")) else f"{text}."


def next_steps(document: Document, actions: Mapping[str, Action], progress: Sequence[StepProgress]) -> tuple[str, ...]:
    """What people do next."""
    plan = document.plan
    look = f"Look: /ha status {plan.cluster}"
    steps = list(zip(plan.steps, progress, strict=True))
    if any(actions[step.action].final and at.state is StepState.DONE for step, at in steps):
        # What was asked for has happened: to ask again would be to ask for its opposite.
        left = "; ".join(step.title for step, at in steps if at.state is not StepState.DONE)
        return look, f"Do not ask again; do by hand what is left: {left}"
    again = f"Then, if it is still needed, ask again: /ha {document.order} {plan.cluster}"
    # A step that can be taken back and stands as failed could not be: nobody may take writes until somebody has.
    stuck = "; ".join(step.undo for step, at in steps if step.undo and at.state is StepState.FAILED)
    return (look, f"By hand, if no primary takes writes: {stuck}", again) if stuck else (look, again)


def told_so_far(order: Order, plan: Plan, found: Mapping[str, str]) -> Conclusion:
    """What the order has to tell of what it measured; nothing where it is none that does."""
    return order.so_far(plan, found) if isinstance(order, MeasuringOrder) else Conclusion("")


def passed_over(plan: Plan, actions: Mapping[str, Action], progress: Sequence[StepProgress]) -> str | None:
    """What failed on the way and makes the whole a failure, though the steps after it were done."""
    for number, (step, at) in enumerate(zip(plan.steps, progress, strict=True), 1):
        if actions[step.action].goes_on and at.state is StepState.FAILED:
            return f"Step {number} ({step.title}) failed: {sentence(at.detail)} The steps after it were done."
    return None
