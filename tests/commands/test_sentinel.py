"""A Redis failover by Sentinel is an order like the others: planned, approved, verified by the new master's role."""

from dataclasses import dataclass, field, replace

import pytest

from commands.asked import Decision
from commands.command import Misunderstood
from commands.dispatcher import Dispatcher
from commands.registry import COMMANDS
from commands.sentinel import Sentinel
from ledger.operations import OperationState
from servers.engines.engine import ActionFailed
from servers.sentinels import MasterSeen
from tests.commands.conftest import Scene

WELL = MasterSeen("redis", "10.0.0.11:6379", ("master",), ("10.0.0.12:6379",), "OK 3 usable Sentinels.")


@dataclass
class Hands:
    """Plays the Sentinels."""

    masters: tuple[str, ...] = ("main",)
    seen: MasterSeen = WELL
    problem: str = ""
    stuck: bool = False
    failovers: list[str] = field(default_factory=list)

    async def look(self, master: str) -> MasterSeen:
        if self.problem:
            raise ActionFailed(self.problem)
        return self.seen

    async def fail_over(self, master: str) -> str:
        self.failovers.append(master)
        if not self.stuck:
            self.seen = replace(self.seen, address="10.0.0.12:6379")
        return "OK"

    async def moved(self, master: str, before: str) -> str | None:
        return self.seen.address if self.seen.address != before else None

    async def wait_moved(self, master: str, before: str, *, timeout: float) -> str:
        new = await self.moved(master, before)
        if new is None:
            raise ActionFailed(f"main has no new master after {timeout:g} s: Sentinel still names {before}")
        return new


@pytest.fixture
def hands(scene: Scene) -> Hands:
    made = Hands()
    scene.world = replace(scene.world, sentinels={"shop": made})
    scene.dispatcher = Dispatcher(scene.world, COMMANDS)
    return made


async def test_it_runs_once_it_is_approved_and_names_the_new_master(scene: Scene, hands: Hands) -> None:
    operation = await scene.request("alice", "sentinel failover shop main")
    assert hands.failovers == []
    await scene.dispatcher.decide(scene.asks("alice"), operation, Decision.APPROVE)
    assert hands.failovers == []
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    report = repr((await scene.dispatcher.wait(operation)).page)
    assert hands.failovers == ["main"]
    assert "main is led by 10.0.0.12:6379 now." in report


async def test_what_was_approved_for_another_master_does_not_run(scene: Scene, hands: Hands) -> None:
    operation = await scene.request("alice", "sentinel failover")
    hands.seen = replace(WELL, address="10.0.0.13:6379")
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    await scene.dispatcher.wait(operation)
    assert hands.failovers == []
    assert (await scene.operation(operation)).state is not OperationState.SUCCEEDED


async def test_a_master_that_stays_is_a_failure(scene: Scene, hands: Hands) -> None:
    hands.stuck = True
    operation = await scene.request("alice", "sentinel failover")
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    await scene.dispatcher.wait(operation)
    assert (await scene.operation(operation)).state is OperationState.FAILED


@pytest.mark.parametrize(
    ("seen", "problem", "said"),
    [
        (replace(WELL, good=()), "", "none is reached"),
        (replace(WELL, flags=("master", "failover_in_progress")), "", "one is under way"),
        (WELL, "redis: port 26379: Connection refused", "Connection refused"),
    ],
)
async def test_it_cannot_be_asked_for_when_it_could_not_work(
    scene: Scene, hands: Hands, seen: MasterSeen, problem: str, said: str
) -> None:
    hands.seen, hands.problem = seen, problem
    form = await scene.form("alice", "sentinel failover")
    assert form.submit_label is None
    assert said in repr(form.page)


def test_which_master_is_meant(scene: Scene, hands: Hands) -> None:
    resolve = Sentinel().resolve
    assert resolve(("failover",), scene.world).words == ("failover", "main")
    for words, said in (((), "can be failed over"), (("failover", "shop", "mein"), "Did you mean “main”")):
        with pytest.raises(Misunderstood, match=said):
            resolve(words, scene.world)
    hands.masters = ("main", "queue")
    with pytest.raises(Misunderstood, match="Which master"):
        resolve(("failover", "shop"), scene.world)
    with pytest.raises(Misunderstood, match="has no Redis masters"):
        resolve(("failover", "shop"), replace(scene.world, sentinels={}))
