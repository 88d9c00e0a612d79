"""What waits to be sent, as it was last read: while much waits, it is not read anew for each message that leaves."""

from collections.abc import Awaitable, Callable

from ledger.outbox import Delivery

MUCH = 100  # items
READ_EVERY = 1.0  # seconds, while much waits


class Backlog:
    """`read` gives what is due, in order; `clock` is in seconds and only goes forward.

    What is handed out may be out of date: whoever sends claims it first.
    """

    def __init__(self, read: Callable[[], Awaitable[list[Delivery]]], clock: Callable[[], float]) -> None:
        self._read = read
        self._clock = clock
        self._known: dict[int, Delivery] = {}
        self._read_at = 0.0

    async def due(self) -> list[Delivery]:
        """Raises LedgerError."""
        if len(self._known) < MUCH or self._clock() >= self._read_at + READ_EVERY:
            self._known = {delivery.item.id: delivery for delivery in await self._read()}
            self._read_at = self._clock()
        return list(self._known.values())

    def taken(self, delivery: Delivery) -> None:
        """It is on its way; when that fails it comes back with the next reading."""
        self._known.pop(delivery.item.id, None)
