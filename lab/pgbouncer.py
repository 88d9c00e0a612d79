"""A real PgBouncer in front of the pair, as an application would have it: transaction pooling, one entry."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from lab import accounts, daemons
from lab.errors import LabError
from lab.ports import free_port
from lab.server import LabServer
from lab.settings_file import ssh_section
from lab.world import Lab

_HOST = "127.0.0.1"
_DATABASE = "app"
_START_SECONDS = 10.0
_END_SECONDS = 5.0
_POLL_SECONDS = 0.02
_ADMIN = "understudy"

# https://www.pgbouncer.org/config.html
_CONFIGURATION = """\
[databases]
{database} = host={host} port={port} dbname={database}

[pgbouncer]
listen_addr = {listen}
listen_port = {listen_port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
admin_users = {admin}
pool_mode = transaction
default_pool_size = 10
logfile = {log}
"""


@dataclass(frozen=True, slots=True)
class LabPgBouncer:
    """A running PgBouncer. `host` is the server on whose SSH it is reached: its file lies there."""

    lab: Lab
    host: LabServer
    port: int
    file: Path

    def client_conninfo(self) -> str:
        """libpq's way through it for the application."""
        return make_conninfo(
            host=_HOST, port=self.port, dbname=_DATABASE, user="app", password=self.lab.passwords["app"],
            connect_timeout=5,
        )  # fmt: skip

    def admin_conninfo(self) -> str:
        """libpq's way to its console."""
        return make_conninfo(
            host=_HOST, port=self.port, dbname="pgbouncer", user=_ADMIN, password=self.lab.passwords["understudy"]
        )

    def settings(self, name: str = "pool", hold: str = "5s") -> str:
        """The section of the bot's settings file. `hold`: for how long clients' transactions may keep it from PAUSE."""
        addresses = ", ".join(
            f'{server.name} = "{server.client_sql[0]}:{server.client_sql[1]}"' for server in self.lab.servers.values()
        )
        return f"""
[clusters.{self.lab.cluster}.traffic.{name}]
kind = "pgbouncer"
admin = "host={_HOST} port={self.port} user={_ADMIN}"
admin_password = "{self.lab.passwords["understudy"]}"
file = "{self.file}"
databases = ["{_DATABASE}"]
addresses = {{ {addresses} }}
hold = "{hold}"
{ssh_section(f"clusters.{self.lab.cluster}.traffic.{name}", self.host, self.lab.key_file, self.lab.known_hosts)}"""


@asynccontextmanager
async def pgbouncer(lab: Lab, host: str) -> AsyncIterator[LabPgBouncer]:
    """A PgBouncer that leads to the first server, on the host of that server, until the block ends.

    LabError where there is none on this machine, or where it does not start.
    """
    program = daemons.find_program("pgbouncer", "PgBouncer", "pgbouncer")
    made = _lay_out(lab, lab.servers[host])
    spawn = accounts.spawn_as(lab.account, (program, str(made.file)))
    process = await daemons.start(spawn, environment=made.host.environment, directory=made.file.parent)
    try:
        await _until_it_answers(made, process)
        yield made
    finally:
        await daemons.end(process, _END_SECONDS)


def _lay_out(lab: Lab, host: LabServer) -> LabPgBouncer:
    directory = lab.account.directory(host.paths.root / "pgbouncer")
    first = next(iter(lab.servers.values()))
    users = {"app": lab.passwords["app"], _ADMIN: lab.passwords["understudy"]}
    lines = "".join(f'"{name}" "{password}"\n' for name, password in users.items())
    port = free_port()
    text = _CONFIGURATION.format(
        database=_DATABASE,
        host=first.client_sql[0],
        port=first.client_sql[1],
        listen=_HOST,
        listen_port=port,
        users=lab.account.write(directory / "users", lines),
        admin=_ADMIN,
        log=directory / "pgbouncer.log",
    )
    return LabPgBouncer(lab, host, port, lab.account.write(directory / "pgbouncer.ini", text))


async def _until_it_answers(made: LabPgBouncer, process: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(_START_SECONDS):
            while process.returncode is None:
                with suppress(psycopg.OperationalError):
                    connection = await psycopg.AsyncConnection.connect(made.client_conninfo())
                    await connection.close()
                    return
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        pass
    log = made.file.with_name("pgbouncer.log")
    said = log.read_text(errors="replace")[-2000:] if log.exists() else "it wrote no log"
    raise LabError(f"PgBouncer did not start:\n{said}")
