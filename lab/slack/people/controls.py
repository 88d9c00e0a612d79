"""What the lab offers on the page's side panel: its faults, and how they stand."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any, Protocol


class Controls(Protocol):
    """Implemented by whoever runs the practice world."""

    def describe(self) -> Sequence[dict[str, Any]]:
        """Each control: `name`, `title`, `description`, `targets` (names to choose from)."""

    def apply(self, name: str, target: str) -> Awaitable[str]:
        """Does it and says what was done, in one line. Any exception's text is shown to the person."""

    def status(self) -> dict[str, Any]:
        """How things stand, as JSON."""
