"""Builds a practice world, step by step; what each step made is undone through an exit stack, in reverse."""

import asyncio
import secrets
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import asyncssh
from psycopg import sql

from lab import disks, recipe
from lab.accounts import Account, postgres_account
from lab.backups import take_backup
from lab.binaries import Binaries, find_binaries
from lab.errors import LabError
from lab.leftovers import WORLD_VARIABLE, clear_world, sweep
from lab.links import BOT, CLIENTS, NETWORK, SERVERS, Link, Links, Service
from lab.options import LabOptions
from lab.patroni import start_patroni
from lab.places import Lock, Places, open_places
from lab.seats import Seat, take_seats
from lab.server import LabServer, ServerPaths
from lab.settings_file import SSH_USER, replication_conninfo
from lab.ssh import SshServer, Surroundings
from lab.template import seed_data_directories

_ROLES_WITH_PASSWORDS = ("understudy", "replicator", "app")
_STREAMING_SECONDS = 30.0
_POLL_SECONDS = 0.02

_SET_PASSWORD = sql.SQL("ALTER ROLE {} PASSWORD {}")
_CREATE_SLOT = "SELECT pg_create_physical_replication_slot(%s)"
# Streaming, and replayed up to where the primary was when it was asked.
_STANDBY_IS_THERE = """
SELECT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming')
   AND pg_last_wal_replay_lsn() >= %s::pg_lsn
"""


@dataclass(frozen=True, slots=True)
class World:
    """A world that stands: its places, keys, servers and links."""

    directory: Path
    options: LabOptions
    account: Account
    binaries: Binaries
    servers: dict[str, LabServer]
    links: Links
    backups: Path
    archive: Path
    key_file: Path
    known_hosts: Path
    passwords: dict[str, str]
    replication_passfile: Path


@dataclass(frozen=True, slots=True)
class _Ground:
    """What must be there before the first server: a directory of our own, programs, addresses."""

    directory: Path
    places: Places
    account: Account
    binaries: Binaries
    seats: dict[str, Seat]


async def build_world(options: LabOptions, stack: AsyncExitStack) -> World:
    """Build a world and start everything in it. LabError when something is missing; `stack` then undoes the rest."""
    ground = await _claim_ground(options, stack)
    options.progress("Preparing the data directories")
    world = _lay_out(ground, options, stack)
    await _make_disks(world)
    await _seed(world, ground.places)
    await _write_keys_and_start_ssh(world, stack)
    await _configure(world)
    world.links.start()
    if options.engine == "patroni":
        await start_patroni(world, stack, lambda: _set_passwords(world))
    else:
        await _start_pair(world)
    return world


async def _claim_ground(options: LabOptions, stack: AsyncExitStack) -> _Ground:
    _check_names(options)
    account = postgres_account(options.account)
    places = await asyncio.to_thread(open_places, account, options.base)
    for name in await asyncio.to_thread(sweep, places):
        options.progress(f"Cleared up after the lab {name}, which was killed")
    binaries = await asyncio.to_thread(find_binaries, options.postgresql, account, places.installations)
    options.progress(f"PostgreSQL {binaries.version}, run as {account.name}")
    directory, lock = places.new_world()
    stack.push_async_callback(_leave, directory, lock)
    names = options.servers
    seats = dict(zip(names, take_seats(len(names)), strict=True))
    for seat in seats.values():
        stack.callback(seat.leave)
    return _Ground(directory, places, account, binaries, seats)


def _check_names(options: LabOptions) -> None:
    there = [options.primary]
    for name, upstream in options.upstreams.items():
        if name in there or (name == options.standby and name in options.more_standbys):
            raise LabError(f"two servers cannot both be called {name}")
        if upstream not in there:
            raise LabError(f"{name} cannot stream from {upstream}: name a server that comes before it")
        there.append(name)


async def _leave(directory: Path, lock: Lock) -> None:
    await asyncio.to_thread(clear_world, directory)
    lock.release()


