"""Maintenance that is planned ahead: by people for once, and by the settings for good."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlite_utils import Database

from commands.command import Misunderstood
from commands.dispatcher import Dispatcher
from commands.maintenance_due import begin_due
from commands.maintenance_hours import Hours, read_hours
from commands.maintenance_window import MaintenanceWindow
from commands.registry import COMMANDS
from ledger.audit import AuditKind
from ledger.hours import Window
from ledger.maintenance import Maintenance, in_maintenance
from tests.commands.conftest import Scene

VIENNA = ZoneInfo("Europe/Vienna")
NOW = datetime(2026, 1, 31, 3, 12, tzinfo=UTC)  # 04:12 in Vienna, a Saturday
LONGEST = timedelta(days=7)


def at(day: int, hour: int, minute: int = 0, month: int = 1) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=VIENNA)


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("22:00 to 23:30 work", at(31, 22), at(31, 23, 30)),
        ("22:00 to 01:30 work", at(31, 22), at(1, 1, 30, 2)),
        ("4:00 to 5:00 work", at(1, 4, 0, 2), at(1, 5, 0, 2)),
        ("tomorrow 22:00 TO 23:00 work", at(1, 22, 0, 2), at(1, 23, 0, 2)),
        ("2026-02-03 22:00 to 2026-02-04 02:00 work", at(3, 22, 0, 2), at(4, 2, 0, 2)),
    ],
)
def test_hours_are_those_of_the_persons_clock(text: str, since: datetime, until: datetime) -> None:
    hours, left = read_hours(text.split(), NOW, VIENNA, LONGEST)
    assert (hours, left) == (Hours(since, until), ["work"])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no time of day"),
        ("night to 23:00", "is no time of day"),
        ("22:00 work", "From when to when"),
        ("22:00 to", "is no time of day"),
        ("2026-02-30 22:00 to 23:00", "no such day"),
        ("2025-01-01 22:00 to 23:00", "in the past"),
        ("22:00 to 2026-02-20 23:00", "At most 7 days long"),
        ("2027-01-01 22:00 to 23:00", "90 days ahead"),
    ],
)
def test_what_is_not_understood_is_said(text: str, why: str) -> None:
    with pytest.raises(Misunderstood, match=why):
        read_hours(text.split(), NOW, VIENNA, LONGEST)


async def in_force(scene: Scene) -> Maintenance | None:
    return await scene.ledger.read(lambda db: in_maintenance(db, "shop", scene.pair.now))


async def later(scene: Scene, dispatcher: Dispatcher, **by: float) -> Maintenance | None:
    scene.pair.now += timedelta(**by)
    for _ in range(2):
        await dispatcher.tick(scene.pair.now)
    return await in_force(scene)


async def test_it_begins_and_ends_by_itself(scene: Scene) -> None:
    begins = (scene.pair.now + timedelta(hours=2)).strftime("%H:%M")
    ends = (scene.pair.now + timedelta(hours=3)).strftime("%H:%M")
    answer = await scene.dispatcher.ask(scene.asks("alice", f"maintenance on shop from {begins} to {ends} new kernel"))
    assert answer.page.title == "Maintenance of shop is planned"
    assert (await scene.card("maintenance/planned/1")).title == "shop: maintenance is planned"
    assert await later(scene, scene.dispatcher, hours=1) is None
    begun = await later(scene, scene.dispatcher, hours=1)
    assert begun is not None
    assert (begun.by.name, begun.reason) == ("alice", "new kernel")
    assert (await scene.card("maintenance/planned/1")).title.endswith("is begun")
    assert await later(scene, scene.dispatcher, hours=1) is None
    assert len(await scene.records(AuditKind.MAINTENANCE_PLANNED)) == 1
    (record,) = await scene.records(AuditKind.MAINTENANCE_BEGUN)
    assert record.entry.details["planned by"] == "alice"


async def test_what_is_planned_is_cancelled_before_it_begins(scene: Scene) -> None:
    await scene.dispatcher.ask(scene.asks("alice", "maintenance on shop from tomorrow 22:00 to 23:00 new kernel"))
    answer = await scene.dispatcher.ask(scene.asks("bob", "maintenance off shop"))
    assert answer.page.title == "The maintenance of shop that was planned is cancelled"
    assert (await scene.card("maintenance/planned/1")).title.endswith("is cancelled")
    assert await later(scene, scene.dispatcher, days=2) is None


async def test_what_was_to_happen_while_nobody_was_there_is_past(scene: Scene) -> None:
    await scene.dispatcher.ask(scene.asks("alice", "maintenance on shop from tomorrow 22:00 to 23:00 new kernel"))
    assert await later(scene, scene.dispatcher, days=3) is None
    assert (await scene.card("maintenance/planned/1")).title.endswith("is past")


async def test_who_may_not_plans_nothing(scene: Scene) -> None:
    answer = await scene.dispatcher.ask(scene.asks("guest", "maintenance on shop from 22:00 to 23:00 new kernel"))
    assert answer.page.title == "Not allowed"


async def test_the_hours_of_the_settings_begin_once_and_somebody_may_end_them(scene: Scene) -> None:
    now = scene.pair.now
    window = Window((now + timedelta(hours=1)).time(), (now + timedelta(hours=2)).time(), ZoneInfo("UTC"))
    world = replace(scene.world, maintenance_windows={"shop": (MaintenanceWindow(window, "vacuum full"),)})
    dispatcher = Dispatcher(world, COMMANDS)
    assert await later(scene, dispatcher, minutes=59) is None
    begun = await later(scene, dispatcher, minutes=2)
    assert begun is not None
    assert (begun.by.name, begun.reason, begun.until) == ("the settings", "vacuum full", now + timedelta(hours=2))
    await dispatcher.ask(scene.asks("bob", "maintenance off shop"))
    assert await later(scene, dispatcher, minutes=5) is None
    assert await later(scene, dispatcher, days=1) is not None


async def test_maintenance_that_lasts_longer_than_what_is_planned_stays(scene: Scene) -> None:
    await scene.dispatcher.ask(scene.asks("alice", "maintenance on shop from tomorrow 03:00 to 04:00 new kernel"))
    await scene.dispatcher.ask(scene.asks("bob", "maintenance on shop for 3d a new rack"))
    standing = await later(scene, scene.dispatcher, days=1)
    assert standing is not None
    assert standing.by.name == "bob"

    def nothing(db: Database) -> int:
        return begin_due(db, scene.world, scene.pair.now)

    assert await scene.ledger.write(nothing) == 0


def test_when_hours_are_over_also_past_midnight_and_when_they_meet_themselves() -> None:
    night = Window(time(22), time(2), ZoneInfo("UTC"))
    assert night.ends_after(datetime(2026, 1, 31, 23, tzinfo=UTC)) == datetime(2026, 2, 1, 2, tzinfo=UTC)
    assert night.ends_after(datetime(2026, 2, 1, 1, tzinfo=UTC)) == datetime(2026, 2, 1, 2, tzinfo=UTC)
