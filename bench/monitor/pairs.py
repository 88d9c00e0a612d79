"""The servers of `bench.monitor.many_pairs`: a process of its own, on a processor of its own.

One real pair, and as many simulated ones as are wanted: they answer over the real protocols what the real one has
answered (`recorded`, `recorded_hosts`). Started as `python -m bench.monitor.pairs API_URL HTTP_PORT PAIRS`; prints one
line of JSON when it is up, and ends with its standard input.
"""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from bench.hosts import Hosts, elsewhere, served_by
from bench.monitor.recorded import Recorder, simulated
from bench.monitor.recorded_hosts import Host, simulated_hosts
from lab.server import LabServer
from lab.world import Lab, LabOptions

FAST_SECONDS, SLOW_SECONDS = 5, 60
BOTS_CORE, OTHER_CORE = 0, 1
_PACE = f"\n[monitor]\nfast_interval = {FAST_SECONDS}.0\nslow_interval = {SLOW_SECONDS}.0\n"
_HEADER = re.compile(r"\[clusters\.shop(?:\.servers\.(?P<server>\w+))?")


@dataclass(frozen=True, slots=True)
class Doors:
    """Where a simulated server is reached on loopback, and what its host's key is known by."""

    sql: int
    ssh: int
    known_hosts: str


@asynccontextmanager
async def pairs(api_url: str, http_port: int, number: int) -> AsyncIterator[Hosts]:
    """The servers of so many pairs, until the block ends."""
    async with served_by("bench.monitor.pairs", api_url, http_port, number) as there:
        yield there


def with_simulated(settings: str, number: int, doors: dict[str, Doors], directory: Path) -> str:
    """The settings with so many pairs in all. Each simulated one has connections of its own: they are shared by those
    who reach a server in the very same way, so each has an application name and files of known hosts of its own."""
    sections = [one for one in re.split(r"(?m)^(?=\[)", settings) if _HEADER.match(one)]
    copies = (
        _copied(section, f"shop{each}", doors, directory) for each in range(2, number + 1) for section in sections
    )
    return settings + "\n" + "".join(copies)


def _copied(section: str, name: str, doors: dict[str, Doors], directory: Path) -> str:
    match = _HEADER.match(section)
    server = match.group("server") if match else None
    if server is not None:
        door, known_hosts = doors[server], directory / f"{name}-{server}"
        if ".ssh]" in section.splitlines()[0]:
            known_hosts.write_text(door.known_hosts, encoding="utf-8")
        section = re.sub(
            r'conninfo = "host=\S+ port=\d+',
            f'conninfo = "application_name={name} host=127.0.0.1 port={door.sql}',
            section,
        )
        section = re.sub(r'(?m)^host = ".+"$', 'host = "127.0.0.1"', section)
        section = re.sub(r"(?m)^port = \d+$", f"port = {door.ssh}", section)
        section = re.sub(r'known_hosts = ".+"', f"known_hosts = {json.dumps(str(known_hosts))}", section)
    if section.startswith("[clusters.shop.backups]"):
        section = re.sub(r'(?m)^(\w*directory) = "(.+)"$', lambda found: elsewhere(found, name), section)
    return section.replace("[clusters.shop", f"[clusters.{name}", 1)


@asynccontextmanager
async def _simulated(lab: Lab, directory: Path) -> AsyncIterator[dict[str, Doors]]:
    """One simulated server for each real one; it serves all copies of that."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    authorised = directory / "authorised"
    authorised.write_bytes(asyncssh.read_private_key(str(lab.key_file)).export_public_key())
    async with AsyncExitStack() as stack:
        doors = {}
        for name, server in lab.servers.items():
            sql = await stack.enter_async_context(simulated(await _recorder(server)))
            host = Host(server.paths.home, server.environment, server.account)
            ssh = await stack.enter_async_context(simulated_hosts(host, key, authorised))
            known = f"[127.0.0.1]:{ssh} {key.export_public_key().decode().strip()}\n"
            doors[name] = Doors(sql, ssh, known)
        yield doors


async def _recorder(server: LabServer) -> Recorder:
    ((version,),) = await server.query("SHOW server_version")
    return Recorder(f"{server.socket_directory}/.s.PGSQL.{server.port}", "postgres", str(version))


async def _serve(api_url: str, http_port: int, number: int) -> None:
    async with Lab.start(LabOptions()) as lab:
        directory = lab.directory / "simulated"
        directory.mkdir()
        async with _simulated(lab, directory) as doors:
            extra = f'[http]\nhost = "127.0.0.1"\nport = {http_port}\n{_PACE}'
            file = lab.write_settings(lab.directory / "bot", api_url, extra)
            text = with_simulated(file.read_text(encoding="utf-8"), number, doors, directory)
            file.write_text(text, encoding="utf-8")
            print(json.dumps({"settings": str(file), "environment": lab.environment()}), flush=True)
            await asyncio.to_thread(sys.stdin.read)


def pin(process: int, core: int) -> None:
    """The process, and what it starts from here on, has that processor alone; nothing where there is but one."""
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(process, {core})


if __name__ == "__main__":
    pin(0, OTHER_CORE)
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