def _lay_out(ground: _Ground, options: LabOptions, stack: AsyncExitStack) -> World:
    """The world as values and relays; nothing runs yet but the ports are taken."""
    links = Links()
    stack.push_async_callback(links.close)
    key = asyncssh.generate_private_key("ssh-ed25519")
    directory, account = ground.directory, ground.account
    key_file = directory / "id_ed25519"
    key_file.touch(mode=0o600)
    key_file.write_bytes(key.export_private_key())
    first = options.primary, options.standby
    servers = {name: _server(ground, links, name, first[name == options.primary], key) for name in options.servers}
    return World(
        directory=directory,
        options=options,
        account=account,
        binaries=ground.binaries,
        servers=servers,
        links=links,
        backups=account.directory(directory / "backups"),
        archive=account.directory(directory / "archive"),
        key_file=key_file,
        known_hosts=directory / "known_hosts",
        passwords={role: secrets.token_urlsafe(18) for role in _ROLES_WITH_PASSWORDS},
        replication_passfile=directory / "pgpass",
    )


def _server(ground: _Ground, links: Links, name: str, other: str, key: asyncssh.SSHKey) -> LabServer:
    origin = other if len(ground.seats) == 2 else SERVERS
    seat, peer = ground.seats[name], ground.seats[other]
    paths = ServerPaths(ground.account.directory(ground.directory / name))
    environment = _environment(ground, paths, seat)
    sql_address, ssh_address = (seat.address, seat.postgres_port), (seat.address, seat.ssh_port)
    any_port = (NETWORK, 0)
    return LabServer(
        name=name,
        address=seat.address,
        port=seat.postgres_port,
        account=ground.account,
        binaries=ground.binaries,
        paths=paths,
        environment=environment,
        ssh=SshServer(
            door=seat.door,
            host_key=asyncssh.generate_private_key("ssh-ed25519"),
            user=SSH_USER,
            authorised_key=key,
            surroundings=Surroundings(ground.account, paths.home, environment),
        ),
        bot_sql=links.add(Link(BOT, name, Service.SQL), any_port, sql_address).address,
        bot_ssh=links.add(Link(BOT, name, Service.SSH), any_port, ssh_address).address,
        client_sql=links.add(Link(CLIENTS, name, Service.SQL), any_port, sql_address).address,
        # The other server comes from its own address, so that this one sees who streams from it.
        peer_sql=links.add(Link(origin, name, Service.SQL), (seat.address, 0), sql_address, peer.address).address,
    )


def _environment(ground: _Ground, paths: ServerPaths, seat: Seat) -> dict[str, str]:
    """What a login on that server would find, and nothing of ours."""
    return {
        "PATH": f"{ground.binaries.directory}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": str(paths.home),
        "USER": SSH_USER,
        "LOGNAME": SSH_USER,
        "SHELL": "/bin/sh",
        "LANG": "C.UTF-8",
        "PGDATA": str(paths.data),
        "PGHOST": str(paths.sockets),
        "PGPORT": str(seat.postgres_port),
        "PGUSER": "postgres",
        WORLD_VARIABLE: str(ground.directory),
    }


async def _make_disks(world: World) -> None:
    if world.options.own_disks is False:
        return
    for server in world.servers.values():
        try:
            await asyncio.to_thread(disks.mount, server.paths.root, world.account)
        except LabError as error:
            if world.options.own_disks:
                raise
            world.options.progress(f"No disk can be filled in this lab: {error}")
            return
        server.own_disk = True


async def _seed(world: World, places: Places) -> None:
    for server in world.servers.values():
        for directory in (server.paths.sockets, server.paths.home, server.paths.log.parent):
            world.account.directory(directory)
    there = await seed_data_directories(
        [server.data_directory for server in world.servers.values()],
        places=places,
        account=world.account,
        binaries=world.binaries,
        environment=next(iter(world.servers.values())).environment,
        reuse=world.options.reuse_template,
    )
    if not there:
        world.options.progress("Initialised a new cluster")


