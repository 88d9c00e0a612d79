"""A restore in the place of a standby: the primary goes on, and the old directory is kept and comes back."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from commands.asked import Decision
from ledger.instances import instances_there
from ledger.operations import OperationState
from ledger.page import Page
from tests.commands.conftest import Scene
from tests.commands.restoring.practice_restore import AT, Shelf, restoring

TO = f"--to {AT:%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
async def set_up(tmp_path: Path) -> AsyncIterator[tuple[Scene, Shelf]]:
    async with restoring(tmp_path) as made:
        yield made


async def ended(scene: Scene, text: str, *approvers: str) -> tuple[OperationState, Page]:
    operation = await scene.request(text=text)
    for one in approvers or ("bob",):
        await scene.dispatcher.decide(scene.asks(one), operation, Decision.APPROVE)
    page = (await scene.dispatcher.wait(operation)).page
    return (await scene.operation(operation)).state, page


async def test_it_stands_at_the_moment_until_it_is_made_to_follow(set_up: tuple[Scene, Shelf]) -> None:
    scene, shelf = set_up
    state, page = await ended(scene, f"restore {TO} --standby db2", "bob", "carol")
    assert state is OperationState.SUCCEEDED, page.summary
    (one,) = await scene.ledger.read(instances_there)
    assert shelf.data == one.directory
    assert scene.pair.machines["db1"].running
    assert f"/ha restore follow shop {one.operation}" in repr(page)
    assert f"db2 stands at {AT:%Y-%m-%d %H:%M:%S} UTC" in repr((await scene.form(text="restore")).page)
    state, page = await ended(scene, "restore follow")
    assert state is OperationState.SUCCEEDED, page.summary
    assert shelf.did[-1] == "settle"
    assert await scene.ledger.read(instances_there) == []


async def test_while_it_stands_there_it_is_not_promoted(set_up: tuple[Scene, Shelf]) -> None:
    """By its own words it is a standby, but everything since that moment would be lost."""
    scene, shelf = set_up
    await ended(scene, f"restore {TO} --standby db2", "bob", "carol")
    scene.pair.kill("db1")
    page = repr((await scene.dispatcher.prepare(scene.asks("alice", "promote"))).page)
    assert "Its old data, which have more: /ha restore put-back shop" in page
    state, page_of = await ended(scene, "restore put-back")
    assert state is OperationState.SUCCEEDED, page_of.summary
    assert shelf.data == "live"
    assert scene.pair.machines["db2"].running
    assert "put-back" not in repr((await scene.dispatcher.prepare(scene.asks("alice", "promote"))).page)


async def test_what_was_put_out_again_can_be_dropped(set_up: tuple[Scene, Shelf]) -> None:
    scene, shelf = set_up
    await ended(scene, f"restore {TO} --standby db2", "bob", "carol")
    (one,) = await scene.ledger.read(instances_there)
    await ended(scene, "restore put-back")
    await ended(scene, "restore drop")
    assert shelf.removed == [one.directory]


async def test_to_the_end_of_the_archive_it_follows_at_once(set_up: tuple[Scene, Shelf]) -> None:
    scene, _ = set_up
    state, page = await ended(scene, "restore --to latest --standby db2", "bob", "carol")
    assert state is OperationState.SUCCEEDED, page.summary
    assert "db2 was made anew from the backups, and follows db1." in repr(page)
    assert await scene.ledger.read(instances_there) == []


@pytest.mark.parametrize("breaks", ["recover", "swap"])
async def test_whatever_fails_it_is_the_standby_that_it_was(set_up: tuple[Scene, Shelf], breaks: str) -> None:
    scene, shelf = set_up
    shelf.fails[breaks] = "No space left on device"
    state, _ = await ended(scene, f"restore {TO} --standby db2", "bob", "carol")
    machine = scene.pair.machines["db2"]
    assert (state, shelf.data) == (OperationState.FAILED, "live")
    assert machine.running
    assert machine.standby


async def test_one_alone_does_not_approve_it_and_who_forgets_it_is_reminded(set_up: tuple[Scene, Shelf]) -> None:
    scene, _ = set_up
    form = await scene.form(text=f"restore {TO} --standby db2")
    assert "db2 cannot take over from db1 until somebody makes it follow again" in repr(form.page)
    await ended(scene, f"restore {TO} --standby db2", "bob", "carol")
    (one,) = await scene.ledger.read(instances_there)
    await scene.dispatcher.tick(one.keep_until + timedelta(seconds=1))
    cards = await scene.ledger.read(
        lambda db: [row["card"] for row in db.query("SELECT DISTINCT card FROM outbox WHERE card LIKE 'restored/%/%'")]
    )
    assert "follows nobody" in (await scene.card(cards[0])).title
