"""Patroni on the practice servers: an etcd of their own, and one Patroni a server that runs its PostgreSQL.

https://patroni.readthedocs.io/en/latest/yaml_configuration.html
"""

import asyncio
import base64
import json
import ssl
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from lab import accounts, daemons
from lab.accounts import Account
from lab.binaries import reachable
from lab.errors import LabError
from lab.patroni_rest import Rest, rest_of
from lab.server import LabServer

if TYPE_CHECKING:
    from lab.builder import World

# Above PostgreSQL's port on the server's own address, and above Patroni's REST API (`lab.patroni_rest`).
_ETCD_ABOVE, _PEERS_ABOVE = 21_000, 22_000
_UP_SECONDS = 60.0
_POLL_SECONDS = 0.1
_ASK_SECONDS = 2.0
_READ_ALL = "+dac_read_search"

# The least that Patroni takes: a practice failover shall not last half a minute.
DYNAMIC: Mapping[str, Any] = {
    "ttl": 20,
    "loop_wait": 1,
    "retry_timeout": 3,
    "maximum_lag_on_failover": 1_048_576,
    "postgresql": {"use_pg_rewind": True, "use_slots": True},
}


async def start_patroni(world: "World", stack: AsyncExitStack, prepare: Callable[[], Awaitable[None]]) -> None:
    """All of it, until the stack ends; comes back when one leads and the others stream. LabError when it does not.

    `prepare` is called once the first leads, before anybody follows it.
    """
    servers = tuple(world.servers.values())
    world.options.progress("Starting etcd")
    rest = rest_of(world.directory, world.passwords, tls=world.options.patroni_tls)
    rest.prepare(world.account, servers)
    endpoint = await _start_etcd(world, servers[0], stack)
    await _put(endpoint, f"/service/{world.options.cluster}/config", json.dumps(DYNAMIC))
    for number, server in enumerate(servers):
        world.options.progress(f"Starting Patroni on {server.name}")
        await _start_member(world, server, rest, endpoint, stack)
        if number == 0:
            await _until(servers[:1], rest, leader=server)
            while await server.in_recovery():  # noqa: ASYNC110 - Patroni gives the leader key before it promotes
                await asyncio.sleep(_POLL_SECONDS)
            await prepare()
    await _until(servers, rest, leader=servers[0])
    for name in world.servers:
        world.links.look(name)


def configuration(world: "World", server: LabServer, rest: Rest, endpoint: str) -> dict[str, Any]:
    """A member's patroni.yml; JSON is YAML."""
    superuser = {"username": "postgres"}
    replication = {"username": "replicator", "password": world.passwords["replicator"]}
    return {
        "scope": world.options.cluster,
        "name": server.name,
        "restapi": rest.section(server),
        "etcd3": {"hosts": endpoint},
        "postgresql": {
            "listen": f"{server.address}:{server.port}",
            "connect_address": f"{server.address}:{server.port}",
            "data_dir": str(server.data_directory),
            "bin_dir": str(server.bin_directory),
            "pgpass": str(server.paths.home / "patroni.pgpass"),
            "use_unix_socket": True,
            "authentication": {"superuser": superuser, "replication": replication, "rewind": replication},
            "parameters": {"unix_socket_directories": str(server.socket_directory)},
        },
    }


async def _start_etcd(world: "World", host: LabServer, stack: AsyncExitStack) -> str:
    program = daemons.find_program("etcd", "etcd", "etcd-server")
    endpoint, peers = f"{host.address}:{host.port + _ETCD_ABOVE}", f"{host.address}:{host.port + _PEERS_ABOVE}"
    directory = world.account.directory(world.directory / "etcd")
    argv = (
        program, "--name", "practice", "--data-dir", str(directory / "data"), "--unsafe-no-fsync",
        "--listen-client-urls", f"http://{endpoint}", "--advertise-client-urls", f"http://{endpoint}",
        "--listen-peer-urls", f"http://{peers}", "--initial-advertise-peer-urls", f"http://{peers}",
        "--initial-cluster", f"practice=http://{peers}",
    )  # fmt: skip
    await _run_forever(world, argv, host.environment, directory / "etcd.log", stack)
    async with asyncio.timeout(_UP_SECONDS):
        while (await _get(f"http://{endpoint}/health")) is None:  # noqa: ASYNC110 - another process
            await asyncio.sleep(_POLL_SECONDS)
    return endpoint


