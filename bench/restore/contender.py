"""What is compared: something that takes a backup and lays it out again."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bench.restore.ground import Ground


@dataclass(frozen=True, slots=True)
class Backed:
    """A backup that was taken. Seconds; `bot` is what of them was Understudy's own.

    `client` is the most memory that Understudy's process had, `grown` by what that is more than before, in bytes.
    """

    seconds: float
    bot: float = 0.0
    client: int = 0
    grown: int = 0


@dataclass(frozen=True, slots=True)
class Restored:
    """A restore. Seconds since it began: until the backup was laid out, and until the first query was answered at the
    target; `answer` is that query's."""

    laid_out: float
    first_query: float
    answer: str
    bot: float = 0.0
    client: int = 0
    grown: int = 0


class Keeper(Protocol):
    """A tool that is set up, with an empty store; the server archives into it."""

    store: Path

    async def back_up(self) -> Backed:
        """Take a full backup."""
        ...

    async def take_in(self) -> None:
        """What has come into its archive is sorted in."""
        ...

    async def restore(self, directory: Path, moment: datetime) -> Restored:
        """Lay it out in a directory that is not there yet, recover to that moment, and ask. The instance runs on."""
        ...


@dataclass(frozen=True, slots=True)
class Contender:
    """`open` sets its tool up on the ground. `tool` is the name of the contender whose own commands it uses."""

    name: str
    open: Callable[[Ground], AbstractAsyncContextManager[Keeper]]
    tool: str | None = None
