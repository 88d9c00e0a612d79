"""One practice server: its directories, its PostgreSQL, its SSH server."""

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from lab import accounts
from lab.accounts import Account
from lab.binaries import Binaries
from lab.errors import LabError
from lab.postmaster import alive, descendants, live_postmaster, process_state, read_pid_file
from lab.ssh import SshServer
from lab.statement import Statement, execute

_POLL_SECONDS = 0.01
_CONNECT_SECONDS = 5
_REAPED_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class ServerPaths:
    """Where a server keeps its things. Everything below `root` would lie on the server's own host."""

    root: Path

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def sockets(self) -> Path:
        return self.root / "socket"

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def log(self) -> Path:
        return self.root / "log" / "postgresql.log"

    @property
    def start_log(self) -> Path:
        """What PostgreSQL says before its own log begins."""
        return self.root / "log" / "start.log"

    @property
    def configuration(self) -> Path:
        return self.root / "server.conf"


@dataclass(slots=True)
class LabServer:
    """A server of the practice world.

    `address` and `port` are where its PostgreSQL listens; `bot_sql` and `bot_ssh` are (host, port) as the bot reaches
    it, `client_sql` as the application does, `peer_sql` as the other server does; all through relays.
    """

    name: str
    address: str
    port: int
    account: Account
    binaries: Binaries
    paths: ServerPaths
    environment: dict[str, str]
    ssh: SshServer
    bot_sql: tuple[str, int]
    bot_ssh: tuple[str, int]
    client_sql: tuple[str, int]
    peer_sql: tuple[str, int]
    own_disk: bool = False

    @property
    def data_directory(self) -> Path:
        return self.paths.data

    @property
    def bin_directory(self) -> Path:
        return self.binaries.directory

    @property
    def socket_directory(self) -> Path:
        return self.paths.sockets

    async def query(
        self,
        sql: Statement,
        parameters: Sequence[Any] | None = None,
        *,
        database: str = "postgres",
        timeout: float = 30.0,
    ) -> list[tuple[Any, ...]]:
        """Run one statement as superuser over the local socket; its rows, or none where it returns none.

        Raises psycopg.Error, and TimeoutError after `timeout` seconds.
        """
        conninfo = self.local_conninfo(database)
        async with asyncio.timeout(min(timeout, _CONNECT_SECONDS)):
            connection = await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
        try:
            return await execute(connection, sql, parameters, timeout=timeout)
        finally:
            await connection.close()

    def local_conninfo(self, database: str = "postgres") -> str:
        """libpq's way to this server for the superuser, over the local socket."""
        return make_conninfo(host=str(self.socket_directory), port=self.port, user="postgres", dbname=database)

    async def in_recovery(self) -> bool:
        """Whether this server says that it is a standby."""
        return bool((await self.query("SELECT pg_is_in_recovery()"))[0][0])

    async def control_data(self) -> dict[str, str]:
        """What pg_controldata says of the data directory, label to value; it need not run for that."""
        output = await self.run("pg_controldata", "-D", str(self.data_directory))
        pairs = (line.partition(":") for line in output.splitlines())
        return {label.strip(): value.strip() for label, _, value in pairs}

    async def run(self, program: str, *arguments: str, timeout: float = 60.0) -> str:
        """Run one of PostgreSQL's programs on this server; its output. LabError when it fails."""
        return await accounts.run(
            self.account,
            (self.binaries.program(program), *arguments),
            environment=self.environment,
            directory=self.paths.home,
            timeout=timeout,
        )

    def postmaster_pid(self) -> int | None:
        """The live postmaster; None when there is none."""
        return live_postmaster(self.data_directory)

    def frozen(self) -> bool:
        """Whether the postmaster exists and is stopped by a signal."""
        pid = self.postmaster_pid()
        return pid is not None and process_state(pid) == "T"

    def is_made_a_standby(self) -> bool:
        """Whether it is a standby, or would be one if it were started."""
        return (self.data_directory / "standby.signal").exists()

    def condition(self) -> str:
        """One line on how it stands, told from its files and processes alone."""
        role = "standby" if self.is_made_a_standby() else "primary"
        pid = self.postmaster_pid()
        if pid is None:
            postgresql = f"down (was {role})"
        elif process_state(pid) == "T":
            postgresql = f"{role}, frozen"
        else:
            postgresql = role
        return postgresql if self.ssh.running else f"{postgresql}; SSH down"

    async def start(self, timeout: float = 30.0) -> None:
        """Start PostgreSQL and wait until it takes connections. LabError, with its log's end, when it does not."""
        if self.postmaster_pid() is not None:
            return
        await self._until_reaped()
        log = ("-l", str(self.paths.start_log))
        await self.run("pg_ctl", "start", "--no-wait", "--silent", "-D", str(self.data_directory), *log)
        try:
            async with asyncio.timeout(timeout):
                await self._until_accepting()
        except TimeoutError as error:
            raise LabError(f"{self.name} does not take connections after {timeout:g} s:\n{self.log_tail()}") from error

    async def _until_reaped(self) -> None:
        """PostgreSQL takes a killed postmaster that nobody has waited for yet for a living one, and will not start."""
        dead = read_pid_file(self.data_directory)
        if dead is None:
            return
        try:
            async with asyncio.timeout(_REAPED_SECONDS):
                while process_state(dead.pid) in ("Z", "X"):
                    with suppress(ChildProcessError):  # in a container whose first process we are, it is ours to reap
                        os.waitpid(dead.pid, os.WNOHANG)  # noqa: ASYNC222 - WNOHANG does not wait
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError as error:
            raise LabError(f"nobody reaps the dead process {dead.pid}: run this container with an init") from error

    async def _until_accepting(self) -> None:
        seen = False
        grace = 50  # pg_ctl returns before the postmaster has written its pid file
        while True:
            pid_file = read_pid_file(self.data_directory)
            running = pid_file is not None and alive(pid_file.pid)
            if pid_file is not None and running and pid_file.accepting:
                return
            seen, grace = seen or running, grace - 1
            if not running and (seen or grace < 0):
                raise LabError(f"{self.name} did not start:\n{self.log_tail()}")
            await asyncio.sleep(_POLL_SECONDS)

    async def stop(self, mode: str = "fast", timeout: float = 30.0) -> None:
        """Stop PostgreSQL with pg_ctl: smart, fast or immediate. Nothing happens when it does not run."""
        if self.postmaster_pid() is not None:
            data = str(self.data_directory)
            await self.run("pg_ctl", "stop", "-m", mode, "-t", str(int(timeout)), "-D", data, timeout=timeout + 5)

    async def kill(self) -> None:
        """kill -9 the postmaster, and wait until it is gone. Its children see that and end by themselves."""
        pid = self.postmaster_pid()
        if pid is None:
            raise LabError(f"PostgreSQL does not run on {self.name}")
        children = descendants(pid)
        os.kill(pid, signal.SIGKILL)
        for child in children:  # of a frozen server, they would never see that their postmaster is gone
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGCONT)
        await _until_gone(pid)

    def freeze(self) -> None:
        """SIGSTOP every process of PostgreSQL, the postmaster first, so that it starts no others."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT every process of PostgreSQL."""
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: signal.Signals) -> None:
        pid = self.postmaster_pid()
        if pid is None:
            raise LabError(f"PostgreSQL does not run on {self.name}")
        os.kill(pid, number)
        for child in descendants(pid):
            with suppress(ProcessLookupError):
                os.kill(child, number)

    def log_tail(self, lines: int = 15) -> str:
        """The end of PostgreSQL's log, after what it said when it was started."""
        said = [path.read_text(errors="replace") for path in (self.paths.start_log, self.paths.log) if path.exists()]
        return "\n".join("".join(said).splitlines()[-lines:])


async def _until_gone(pid: int, timeout: float = 10.0) -> None:
    async with asyncio.timeout(timeout):
        while alive(pid):  # noqa: ASYNC110 - another process's end raises no event here
            await asyncio.sleep(_POLL_SECONDS / 10)
