"""The journal of Web API calls, for tests to read."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from lab.slack.errors import JSON


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its arguments without the token, when it came and was answered (monotonic seconds), and the answer.

    `answer` is None when the caller never got one (lost, cut off, or an HTML page).
    """

    method: str
    arguments: JSON
    at: float
    answered_at: float
    status: int
    answer: JSON | None
    fault: str | None = None

    @property
    def ok(self) -> bool:
        return bool(self.answer and self.answer.get("ok"))


class Journal:
    """The latest calls, oldest first."""

    def __init__(self, size: int) -> None:
        self._calls: deque[Call] = deque(maxlen=size)

    def add(self, call: Call) -> None:
        self._calls.append(call)

    def of(self, *methods: str) -> list[Call]:
        """The calls of these methods."""
        return [call for call in self._calls if call.method in methods]

    def clear(self) -> None:
        self._calls.clear()

    def __iter__(self) -> Iterator[Call]:
        return iter(list(self._calls))

    def __len__(self) -> int:
        return len(self._calls)

    def __getitem__(self, index: int) -> Call:
        return self._calls[index]
