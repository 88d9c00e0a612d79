"""Simulated hosts: one SSH server for all of them, which answers what a command has printed before.

A command that is new is run for real beside the lab's server. Times of day in what is replayed are made those of now.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from lab.accounts import Account, spawn_as

_NOW = re.compile(rb"(?m)^(@(?:date|done)) \d+\.\d+$")
# The pairs' own ways to one directory: what is found there is the same.
_OWN_WAY = re.compile(r"directory-shop\d+")
_PATIENCE = 60.0


@dataclass(slots=True)
class Host:
    """What commands printed on the real server's host, and with which status they ended."""

    directory: Path
    environment: Mapping[str, str]
    account: Account
    _answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    _running: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self, command: str) -> tuple[int, bytes]:
        asked = _OWN_WAY.sub("directory-shop2", command)
        if asked not in self._answers:
            async with self._running:
                if asked not in self._answers:
                    self._answers[asked] = await self._really(asked)
        status, printed = self._answers[asked]
        return status, _NOW.sub(rb"\1 %.6f" % time.time(), printed)

    async def _really(self, command: str) -> tuple[int, bytes]:
        pipe = asyncio.subprocess.PIPE
        spawn = spawn_as(self.account, ("sh", "-c", command))
        process = await asyncio.create_subprocess_exec(
            *spawn.argv, stdout=pipe, stderr=pipe, cwd=self.directory, env=dict(self.environment)
        )
        async with asyncio.timeout(_PATIENCE):
            printed, _ = await process.communicate()
        return process.returncode or 0, printed


@asynccontextmanager
async def simulated_hosts(host: Host, host_key: asyncssh.SSHKey, authorised: Path) -> AsyncIterator[int]:
    """Listens on loopback until the block ends; the port."""

    async def serve(process: asyncssh.SSHServerProcess[bytes]) -> None:
        status, printed = await host.run(process.command or "")
        process.stdout.write(printed)
        process.exit(status)

    acceptor = await asyncssh.listen(
        "127.0.0.1",
        0,
        process_factory=serve,
        server_host_keys=[host_key],
        authorized_client_keys=str(authorised),
        encoding=None,
        compression_algs=["none"],
        gss_host=None,
        backlog=1024,
    )
    try:
        yield acceptor.get_port()
    finally:
        acceptor.close()
