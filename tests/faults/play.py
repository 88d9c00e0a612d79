"""Plays one cell on a stage of its own, and says what became of it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import psycopg

from lab.server import LabServer
from lab.stage import open_stage
from lab.world import LabOptions
from ledger.audit_chain import verify
from ledger.ledger import Ledger
from ledger.operations import FINISHED, OperationState
from tests.faults.cell import REFUSED, UNENDED, Cell, Result
from tests.faults.ledger_disk import ledger_disk
from tests.faults.scene import NotOffered, Scene, says_the_end
from tests.faults.strikes import little_room
from tests.faults.watch import LedgerWatch, PrimaryWatch

RATE = 100.0  # rows a second while a cell is played
_WARM_ROWS = 30
_STRIKE_SECONDS = 60.0
_END_SECONDS = 240.0
_TELL_SECONDS = 30.0
_NEW_ROWS, _SERVES_SECONDS = 20, 15.0
_POLL_SECONDS = 0.05
# Until a standby that starts without its primary has replayed all that it had received, or is a primary.
_REPLAYED = """
DO $$
DECLARE seen pg_lsn;
BEGIN
  WHILE pg_is_in_recovery() AND seen IS DISTINCT FROM pg_last_wal_replay_lsn() LOOP
    seen := pg_last_wal_replay_lsn();
    PERFORM pg_sleep(1);
  END LOOP;
END $$
"""
_AFTER_SECONDS = 1.0  # of load after the end: what goes wrong late shows

OVER = frozenset({*(state.value for state in FINISHED), OperationState.INTERRUPTED.value})


async def play(cell: Cell) -> Result:
    """Raises FaultNotAvailable where the cell needs what this machine does not have (a disk needs root)."""
    began = time.monotonic()
    async with _stage(cell) as scene:
        lab = scene.stage.lab
        await lab.load.start(rate=RATE)
        await lab.load.wait_for_rows(_WARM_ROWS)
        watch = PrimaryWatch(tuple(lab.servers.values()))
        watching = asyncio.create_task(watch.run())
        try:
            end, told = await _play(cell, scene)
        except TimeoutError:
            end, told = UNENDED, ""
            await _mend(cell, scene)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        serves = await _serves(scene)
        report = await lab.load.stop_and_report(await _primary(scene))
        return Result(
            cell=cell,
            end=end,
            told=told,
            acknowledged=report.acknowledged,
            lost=len(report.lost),
            lost_received=len(report.lost_received),
            primaries=watch.most,
            serves=serves,
            audit_is_whole=await audit_is_whole(scene.ledger.path),
            seconds=time.monotonic() - began,
            postgresql=lab.version,
        )


async def _play(cell: Cell, scene: Scene) -> tuple[str, str]:
    """How the operation ended, and what people were told."""
    await scene.prepare()
    if cell.needs_disks:
        await little_room(scene)
    if cell.when.action is None:
        await cell.strike(scene)
    try:
        requested = await scene.ask()
    except NotOffered as refused:
        await _mend(cell, scene)
        return REFUSED, str(refused)
    before = len(scene.thread(requested))
    striking = asyncio.create_task(_strike(cell, scene, requested.operation))
    try:
        await scene.approve(requested)
        await striking  # TimeoutError: the moment never came
        end = await scene.ledger.ended(requested.operation, timeout=_END_SECONDS, over=OVER)
    finally:
        striking.cancel()
        await asyncio.gather(striking, return_exceptions=True)
    await asyncio.sleep(_AFTER_SECONDS)
    await _mend(cell, scene)
    with suppress(TimeoutError):
        await scene.stage.slack.wait_until(
            lambda: len(scene.thread(requested)) > before and says_the_end(scene.told(requested)),
            timeout=_TELL_SECONDS,
        )
    return end, scene.told(requested)


async def _strike(cell: Cell, scene: Scene, operation: str) -> None:
    if cell.when.action is not None:
        await scene.ledger.reached(operation, cell.when, timeout=_STRIKE_SECONDS)
        await cell.strike(scene)


async def _mend(cell: Cell, scene: Scene) -> None:
    if cell.mend is not None:
        await cell.mend(scene)


async def _serves(scene: Scene) -> bool:
    """Whether clients' rows are acknowledged again."""
    load = scene.stage.lab.load
    try:
        await load.wait_for_rows(len(load.acknowledged()) + _NEW_ROWS, timeout=_SERVES_SECONDS)
    except TimeoutError:
        return False
    return True


async def _primary(scene: Scene) -> str:
    """The primary of the end; where there is none by now, a standby that runs, for its rows count."""
    found: dict[bool, str] = {}
    for server in scene.stage.lab.servers.values():
        if server.frozen():
            server.thaw()
        if server.postmaster_pid() is not None:
            found[await _until_it_says_its_role(server)] = server.name
    if not found:
        # As people would, once the fault is mended. LabError when it does not come up: that is no end.
        await scene.new.start()
        await scene.new.query(_REPLAYED)
        return scene.new.name
    return found.get(False) or found[True]


async def _until_it_says_its_role(server: LabServer) -> bool:
    """Whether it is a standby. One that has just been started recovers first."""
    async with asyncio.timeout(_SERVES_SECONDS):
        while True:
            with suppress(psycopg.OperationalError, TimeoutError):
                return await server.in_recovery()
            await asyncio.sleep(_POLL_SECONDS)


@asynccontextmanager
async def _stage(cell: Cell) -> AsyncIterator[Scene]:
    options = LabOptions(base_backup=False, own_disks=cell.needs_disks)
    async with AsyncExitStack() as stack:
        place = stack.enter_context(ledger_disk()) if cell.needs_ledger_disk else None
        stage = await stack.enter_async_context(open_stage(options, edit=lambda text: with_ledger_in(place, text)))
        ledger = (place or stage.settings.parent) / "ledger.sqlite3"
        watch = LedgerWatch(ledger)
        scene = Scene(stage, cell.order, watch, ledger_disk=place, freezes=cell.freezes, copies=cell.copies)
        stack.push_async_callback(scene.end_others)
        yield scene


def with_ledger_in(place: Path | None, settings: str) -> str:
    return (
        settings if place is None else settings.replace('path = "ledger.sqlite3"', f'path = "{place}/ledger.sqlite3"')
    )


async def audit_is_whole(ledger: Path) -> bool:
    async with await Ledger.open(ledger, create=False) as opened:
        return (await opened.read(verify)).ok
