"""How the copies of the ledger off site stand, for whoever watches them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LedgerCopies:
    """`copied_at` is when all of the ledger was last off site; None: not since the process began, at `since`.

    `problem` is why the last try failed, '' where it did not.
    """

    since: datetime
    copied_at: datetime | None = None
    problem: str = ""