async def _start_member(world: "World", server: LabServer, rest: Rest, endpoint: str, stack: AsyncExitStack) -> None:
    text = json.dumps(configuration(world, server, rest, endpoint), indent=2)
    file = world.account.write(server.paths.root / "patroni.yml", text)
    argv = (str(Path(sys.executable).with_name("patroni")), str(file))  # it calls itself by this name
    await _run_forever(world, argv, server.environment, server.paths.log.parent / "patroni.log", stack)


def _spawn(account: Account, argv: Sequence[str]) -> accounts.Spawn:
    """As that account; where our Python lies in a home that is closed to it, with the right to read there."""
    spawn = accounts.spawn_as(account, argv)
    if not account.change or reachable(Path(sys.executable), account):
        return spawn
    setpriv, *rest = spawn.argv
    return accounts.Spawn((setpriv, f"--inh-caps={_READ_ALL}", f"--ambient-caps={_READ_ALL}", *rest))


async def _run_forever(
    world: "World", argv: Sequence[str], environment: Mapping[str, str], log: Path, stack: AsyncExitStack
) -> None:
    spawn = _spawn(world.account, argv)
    process = await daemons.start(spawn, environment=environment, directory=log.parent, log=log)
    # Its PostgreSQL is in a session of its own, and ends with the world.
    stack.push_async_callback(daemons.end, process)


async def _until(servers: Sequence[LabServer], rest: Rest, leader: LabServer) -> None:
    """Until Patroni says that the first leads and all the others stream."""
    wanted = {server.name: "running" if server is leader else "streaming" for server in servers}
    states: dict[str, str] = {}
    try:
        async with asyncio.timeout(_UP_SECONDS):
            while states != wanted:
                said = await _get(f"{rest.url(leader)}/cluster", rest.context())
                members = said["members"] if said else ()
                states = {one["name"]: one["state"] for one in members}
                leads = [one["name"] for one in members if one["role"] == "leader"]
                states = states if leads == [leader.name] else {}
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError as error:
        logs = "\n".join(_tail(server) for server in servers)
        raise LabError(f"Patroni did not come up within {_UP_SECONDS:g} s:\n{logs}") from error


def _tail(server: LabServer) -> str:
    lines = (server.paths.log.parent / "patroni.log").read_text(errors="replace").splitlines()
    return "\n".join((*lines[-10:], server.log_tail()))


async def _get(url: str, context: ssl.SSLContext | bool = True) -> Any:
    """What a local service says, as JSON; None while it does not answer well."""
    timeout = aiohttp.ClientTimeout(total=_ASK_SECONDS)
    with suppress(aiohttp.ClientError, TimeoutError, ValueError):
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url, ssl=context) as answer:
            return json.loads(await answer.text()) if answer.status == 200 else None
    return None


async def _put(endpoint: str, key: str, value: str) -> None:
    """By etcd's JSON gateway: https://etcd.io/docs/v3.4/dev-guide/api_grpc_gateway/"""
    body = {"key": base64.b64encode(key.encode()).decode(), "value": base64.b64encode(value.encode()).decode()}
    timeout = aiohttp.ClientTimeout(total=_ASK_SECONDS)
    async with (
        aiohttp.ClientSession(timeout=timeout, raise_for_status=True) as session,
        session.post(f"http://{endpoint}/v3/kv/put", json=body) as answer,
    ):
        await answer.read()
