"""How each fault is made. Every action returns one line that says what was done."""

import asyncio
from datetime import timedelta

import psycopg

from lab import disks
from lab.backups import make_backups_old, take_backup
from lab.builder import World
from lab.errors import LabError
from lab.relay import RelayMode
from lab.relay_flow import Slowness
from lab.server import LabServer

_SLOWNESS = Slowness(latency=0.25, bytes_per_second=64 * 1024)
_FULL = 0.94
_OLD = timedelta(days=3)
_ARCHIVE_MENDED, _ARCHIVE_BROKEN = 0o700, 0o500
_ASK_SECONDS = 2.0

SLOW_TEXT = f"{_SLOWNESS.latency * 1000:.0f} ms later each way, and at most 64 kB/s"
FILL_TEXT = f"Fills the server's own file system up to {_FULL:.0%}"
AGE_TEXT = f"Sets every base backup {_OLD.days} days back, wherever its time is written"

# A restore point is a record of its own, so that there is a segment to finish.
_FINISH_SEGMENT = "SELECT pg_switch_wal() FROM pg_create_restore_point('practice')"
_PAUSE = "SELECT pg_wal_replay_pause()"
_RESUME = "SELECT pg_wal_replay_resume()"


async def kill(world: World, target: str) -> str:
    pid = world.servers[target].postmaster_pid()
    await world.servers[target].kill()
    return f"killed {target}'s postmaster (process {pid}) with SIGKILL"


async def freeze(world: World, target: str) -> str:
    world.servers[target].freeze()
    return f"stopped every process of PostgreSQL on {target}; they still exist"


async def thaw(world: World, target: str) -> str:
    world.servers[target].thaw()
    return f"PostgreSQL on {target} goes on"


async def stop(world: World, target: str) -> str:
    await world.servers[target].stop("fast")
    world.links.look(target)
    return f"stopped PostgreSQL on {target}"


async def start(world: World, target: str) -> str:
    await world.servers[target].start()
    world.links.look(target)
    role = "standby" if await world.servers[target].in_recovery() else "primary"
    return f"PostgreSQL runs on {target}, as a {role}"


async def stop_ssh(world: World, target: str) -> str:
    await world.servers[target].ssh.stop()
    world.links.look(target)
    return f"stopped SSH on {target}"


async def start_ssh(world: World, target: str) -> str:
    await world.servers[target].ssh.start()
    world.links.look(target)
    return f"SSH runs on {target}"


async def cut(world: World, target: str) -> str:
    world.links.set_mode(target, RelayMode.REFUSE)
    return f"cut {target}: connections are refused"


async def drop(world: World, target: str) -> str:
    world.links.set_mode(target, RelayMode.DROP)
    return f"{target} loses every packet"


async def stall(world: World, target: str) -> str:
    world.links.set_mode(target, RelayMode.STALL)
    return f"nothing passes over {target} any more"


async def slow(world: World, target: str) -> str:
    world.links.slow(target, _SLOWNESS)
    return f"{target} is slow: {SLOW_TEXT}"


async def mend_link(world: World, target: str) -> str:
    world.links.slow(target, None)
    world.links.set_mode(target, RelayMode.PASS)
    return f"mended {target}"


async def fill_disk(world: World, target: str) -> str:
    root = world.servers[target].paths.root
    await asyncio.to_thread(disks.fill, root, world.account, _FULL)
    return f"filled {target}'s disk up to {disks.used_fraction(root):.0%}"


async def empty_disk(world: World, target: str) -> str:
    root = world.servers[target].paths.root
    await asyncio.to_thread(disks.empty, root)
    return f"freed {target}'s disk: {disks.used_fraction(root):.0%} used"


async def pause(world: World, target: str) -> str:
    await _standby(world, target)
    await world.servers[target].query(_PAUSE)
    return f"paused replay on {target}"


async def resume(world: World, target: str) -> str:
    await _standby(world, target)
    await world.servers[target].query(_RESUME)
    return f"replay goes on on {target}"


async def break_archive(world: World, target: str) -> str:
    await asyncio.to_thread(world.archive.chmod, _ARCHIVE_BROKEN)
    for primary in await _primaries(world):
        await primary.query(_FINISH_SEGMENT)
    return f"{target}'s WAL archive takes no files any more"


async def mend_archive(world: World, target: str) -> str:
    await asyncio.to_thread(world.archive.chmod, _ARCHIVE_MENDED)
    for primary in await _primaries(world):
        # After three failures the archiver waits a minute; a reload wakes it.
        await primary.query("SELECT pg_reload_conf()")
    return f"{target}'s WAL archive takes files again"


async def age_backups(world: World, target: str) -> str:
    aged = await asyncio.to_thread(make_backups_old, world.backups, world.archive, _OLD)
    if not aged:
        raise LabError(f"{target} has no base backup to make old; take one first")
    return f"made {len(aged)} base backups {_OLD.days} days older; the newest is {aged[-1].name} now"


async def backup(world: World, target: str) -> str:
    taken = await take_backup(world.servers[target], world.backups)
    return f"took the base backup {taken.name} on {target}"


async def heal(world: World, target: str) -> str:
    world.links.heal()
    left = []
    for server in world.servers.values():
        if server.own_disk:
            await asyncio.to_thread(disks.empty, server.paths.root)
        await server.ssh.start()
        if server.frozen():
            server.thaw()
    for server in sorted(world.servers.values(), key=lambda server: server.is_made_a_standby()):
        if server.postmaster_pid() is None:
            others = [primary.name for primary in await _primaries(world)]
            if others and not server.is_made_a_standby():
                left.append(f"{server.name} stays down, as {', '.join(others)} is the primary now")
            else:
                await server.start()
        world.links.look(server.name)
    await mend_archive(world, target)
    for server in world.servers.values():
        if server.postmaster_pid() is not None and await server.in_recovery():
            await server.query(_RESUME)
    return "; ".join(["healed everything that could be", *left])


async def _primaries(world: World) -> list[LabServer]:
    """The servers that run, answer, and are not in recovery."""
    found = []
    for server in world.servers.values():
        if server.postmaster_pid() is None or server.frozen():
            continue
        try:
            [(in_recovery,)] = await server.query("SELECT pg_is_in_recovery()", timeout=_ASK_SECONDS)
        except (psycopg.Error, TimeoutError):
            continue
        if not in_recovery:
            found.append(server)
    return found


async def _standby(world: World, target: str) -> None:
    if not await world.servers[target].in_recovery():
        raise LabError(f"{target} is a primary: it has nothing to replay")
