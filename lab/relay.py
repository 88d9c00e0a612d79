"""Small TCP relays: every link of the practice world runs through one, so that it can be cut, stalled and slowed.

A relay behaves as the network and the server behind it would. While nobody listens upstream, nobody listens here
either and a connection is refused by the kernel; a connection that is reset on one side is reset on the other.
"""

import asyncio
import errno
import socket
import struct
from contextlib import suppress
from enum import StrEnum

from lab.ports import bind_exclusively, stop_listening
from lab.relay_flow import Flow, Slowness

_LOOK_AGAIN_SECONDS = 0.025
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER, on, 0 seconds: close sends RST
_ACCEPT_AT_ONCE = 32


class RelayMode(StrEnum):
    """What becomes of a link."""

    PASS = "pass"
    REFUSE = "refuse"  # connections are reset, new ones refused: as if the service were gone
    DROP = "drop"  # packets vanish: connections hang, new ones time out
    STALL = "stall"  # connections are accepted and stay open, nothing passes


class Relay:
    """One TCP relay from `listen` to `upstream`, both (host, port); `source` is the address it connects from."""

    def __init__(self, listen: tuple[str, int], upstream: tuple[str, int], source: str | None = None) -> None:
        self.upstream = upstream
        self.mode = RelayMode.PASS
        self.slowness: Slowness | None = None
        self._source = source
        self._listener = bind_exclusively(*listen)
        self.address: tuple[str, int] = self._listener.getsockname()
        self._listening = False
        self._filler: socket.socket | None = None
        self._waiting: list[socket.socket] = []
        self._connections: set[_Connection] = set()
        self._opening: set[asyncio.Task[None]] = set()
        self._look_again: asyncio.TimerHandle | None = None
        self._closed = False
        self._loop = asyncio.get_running_loop()

    @property
    def connections(self) -> int:
        """How many connections run through it now."""
        return len(self._connections)

    def start(self) -> None:
        """Start to listen, as soon as somebody listens upstream."""
        self.look()

    def set_mode(self, mode: RelayMode) -> None:
        """Cut, stall or mend the link. What hung goes on when it is mended, as TCP would retransmit it."""
        self.mode = mode
        if mode is RelayMode.REFUSE:
            self._reset_everything()
        for connection in tuple(self._connections):
            connection.hold(mode in (RelayMode.STALL, RelayMode.DROP))
        self.look()
        if mode is RelayMode.PASS:
            waiting, self._waiting = self._waiting, []
            for client in waiting:
                self._open_soon(client)

    def slow(self, slowness: Slowness | None) -> None:
        """Delay what passes, from now on, in both directions; None: no longer."""
        self.slowness = slowness
        for connection in tuple(self._connections):
            connection.slow(slowness)

    def look(self) -> None:
        """Look whether anybody listens upstream, and listen or not accordingly."""
        if self._look_again is not None:
            self._look_again.cancel()
            self._look_again = None
        if self._closed:
            return
        match self.mode:
            case RelayMode.REFUSE:
                self._unlisten()
            case RelayMode.STALL:
                self._listen()
            case RelayMode.DROP:
                self._swallow()
            case RelayMode.PASS if self._somebody_listens():
                self._listen()
            case RelayMode.PASS:
                self._unlisten()
                self._look_again = self._loop.call_later(_LOOK_AGAIN_SECONDS, self.look)

    async def close(self) -> None:
        """Reset every connection and give the port back."""
        self._closed = True
        self.look()
        self._reset_everything()
        self._unlisten()
        self._listener.close()
        opening = tuple(self._opening)
        for task in opening:
            task.cancel()
        await asyncio.gather(*opening, return_exceptions=True)
        self._reset_everything()

    def forget(self, connection: "_Connection") -> None:
        self._connections.discard(connection)

    def _somebody_listens(self) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setblocking(False)
            # On the loopback a refusal is there when the call returns; a full queue (a frozen server) does not refuse.
            answer = probe.connect_ex(self.upstream)
            return errno.ECONNREFUSED not in (answer, probe.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))

    def _listen(self) -> None:
        if not self._listening:
            self._unlisten()
            self._listener.listen(128)
            self._loop.add_reader(self._listener, self._accept)
            self._listening = True

    def _unlisten(self) -> None:
        """Stop to listen, but keep the port."""
        if self._filler is not None:
            self._filler.close()
            self._filler = None
            stop_listening(self._listener)
        if self._listening:
            self._loop.remove_reader(self._listener)
            stop_listening(self._listener)
            self._listening = False

    def _swallow(self) -> None:
        """Fill a queue of length one and accept nothing: the kernel then drops every further SYN."""
        if self._filler is None:
            self._unlisten()
            self._listener.listen(0)
            self._filler = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            self._filler.setblocking(False)
            self._filler.connect_ex(self.address)

    def _accept(self) -> None:
        for _ in range(_ACCEPT_AT_ONCE):
            try:
                client, _address = self._listener.accept()
            except BlockingIOError:
                return
            except OSError:  # the connection was gone before it was accepted, or we are out of descriptors
                return
            client.setblocking(False)
            if self.mode is RelayMode.STALL:
                self._waiting.append(client)
            else:
                self._open_soon(client)

    def _open_soon(self, client: socket.socket) -> None:
        task = self._loop.create_task(self._open(client))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _open(self, client: socket.socket) -> None:
        upstream = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        upstream.setblocking(False)
        for end in (client, upstream):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected = False
        connection = _Connection(self)
        try:
            if self._source is not None:
                upstream.bind((self._source, 0))
            await self._loop.sock_connect(upstream, self.upstream)
            await self._loop.create_connection(lambda: connection.server, sock=upstream)
            await self._loop.connect_accepted_socket(lambda: connection.client, client)
            connected = True
            self._connections.add(connection)
            connection.begin()
        except OSError:
            self.look()
        finally:
            if not connected:
                connection.give_up(client, upstream)

    def _reset_everything(self) -> None:
        for client in self._waiting:
            _reset(client)
        self._waiting.clear()
        for connection in tuple(self._connections):
            connection.reset()


