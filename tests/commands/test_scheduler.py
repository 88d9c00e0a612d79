"""Scheduled orders: approved by the policy, told in the channel, once, and never in anybody's way."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from commands.asked import Decision
from commands.automatic.policy import AutomaticPolicy, Scheduled
from commands.automatic.timetable import read_timetable
from commands.dispatcher import Dispatcher
from commands.registry import COMMANDS
from ledger.audit import AuditKind
from ledger.operations import OperationState
from ledger.page import Page
from ledger.page_json import from_json
from servers.inventory import BackupPlace
from servers.inventory import BackupTool as ToolName
from tests.commands.conftest import Scene
from tests.commands.inventory import SHOP
from tests.commands.practice_backups import PracticeTool, backup

# The world's clock stands at 03:12.
NIGHTLY = Scheduled("backup", "backup", (), ("full",), read_timetable("daily 04:00"), "alice")


@dataclass
class Night:
    """A scene with a backup every night."""

    scene: Scene

    def another_bot(self) -> Dispatcher:
        return Dispatcher(self.scene.world, COMMANDS)

    async def at(self, hours: float, *bots: Dispatcher) -> None:
        """The moment so long after the beginning, as one bot or several see it; what is started ends before it ends."""
        self.scene.pair.now = self.scene.pair.now.replace(hour=3, minute=12) + timedelta(hours=hours)
        await asyncio.gather(*(bot._scheduler.look() for bot in bots or (self.scene.dispatcher,)))
        for bot in bots or (self.scene.dispatcher,):
            for operation in await self.scene.operations():
                await bot._runner.wait(operation.id)

    async def titles(self) -> list[str]:
        return [page.title for page in await self.pages()]

    async def pages(self) -> list[Page]:
        """Every word in the channel about what is scheduled."""
        sql = "SELECT page FROM outbox WHERE card LIKE 'schedule/%' ORDER BY id"
        rows = await self.scene.ledger.read(lambda db: [row["page"] for row in db.query(sql)])
        return [from_json(row) for row in rows]


@pytest.fixture
async def night(scene: Scene) -> AsyncIterator[Night]:
    shop = replace(SHOP, backups=BackupPlace(ToolName.NATIVE, "/backups", "/archive"))
    tool = PracticeTool([backup("monday", 3.0)])
    policy = AutomaticPolicy(schedule=(NIGHTLY,))
    world = replace(scene.world, clusters={"shop": shop}, backup_tool=lambda _: tool, automatic={"shop": policy})
    dispatcher = Dispatcher(world, COMMANDS)
    made = Night(replace(scene, world=world, dispatcher=dispatcher))
    await made.at(0)
    yield made
    await dispatcher.shutdown(1.0)


async def test_it_runs_at_its_time_with_the_policy_as_approver(night: Night) -> None:
    assert await night.titles() == ["Backup of shop by itself: daily 04:00 UTC"]
    await night.at(0.5)
    assert await night.scene.operations() == []

    await night.at(1)

    (operation,) = await night.scene.operations()
    assert operation.state is OperationState.SUCCEEDED
    assert operation.reason == "Scheduled: daily 04:00 UTC, set by alice"
    (given,) = await night.scene.records(AuditKind.APPROVAL_GIVEN)
    (*_, started) = await night.scene.records(AuditKind.SCHEDULE)
    assert {given.entry.actor.id, started.entry.actor.id} == {"policy:shop"}
    assert (await night.titles())[-1] == f"Backup of shop starts by itself: operation {operation.id}"


async def test_the_channel_is_told_who_set_it_and_how_to_stop_it(night: Night) -> None:
    await night.at(1)

    taken_up, started = await night.pages()
    assert taken_up.summary.endswith("Set by alice in the settings.")
    (operation,) = await night.scene.operations()
    assert started.summary.endswith(f"Set by alice in the settings. To stop it: /ha cancel {operation.id}.")


async def test_the_bots_own_clock_starts_it(night: Night) -> None:
    night.scene.pair.now += timedelta(hours=1)
    await night.scene.dispatcher.tick(night.scene.world.now())
    async with asyncio.timeout(5):
        while not await night.scene.operations():
            await asyncio.sleep(0.01)

    (operation,) = await night.scene.operations()
    await night.scene.dispatcher.wait(operation.id)
    assert operation.kind == "backup"


async def test_the_kill_of_a_process_right_after_the_approval_loses_and_doubles_nothing(night: Night) -> None:
    killed = night.another_bot()
    killed._scheduler._runner.start = lambda ready, looked: None  # type: ignore[method-assign]
    night.scene.pair.now += timedelta(hours=1)
    await killed._scheduler.look()
    (operation,) = await night.scene.operations()
    assert operation.state is OperationState.APPROVED
    killed._owner.leave()

    await night.scene.dispatcher.recover()
    await night.at(1.1)

    assert [one.state for one in await night.scene.operations()] == [OperationState.SUCCEEDED]


async def test_two_bots_on_one_ledger_and_a_restart_start_it_once(night: Night) -> None:
    other = night.another_bot()
    await night.at(1, night.scene.dispatcher, other)
    await night.at(1.5, night.another_bot())

    assert len(await night.scene.operations()) == 1
    await other.shutdown(1.0)


async def test_a_missed_one_is_started_when_it_is_not_too_late(night: Night) -> None:
    await night.at(5, night.another_bot())

    assert len(await night.scene.operations()) == 1


async def test_one_that_is_too_late_is_told_once(night: Night) -> None:
    for hours in (9, 10):
        await night.at(hours)

    assert (await night.titles())[1:] == ["Backup of shop was left out"]
    assert await night.scene.operations() == []


async def test_while_another_order_is_open_it_waits_and_is_then_left_out(night: Night) -> None:
    standing = await night.scene.request()
    for hours in (1, 1.5, 1.9, 2.1):
        await night.at(hours)

    assert (await night.titles())[1:] == ["Backup of shop waits", "Backup of shop was left out"]
    assert [one.id for one in await night.scene.operations()] == [standing]


async def test_what_stood_in_the_way_has_passed_within_the_hour(night: Night) -> None:
    standing = await night.scene.request()
    await night.at(1)
    await night.scene.dispatcher.decide(night.scene.asks("alice"), standing, Decision.CANCEL)
    await night.at(1.5)

    assert [title.split(":")[0] for title in (await night.titles())[1:]] == [
        "Backup of shop waits",
        "Backup of shop starts by itself",
    ]


async def test_not_while_somebody_is_at_work(night: Night) -> None:
    await night.scene.dispatcher.ask(night.scene.asks("alice", "maintenance on shop for 2h new disks"))
    await night.at(1)

    assert (await night.titles())[1:] == ["Backup of shop waits"]


async def test_with_a_failing_check_it_waits(night: Night) -> None:
    night.scene.pair.kill("db1")
    night.scene.pair.kill("db2")
    await night.at(1)

    assert (await night.titles())[1:] == ["Backup of shop waits"]
