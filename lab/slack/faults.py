"""Faults of Slack on demand: what its API answers, what becomes of its sockets, how envelopes travel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    import asyncio

    from lab.slack.wire.delivery import Delivery

EVERY_METHOD: Final = "*"


class ApiFaultKind(StrEnum):
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    HANGS = "hangs"
    SLOW = "slow"
    ANSWER_LOST = "answer_lost"


@dataclass(slots=True)
class ApiFault:
    """One fault of the Web API: for one method or all, for the next `calls` calls or until it is healed."""

    kind: ApiFaultKind
    method: str = EVERY_METHOD
    calls: int | None = None
    seconds: float = 0.0  # Retry-After, or how slow
    status: int = 500
    html: bool = True
    healed: bool = False

    def heal(self) -> None:
        self.healed = True

    def concerns(self, method: str) -> bool:
        return not self.healed and self.calls != 0 and self.method in (EVERY_METHOD, method)


class SocketControl(Protocol):
    """What faults do to the open sockets."""

    def drop(self) -> int: ...
    def disconnect(self, reason: str, *, close_after: float) -> int: ...


class Faults:
    """All faults in force. Each method that starts one returns what heals it; `heal()` ends them all."""

    def __init__(self) -> None:
        self._api: list[ApiFault] = []
        self._duplicates: dict[str, int | None] = {}
        self._sockets: SocketControl | None = None
        self._delivery: Delivery | None = None
        self.refuse_sockets = False
        self.envelope_delay = 0.0  # seconds

    def attach(self, sockets: SocketControl, delivery: Delivery) -> None:
        self._sockets, self._delivery = sockets, delivery

    # What the Web API answers

    def rate_limit(self, method: str = EVERY_METHOD, *, retry_after: float = 1, calls: int | None = None) -> ApiFault:
        """429 with `Retry-After` (seconds); nothing is done."""
        return self._add(ApiFault(ApiFaultKind.RATE_LIMITED, method, calls, seconds=retry_after))

    def server_error(
        self, method: str = EVERY_METHOD, *, status: int = 500, html: bool = True, calls: int | None = None
    ) -> ApiFault:
        """A 5xx with an HTML page, or with Slack's JSON `internal_error`; nothing is done."""
        return self._add(ApiFault(ApiFaultKind.SERVER_ERROR, method, calls, status=status, html=html))

    def hang(self, method: str = EVERY_METHOD, *, calls: int | None = None) -> ApiFault:
        """Never answers; nothing is done."""
        return self._add(ApiFault(ApiFaultKind.HANGS, method, calls))

    def slow(self, method: str = EVERY_METHOD, *, milliseconds: float = 1000, calls: int | None = None) -> ApiFault:
        """Does what was asked, and answers late."""
        return self._add(ApiFault(ApiFaultKind.SLOW, method, calls, seconds=milliseconds / 1000))

    def lose_answer(self, method: str = EVERY_METHOD, *, calls: int | None = None) -> ApiFault:
        """Does what was asked, then cuts the connection before the answer: the caller cannot know."""
        return self._add(ApiFault(ApiFaultKind.ANSWER_LOST, method, calls))

    def take(self, method: str) -> ApiFault | None:
        """The fault that this call meets, counted off."""
        for fault in self._api:
            if fault.concerns(method):
                if fault.calls is not None:
                    fault.calls -= 1
                return fault
        return None

    def _add(self, fault: ApiFault) -> ApiFault:
        self._api = [known for known in self._api if not known.healed and known.calls != 0]
        self._api.append(fault)
        return fault

    # What becomes of sockets

    def drop_sockets(self) -> int:
        """Cuts every open socket without a word; returns how many."""
        return self._sockets.drop() if self._sockets else 0

    def disconnect(self, reason: str = "refresh_requested", *, close_after: float = 1.0) -> int:
        """Sends `disconnect` (`warning`, `refresh_requested`, `link_disabled`), then closes after so many seconds."""
        return self._sockets.disconnect(reason, close_after=close_after) if self._sockets else 0

    # How envelopes travel

    def deliver_twice(self, *kinds: str, times: int | None = 1) -> None:
        """The next `times` envelopes of these kinds (all kinds if none is named) arrive twice; None: until healed."""
        for kind in kinds or ("slash_commands", "interactive", "events_api"):
            self._duplicates[kind] = times

    def take_duplicate(self, kind: str) -> bool:
        times = self._duplicates.get(kind, 0)
        if times:
            self._duplicates[kind] = times - 1
        return times is None or times > 0

    def redeliver(self, kind: str | None = None) -> asyncio.Task[None]:
        """Sends the latest envelope (of that kind) once more; await the task to know that it was acknowledged.

        Raises LookupError when there was none.
        """
        for envelope in reversed(self._delivery.sent if self._delivery else ()):
            if kind in (None, envelope.kind):
                assert self._delivery is not None  # noqa: S101 - it held the envelope
                return self._delivery.redeliver(envelope)
        raise LookupError("nothing has been delivered yet")

    def heal(self) -> None:
        self._api.clear()
        self._duplicates.clear()
        self.refuse_sockets = False
        self.envelope_delay = 0.0

    # What the practice page offers

    def offered(self) -> list[dict[str, object]]:
        """Name, title and whether it is in force, of each fault that a person can switch on the page."""
        return [{"name": name, "title": title, "active": self._is_active(name)} for name, title in _TITLES.items()]

    def switch(self, name: str, *, active: bool) -> None:
        """Raises LookupError for an unknown name. Faults of a moment happen at once and stay inactive."""
        if name not in _TITLES:
            raise LookupError(f"no such fault: {name}; there is: {', '.join(_TITLES)}")
        if name == "drop_sockets":
            if active:
                self.drop_sockets()
        elif name == "disconnect":
            if active:
                self.disconnect("warning", close_after=10)
        elif name == "refuse_sockets":
            self.refuse_sockets = active
        elif name == "delay_envelopes":
            self.envelope_delay = 2.0 if active else 0.0
        elif name == "deliver_twice":
            self._duplicates.clear()
            if active:
                self.deliver_twice(times=None)
        else:
            self._switch_api(ApiFaultKind(name), active=active)

    def _switch_api(self, kind: ApiFaultKind, *, active: bool) -> None:
        self._api = [fault for fault in self._api if fault.kind is not kind]
        if active:
            start: Mapping[ApiFaultKind, Callable[[], ApiFault]] = {
                ApiFaultKind.RATE_LIMITED: lambda: self.rate_limit(retry_after=5),
                ApiFaultKind.SERVER_ERROR: self.server_error,
                ApiFaultKind.HANGS: self.hang,
                ApiFaultKind.SLOW: lambda: self.slow(milliseconds=2000),
                ApiFaultKind.ANSWER_LOST: self.lose_answer,
            }
            start[kind]()

    def _is_active(self, name: str) -> bool:
        if name == "refuse_sockets":
            return self.refuse_sockets
        if name == "delay_envelopes":
            return self.envelope_delay > 0
        if name == "deliver_twice":
            return any(times is None or times > 0 for times in self._duplicates.values())
        return any(fault.kind == name and not fault.healed and fault.calls != 0 for fault in self._api)


_TITLES: Final[Mapping[str, str]] = {
    ApiFaultKind.RATE_LIMITED: "Answer 429, retry after 5 s",
    ApiFaultKind.SERVER_ERROR: "Answer 500 with an HTML page",
    ApiFaultKind.HANGS: "Never answer",
    ApiFaultKind.SLOW: "Answer 2 s late",
    ApiFaultKind.ANSWER_LOST: "Do it, but lose the answer",
    "drop_sockets": "Drop every socket now",
    "disconnect": "Warn of a disconnect now",
    "refuse_sockets": "Refuse new sockets",
    "deliver_twice": "Deliver everything twice",
    "delay_envelopes": "Deliver 2 s late",
}
