"""What is compared: something that switches a pair over while clients write."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


class Pair(Protocol):
    """A running pair in somebody's care."""

    def conninfo(self) -> str:
        """libpq's way for a client that connects now; the database has the table `load_row`."""
        ...

    async def switch_over(self) -> None:
        """Make the standby the primary, and come back when whoever does it says that it is done."""
        ...

    async def rows(self, run: str) -> frozenset[int]:
        """The sequence numbers that the new primary has of a run."""
        ...


@dataclass(frozen=True, slots=True)
class Contender:
    """`open` makes a fresh pair, ready to be switched over."""

    name: str
    open: Callable[[], AbstractAsyncContextManager[Pair]]
