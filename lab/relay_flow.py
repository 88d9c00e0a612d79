"""What flows one way through a relay: at once, late, slowly or not at all, and always in order."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

_HIGH_WATER = 256 * 1024


@dataclass(frozen=True, slots=True)
class Slowness:
    """A delay in seconds for every piece that passes, and a rate in bytes per second (None: no limit)."""

    latency: float = 0.0
    bytes_per_second: float | None = None


class Flow:
    """One direction of a connection: reads from `source`, writes to `sink`."""

    def __init__(
        self,
        source: asyncio.Transport,
        sink: asyncio.Transport,
        slowness: Slowness | None,
        on_ended: Callable[[], None],
    ) -> None:
        self._source = source
        self._sink = sink
        self._on_ended = on_ended
        self._slowness = slowness
        self._queue: deque[tuple[float, bytes | None]] = deque()  # None: the end of what is sent
        self._queued = 0
        self._free_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._held = False
        self._sink_full = False
        self._close_when_empty = False
        self.ended = False  # the sink has been told that nothing more comes
        self._loop = asyncio.get_running_loop()

    def feed(self, data: bytes) -> None:
        """Pass on what was read."""
        if self._slowness is None and not self._held and not self._queue:
            self._sink.write(data)
            return
        self._queued += len(data)
        self._queue.append((self._due(len(data)), data))
        self._schedule()

    def end(self) -> None:
        """Nothing more will be sent this way: pass that on, after what is still under way."""
        self._queue.append((self._due(0), None))
        self._schedule()

    def close(self) -> None:
        """The source is gone: close the sink as soon as it has everything."""
        self._close_when_empty = True
        self._schedule()

    def stop(self) -> None:
        """Pass nothing more."""
        self._cancel_timer()
        self._queue.clear()

    def hold(self, held: bool) -> None:
        """Let nothing through, or let it through again."""
        self._held = held
        self._schedule()

    def slow(self, slowness: Slowness | None) -> None:
        """Change the delay of what comes from now on; without one, what is under way arrives at once."""
        self._slowness = slowness
        if slowness is None:
            self._queue = deque((0.0, data) for _, data in self._queue)
        self._schedule()

    def pause(self) -> None:
        """The sink takes no more for the moment."""
        self._sink_full = True
        self._regulate()

    def resume(self) -> None:
        """The sink takes more again."""
        self._sink_full = False
        self._regulate()

    def _due(self, size: int) -> float:
        now = self._loop.time()
        if self._slowness is None:
            return now
        rate = self._slowness.bytes_per_second
        self._free_at = max(now, self._free_at) + (size / rate if rate else 0.0)
        return self._free_at + self._slowness.latency

    def _schedule(self) -> None:
        self._cancel_timer()
        if not self._held:
            now = self._loop.time()
            while self._queue and self._queue[0][0] <= now:
                self._deliver(self._queue.popleft()[1])
            if self._queue:
                self._timer = self._loop.call_at(self._queue[0][0], self._schedule)
            elif self._close_when_empty:
                self._sink.close()
        self._regulate()

    def _deliver(self, data: bytes | None) -> None:
        if data is not None:
            self._queued -= len(data)
            self._sink.write(data)
            return
        self.ended = True
        if not self._sink.is_closing():
            with suppress(OSError):  # it has been reset meanwhile
                self._sink.write_eof()
        self._on_ended()

    def _regulate(self) -> None:
        """Read only while there is room for what is read, and never while the flow is held."""
        if self._source.is_closing():
            return
        if self._held or self._sink_full or self._queued > _HIGH_WATER:
            self._source.pause_reading()
        else:
            self._source.resume_reading()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
