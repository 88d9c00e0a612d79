"""A real HAProxy in front of the pair: one address for clients, one server ready at a time."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import make_conninfo

from lab import accounts
from lab.errors import LabError
from lab.ports import free_port
from lab.server import LabServer
from lab.settings_file import SSH_USER
from lab.world import Lab

_HOST = "127.0.0.1"
_START_SECONDS = 10.0
_POLL_SECONDS = 0.02

# https://docs.haproxy.org/2.6/configuration.html
_CONFIGURATION = """\
global
    stats socket {socket} mode 600 level admin

defaults
    mode tcp
    timeout connect 2s
    timeout client 1m
    timeout server 1m

listen postgresql
    bind {host}:{port}
{servers}
"""


@dataclass(frozen=True, slots=True)
class LabHaproxy:
    """A running HAProxy. `host` is the server on whose SSH it is reached: its socket lies there."""

    lab: Lab
    host: LabServer
    port: int
    socket: Path

    def client_conninfo(self) -> str:
        """libpq's way through it for the application."""
        return make_conninfo(
            host=_HOST, port=self.port, dbname="app", user="app", password=self.lab.passwords["app"], connect_timeout=5
        )

    def settings(self, name: str = "proxy") -> str:
        """The section of the bot's settings file."""
        ssh_host, ssh_port = self.host.bot_ssh
        servers = ", ".join(f'{server} = "pg-{server}"' for server in self.lab.servers)
        return f"""
[clusters.{self.lab.cluster}.traffic.{name}]
kind = "haproxy"
socket = "{self.socket}"
backend = "postgresql"
servers = {{ {servers} }}
landing = "host={_HOST} port={self.port} dbname=postgres user=understudy"
landing_password = "{self.lab.passwords["understudy"]}"

[clusters.{self.lab.cluster}.traffic.{name}.ssh]
host = "{ssh_host}"
port = {ssh_port}
user = "{SSH_USER}"
key_file = "{self.lab.key_file}"
known_hosts = "{self.lab.known_hosts}"
"""


@asynccontextmanager
async def haproxy(lab: Lab, host: str) -> AsyncIterator[LabHaproxy]:
    """An HAProxy that leads to the first server, on the host of that server, until the block ends.

    LabError where there is none on this machine, or where it does not start.
    """
    program = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if program is None:
        raise LabError("HAProxy is not installed on this machine (Debian: apt-get install haproxy)")
    made, file = _lay_out(lab, lab.servers[host])
    spawn = accounts.spawn_as(lab.account, (program, "-db", "-f", str(file)))
    log = file.with_name("haproxy.log")
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *spawn.argv, cwd=file.parent, env=made.host.environment, start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out,
            user=spawn.user, group=spawn.group, extra_groups=spawn.extra_groups,
        )  # fmt: skip
    try:
        await _until_it_listens(made, process, log)
        yield made
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _lay_out(lab: Lab, host: LabServer) -> tuple[LabHaproxy, Path]:
    directory = lab.account.directory(host.paths.root / "haproxy")
    lines = []
    for number, server in enumerate(lab.servers.values()):
        address = f"{server.client_sql[0]}:{server.client_sql[1]}"
        lines.append(f"    server pg-{server.name} {address}{' disabled' if number else ''}")
    made = LabHaproxy(lab, host, free_port(), directory / "admin.sock")
    text = _CONFIGURATION.format(socket=made.socket, host=_HOST, port=made.port, servers="\n".join(lines))
    return made, lab.account.write(directory / "haproxy.cfg", text)


async def _until_it_listens(made: LabHaproxy, process: asyncio.subprocess.Process, log: Path) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_START_SECONDS):
            while process.returncode is None:
                with suppress(OSError):
                    _, writer = await asyncio.open_connection(_HOST, made.port)
                    writer.close()
                    return
                await asyncio.sleep(_POLL_SECONDS)
    raise LabError(f"HAProxy did not start; see {log}")
