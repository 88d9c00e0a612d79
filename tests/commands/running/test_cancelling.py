"""A cancel reaches an operation in whatever process it runs, before its next step; and what ran can be looked at."""

import asyncio

import pytest

from commands.asked import Answer, Decision
from commands.dispatcher import Dispatcher
from commands.operation_page import CANCEL
from commands.registry import COMMANDS
from ledger.audit import AuditKind
from ledger.operations import OperationState
from tests.commands.conftest import Scene
from tests.commands.mortal import Gone
from tests.commands.test_orders import SWITCHOVER


async def running(scene: Scene, action: str, process: Dispatcher | None = None) -> str:
    """An operation that runs and is held within that action."""
    scene.pair.holds[action] = asyncio.Event()
    operation = await scene.request()
    await (process or scene.dispatcher).decide(scene.asks("bob"), operation, Decision.APPROVE)
    await scene.pair.has_begun(action)
    return operation


async def ended(scene: Scene, operation: str) -> OperationState:
    for held in scene.pair.holds.values():
        held.set()
    await scene.dispatcher.wait(operation)
    return (await scene.operation(operation)).state


async def buttons(scene: Scene, operation: str) -> list[str]:
    return [button.action for button in (await scene.card(f"operation/{operation}")).buttons]


async def test_it_stops_in_another_process_before_the_promotion_and_is_taken_back(scene: Scene) -> None:
    """Asked for at the terminal, while the bot runs it."""
    terminal = Dispatcher(scene.world, COMMANDS)
    operation = await running(scene, "wait_replayed")
    answer = await terminal.ask(scene.asks("alice", "cancel"))
    assert answer.page.title == "It stops before its next step"
    assert await ended(scene, operation) is OperationState.CANCELLED
    assert scene.pair.did[-1] == ("start", "db1")
    assert scene.pair.writable == ["db1"]
    assert "alice cancelled it when 3 of 7 steps were done" in ((await scene.operation(operation)).result or "")


@pytest.mark.parametrize(("who", "may"), [("alice", True), ("carol", True), ("guest", False)])
async def test_the_requester_may_and_who_may_approve(scene: Scene, who: str, may: bool) -> None:
    operation = await running(scene, "stop")
    answer = await scene.dispatcher.ask(scene.asks(who, f"cancel {operation.lower()}"))
    assert (answer.page.title == "It stops before its next step") is may
    expected = OperationState.CANCELLED if may else OperationState.SUCCEEDED
    assert await ended(scene, operation) is expected
    assert len(await scene.records(AuditKind.APPROVAL_CANCELLED)) == may


async def test_past_the_promotion_it_goes_on_and_says_so(scene: Scene) -> None:
    operation = await running(scene, "promote")
    answer = await scene.dispatcher.ask(scene.asks("alice", "cancel"))
    assert "past the point where its steps could be taken back" in answer.page.summary
    assert await ended(scene, operation) is OperationState.SUCCEEDED
    assert scene.pair.did == SWITCHOVER


async def test_the_button_is_there_while_it_can_do_something(scene: Scene) -> None:
    operation = await running(scene, "stop")
    assert await buttons(scene, operation) == [CANCEL]
    scene.pair.holds["promote"] = asyncio.Event()
    scene.pair.holds["stop"].set()
    await scene.pair.has_begun("promote")
    assert await buttons(scene, operation) == []
    await ended(scene, operation)


async def test_the_second_cancel_is_told_who_was_first(scene: Scene) -> None:
    operation = await running(scene, "stop")
    await scene.dispatcher.decide(scene.asks("alice"), operation, Decision.CANCEL)
    assert await buttons(scene, operation) == []
    answer = await scene.dispatcher.decide(scene.asks("carol"), operation, Decision.CANCEL)
    assert "alice has cancelled operation" in answer.page.summary
    assert await ended(scene, operation) is OperationState.CANCELLED


async def test_the_wish_outlives_the_process_that_was_to_meet_it(scene: Scene) -> None:
    crashed = Dispatcher(scene.world, COMMANDS, owner=Gone(scene.ledger.path))
    operation = await running(scene, "wait_replayed", crashed)
    await scene.dispatcher.ask(scene.asks("alice", "cancel"))
    scene.pair.holds.clear()
    await scene.dispatcher.recover()
    await scene.dispatcher._runner.wait(operation)
    assert (await scene.operation(operation)).state is OperationState.CANCELLED
    assert scene.pair.writable == ["db1"]


async def test_it_names_what_it_means(scene: Scene) -> None:
    nothing = await scene.dispatcher.ask(scene.asks("alice", "cancel"))
    assert "No operation is open" in nothing.page.summary
    operation = await scene.request()
    unknown = await scene.dispatcher.ask(scene.asks("alice", "cancel ZZZZ"))
    assert "There is no operation ZZZZ" in unknown.page.summary
    await scene.dispatcher.ask(scene.asks("alice", "cancel"))
    assert (await scene.operation(operation)).state is OperationState.CANCELLED
    over = await scene.dispatcher.ask(scene.asks("alice", f"cancel {operation}"))
    assert "was cancelled" in repr(over.page)


async def test_operations_shows_what_ran_and_one_of_them_step_by_step(scene: Scene) -> None:
    nothing = await scene.dispatcher.ask(scene.asks("guest", "operations"))
    assert nothing.page.title == "No operation yet"
    first = await scene.request()
    await scene.dispatcher.decide(scene.asks("bob"), first, Decision.APPROVE)
    await scene.dispatcher.wait(first)
    second = await scene.request()
    listed = repr(await page_of(scene, "operations"))
    assert listed.index(second) < listed.index(first)
    one = repr(await page_of(scene, f"operations {first}"))
    for word in ("4. Promote db2", "succeeded", "bob", "approved it", "drill", "Measured outage"):
        assert word in one
    assert "There is no operation" in repr(await page_of(scene, "operations XXXX"))


async def page_of(scene: Scene, text: str) -> object:
    answer = await scene.dispatcher.ask(scene.asks("guest", text))
    assert isinstance(answer, Answer)
    return answer.page
