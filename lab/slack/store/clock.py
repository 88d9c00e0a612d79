"""Message timestamps: seconds and microseconds since the epoch, unique and increasing, as Slack's `ts` are."""

from __future__ import annotations

import time


class Timestamps:
    """Issues `ts` strings; two calls never return the same one, even within a microsecond."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> str:
        self._last = max(self._last + 1, time.time_ns() // 1000)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"
