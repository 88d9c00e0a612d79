"""How long `/ha status` takes, in good days and while a server hangs."""

import asyncio
import time

from bench.figures import Figure
from lab.slack import PracticeSlack
from lab.stage import CLUSTER_CHANNEL, Stage

STATUS_GOAL = 1.0
_PAUSE_SECONDS = 0.2  # Slack takes one message a second in the long run, and more in a short one


async def status_while_a_server_hangs(stage: Stage, rounds: int) -> Figure:
    """The standby is stopped by SIGSTOP: it takes connections and never answers."""
    stage.lab.servers["db2"].freeze()
    try:
        _, answers = await timed_status(stage.slack, rounds)
    finally:
        stage.lab.servers["db2"].thaw()
    return Figure("/ha status to its answer, the standby hangs", "s", tuple(answers), "p95", STATUS_GOAL)


async def timed_status(slack: PracticeSlack, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds from the command to its ack, and to its answer, so many times."""
    samples = [await _once(slack) for _ in range(rounds)]
    return [ack for ack, _ in samples], [answer for _, answer in samples]


async def _once(slack: PracticeSlack) -> tuple[float, float]:
    alice = slack.person("U0ALICE")
    known = len(alice.ephemerals(CLUSTER_CHANNEL))
    began = time.monotonic()
    await alice.command("/ha", "status shop", channel=CLUSTER_CHANNEL)
    acked = time.monotonic() - began
    await slack.wait_until(lambda: len(alice.ephemerals(CLUSTER_CHANNEL)) > known, timeout=10)
    answered = time.monotonic() - began
    await asyncio.sleep(_PAUSE_SECONDS)
    return acked, answered
