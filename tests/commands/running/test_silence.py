"""While an order has taken the primary down, and has not brought another one up, its silence is no news."""

import pytest

from commands.asked import Decision
from tests.commands.conftest import Scene
from tests.commands.running.test_cancelling import ended, running


@pytest.mark.parametrize(
    ("during", "expected"),
    [("checkpoint", False), ("stop", True), ("wait_replayed", True), ("promote", True), ("verify_write", False)],
)
async def test_from_the_stop_to_the_promotion(scene: Scene, during: str, expected: bool) -> None:
    operation = await running(scene, during)
    assert scene.dispatcher.silences("shop") is expected
    assert not scene.dispatcher.silences("another")
    await ended(scene, operation)
    assert not scene.dispatcher.silences("shop")


async def test_a_stop_that_is_taken_back_is_over(scene: Scene) -> None:
    scene.pair.fails["wait_replayed"] = "it does not replay"
    operation = await scene.request()
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    await scene.dispatcher.wait(operation)
    assert scene.pair.did[-1] == ("start", "db1")
    assert not scene.dispatcher.silences("shop")
