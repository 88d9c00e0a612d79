"""What orders to restore leave on hosts is told as what it is, once, until an order removes it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from commands.asked import Decision
from commands.restoring import in_place_actions
from commands.restoring.cards import KEEP
from ledger.instances import instances_there
from servers.backups.instances import Place
from servers.engines.engine import ActionFailed
from tests.commands.conftest import Scene
from tests.commands.restoring.practice_restore import AT, Shelf, ended, reminders, restoring, shown

TO = f"--to {AT:%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
async def set_up(tmp_path: Path) -> AsyncIterator[tuple[Scene, Shelf]]:
    async with restoring(tmp_path) as made:
        yield made


async def test_beside_has_a_message_of_its_own_that_follows_it_until_it_is_dropped(set_up: tuple[Scene, Shelf]) -> None:
    scene, shelf = set_up
    report = await ended(scene, f"restore {TO}")
    assert report.title.endswith(" → db2 succeeded")
    (one,) = await scene.ledger.read(instances_there)
    card = await scene.card(f"restored/{one.operation}")
    assert [button.label for button in card.buttons] == ["Keep for 4 h", "Drop…", "Cut over…"]
    kept = await scene.dispatcher.ask(scene.asks("alice", f"restore keep {one.operation}"))
    assert "is kept" in kept.page.title
    assert card.buttons[0].action == KEEP
    await ended(scene, "restore drop")
    assert (await scene.card(f"restored/{one.operation}")).buttons == ()
    assert shelf.removed == [one.directory]


async def test_one_that_is_past_its_time_is_told_once_and_stays(set_up: tuple[Scene, Shelf]) -> None:
    scene, shelf = set_up
    await ended(scene, f"restore {TO}")
    (one,) = await scene.ledger.read(instances_there)
    for _ in range(2):
        await scene.dispatcher.tick(one.keep_until + timedelta(seconds=1))
    cards = await scene.ledger.read(
        lambda db: [row["card"] for row in db.query("SELECT DISTINCT card FROM outbox WHERE card LIKE 'restored/%'")]
    )
    assert len(cards) == 2
    assert "past its time" in (await scene.card(f"restored/{one.operation}")).title
    assert shelf.removed == []


async def test_what_a_restore_that_failed_has_left_does_not_stand_and_is_named_as_what_it_is(
    set_up: tuple[Scene, Shelf],
) -> None:
    scene, shelf = set_up
    shelf.fails["lay_out"] = "No space left on device"
    await ended(scene, f"restore {TO}")
    (one,) = await scene.ledger.read(instances_there)
    await scene.dispatcher.tick(one.keep_until + timedelta(seconds=1))
    told = await reminders(scene)
    assert [card.title for card in told] == ["What a restore of shop that failed has left is still on db2"]
    assert f"/ha restore drop shop {one.operation}" in told[0].summary
    assert "Left by a restore that failed, on db2" in (await shown(scene, "restore"))[1]


async def test_one_that_is_still_being_made_is_told_by_nobody(set_up: tuple[Scene, Shelf]) -> None:
    scene, shelf = set_up
    operation = await scene.request(text=f"restore {TO}")
    shelf.endless = "lay_out"
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    async with asyncio.timeout(5):
        await shelf.waited_for.wait()
    (one,) = await scene.ledger.read(instances_there)
    await scene.dispatcher.tick(one.keep_until + timedelta(seconds=1))
    assert await reminders(scene) == []
    assert "Being made on db2" in (await shown(scene, "restore"))[1]


async def test_recovery_settings_that_could_not_be_taken_off_are_told_and_taken_off_by_an_order(
    set_up: tuple[Scene, Shelf], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Left as they are, they would stop the server at that moment once it is started as a standby."""
    monkeypatch.setattr(in_place_actions, "_SHARE_FOR_TRIES", 0.0)
    scene, shelf = set_up
    shelf.fails["settle"] = "No space left on device"
    report = await ended(scene, f"restore {TO} --in-place", "bob", "carol")
    (one,) = await scene.ledger.read(instances_there)
    settle = f"/ha restore settle shop {one.operation}"
    assert settle in repr(report)
    await scene.dispatcher.tick(one.keep_until + timedelta(seconds=1))
    (told,) = await reminders(scene)
    assert told.title == "db1 still has the recovery settings of a restore"
    assert settle in told.summary
    assert (await shown(scene, "restore drop"))[0] is False
    del shelf.fails["settle"]
    await ended(scene, "restore settle")
    assert shelf.did[-1] == "settle"
    assert await scene.ledger.read(instances_there) == []


async def test_settings_that_cannot_be_taken_off_at_first_are_tried_again(
    set_up: tuple[Scene, Shelf], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_place_actions, "SETTLE_PAUSE", 0.0)
    scene, shelf = set_up
    settle, tries = shelf.settle, iter((ActionFailed("db1: no answer over SSH"), None))

    async def second_time(place: Place, **_: float) -> None:
        if (failure := next(tries)) is not None:
            raise failure
        await settle(place)

    monkeypatch.setattr(shelf, "settle", second_time)
    await ended(scene, f"restore {TO} --in-place", "bob", "carol")
    assert "settle" in shelf.did
    assert await scene.ledger.read(instances_there) == []
