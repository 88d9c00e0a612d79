"""One line of what `understudy check` found."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    WORKS = "works"
    WARNING = "works, but"
    BROKEN = "does not work"
    SKIPPED = "not tried"


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` was tried, how it went, what was seen, and how to mend it (empty where nothing is to be mended)."""

    subject: str
    what: str
    outcome: Outcome
    seen: str
    mend: str = ""


class Unsuccessful(Exception):
    """A trial that did not work: what was seen, and how to mend it."""

    def __init__(self, seen: str, mend: str, outcome: Outcome = Outcome.BROKEN) -> None:
        super().__init__(seen)
        self.seen, self.mend, self.outcome = seen, mend, outcome


async def tried(subject: str, what: str, trial: Callable[[], Awaitable[str]]) -> Finding:
    """The finding of one trial: what it returns was seen; what it raises as Unsuccessful says how to mend it."""
    try:
        return Finding(subject, what, Outcome.WORKS, await trial())
    except Unsuccessful as error:
        return Finding(subject, what, error.outcome, error.seen, error.mend)
