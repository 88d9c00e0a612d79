"""A real HAProxy in front of the pair: one address for clients, one server ready at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import make_conninfo

from lab import accounts, daemons
from lab.errors import LabError
from lab.ports import free_port
from lab.server import LabServer
from lab.settings_file import ssh_section
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
    timeout connect 250ms
    timeout client 1m
    timeout server 1m
    retries 240
    option redispatch 1

listen postgresql
    bind {host}:{port}
{servers}
    server parking {host}:1 disabled
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
        servers = ", ".join(f'{server} = "pg-{server}"' for server in self.lab.servers)
        return f"""
[clusters.{self.lab.cluster}.traffic.{name}]
kind = "haproxy"
socket = "{self.socket}"
backend = "postgresql"
servers = {{ {servers} }}
parking = "parking"
landing = "host={_HOST} port={self.port} dbname=postgres user=understudy"
landing_password = "{self.lab.passwords["understudy"]}"
{ssh_section(f"clusters.{self.lab.cluster}.traffic.{name}", self.host, self.lab.key_file, self.lab.known_hosts)}"""


@asynccontextmanager
async def haproxy(lab: Lab, host: str) -> AsyncIterator[LabHaproxy]:
    """An HAProxy that leads to the first server, on the host of that server, until the block ends.

    LabError where there is none on this machine, or where it does not start.
    """
    program = daemons.find_program("haproxy", "HAProxy", "haproxy")
    made, file = _lay_out(lab, lab.servers[host])
    spawn = accounts.spawn_as(lab.account, (program, "-db", "-f", str(file)))
    log = file.with_name("haproxy.log")
    process = await daemons.start(spawn, environment=made.host.environment, directory=file.parent, log=log)
    try:
        await _until_it_listens(made, process, log)
        yield made
    finally:
        await daemons.end(process)


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
