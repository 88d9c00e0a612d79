"""What goes first when several pages wait for one channel. Pure."""

from collections.abc import Sequence

from ledger.outbox import Delivery
from ledger.page import Tone

_URGENCY = {Tone.CRITICAL: 0, Tone.RUNNING: 1, Tone.WAITING: 1}
_NOT_URGENT = 2


def in_sending_order(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Critical first, then what runs or waits for approval, then the rest; each thread as a whole keeps its order."""
    urgency: dict[str, int] = {}
    for delivery in deliveries:
        thread = _thread(delivery)
        urgency[thread] = min(urgency.get(thread, _NOT_URGENT), _URGENCY.get(delivery.item.page.tone, _NOT_URGENT))
    return sorted(deliveries, key=lambda delivery: urgency[_thread(delivery)])


def _thread(delivery: Delivery) -> str:
    return delivery.item.parent or delivery.item.card
