"""The peers, as Debian packages them: postgres_exporter, node_exporter, Prometheus and Alertmanager."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp

EXPORTER = "prometheus-postgres-exporter"
NODE_EXPORTER = "prometheus-node-exporter"
PROMETHEUS = "prometheus"
ALERTMANAGER = "prometheus-alertmanager"
_PATIENCE = 20.0


class PeerMissing(Exception):
    """A peer is not installed. The message says what to install."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A running program, and where it answers HTTP."""

    pid: int
    url: str


def need(*programs: str) -> None:
    """Raises PeerMissing for those that are not there. Each has its package's name."""
    if missing := [program for program in programs if shutil.which(program) is None]:
        raise PeerMissing(f"not installed: {', '.join(missing)}; as root: apt-get install {' '.join(missing)}")


@asynccontextmanager
async def running(
    program: str, *arguments: str, port: int, log: Path, environment: Mapping[str, str] | None = None, ready: str = "/"
) -> AsyncIterator[Peer]:
    """The program until the block ends, once `ready` answers on its port."""
    with log.open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            program, *arguments, stdout=out, stderr=out, env={**os.environ, **(environment or {})}
        )
    url = f"http://127.0.0.1:{port}"
    try:
        await _until_ready(url + ready, log)
        yield Peer(process.pid, url)
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(_PATIENCE):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


@asynccontextmanager
async def exporters(
    conninfos: Mapping[str, str], ports: Mapping[str, int], directory: Path, *flags: str
) -> AsyncIterator[dict[str, Peer]]:
    """One postgres_exporter a server, by the server's name."""
    async with AsyncExitStack() as stack:
        yield {
            name: await stack.enter_async_context(
                running(
                    EXPORTER,
                    f"--web.listen-address=127.0.0.1:{ports[name]}",
                    *flags,
                    port=ports[name],
                    log=directory / f"exporter-{name}.log",
                    environment={"DATA_SOURCE_NAME": conninfo},
                )
            )
            for name, conninfo in conninfos.items()
        }


async def _until_ready(url: str, log: Path) -> None:
    try:
        async with asyncio.timeout(_PATIENCE), aiohttp.ClientSession() as session:
            while True:
                with suppress(aiohttp.ClientError):
                    async with session.get(url) as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise PeerMissing(f"{url} does not answer; it says why in {log}") from None
