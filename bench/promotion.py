"""From the last approval to accepted writes, beside the bare commands on the same kind of pair in the same run."""

import asyncio
import time

from bench.figures import Figure
from bench.writes import first_accepted_write
from lab.stage import Stage, open_stage
from lab.world import Lab, LabOptions
from tests.scene.play import offers, request_promotion

RATIO_GOAL = 1.5


async def failover(rounds: int) -> Figure:
    """Failover against a bare pg_promote(); each round on fresh pairs, the two taking turns."""
    ours, bare = [], []
    for _ in range(rounds):
        bare.append(await _bare_promote())
        ours.append(await _approved(kill_first=True))
    return _figure("failover: last approval to accepted writes", ours, bare, "pg_promote()")


async def switchover(rounds: int) -> Figure:
    """Switchover against a bare script: pg_ctl stop -m fast, pg_promote()."""
    ours, bare = [], []
    for _ in range(rounds):
        bare.append(await _bare_stop_and_promote())
        ours.append(await _approved(kill_first=False))
    return _figure("switchover: last approval to accepted writes", ours, bare, "stop, pg_promote()")


def _figure(name: str, ours: list[float], bare: list[float], floor_name: str) -> Figure:
    floor = sorted(bare)[len(bare) // 2]
    return Figure(name, "s", tuple(ours), "median", RATIO_GOAL * floor, tuple(bare), floor_name)


async def _bare_promote() -> float:
    async with Lab.start(LabOptions()) as lab:
        await lab.servers["db1"].kill()
        await asyncio.sleep(1)
        began = time.monotonic()
        await lab.servers["db2"].query("SELECT pg_promote()")
        return await first_accepted_write(lab.servers["db2"]) - began


async def _bare_stop_and_promote() -> float:
    async with Lab.start(LabOptions()) as lab:
        await asyncio.sleep(1)
        began = time.monotonic()
        await lab.servers["db1"].query("CHECKPOINT")
        await lab.servers["db1"].stop("fast")
        await lab.servers["db2"].query("SELECT pg_promote()")
        return await first_accepted_write(lab.servers["db2"]) - began


async def _approved(*, kill_first: bool) -> float:
    async with open_stage(LabOptions()) as stage:
        if kill_first:
            await stage.lab.servers["db1"].kill()
            await stage.slack.wait_for_message("C0OPS", offers("Fail over…"), timeout=10)
        requested = await request_promotion(stage.slack, stage.slack.person("U0ALICE"))
        return await _approve(stage, requested.card)


async def _approve(stage: Stage, card: dict[str, object]) -> float:
    writes = asyncio.create_task(first_accepted_write(stage.lab.servers["db2"]))
    await asyncio.sleep(0.5)  # the client's connection stands, and the channel's quota has recovered
    began = time.monotonic()
    await stage.slack.person("U0BOB").press(card, text="Approve")
    return await writes - began