async def _write_keys_and_start_ssh(world: World, stack: AsyncExitStack) -> None:
    lines = []
    for server in world.servers.values():
        host, port = server.bot_ssh
        lines.append(f"[{host}]:{port} {server.ssh.public_host_key}\n")
        stack.push_async_callback(server.ssh.stop)
        await server.ssh.start()
    world.known_hosts.write_text("".join(lines))


async def _configure(world: World) -> None:
    """Write what is a server's own, and make all but the first one standbys."""
    account, servers = world.account, tuple(world.servers.values())
    script = account.write(world.directory / "archive-wal", recipe.archive_script(world.archive), 0o700)
    # Patroni's servers reach each other without relays: they come from the address of the network.
    direct = (NETWORK,) if world.options.engine == "patroni" else ()
    access = recipe.host_based_authentication((*(server.address for server in servers), *direct), NETWORK)
    passwords = "".join(f"*:*:*:{role}:{world.passwords[role]}\n" for role in ("replicator",))
    account.write(world.replication_passfile, passwords)
    for server in servers:
        own = recipe.ServerConfiguration(
            name=server.name,
            address=server.address,
            port=server.port,
            socket_directory=server.socket_directory,
            log_directory=server.paths.log.parent,
            archive_script=script,
            archive=world.archive,
        )
        account.write(server.paths.configuration, own.text())
        account.write(server.data_directory / "pg_hba.conf", access)
        account.write(server.data_directory / "postgresql.conf", recipe.shared_configuration(world.options.settings))
    for name, upstream in world.options.upstreams.items() if world.options.engine == "native" else ():
        conninfo = replication_conninfo(world.servers[upstream], world.replication_passfile)
        automatic = recipe.configuration({"primary_conninfo": conninfo, "primary_slot_name": name})
        account.write(world.servers[name].data_directory / "postgresql.auto.conf", automatic)
        account.write(world.servers[name].data_directory / "standby.signal", "")


async def _start_pair(world: World) -> None:
    primary, standby = world.servers[world.options.primary], world.servers[world.options.standby]
    world.options.progress(f"Starting the primary, {primary.name}")
    await primary.start()
    await _set_passwords(world)
    await primary.query(_CREATE_SLOT, (standby.name,))
    world.links.look(primary.name)
    world.options.progress(f"Starting the standby, {standby.name}")
    async with asyncio.TaskGroup() as group:
        group.create_task(_start_standby(primary, standby))
        if world.options.base_backup:
            group.create_task(take_backup(primary, world.backups))
    world.links.look(standby.name)
    for name, upstream in world.options.more_standbys.items():
        world.options.progress(f"Starting another standby, {name}, behind {upstream}")
        await world.servers[upstream].query(_CREATE_SLOT, (name,))
        await _start_standby(primary, world.servers[name])
        world.links.look(name)


async def _set_passwords(world: World) -> None:
    primary = world.servers[world.options.primary]
    for role, password in world.passwords.items():
        await primary.query(_SET_PASSWORD.format(sql.Identifier(role), sql.Literal(password)))


async def _start_standby(primary: LabServer, standby: LabServer) -> None:
    await standby.start()
    # The name that a new standby will use after a promotion; without a reserved LSN it keeps no WAL back.
    await standby.query(_CREATE_SLOT, (primary.name,))
    [(position,)] = await primary.query("SELECT pg_current_wal_lsn()::text")
    try:
        async with asyncio.timeout(_STREAMING_SECONDS):
            while not (await standby.query(_STANDBY_IS_THERE, (position,)))[0][0]:  # noqa: ASYNC110 - another process
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError as error:
        raise LabError(f"{standby.name} does not stream from {primary.name}:\n{standby.log_tail()}") from error
