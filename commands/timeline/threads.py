"""What people said in the threads of cards; a face that knows no threads has nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Said:
    at: datetime
    by: str
    text: str


class Threads(Protocol):
    async def said(self, cards: Sequence[str], since: datetime, until: datetime) -> tuple[Said, ...] | None:
        """What people, and no robots, wrote below these cards in that time. None: it is not asked for, or could not be
        read."""
        ...


class NoThreads:
    """Where the settings do not allow it, and at the terminal."""

    async def said(self, cards: Sequence[str], since: datetime, until: datetime) -> tuple[Said, ...] | None:
        return None
