"""What runs for hours ends for a cancel and for a failover, and for nothing else."""

import asyncio

import pytest

from commands import yielding
from commands.command import StepContext, StepFailed, StepOutcome
from commands.plan import Step
from commands.yielding import giving_way
from tests.commands.conftest import Scene
from tests.commands.inventory import SHOP
from tests.commands.test_drill import PLAN

STEP = Step("lay_out", "db2", "Lay it out", "Copies.", "it is there", 60.0)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yielding, "LOOK_EVERY", 0.01)


async def context_of(scene: Scene) -> StepContext:
    operation = await scene.request()
    return StepContext(scene.world, SHOP, PLAN, STEP, lambda line: None, operation=operation)


class Work:
    """Goes on until it is let go, or ended."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()
        self.was_ended = False
        self.ended_on_host = False

    async def run(self) -> StepOutcome:
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.was_ended = True
            raise
        return StepOutcome("Done.")

    async def end(self, context: StepContext) -> str:
        assert self.was_ended, "its job could be begun again"
        self.ended_on_host = True
        return "its job has ended"


async def test_work_that_ends_by_itself_says_what_it_says(scene: Scene) -> None:
    work = Work()
    waiting = asyncio.create_task(giving_way(await context_of(scene), work.run(), work.end))
    await asyncio.sleep(0.05)
    work.may_end.set()

    assert await waiting == StepOutcome("Done.")
    assert not work.ended_on_host


async def test_when_the_primary_goes_down_it_fails_and_says_why(scene: Scene) -> None:
    work, context = Work(), await context_of(scene)
    scene.pair.kill("db1")

    with pytest.raises(StepFailed, match=r"holds up no failover: its job has ended\. Ask again"):
        await giving_way(context, work.run(), work.end)
    assert work.ended_on_host


async def test_a_cancel_ends_it(scene: Scene) -> None:
    work, context = Work(), await context_of(scene)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yielding, "_cancelled_by", lambda db, operation: "alice")
        outcome = await giving_way(context, work.run(), work.end)

    assert outcome.detail == "alice cancelled it: its job has ended."
    assert work.ended_on_host


async def test_the_waiting_ends_with_whoever_waits_and_the_job_goes_on(scene: Scene) -> None:
    work, context = Work(), await context_of(scene)
    waiting = asyncio.create_task(giving_way(context, work.run(), work.end))
    await asyncio.sleep(0.05)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    assert work.was_ended
    assert not work.ended_on_host, "it goes on by itself, and is taken up again"
