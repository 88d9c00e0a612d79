"""The pieces of a host's answer: what each command printed, whether it ended, and how. Nothing here raises."""

from dataclasses import dataclass
from typing import TypeVar

from servers.sections import Sections
from servers.watching.hosts.facts import Found

T = TypeVar("T")

_EXIT = "@exit "
_TIMED_OUT = 124  # timeout's own
LONGEST_REASON = 160


@dataclass(frozen=True, slots=True)
class Printed:
    """A command's output. `exit_status` None: it was cut, or did not end in time."""

    text: str
    exit_status: int | None

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def reason(self) -> str:
        """Why there is nothing to be read in it, in one line."""
        if self.exit_status is None:
            return "its answer was cut, or did not come in time"
        if self.exit_status == _TIMED_OUT:
            return "no answer in time"
        return one_line(self.text) or f"nothing was printed (exit status {self.exit_status})"


def printed(found: Sections, key: str) -> Printed | None:
    """What the command of that block printed; None where it was not asked."""
    block = found.blocks.get(key)
    if block is None:
        return None
    text, mark, status = block.rpartition(_EXIT)
    if not mark or not status.strip().isdecimal() or len(status) > 8:
        return Printed(block, None)
    return Printed(text.rstrip("\n"), int(status))


def one_line(text: str) -> str:
    return " ".join(text.split())[:LONGEST_REASON]


def unknown(why: str) -> Found[T]:
    return Found(None, why)


def absent(why: str) -> Found[T]:
    return Found(None, why, absent=True)


def whole(text: str) -> int | None:
    """A number of at most 20 digits; None for anything else."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 20 else None


def fraction(text: str) -> float | None:
    """A plain decimal number, neither infinite nor NaN."""
    text = text.strip()
    left, _, right = text.partition(".")
    if len(text) > 40 or not text.isascii() or not (left or "0").isdecimal() or not (right or "0").isdecimal():
        return None
    return float(text) if left or right else None
