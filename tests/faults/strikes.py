"""The faults, as they are done to a scene, and how they are mended."""

import asyncio
from contextlib import suppress

from lab import disks
from lab.errors import LabError
from lab.faults import FaultKind
from lab.ports import free_port
from tests.faults import ledger_disk
from tests.faults.cell import Act
from tests.faults.scene import Scene

_FULL_SECONDS = 12.0
_LITTLE_ROOM = 0.93  # of a disk
_STREAMS_SECONDS, _PAUSE = 20.0, 0.1  # wal_retrieve_retry_interval is 5 s
_STREAMS = "SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'"


def fault(kind: FaultKind, *targets: str) -> Act:
    """A fault of the lab, to each of the targets."""

    async def act(scene: Scene) -> None:
        for target in targets or ("",):
            await scene.fault(kind, target)

    return act


def start_again(server: str) -> Act:
    """PostgreSQL is started, as by a supervisor. A fence may end it before it is up: that is what a fence is for."""

    async def act(scene: Scene) -> None:
        with suppress(LabError):
            await scene.fault(FaultKind.START, server)

    return act


async def the_old_primary_is_back(scene: Scene) -> None:
    """PostgreSQL is started, as by a supervisor, and the standby streams from it again."""
    await scene.fault(FaultKind.START, scene.old.name)
    async with asyncio.timeout(_STREAMS_SECONDS):
        while not await scene.old.query(_STREAMS):
            await asyncio.sleep(_PAUSE)


def both(*acts: Act) -> Act:
    async def act(scene: Scene) -> None:
        for one in acts:
            await one(scene)

    return act


def mended(*links: str) -> Act:
    return fault(FaultKind.MEND_LINK, *links)


async def kill_the_bot(scene: Scene) -> None:
    """kill -9, and started again as a supervisor would."""
    await scene.stage.bot.kill()
    await scene.stage.bot.start()


async def slack_goes_down(scene: Scene) -> None:
    """Every call fails, and no socket opens."""
    scene.stage.slack.faults.server_error()
    scene.stage.slack.faults.refuse_sockets = True
    scene.stage.slack.faults.drop_sockets()


async def slack_comes_back(scene: Scene) -> None:
    scene.stage.slack.faults.heal()


async def a_second_bot(scene: Scene) -> None:
    """Another process on the same ledger."""
    port = free_port()
    bot = scene.stage.bot.twin(port, scene.stage.settings.with_name("second-bot.log"))
    scene.others.append(bot)
    await bot.start()


async def the_first_bot_dies(scene: Scene) -> None:
    """kill -9, and nobody starts it again: the other one is there."""
    await scene.stage.bot.kill()


async def little_room(scene: Scene) -> None:
    """So little on each server's own disk that the rest is filled within a moment; not yet an obstacle."""
    lab = scene.stage.lab
    for server in lab.servers.values():
        await asyncio.to_thread(disks.fill, server.paths.root, lab.account, _LITTLE_ROOM)


def no_room(server: str) -> Act:
    """Not a byte is left on a server's own disk; the lab's own fault leaves some, for an alert to be seen."""

    async def act(scene: Scene) -> None:
        lab = scene.stage.lab
        await asyncio.to_thread(disks.fill_up, lab.servers[server].paths.root, lab.account)

    return act


async def the_ledgers_disk_is_full(scene: Scene) -> None:
    """For longer than the bot goes on trying."""
    place = scene.ledger_disk
    assert place is not None
    await ledger_disk.fill_up(place)
    await asyncio.sleep(_FULL_SECONDS)
    await ledger_disk.make_room(place)