class _Connection:
    """Two ends and the flow between them, each way."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.client = _End(self, upstream=False)
        self.server = _End(self, upstream=True)
        self.client.peer, self.server.peer = self.server, self.client

    def begin(self) -> None:
        for end in (self.client, self.server):
            end.begin(self.relay.slowness)
        self.hold(self.relay.mode in (RelayMode.STALL, RelayMode.DROP))

    def hold(self, held: bool) -> None:
        for end in (self.client, self.server):
            end.flow.hold(held)

    def slow(self, slowness: Slowness | None) -> None:
        for end in (self.client, self.server):
            end.flow.slow(slowness)

    def close_when_both_ended(self) -> None:
        """Nothing comes any more from either side: only then are both closed, as one may end before the other."""
        if self.client.ended and self.server.ended:
            self.client.close()
            self.server.close()

    def reset(self) -> None:
        self.relay.forget(self)
        for end in (self.client, self.server):
            end.reset()

    def give_up(self, client: socket.socket, upstream: socket.socket) -> None:
        """Reset both before they were connected. A socket that a transport has is closed by that transport alone: the
        event loop would take the next one with its number for the same."""
        self.reset()
        for end, raw in ((self.client, client), (self.server, upstream)):
            if end.transport is None:
                _reset(raw)


class _End(asyncio.Protocol):
    """One end of a connection; what arrives here flows to the peer."""

    peer: "_End"
    flow: Flow

    def __init__(self, connection: _Connection, upstream: bool) -> None:
        self._connection = connection
        self._upstream = upstream
        self._early = bytearray()
        self._begun = False
        self.transport: asyncio.Transport | None = None
        self._lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - asyncio promises it for TCP
        self.transport = transport

    def begin(self, slowness: Slowness | None) -> None:
        source, sink = self.transport, self.peer.transport
        if source is None or sink is None:
            raise RuntimeError("both ends must be connected before a flow begins")
        self.flow = Flow(source, sink, slowness, self._connection.close_when_both_ended)
        self._begun = True
        if self._early:
            self.flow.feed(bytes(self._early))
            self._early.clear()
        if self._lost:
            self.flow.close()

    @property
    def ended(self) -> bool:
        return self._begun and self.flow.ended

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        if self._begun:
            self.flow.feed(data)
        else:
            self._early += data

    def pause_writing(self) -> None:
        self.peer.flow.pause()

    def resume_writing(self) -> None:
        self.peer.flow.resume()

    def eof_received(self) -> bool:
        if self._upstream:
            # First stop to listen, if the server is gone, and then tell the client, who may come back at once.
            self._connection.relay.look()
        if self._begun:
            self.flow.end()
        return self._begun

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        if self._upstream:
            self._connection.relay.look()
        if isinstance(exc, ConnectionResetError | BrokenPipeError):
            self._connection.reset()
        elif self._begun:
            self.flow.close()
            if self.peer._lost:
                self._connection.relay.forget(self._connection)

    def reset(self) -> None:
        if self._begun:
            self.flow.stop()
        if self.transport is not None and not self._lost:
            raw = self.transport.get_extra_info("socket")
            with suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self.transport.abort()


def _reset(raw: socket.socket) -> None:
    with suppress(OSError):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    raw.close()
