"""One remote command over SSH: what it printed and how it ended."""

import asyncio
from dataclasses import dataclass
from time import perf_counter

import asyncssh

LARGEST_OUTPUT = 1_000_000  # bytes of each stream that are kept; what follows is read and thrown away


@dataclass(frozen=True, slots=True)
class Output:
    """What came back. `exit_status` is -1 where a signal ended the command."""

    exit_status: int
    stdout: bytes
    stderr: bytes


class CollectingSession(asyncssh.SSHClientSession[bytes]):
    """Collects a command's output, bounded, until its channel closes. `asked_at`: when, by perf_counter.

    `sent`: the channel is open, so that the command may be on its way or done, whatever is heard of it.
    """

    def __init__(self) -> None:
        self._streams: dict[int | None, bytearray] = {None: bytearray(), asyncssh.EXTENDED_DATA_STDERR: bytearray()}
        self._exit_status: int | None = None
        self.asked_at = perf_counter()
        self.sent = False
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def output(self) -> Output:
        """Wait for the end. Raises asyncssh.ConnectionLost when the link broke before the command's end was told."""
        await asyncio.shield(self._closed)
        if self._exit_status is None:
            raise asyncssh.ConnectionLost("the session ended without an exit status")
        out, err = self._streams.values()
        return Output(self._exit_status, bytes(out), bytes(err))

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self.sent = True

    def data_received(self, data: bytes, datatype: int | None) -> None:
        stream = self._streams.setdefault(datatype, bytearray())
        stream += data[: max(0, LARGEST_OUTPUT - len(stream))]

    def exit_status_received(self, status: int) -> None:
        self._exit_status = status

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:
        self._exit_status = -1

    def connection_lost(self, exc: Exception | None) -> None:
        if self._closed.done():
            return
        if exc is not None and self._exit_status is None:
            self._closed.set_exception(exc)
            self._closed.exception()  # it may be that nobody waits any more
        else:
            self._closed.set_result(None)
