"""What a restore plans, refuses and does, on a pair in memory; and kill -9 at every moment of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from structlog.testing import capture_logs

from commands.asked import Decision
from commands.command import Misunderstood
from commands.dispatcher import Dispatcher
from commands.document import read_document
from commands.registry import COMMANDS
from commands.restoring.cut_over import cut_over
from ledger import locks
from ledger.audit_chain import verify
from ledger.instances import instances_there
from ledger.operations import Operation, OperationState
from servers.backups.archive import Segments
from tests.commands.conftest import Scene
from tests.commands.mortal import Killed, Life, Watch, mortal
from tests.commands.practice import NOW, START
from tests.commands.restoring.practice_restore import AT, MortalShelf, Shelf, ended, restoring, shown
from tests.commands.traffic import Pool

TO = f"--to {AT:%Y-%m-%dT%H:%M:%SZ}"
STRIDE = 5  # every fifth moment, before and after an effect in turn: 1 takes two minutes, and found nothing more
WHEN = f"{AT:%Y-%m-%d %H:%M:%S} UTC"


@pytest.fixture
async def set_up(tmp_path: Path) -> AsyncIterator[tuple[Scene, Shelf]]:
    async with restoring(tmp_path) as made:
        yield made


async def test_the_plan_shows_the_moment_in_utc_whatever_the_askers_clock(set_up: tuple[Scene, Shelf]) -> None:
    scene, _ = set_up
    alice = scene.people.people["U-alice"]
    scene.people.people["U-alice"] = replace(alice, zone="Asia/Kolkata")
    local = AT + timedelta(hours=5, minutes=30)
    ready, text = await shown(scene, f"restore --to {local:%H:%M}")
    assert ready
    assert WHEN in text


async def test_somebody_ahead_of_utc_is_shown_a_form_for_an_hour_that_is_still_to_come_there(
    set_up: tuple[Scene, Shelf],
) -> None:
    scene, _ = set_up
    assert scene.dispatcher.needs_form(f"restore --to {AT + timedelta(hours=5, minutes=30):%H:%M}")


@pytest.mark.parametrize(
    ("text", "because"),
    [
        (f"restore --to {NOW - timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}", "before the end of the oldest usable backup"),
        (f"restore --to {NOW - timedelta(seconds=30):%Y-%m-%dT%H:%M:%SZ}", "after the last archived WAL"),
        (f"restore --to {NOW - timedelta(seconds=30):%Y-%m-%dT%H:%M:%SZ}", "before it 2026-01-31T03:11:00Z"),
        (f"restore {TO} --in-place --tables a", "Only one of"),
        (f"restore {TO} --standby db1", "In its place: --in-place"),
        (f"restore {TO} --standby", "is no server of shop"),
        ("restore follow", "Nothing stands in the place of a standby"),
        ("restore put-back", "Nothing stands in the place of a standby"),
        (f"restore {TO} --besides db2", "Did you mean --beside?"),
        (f"restore {TO} --beside db7", "no server of shop"),
        ("restore --in-place", "To which moment?"),
        (f"restore {TO} --tables a.b.c.d", "no table"),
        (f"restore {TO} --tables a --database nope", "no database"),
        ("restore drop", "no restored instance"),
        ("restore cut-over XYZ", "restored nothing"),
        ("restore keep", "no restored instance"),
    ],
)
async def test_what_cannot_be_done_is_refused_with_what_can(
    set_up: tuple[Scene, Shelf], text: str, because: str
) -> None:
    ready, said = await shown(set_up[0], text)
    assert not ready
    assert because in said, said


async def test_a_moment_in_a_gap_is_refused_with_the_moments_around_it(set_up: tuple[Scene, Shelf]) -> None:
    scene, shelf = set_up
    later = replace(shelf.backups[0], name="later", finished_at=NOW - timedelta(minutes=5))
    later = replace(later, start_lsn=type(START)(0x9000000), end_lsn=type(START)(0x9000100))
    shelf.backups = (later, *shelf.backups)
    shelf.runs = (
        Segments(1, 2, 3, NOW - timedelta(hours=1), NOW - timedelta(minutes=20)),
        Segments(1, 9, 10, NOW - timedelta(minutes=4), NOW - timedelta(minutes=1)),
    )
    ready, said = await shown(scene, f"restore {TO}")
    assert not ready
    assert "gap" in said
    assert "before it 2026-01-31T02:52:00Z, after it 2026-01-31T03:07:00Z" in said


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"encrypted_to": "no secret key"}, "It can be decrypted"),
        ({"room": 1000}, "Disk space"),
    ],
)
async def test_a_check_that_fails_keeps_it_from_being_asked_for(
    set_up: tuple[Scene, Shelf], change: dict[str, Any], because: str
) -> None:
    scene, shelf = set_up
    for name, value in change.items():
        setattr(shelf, name, value)
    ready, said = await shown(scene, f"restore {TO}")
    assert not ready
    assert because in said


async def test_in_place_needs_two_and_the_clusters_name_and_says_what_is_lost(set_up: tuple[Scene, Shelf]) -> None:
    scene, shelf = set_up
    form = await scene.form(text=f"restore {TO} --in-place")
    assert "cluster" in [field.name for field in form.fields]
    assert f"Everything that was written to shop after {WHEN} is taken away" in repr(form.page)
    report = await ended(scene, f"restore {TO} --in-place", "bob", "carol")
    assert report.title.endswith(" → db1 succeeded"), report
    assert shelf.data.startswith("/data/db1.restore-")
    assert scene.pair.writable == ["db1"]
    assert "100" in repr(report)  # transactions taken back: 900 by now, 800 then


@pytest.mark.parametrize("breaks", ["lay_out", "configure", "recover", "swap", "start", "stop", "promote"])
async def test_whatever_fails_in_place_the_old_directory_is_there_and_takes_writes(
    set_up: tuple[Scene, Shelf], breaks: str
) -> None:
    scene, shelf = set_up
    if breaks in ("start", "stop", "promote"):
        scene.pair.fails[breaks] = "it would not"
    else:
        shelf.fails[breaks] = "it would not"
    report = await ended(scene, f"restore {TO} --in-place", "bob", "carol")
    assert report.title.endswith(" → db1 failed")
    assert "it would not" in report.summary
    if breaks == "promote":  # past the point where it could be taken back: it may have happened
        assert shelf.data != "live"
    elif breaks == "start":  # nor does the old one start by then
        assert shelf.data == "live"
    else:
        assert (shelf.data, scene.pair.writable) == ("live", ["db1"])


@pytest.mark.parametrize("breaks", ["", "stop", "swap", "start", "promote", "verify_write"])
async def test_whatever_becomes_of_it_nobody_is_left_waiting(set_up: tuple[Scene, Shelf], breaks: str) -> None:
    scene, shelf = set_up
    pool = Pool()
    world = replace(scene.world, traffic={"shop": (pool,)})
    scene = replace(scene, world=world, dispatcher=Dispatcher(world, COMMANDS))
    if breaks == "swap":
        shelf.fails[breaks] = "it would not"
    elif breaks:
        scene.pair.fails[breaks] = "it would not"
    report = await ended(scene, f"restore {TO} --in-place", "bob", "carol")
    assert report.title == f"Restore of shop: {WHEN} → db1 {'failed' if breaks else 'succeeded'}", report
    assert pool.did.count("hold") == 1
    assert not pool.held
    assert pool.leads == "db1"


async def test_a_dead_primary_is_restored_in_place_once_it_is_named(set_up: tuple[Scene, Shelf]) -> None:
    scene, shelf = set_up
    scene.pair.kill("db1")
    _, said = await shown(scene, f"restore {TO} --in-place")
    assert "Name the one to restore" in said
    report = await ended(scene, f"restore db1 {TO} --in-place", "bob", "carol")
    assert report.title.endswith(" → db1 succeeded"), report
    assert scene.pair.writable == ["db1"]
    assert "stop" not in [action for action, server in scene.pair.did if server == "db1"]
    assert shelf.data != "live"


@pytest.mark.parametrize("during", ["configure", "swap"])
async def test_beside_a_standby_that_somebody_has_promoted_meanwhile_nothing_is_opened(
    set_up: tuple[Scene, Shelf], during: str
) -> None:
    """Recovering takes hours: the live one may be fenced by hand and another one promoted before it is done."""
    scene, shelf = set_up
    original = getattr(shelf, during)

    async def failed_over(*arguments: Any, **options: Any) -> Any:
        scene.pair.machines["db1"].running = False
        scene.pair.machines["db2"].standby, scene.pair.machines["db2"].running = False, True
        return await original(*arguments, **options)

    setattr(shelf, during, failed_over)
    report = await ended(scene, f"restore {TO} --in-place", "bob", "carol")
    assert report.title.endswith(" failed"), report
    assert "db2 runs as a primary by now" in report.summary
    assert (shelf.data, scene.pair.writable) == ("live", ["db2"])


async def test_another_clusters_backup_never_takes_the_place_of_this_ones_data(set_up: tuple[Scene, Shelf]) -> None:
    scene, shelf = set_up
    shelf.system = "7000000000000000009"
    report = await ended(scene, f"restore {TO} --in-place", "bob", "carol")
    assert report.title.endswith(" failed"), report
    assert "of another database system (7000000000000000009" in report.summary
    assert (shelf.data, scene.pair.writable) == ("live", ["db1"])


async def test_a_standby_is_restored_in_place_only_once_the_dead_primary_is_fenced(set_up: tuple[Scene, Shelf]) -> None:
    """Started by accident it would come up as a second primary."""
    scene, _ = set_up
    scene.pair.kill("db1")
    ready, said = await shown(scene, f"restore db2 {TO} --in-place")
    assert not ready
    assert "db1 is down, and comes up as a primary once it is started" in said
    scene.pair.machines["db1"].marked = True
    ready, said = await shown(scene, f"restore db2 {TO} --in-place")
    assert ready, said


async def test_in_place_is_refused_where_no_commit_would_return_afterwards(set_up: tuple[Scene, Shelf]) -> None:
    scene, _ = set_up
    scene.pair.machines["db1"].synchronous_standby_names = "db2"
    ready, said = await shown(scene, f"restore {TO} --in-place")
    assert not ready
    assert "No commit would return until a standby was copied anew" in said


async def test_without_a_primary_nothing_is_opened_beside_a_server_that_cannot_be_seen(
    set_up: tuple[Scene, Shelf],
) -> None:
    scene, _ = set_up
    scene.pair.machines["db1"].running = False
    scene.pair.machines["db2"].running = scene.pair.machines["db2"].reachable_by_ssh = False
    ready, said = await shown(scene, f"restore db1 {TO} --in-place")
    assert not ready
    assert "db2 cannot be seen, and may take writes" in said, said


async def test_a_cut_over_goes_to_the_moment_of_the_instance(set_up: tuple[Scene, Shelf]) -> None:
    scene, _ = set_up
    await ended(scene, f"restore {TO}")
    (one,) = await scene.ledger.read(instances_there)
    ready, said = await shown(scene, f"restore cut-over {one.operation}")
    assert ready
    assert f"after {WHEN} is taken away" in said
    operation = await scene.request(text=f"restore cut-over {one.operation}")
    checks = read_document((await scene.operation(operation)).plan).plan.checks
    assert "It is restored anew, to that moment" in [check.title for check in checks]


@pytest.mark.parametrize("moves_on", ["latest", "immediate"])
async def test_a_cut_over_goes_to_what_people_looked_at_and_not_to_what_latest_means_by_now(
    set_up: tuple[Scene, Shelf], moves_on: str
) -> None:
    scene, _ = set_up
    await ended(scene, f"restore --to {moves_on}")
    (one,) = await scene.ledger.read(instances_there)
    ready, said = await shown(scene, f"restore cut-over {one.operation}")
    assert ready
    assert f"after {WHEN} is taken away" in said
    operation = await scene.request(text=f"restore cut-over {one.operation}")
    checks = read_document((await scene.operation(operation)).plan).plan.checks
    assert "It is restored anew, to that moment" in [check.title for check in checks]


async def test_a_cut_over_of_another_clusters_operation_is_refused(set_up: tuple[Scene, Shelf]) -> None:
    scene, _ = set_up
    await ended(scene, f"restore {TO}")
    (one,) = await scene.ledger.read(instances_there)
    with pytest.raises(Misunderstood, match="restored nothing of billing"):
        await scene.ledger.read(lambda db: cut_over(db, "billing", one.operation))


async def test_tables_go_into_a_new_schema_named_after_the_order(set_up: tuple[Scene, Shelf]) -> None:
    scene, shelf = set_up
    report = await ended(scene, f"restore {TO} --tables Orders,sales.Items")
    assert report.title.endswith(" → db1 succeeded"), report
    assert list(shelf.copied.values()) == [f"restored_{(await scene.operations())[0].id.lower()}"]
    assert "Orders, sales.Items of app" in report.summary


async def play(
    place: Path, text: str, approvers: tuple[str, ...], *deaths: int
) -> tuple[Scene, Shelf, Operation, bool]:
    """One order; each process dies at its moment, and the next one takes up what it left. The last one lives."""
    watch, was_killed = Watch(), False
    async with restoring(place) as (scene, shelf):
        requested = await scene.request(text=text)
        for one in approvers[:-1]:
            await scene.dispatcher.decide(scene.asks(one), requested, Decision.APPROVE)
        for number, dies_at in enumerate((*deaths, None)):
            life = Life(dies_at)
            process = mortal_restorer(scene, shelf, life, watch)
            with suppress(Killed):
                if number == 0:
                    await process.decide(scene.asks(approvers[-1]), requested, Decision.APPROVE)
                else:
                    await process.recover()
            while process._runner.running:
                await asyncio.sleep(0)
            was_killed = was_killed or life.dead
        operation = await scene.operation(requested)
        if operation.state is OperationState.AWAITING_APPROVAL:
            await scene.dispatcher.decide(scene.asks(approvers[-1]), requested, Decision.APPROVE)
            await scene.dispatcher.wait(requested)
            operation = await scene.operation(requested)
        assert watch.most_writable <= 1
        assert watch.without_intent == []
        assert await scene.ledger.read(locks.holders) == []
        assert (await scene.ledger.read(verify)).ok
        return scene, shelf, operation, was_killed


def mortal_restorer(scene: Scene, shelf: Shelf, life: Life, watch: Watch) -> Dispatcher:
    mine: Any = MortalShelf(shelf, life.moment)
    world = replace(scene.world, backup_tool=lambda cluster: mine, instances=mine, in_place=mine)
    return mortal(world, scene.pair, life, watch)


@pytest.mark.parametrize(
    ("text", "approvers", "least"),
    [
        (f"restore {TO}", ("bob",), 30),
        (f"restore {TO} --tables a", ("bob",), 30),
        (f"restore {TO} --in-place", ("bob", "carol"), 60),
    ],
)
async def test_killed_once_it_is_completed_whenever_that_was(text: str, approvers: tuple[str, ...], least: int) -> None:
    moment = 0
    while True:
        with TemporaryDirectory() as place, capture_logs():
            scene, shelf, operation, was_killed = await play(Path(place), text, approvers, moment)
        assert operation.state is OperationState.SUCCEEDED, (moment, operation.result)
        assert scene.pair.writable == ["db1"]
        assert (shelf.data == "live") is ("--in-place" not in text)
        if not was_killed:
            break
        moment += STRIDE
    assert moment >= least


@pytest.mark.parametrize("first", range(5, 90, 11))
async def test_killed_twice_in_place_there_is_one_primary_with_one_directory_or_it_says_where(first: int) -> None:
    with TemporaryDirectory() as place, capture_logs():
        scene, shelf, operation, _ = await play(Path(place), f"restore {TO} --in-place", ("bob", "carol"), first, 12)
    assert operation.state in (OperationState.SUCCEEDED, OperationState.FAILED, OperationState.INTERRUPTED)
    if operation.state is OperationState.SUCCEEDED:
        assert (shelf.data != "live", scene.pair.writable) == (True, ["db1"])
