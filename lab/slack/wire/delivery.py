"""Brings what people do to the app: once, within three seconds, and with Slack's retries for events alone."""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Protocol

from lab.slack.background import Background
from lab.slack.errors import JSON
from lab.slack.faults import Faults

ACK_SECONDS: Final = 3.0
# Slack retries an unacknowledged event almost at once, after one minute and after five:
# https://docs.slack.dev/apis/events-api/#retries
RETRY_SECONDS: Final = (1.0, 60.0, 300.0)


class Kind(StrEnum):
    """The kinds of envelope of Socket Mode."""

    COMMAND = "slash_commands"
    INTERACTIVE = "interactive"
    EVENT = "events_api"


@dataclass(frozen=True, slots=True)
class Envelope:
    kind: Kind
    payload: JSON
    retry_attempt: int = 0
    retry_reason: str = ""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True, slots=True)
class Ack:
    """The app's acknowledgement: how long it took, and the payload it carried, if any."""

    milliseconds: float
    payload: JSON | None = None


class NotAcknowledged(Exception):
    """The app was not reached (`dispatch_failed`) or did not answer in time (`operation_timeout`)."""

    def __init__(self, error: str, retry_reason: str) -> None:
        super().__init__(error)
        self.error = error
        self.retry_reason = retry_reason


class Transport(Protocol):
    """Socket Mode or HTTP."""

    async def deliver(self, envelope: Envelope) -> Ack:
        """Raises NotAcknowledged."""


class Delivery:
    """Sends envelopes by one transport and keeps the latest of them, so that a fault can send them again."""

    def __init__(self, transport: Transport, faults: Faults, background: Background, *, speed_up: float) -> None:
        self._transport = transport
        self._faults = faults
        self._background = background
        self._speed_up = speed_up
        self.sent: deque[Envelope] = deque(maxlen=1000)

    async def ask(self, kind: Kind, payload: JSON) -> Ack:
        """Delivers a command or an interaction; it is never retried. Raises NotAcknowledged."""
        return await self._send(Envelope(kind, payload))

    def announce(self, payload: JSON) -> None:
        """Delivers an event in the background, again and again as Slack does until it is acknowledged."""
        self._background.start(self._announce(Envelope(Kind.EVENT, payload)))

    def tell(self, kind: Kind, payload: JSON) -> None:
        """Delivers in the background something whose acknowledgement nobody waits for."""
        self._background.start(self._ignoring_failure(Envelope(kind, payload)))

    def redeliver(self, envelope: Envelope) -> asyncio.Task[None]:
        """Sends the very same envelope once more, same id and all."""
        return self._background.start(self._ignoring_failure(envelope))

    async def _announce(self, envelope: Envelope) -> None:
        for attempt, pause in enumerate((*RETRY_SECONDS, None), start=1):
            try:
                await self._send(envelope)
                return
            except NotAcknowledged as failure:
                if pause is None:
                    return
                await asyncio.sleep(pause / self._speed_up)
                envelope = replace(
                    envelope, id=str(uuid.uuid4()), retry_attempt=attempt, retry_reason=failure.retry_reason
                )

    async def _send(self, envelope: Envelope) -> Ack:
        if self._faults.envelope_delay:
            await asyncio.sleep(self._faults.envelope_delay)
        self.sent.append(envelope)
        if self._faults.take_duplicate(envelope.kind):
            self.redeliver(envelope)
        return await self._transport.deliver(envelope)

    async def _ignoring_failure(self, envelope: Envelope) -> None:
        try:
            await self._transport.deliver(envelope)
        except NotAcknowledged:
            return
