"""How the Slack face is doing, in plain numbers, for health checks and metrics."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class DeliveryHealth:
    """The outbox on its way to Slack.

    `oldest_seconds` is the age of the oldest message that still waits; None when none waits.
    `troubles` has one line for each channel or card that Slack refuses, with what to do about it.
    """

    pending: int
    oldest_seconds: float | None
    last_success: datetime | None
    troubles: tuple[str, ...] = ()

    @property
    def healthy(self) -> bool:
        return not self.troubles and (self.oldest_seconds is None or self.oldest_seconds < 60)


@dataclass(frozen=True, slots=True)
class SocketHealth:
    """The Socket Mode connections. Zero `wanted`: HTTP mode."""

    wanted: int
    open: int
    last_event: datetime | None

    @property
    def healthy(self) -> bool:
        return self.wanted == 0 or self.open > 0


@dataclass(frozen=True, slots=True)
class SlackHealth:
    delivery: DeliveryHealth
    sockets: SocketHealth

    @property
    def healthy(self) -> bool:
        return self.delivery.healthy and self.sockets.healthy
