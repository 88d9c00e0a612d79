"""One deadline for an action of several questions."""

import asyncio

from servers.engines.engine import ActionFailed

_LAST_LOOK = 0.25  # seconds


class Deadline:
    """Seconds that are left of an action's time-out."""

    def __init__(self, timeout: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._started = self._loop.time()
        self._timeout = timeout

    @property
    def seconds(self) -> float:
        """How long the action has taken so far."""
        return self._loop.time() - self._started

    @property
    def passed(self) -> bool:
        return self.seconds >= self._timeout

    def left(self, most: float | None = None) -> float:
        """What is left, `most` seconds at most.

        Never less than a healthy server needs for an answer: the last look decides what is said of the action, so it
        must not be lost to a deadline that ends in its middle.
        """
        left = max(_LAST_LOOK, self._timeout - self.seconds)
        return left if most is None else min(left, most)

    def check(self, message: str) -> None:
        """ActionFailed with that message if the time is over."""
        if self.passed:
            raise ActionFailed(f"{message} (waited {self._timeout:g} s)")
