"""From kill -9 of a primary to the alert in Slack."""

import asyncio
import time

from bench.figures import Figure
from lab.stage import CLUSTER_CHANNEL, Stage
from tests.scene.play import offers

MEDIAN_GOAL = 0.5
P95_GOAL = 1.0


async def kill_to_alert(stage: Stage, rounds: int) -> list[Figure]:
    """Kill the primary, wait for the message, start it again, wait until that is told; so many times."""
    samples = [await _once(stage) for _ in range(rounds)]
    name = "kill -9 of the primary to the alert in Slack"
    return [
        Figure(f"{name}, median", "s", tuple(samples), "median", MEDIAN_GOAL),
        Figure(f"{name}, p95", "s", tuple(samples), "p95", P95_GOAL),
    ]


async def _once(stage: Stage) -> float:
    primary = stage.lab.servers["db1"]
    seen = {message["ts"] for message in stage.slack.messages(CLUSTER_CHANNEL)}

    def is_new(message: dict[str, object]) -> bool:
        return message["ts"] not in seen and offers("Fail over…")(message)

    alert = asyncio.create_task(stage.slack.wait_for_message(CLUSTER_CHANNEL, is_new, timeout=20))
    await asyncio.sleep(0)
    began = time.monotonic()
    await primary.kill()
    message = await alert
    told = time.monotonic() - began
    await primary.start()
    await stage.slack.wait_for_message(
        CLUSTER_CHANNEL,
        lambda other: other["ts"] == message["ts"] and not offers("Fail over…")(other),
        timeout=30,
    )
    return told
