"""Who watches the workspace: open pages and waiting tests. Everything that people would see is published here."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from lab.slack.errors import JSON

T = TypeVar("T")
LOOK_SECONDS: Final = 0.1  # a condition may also depend on things that are not published here


class Audience:
    """Fans events out to the pages of the people they concern and wakes whoever waits for a condition."""

    def __init__(self) -> None:
        self._pages: list[tuple[str, asyncio.Queue[JSON]]] = []
        self._waiters: set[asyncio.Event] = set()

    @contextmanager
    def page(self, user_id: str) -> Iterator[asyncio.Queue[JSON]]:
        """A queue of the events that this person's page has to show."""
        queue: asyncio.Queue[JSON] = asyncio.Queue(maxsize=10_000)
        entry = (user_id, queue)
        self._pages.append(entry)
        try:
            yield queue
        finally:
            self._pages.remove(entry)

    @property
    def pages(self) -> int:
        return len(self._pages)

    def publish(self, event: JSON, *, user_id: str | None = None) -> None:
        """Shows `event` to one person, or to everybody."""
        for watcher, queue in self._pages:
            if user_id in (None, watcher) and not queue.full():
                queue.put_nowait(event)
        self.wake()

    def wake(self) -> None:
        for waiter in self._waiters:
            waiter.set()

    async def until(self, look: Callable[[], T | None], timeout: float, what: str) -> T:
        """Looks again after every event, and ten times a second, until `look` finds something.

        Raises TimeoutError, saying what was awaited, after `timeout` seconds.
        """
        event = asyncio.Event()
        self._waiters.add(event)
        try:
            async with asyncio.timeout(timeout):
                while True:
                    event.clear()
                    found = look()
                    if found is not None:
                        return found
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(event.wait(), LOOK_SECONDS)
        except TimeoutError:
            raise TimeoutError(f"waited {timeout:g} s in vain for {what}") from None
        finally:
            self._waiters.discard(event)
