"""Slack's pace: about one message a second in a channel with short bursts, and a number of calls a minute per method.

https://docs.slack.dev/apis/web-api/rate-limits
"""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limits:
    """Posts are counted per channel, updates (50 a minute) for the whole workspace.

    `card_seconds` lie between two changes of one message: more than people can follow is only noise.
    """

    post_burst: float = 5.0
    posts_per_second: float = 1.0
    update_burst: float = 10.0
    updates_per_second: float = 0.8
    card_seconds: float = 0.8


@dataclass(slots=True)
class _Bucket:
    capacity: float
    per_second: float
    level: float
    at: float

    @classmethod
    def full(cls, capacity: float, per_second: float, now: float) -> "_Bucket":
        return cls(capacity, per_second, capacity, now)

    def wait(self, now: float) -> float:
        """Seconds until there is one to take; 0 when there is."""
        self.level = min(self.capacity, self.level + (now - self.at) * self.per_second)
        self.at = now
        return max(0.0, (1.0 - self.level) / self.per_second)


@dataclass(slots=True)
class Pace:
    """When the next post or update may leave. `clock` is in seconds and only goes forward."""

    clock: Callable[[], float]
    limits: Limits = Limits()
    _posts: dict[str, _Bucket] = field(default_factory=dict)
    _updates: _Bucket | None = None
    _changed: dict[str, float] = field(default_factory=dict)

    def before_post(self, channel: str) -> float:
        """Seconds to wait before a post into this channel."""
        return self._post_bucket(channel).wait(self.clock())

    def before_update(self, card: str) -> float:
        """Seconds to wait before this card may change."""
        now = self.clock()
        card_seconds = self.limits.card_seconds
        since = self._changed.get(card, now - card_seconds) + card_seconds - now
        return max(since, self._update_bucket().wait(now), 0.0)

    def posted(self, channel: str, card: str) -> None:
        self._post_bucket(channel).level -= 1.0
        self._touch(card)

    def updated(self, card: str) -> None:
        self._update_bucket().level -= 1.0
        self._touch(card)

    def _post_bucket(self, channel: str) -> _Bucket:
        if channel not in self._posts:
            self._posts[channel] = _Bucket.full(self.limits.post_burst, self.limits.posts_per_second, self.clock())
        return self._posts[channel]

    def _update_bucket(self) -> _Bucket:
        if self._updates is None:
            self._updates = _Bucket.full(self.limits.update_burst, self.limits.updates_per_second, self.clock())
        return self._updates

    def _touch(self, card: str) -> None:
        now = self.clock()
        self._changed[card] = now
        if len(self._changed) > 1_000:
            self._changed = {key: at for key, at in self._changed.items() if now - at < self.limits.card_seconds}
