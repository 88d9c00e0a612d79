"""pg_autoctl perform switchover: pg_auto_failover with a monitor and two nodes of its own making.

https://pg-auto-failover.readthedocs.io/en/main/ref/pg_autoctl_perform_switchover.html
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from bench.failover.contender import Pair
from lab import accounts, daemons, recipe
from lab.accounts import Account, postgres_account
from lab.binaries import Binaries, find_binaries
from lab.ports import free_port

_START_SECONDS = 90.0
_COMMAND_SECONDS = 90.0
_END_SECONDS = 20.0
_POLL_SECONDS = 0.2
_HOST = "127.0.0.1"
_SURVIVORS = "SELECT sequence FROM load_row WHERE run = %s"
# Of the monitor: how many nodes have reached the state that it assigned to them.
_SETTLED = """
SELECT count(*) FROM pgautofailover.node
 WHERE reportedstate = goalstate AND reportedstate IN ('primary', 'secondary')
"""


@dataclass(frozen=True, slots=True)
class Node:
    """The monitor, or one of the two servers."""

    name: str
    data: Path
    port: int

    def conninfo(self, database: str) -> str:
        return make_conninfo(host=_HOST, port=self.port, user="postgres", dbname=database, connect_timeout=2)


class ByAutoctl:
    """The formation, with its two nodes."""

    def __init__(self, place: "Place", nodes: tuple[Node, Node]) -> None:
        self._place = place
        self._nodes = nodes

    def conninfo(self) -> str:
        return make_conninfo(
            host=",".join(_HOST for _ in self._nodes),
            port=",".join(str(node.port) for node in self._nodes),
            dbname="app",
            user="app",
            target_session_attrs="read-write",
            connect_timeout=2,
        )

    async def switch_over(self) -> None:
        await self._place.autoctl("perform", "switchover", "--pgdata", str(self._nodes[0].data))

    async def rows(self, run: str) -> frozenset[int]:
        async with await psycopg.AsyncConnection.connect(self.conninfo()) as connection:
            cursor = await connection.execute(_SURVIVORS, (run,))
            return frozenset(row[0] for row in await cursor.fetchall())


@asynccontextmanager
async def autoctl() -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        place = _place(stack)
        ports = (free_port(), free_port(), free_port())
        monitor, *nodes = (
            Node(name, place.directory / name, port)
            for name, port in zip(("monitor", "node1", "node2"), ports, strict=True)
        )
        common = ("--hostname", _HOST, "--auth", "trust", "--ssl-self-signed")
        await place.autoctl("create", "monitor", "--pgdata", str(monitor.data), "--pgport", str(monitor.port), *common)
        await place.run_forever(stack, monitor)
        uri = f"postgres://autoctl_node@{_HOST}:{monitor.port}/pg_auto_failover?sslmode=require"
        for node in nodes:
            await place.autoctl(
                "create", "postgres", "--name", node.name, "--monitor", uri, "--dbname", "app",
                "--pgdata", str(node.data), "--pgport", str(node.port), *common,
            )  # fmt: skip
            await place.run_forever(stack, node)
            if node is nodes[0]:
                await _prepare(node)
        await _wait_until_settled(monitor)
        yield ByAutoctl(place, (nodes[0], nodes[1]))


@dataclass(frozen=True, slots=True)
class Place:
    """A directory and an account for the formation, and the programs."""

    directory: Path
    account: Account
    binaries: Binaries

    @property
    def environment(self) -> dict[str, str]:
        """Its state and configuration stay in our directory: pg_autoctl keeps them in the XDG places."""
        home = self.directory
        return {
            "PATH": f"{self.binaries.directory}:/usr/bin:/bin",
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_DATA_HOME": str(home / "state"),
            "XDG_RUNTIME_DIR": str(home / "run"),
            "LANG": "C.UTF-8",
            "PG_CONFIG": str(self.binaries.directory / "pg_config"),
        }

    async def autoctl(self, *words: str) -> str:
        argv = ("pg_autoctl", *words)
        return await accounts.run(
            self.account, argv, environment=self.environment, directory=self.directory, timeout=_COMMAND_SECONDS
        )

    async def run_forever(self, stack: AsyncExitStack, node: Node) -> None:
        """pg_autoctl's own supervisor for a node, until the stack ends."""
        spawn = accounts.spawn_as(self.account, ("pg_autoctl", "run", "--pgdata", str(node.data)))
        log = self.directory / f"{node.name}.log"
        process = await daemons.start(spawn, environment=self.environment, directory=self.directory, log=log)
        stack.push_async_callback(daemons.end, process, _END_SECONDS)


def _place(stack: AsyncExitStack) -> Place:
    account = postgres_account()
    directory = Path(tempfile.mkdtemp(prefix="understudy-bench-"))
    stack.callback(shutil.rmtree, directory, ignore_errors=True)
    account.directory(directory)
    for name in ("config", "state", "run"):
        account.directory(directory / name)
    return Place(directory, account, find_binaries("system", account, directory))


async def _prepare(node: Node) -> None:
    """The table that clients write to."""
    async with asyncio.timeout(_START_SECONDS):
        while True:
            with suppress(psycopg.OperationalError):
                async with await psycopg.AsyncConnection.connect(node.conninfo("app"), autocommit=True) as connection:
                    await connection.execute("CREATE ROLE app LOGIN")
                    await connection.execute(recipe.LOAD_SQL.encode())
                    return
            await asyncio.sleep(_POLL_SECONDS)


async def _wait_until_settled(monitor: Node) -> None:
    async with (
        asyncio.timeout(_START_SECONDS),
        await psycopg.AsyncConnection.connect(monitor.conninfo("pg_auto_failover"), autocommit=True) as connection,
    ):
        while True:
            row = await (await connection.execute(_SETTLED)).fetchone()
            if row is not None and row[0] == 2:
                return
            await asyncio.sleep(_POLL_SECONDS)
