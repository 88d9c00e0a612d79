"""A link can be cut, stalled and slowed, and behaves as the network would."""

import asyncio
import errno
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import pytest

from lab.ports import bind_exclusively
from lab.relay import Relay, RelayMode
from lab.relay_flow import Slowness

LOCAL = "127.0.0.1"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class EchoServer:
    """Sends back what it gets; can be stopped and started on its port."""

    def __init__(self) -> None:
        self._door = bind_exclusively(LOCAL, 0)
        self.address: tuple[str, int] = self._door.getsockname()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._echo, sock=self._door.dup())

    async def stop(self) -> None:
        """As the end of its process: nobody listens, connections are closed."""
        if self._server is not None:
            self._server.close()
            self._door.shutdown(2)
            for writer in tuple(self._writers):
                writer.close()
            self._server = None

    async def close(self) -> None:
        await self.stop()
        self._door.close()

    async def _echo(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        self._writers.discard(writer)
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[EchoServer]:
    echo = EchoServer()
    await echo.start()
    yield echo
    await echo.close()


@pytest.fixture
async def relay(server: EchoServer) -> AsyncIterator[Relay]:
    made = Relay((LOCAL, 0), server.address)
    made.start()
    yield made
    await made.close()


async def connect(relay: Relay) -> Streams:
    return await asyncio.open_connection(*relay.address)


async def echoed(streams: Streams, data: bytes, timeout: float = 5.0) -> bytes:
    reader, writer = streams
    writer.write(data)
    async with asyncio.timeout(timeout):
        return await reader.readexactly(len(data))


async def until(condition: Callable[[], bool], timeout: float = 5.0) -> None:
    async with asyncio.timeout(timeout):
        while not condition():
            await asyncio.sleep(0.005)


async def refused(relay: Relay) -> bool:
    try:
        _, writer = await connect(relay)
    except OSError as error:
        return error.errno == errno.ECONNREFUSED
    writer.close()
    return False


async def test_what_goes_in_comes_out_in_order(relay: Relay) -> None:
    streams = await connect(relay)
    data = bytes(range(256)) * 8192  # 2 MB: more than any buffer on the way
    reader, writer = streams
    writer.write(data)
    async with asyncio.timeout(20):
        assert await reader.readexactly(len(data)) == data
    writer.close()
    await until(lambda: relay.connections == 0)


async def test_the_end_of_one_direction_leaves_the_other_open(relay: Relay) -> None:
    reader, writer = await connect(relay)
    writer.write(b"last words")
    writer.write_eof()
    async with asyncio.timeout(5):
        assert await reader.read() == b"last words"


async def test_while_nobody_listens_upstream_connections_are_refused_by_the_kernel(
    relay: Relay, server: EchoServer
) -> None:
    reader, writer = await connect(relay)
    assert await echoed((reader, writer), b"x") == b"x"
    await server.stop()
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    assert await refused(relay)  # at once: the relay knew before it told the client
    await server.start()
    async with asyncio.timeout(5):
        while await refused(relay):
            await asyncio.sleep(0.01)
    assert await echoed(await connect(relay), b"again") == b"again"


async def test_refuse_resets_what_stands_and_refuses_what_is_new(relay: Relay) -> None:
    streams = await connect(relay)
    assert await echoed(streams, b"x") == b"x"
    relay.set_mode(RelayMode.REFUSE)
    with pytest.raises(ConnectionResetError):
        await echoed(streams, b"y")
    assert await refused(relay)
    relay.set_mode(RelayMode.PASS)
    assert await echoed(await connect(relay), b"z") == b"z"


async def test_drop_swallows_packets_and_what_hung_goes_on_when_it_is_mended(relay: Relay) -> None:
    streams = await connect(relay)
    assert await echoed(streams, b"before") == b"before"
    relay.set_mode(RelayMode.DROP)
    with pytest.raises(TimeoutError):
        await echoed(streams, b"during", timeout=0.2)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await connect(relay)
    relay.set_mode(RelayMode.PASS)
    async with asyncio.timeout(5):
        assert await streams[0].readexactly(6) == b"during"
    assert await echoed(await connect(relay), b"after") == b"after"


async def test_stall_takes_connections_but_passes_nothing_until_it_is_mended(relay: Relay) -> None:
    old = await connect(relay)
    assert await echoed(old, b"before") == b"before"
    relay.set_mode(RelayMode.STALL)
    new = await connect(relay)
    for streams in (old, new):
        with pytest.raises(TimeoutError):
            await echoed(streams, b"during", timeout=0.1)
    relay.set_mode(RelayMode.PASS)
    for reader, _ in (old, new):
        async with asyncio.timeout(5):
            assert await reader.readexactly(6) == b"during"


async def test_slowness_delays_each_way_and_limits_the_rate(relay: Relay) -> None:
    streams = await connect(relay)
    relay.slow(Slowness(latency=0.05))
    began = time.monotonic()
    assert await echoed(streams, b"x") == b"x"
    assert time.monotonic() - began >= 0.1
    relay.slow(Slowness(bytes_per_second=100_000))
    began = time.monotonic()
    assert await echoed(streams, b"y" * 20_000) == b"y" * 20_000
    assert time.monotonic() - began >= 0.2
    relay.slow(None)
    assert await echoed(streams, b"z") == b"z"


async def test_a_relay_keeps_its_port_while_nobody_listens(server: EchoServer) -> None:
    relay = Relay((LOCAL, 0), server.address)
    with pytest.raises(OSError, match="in use"):
        bind_exclusively(*relay.address)
    await relay.close()
    bind_exclusively(*relay.address).close()


async def test_a_connection_that_fails_half_way_spoils_no_later_one(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()

    async def gone(*_: object) -> None:
        raise ConnectionResetError(errno.ECONNRESET, "the client has gone")

    with monkeypatch.context() as patched:
        patched.setattr(loop, "connect_accepted_socket", gone)
        reader, writer = await connect(relay)
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        writer.close()
    # The numbers of its sockets are given out again.
    for _ in range(3):
        reader, writer = await connect(relay)
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        writer.close()
