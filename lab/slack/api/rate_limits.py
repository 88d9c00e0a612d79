"""Slack's rate limits: tiers per method, and about one message a second in a channel with short bursts tolerated.

https://docs.slack.dev/apis/web-api/rate-limits
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

MESSAGE_BURST: Final = 10  # messages at once in one channel before Slack insists on one a second


class Tier(Enum):
    """Calls a minute."""

    TIER_2 = 20
    TIER_3 = 50
    TIER_4 = 100
    SPECIAL = 600


@dataclass(slots=True)
class _Bucket:
    capacity: float
    per_second: float
    level: float
    at: float

    def take(self, now: float) -> float:
        """Seconds to wait before the next call; 0 when this one may pass."""
        self.level = min(self.capacity, self.level + (now - self.at) * self.per_second)
        self.at = now
        if self.level >= 1:
            self.level -= 1
            return 0.0
        return (1 - self.level) / self.per_second


@dataclass(slots=True)
class RateLimits:
    enabled: bool = True
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[tuple[str, str], _Bucket] = field(default_factory=dict)

    def retry_after(self, method: str, tier: Tier, channel: str | None) -> int | None:
        """Counts this call; the seconds for `Retry-After` if it comes too soon, else None."""
        if not self.enabled:
            return None
        if method == "chat.postMessage" and channel:
            wait = self._bucket((method, channel), capacity=MESSAGE_BURST, per_second=1.0).take(self.clock())
        else:
            wait = self._bucket((method, ""), capacity=tier.value, per_second=tier.value / 60).take(self.clock())
        return math.ceil(wait) if wait > 0 else None

    def _bucket(self, key: tuple[str, str], *, capacity: float, per_second: float) -> _Bucket:
        if key not in self._buckets:
            self._buckets[key] = _Bucket(capacity, per_second, level=capacity, at=self.clock())
        return self._buckets[key]
