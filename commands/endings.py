"""What is said of an operation that did not reach its end. Pure."""

from collections.abc import Mapping, Sequence

from commands.command import Action
from commands.document import Document
from commands.operation_page import StepProgress, StepState


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
    return look, f"Then, if it is still needed, ask again: /ha {document.order} {plan.cluster}"
