"""A TCP port: whether somebody accepts connections there, and how long that takes."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass

from servers.watching.services.failures import failure
from servers.watching.services.view import LATENCY, Measure, Seen, ServiceDown, Unit


@dataclass(frozen=True, slots=True)
class TcpPort:
    host: str
    port: int
    kind: str = "tcp"

    async def look(self, timeout: float) -> Seen:
        started = time.perf_counter()
        try:
            async with asyncio.timeout(timeout):
                _, writer = await asyncio.open_connection(self.host, self.port)
        except TimeoutError:
            raise ServiceDown(f"port {self.port} does not answer within {timeout:g} s") from None
        except OSError as error:
            raise failure(error, f"port {self.port}") from None
        seconds = time.perf_counter() - started
        # Whoever keeps the connection open keeps nobody waiting.
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()
        line = f"port {self.port} accepted a connection in {seconds:.3g} s"
        return Seen(measures=(Measure(LATENCY, seconds, Unit.SECONDS, evidence=(line,)),))
