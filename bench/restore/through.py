"""Contenders that are Understudy with one of its backup tools: what `/ha backup` and `/ha restore` ask of it.

The bot's part runs in a process of its own (`bench.restore.client`), so that its memory is known.
"""

import asyncio
import json
import pickle
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg.conninfo import make_conninfo

from bench.restore.client import Request
from bench.restore.contender import Backed, Keeper, Restored
from bench.restore.ground import LONG, Ground
from bench.restore.stores import Store, barman_store, native_store, pgbackrest_store
from servers.inventory import Cluster
from tests.servers.pair import cluster_of


class ByUnderstudy:
    """The bot beside the server, with a tool of its settings."""

    def __init__(self, ground: Ground, store: Store) -> None:
        self.store = store.path
        self._take_in = store.take_in
        self._cluster = _cluster(ground, store)
        self._backup = ""

    async def back_up(self) -> Backed:
        said = await _client(Request(self._cluster, secrets.token_hex(4)))
        self._backup = said.pop("backup")
        return Backed(**said)

    async def take_in(self) -> None:
        await self._take_in()

    async def restore(self, directory: Path, moment: datetime) -> Restored:
        request = Request(self._cluster, secrets.token_hex(4), self._backup, str(directory), moment)
        return Restored(**await _client(request))


@asynccontextmanager
async def native(ground: Ground) -> AsyncIterator[Keeper]:
    async with native_store(ground) as store:
        yield ByUnderstudy(ground, store)


@asynccontextmanager
async def through_pgbackrest(ground: Ground) -> AsyncIterator[Keeper]:
    async with pgbackrest_store(ground) as store:
        yield ByUnderstudy(ground, store)


@asynccontextmanager
async def through_barman(ground: Ground) -> AsyncIterator[Keeper]:
    async with barman_store(ground) as store:
        yield ByUnderstudy(ground, store)


def _cluster(ground: Ground, store: Store) -> Cluster:
    """As the lab has it, but for the way to the server: straight, as for everybody else here, and by no relay."""
    server, cluster = ground.server, cluster_of(ground.lab)
    straight = make_conninfo(host=str(server.socket_directory), port=server.port, user="postgres")
    source = replace(cluster.server(server.name), replication=straight)
    return replace(cluster, servers=(source,), backups=store.place)


async def _client(request: Request) -> dict[str, Any]:
    argv = (sys.executable, "-m", "bench.restore.client")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe)
    try:
        async with asyncio.timeout(LONG):
            said, _ = await process.communicate(pickle.dumps(request))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise RuntimeError(f"Understudy's process ended with {process.returncode}")
    answer = json.loads(said)
    assert isinstance(answer, dict)
    return answer
