"""Slack's pace: about one message a second in a channel with short bursts, and a number of calls a minute per method.

https://docs.slack.dev/apis/web-api/rate-limits
"""

from collections.abc import Callable
from dataclasses import dataclass, field

POST_BURST, POSTS_PER_SECOND = 3.0, 1.0  # per channel
UPDATE_BURST, UPDATES_PER_SECOND = 10.0, 0.8  # chat.update: 50 a minute for the whole workspace
CARD_SECONDS = 0.8  # between two changes of one message: more than people can follow is only noise


@dataclass(slots=True)
class _Bucket:
    capacity: float
    per_second: float
    level: float
    at: float

    def wait(self, now: float) -> float:
        """Seconds until there is one to take; 0 when there is."""
        self.level = min(self.capacity, self.level + (now - self.at) * self.per_second)
        self.at = now
        return max(0.0, (1.0 - self.level) / self.per_second)


@dataclass(slots=True)
class Pace:
    """When the next post or update may leave. `clock` is in seconds and only goes forward."""

    clock: Callable[[], float]
    _posts: dict[str, _Bucket] = field(default_factory=dict)
    _updates: _Bucket | None = None
    _changed: dict[str, float] = field(default_factory=dict)

    def before_post(self, channel: str) -> float:
        """Seconds to wait before a post into this channel."""
        return self._post_bucket(channel).wait(self.clock())

    def before_update(self, card: str) -> float:
        """Seconds to wait before this card may change."""
        now = self.clock()
        since = self._changed.get(card, now - CARD_SECONDS) + CARD_SECONDS - now
        return max(since, self._update_bucket().wait(now), 0.0)

    def posted(self, channel: str, card: str) -> None:
        self._post_bucket(channel).level -= 1.0
        self._touch(card)

    def updated(self, card: str) -> None:
        self._update_bucket().level -= 1.0
        self._touch(card)

    def _post_bucket(self, channel: str) -> _Bucket:
        if channel not in self._posts:
            self._posts[channel] = _Bucket(POST_BURST, POSTS_PER_SECOND, POST_BURST, self.clock())
        return self._posts[channel]

    def _update_bucket(self) -> _Bucket:
        if self._updates is None:
            self._updates = _Bucket(UPDATE_BURST, UPDATES_PER_SECOND, UPDATE_BURST, self.clock())
        return self._updates

    def _touch(self, card: str) -> None:
        now = self.clock()
        self._changed[card] = now
        if len(self._changed) > 1_000:
            self._changed = {key: at for key, at in self._changed.items() if now - at < CARD_SECONDS}
