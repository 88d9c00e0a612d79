"""A restore that takes hours ends for a failover and for a cancel: what it began on a host is ended, and kept."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from commands import yielding
from commands.asked import Decision
from commands.document import read_document
from commands.restore import Restore
from ledger import locks
from ledger.operations import OperationState
from servers.backups.wanted import JobPlace, RestoreWanted
from servers.inventory import Cluster
from tests.commands.conftest import Scene
from tests.commands.restoring.practice_restore import AT, Shelf, restoring

TO = f"--to {AT:%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
async def set_up(tmp_path: Path) -> AsyncIterator[tuple[Scene, Shelf]]:
    async with restoring(tmp_path) as made:
        yield made


ENDED_BY = {
    "lay_out": "stop_restore",
    "compare": "stop_compare",
    "recover": "stop_instance",
    "copy_tables": "stop_tables",
}


async def under_way(scene: Scene, shelf: Shelf, text: str, step: str, *approvers: str) -> str:
    """The operation, in a step that does not come to its end."""
    operation = await scene.request(text=text)
    shelf.endless = step
    for approver in approvers:
        await scene.dispatcher.decide(scene.asks(approver), operation, Decision.APPROVE)
    async with asyncio.timeout(5):
        await shelf.waited_for.wait()
    return operation


TABLES, IN_PLACE = "--tables a", "--in-place"


@pytest.mark.parametrize(
    ("text", "step"),
    [*((TABLES, step) for step in ENDED_BY), *((IN_PLACE, step) for step in ENDED_BY if step != "copy_tables")],
)
async def test_what_takes_long_gives_way_to_a_failover_and_ends_what_it_began(
    set_up: tuple[Scene, Shelf], monkeypatch: pytest.MonkeyPatch, text: str, step: str
) -> None:
    approvers = ("bob", "carol") if text == IN_PLACE else ("bob",)
    monkeypatch.setattr(yielding, "LOOK_EVERY", 0.01)
    scene, shelf = set_up
    operation = await under_way(scene, shelf, f"restore {TO} {text}", step, *approvers)
    scene.pair.kill("db1")
    report = (await scene.dispatcher.wait(operation)).page
    assert "It gave way, so that it holds up no failover" in report.summary
    assert f"to remove it: /ha restore drop shop {operation}" in report.summary
    assert ENDED_BY[step] in shelf.did
    assert "drop" not in shelf.did
    assert await scene.ledger.read(locks.holders) == []
    assert await scene.request(text="promote") != operation


@pytest.mark.parametrize("step", list(ENDED_BY))
async def test_what_takes_long_is_ended_by_a_cancel(
    set_up: tuple[Scene, Shelf], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr(yielding, "LOOK_EVERY", 0.01)
    scene, shelf = set_up
    operation = await under_way(scene, shelf, f"restore {TO} --tables a", step, "bob")
    await scene.dispatcher.decide(scene.asks("alice"), operation, Decision.CANCEL)
    await scene.dispatcher.wait(operation)
    assert (await scene.operation(operation)).state is OperationState.CANCELLED
    assert ENDED_BY[step] in shelf.did


async def test_a_cancel_while_it_begins_finds_the_job_that_was_begun(
    set_up: tuple[Scene, Shelf], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that is under way to a host takes effect there whatever becomes of whoever sent it."""
    monkeypatch.setattr(yielding, "CANCEL_EVERY", 0.01)
    scene, shelf = set_up
    begin, begun = shelf.begin_restore, asyncio.Event()

    async def slowly(cluster: Cluster, wanted: RestoreWanted, key: str, **_: float) -> JobPlace:
        begun.set()
        await asyncio.sleep(0.2)
        return await begin(cluster, wanted, key)

    monkeypatch.setattr(shelf, "begin_restore", slowly)
    operation = await scene.request(text=f"restore {TO}")
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    await begun.wait()
    await scene.dispatcher.decide(scene.asks("alice"), operation, Decision.CANCEL)
    await scene.dispatcher.wait(operation)
    assert shelf.did == ["begin_restore", "stop_restore"]


async def test_once_the_live_server_is_stopped_nothing_gives_way(set_up: tuple[Scene, Shelf]) -> None:
    """Its own stop is what the verdict would be about."""
    scene, _ = set_up
    operation = await scene.request(text=f"restore {TO} --in-place")
    plan = read_document((await scene.operation(operation)).plan).plan
    names = [step.action for step in plan.steps]
    giving_way = {name for name, action in Restore().actions().items() if action.lasting}
    assert giving_way & set(names[names.index("stop_live") :]) == set()


async def test_who_asks_for_a_failover_meanwhile_is_told_how_to_end_it(
    set_up: tuple[Scene, Shelf], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yielding, "LOOK_EVERY", 60.0)
    scene, shelf = set_up
    operation = await under_way(scene, shelf, f"restore {TO}", "lay_out", "bob")
    scene.pair.kill("db1")
    form = await scene.form(text="promote")
    assert form.page.summary.endswith(f"cancel it: /ha cancel {operation}.")
