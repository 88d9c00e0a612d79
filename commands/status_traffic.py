"""Where clients are led, as `/ha status` tells it: a line for each traffic target."""

from collections.abc import Sequence

from commands.promotion.traffic import TargetSeen
from ledger.operations import Operation, OperationState
from ledger.page import Item, Items, Part, Tone


def traffic_lines(seen: Sequence[TargetSeen], primary: str | None, operation: Operation | None) -> tuple[Part, ...]:
    """Nothing where a cluster has no target. `primary` is None where it is not known."""
    at_work = operation is not None and operation.state is OperationState.RUNNING
    lines = tuple(_line(each, primary, at_work) for each in seen)
    return (Items("Traffic", lines),) if lines else ()


def _line(seen: TargetSeen, primary: str | None, at_work: bool) -> Item:
    title = f"{seen.target.name} ({seen.target.kind})"
    pointing = seen.pointing
    if pointing is None:
        return Item(Tone.UNKNOWN, f"{title}: unknown", seen.error)
    if pointing.held:
        whose = "an order is at work" if at_work else "no order is at work: see /ha operations, or let them go by hand"
        return Item(Tone.WARNING, f"{title}: clients wait", f"{pointing.detail}; {whose}")
    if pointing.server is None:
        return Item(Tone.UNKNOWN, f"{title}: leads to none of the servers, or to several", pointing.detail)
    if primary is not None and pointing.server != primary:
        where = f"{title}: leads to {pointing.server}, not to the primary {primary}"
        return Item(Tone.RUNNING if at_work else Tone.WARNING, where, pointing.detail)
    return Item(Tone.GOOD if primary else Tone.INFO, f"{title}: leads to {pointing.server}", pointing.detail)
