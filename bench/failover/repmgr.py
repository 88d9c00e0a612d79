"""repmgr standby switchover, on the lab's pair. https://www.repmgr.org/docs/5.3/repmgr-standby-switchover.html"""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from psycopg.conninfo import make_conninfo

from bench.failover.contender import Pair
from bench.failover.on_the_lab import OPTIONS, LabPair
from lab import accounts
from lab.server import LabServer
from lab.settings_file import SSH_USER
from lab.world import Lab

_COMMAND_SECONDS = 120.0
_DATABASE_IS_THERE = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'repmgr')"


class ByRepmgr(LabPair):
    """Run on the standby, as its documentation says."""

    async def switch_over(self) -> None:
        await _repmgr(self._new, "standby", "switchover", "--force-rewind")


@asynccontextmanager
async def repmgr() -> AsyncIterator[Pair]:
    async with Lab.start(OPTIONS) as lab:
        await _install(lab)
        yield ByRepmgr(lab)


async def _install(lab: Lab) -> None:
    old, new = lab.servers.values()
    await old.query("CREATE ROLE repmgr SUPERUSER LOGIN REPLICATION")
    await old.query("CREATE DATABASE repmgr OWNER repmgr")
    for number, (server, peer) in enumerate(((old, new), (new, old)), 1):
        _let_in(server)
        await server.query("SELECT pg_reload_conf()")
        _configure(lab, server, peer, number)
    await _repmgr(old, "primary", "register")
    async with asyncio.timeout(_COMMAND_SECONDS):
        while not (await new.query(_DATABASE_IS_THERE))[0][0]:  # noqa: ASYNC110 - a standby tells nobody
            await asyncio.sleep(0.05)
    await _repmgr(new, "standby", "register", "--force")


def _let_in(server: LabServer) -> None:
    file = server.data_directory / "pg_hba.conf"
    ours = "host repmgr,replication repmgr 127.0.0.0/8 trust\nlocal repmgr,replication repmgr trust\n"
    server.account.write(file, ours + file.read_text())


def _configure(lab: Lab, server: LabServer, peer: LabServer, number: int) -> None:
    key = server.paths.home / "id_repmgr"
    shutil.copyfile(lab.key_file, key)
    key.chmod(0o600)
    server.account.own(key)
    known_hosts = server.account.write(server.paths.home / "known_hosts", lab.known_hosts.read_text(), 0o644)
    host, port = peer.bot_ssh
    # The lab's SSH servers listen on ports of their own: ssh is told where the peer's is.
    ssh = server.account.write(
        server.paths.home / "ssh_config",
        f"Host *\nHostName {host}\nPort {port}\nUser {SSH_USER}\nIdentityFile {key}\n"
        f"UserKnownHostsFile {known_hosts}\nBatchMode yes\n",
    )
    # Stopped and started by the lab's own means: pg_ctl, which finds everything in the data directory.
    data = server.data_directory
    start = f"{server.binaries.program('pg_ctl')} start -w -D {data} -l {server.paths.start_log}"
    settings = {
        "node_id": str(number),
        "node_name": server.name,
        "conninfo": make_conninfo(
            host=server.address, port=server.port, user="repmgr", dbname="repmgr", connect_timeout=2
        ),
        "data_directory": str(data),
        "pg_bindir": str(server.bin_directory),
        "use_replication_slots": "yes",
        "ssh_options": f"-F {ssh}",
        "service_start_command": start,
        "service_stop_command": f"{server.binaries.program('pg_ctl')} stop -m fast -W -D {data}",
        "service_restart_command": f"{server.binaries.program('pg_ctl')} restart -w -D {data}",
        "log_level": "NOTICE",
    }
    text = "".join(f"{name}='{value}'\n" for name, value in settings.items())
    server.account.write(_configuration(server), text)


def _configuration(server: LabServer) -> Path:
    # repmgr looks for the other node's file in the same place of that node's host: each is named explicitly.
    return server.paths.home / "repmgr.conf"


async def _repmgr(server: LabServer, *words: str) -> None:
    program = server.binaries.program("repmgr")
    await accounts.run(
        server.account,
        (program, "-f", str(_configuration(server)), *words),
        environment=server.environment,
        directory=server.paths.home,
        timeout=_COMMAND_SECONDS,
    )
