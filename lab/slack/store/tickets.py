"""Things Slack hands out that can be used for a short while or a few times: trigger ids and response URLs."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from lab.slack.errors import SlackError

TRIGGER_SECONDS: Final = 3.0  # https://docs.slack.dev/interactivity/handling-user-interaction
RESPONSE_URL_USES: Final = 5
RESPONSE_URL_SECONDS: Final = 30 * 60.0


@dataclass(frozen=True, slots=True)
class Trigger:
    user_id: str
    at: float
    exchanged: bool = False


@dataclass(slots=True)
class Triggers:
    """Trigger ids: each opens one view, within `lifetime` seconds of what the person did."""

    lifetime: float = TRIGGER_SECONDS
    clock: Callable[[], float] = time.monotonic
    _known: dict[str, Trigger] = field(default_factory=dict)

    def issue(self, user_id: str) -> str:
        trigger_id = f"{secrets.randbelow(10**13):013d}.{secrets.randbelow(10**11):011d}.{secrets.token_hex(16)}"
        self._known[trigger_id] = Trigger(user_id, self.clock())
        return trigger_id

    def exchange(self, trigger_id: str) -> str:
        """The person behind a trigger id, once.

        Raises SlackError `invalid_trigger_id`, `exchanged_trigger_id` or `expired_trigger_id`.
        """
        trigger = self._known.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.exchanged:
            raise SlackError("exchanged_trigger_id")
        if self.clock() - trigger.at > self.lifetime:
            raise SlackError("expired_trigger_id")
        self._known[trigger_id] = replace(trigger, exchanged=True)
        return trigger.user_id


@dataclass(frozen=True, slots=True)
class Source:
    """Where a response URL answers to: the person and channel, and the message whose button was pressed, if any."""

    user_id: str
    channel: str
    message_ts: str | None = None
    is_ephemeral: bool = False
    thread_ts: str | None = None


@dataclass(slots=True)
class _ResponseUrl:
    source: Source
    at: float
    uses: int = 0


@dataclass(slots=True)
class ResponseUrls:
    """Response URLs: five uses within half an hour."""

    clock: Callable[[], float] = time.monotonic
    base_url: str = ""
    _known: dict[str, _ResponseUrl] = field(default_factory=dict)

    def issue(self, source: Source) -> str:
        token = secrets.token_urlsafe(24)
        self._known[token] = _ResponseUrl(source, self.clock())
        return f"{self.base_url}/response/{token}"

    def use(self, token: str) -> Source:
        """Raises SlackError `no_service`, `used_url` or `expired_url`."""
        known = self._known.get(token)
        if known is None:
            raise SlackError("no_service")
        if self.clock() - known.at > RESPONSE_URL_SECONDS:
            raise SlackError("expired_url")
        if known.uses >= RESPONSE_URL_USES:
            raise SlackError("used_url")
        known.uses += 1
        return known.source
