"""Remembers what was delivered in the last minutes, so that what Slack delivers again is not done again.

This spares work; that a delivery has one effect even after a restart is held by the ledger.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

REMEMBERED_SECONDS = 600.0
MOST_REMEMBERED = 10_000


@dataclass(slots=True)
class Repeats:
    """`clock` is in seconds and only goes forward."""

    clock: Callable[[], float]
    _seen: OrderedDict[str, float] = field(default_factory=OrderedDict)
    _views: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def is_repeat(self, delivery: str) -> bool:
        """Whether this was seen before; from now on it is."""
        now = self.clock()
        while self._seen and (
            len(self._seen) >= MOST_REMEMBERED or now - next(iter(self._seen.values())) > REMEMBERED_SECONDS
        ):
            forgotten, _ = self._seen.popitem(last=False)
            self._views.pop(forgotten, None)
        if delivery in self._seen:
            return True
        self._seen[delivery] = now
        return False

    def shows(self, delivery: str, view: Mapping[str, Any]) -> None:
        """What the modal shows in answer to a submission, for the case that Slack asks again."""
        if delivery in self._seen:
            self._views[delivery] = view

    def shown(self, delivery: str) -> Mapping[str, Any] | None:
        return self._views.get(delivery)
