"""A hundred clusters monitored: what a slash command waits for, and what a cluster costs.

The clusters are one real pair under a hundred names: the bot keeps connections, looks and alerts for each of them, and
the pair answers them all, so that the servers' side costs what it costs in life (and shares this machine's cores).
"""

import asyncio
import re
import shutil
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import psutil

from bench.figures import Figure
from bench.status import STATUS_GOAL, timed_status
from lab.stage import Stage, open_stage
from lab.world import LabOptions

ACK_GOAL = 0.1
_SETTLE_SECONDS = 15.0
_WINDOW_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU in milliseconds a second and resident memory in MiB of the bot's process."""

    cpu: float
    memory: float


async def many_clusters(clusters: int, rounds: int) -> list[Figure]:
    """Ack and status under load, and the cost of a cluster as the difference to one alone."""
    alone = await _cost_of(1)
    async with _stage(clusters) as stage:
        await asyncio.sleep(_SETTLE_SECONDS)
        loaded = await _cost(stage)
        acks, answers = await timed_status(stage, rounds)
    more = clusters - 1
    return [
        Figure(f"slash command ack, {clusters} clusters monitored", "s", tuple(acks), "p99", ACK_GOAL),
        Figure(f"/ha status to its answer, {clusters} clusters monitored", "s", tuple(answers), "p95", STATUS_GOAL),
        Figure("CPU a monitored cluster", "ms/s", ((loaded.cpu - alone.cpu) / more,)),
        Figure("memory a monitored cluster", "MiB", ((loaded.memory - alone.memory) / more,)),
        Figure("memory of the bot with one cluster", "MiB", (alone.memory,)),
    ]


def _stage(clusters: int) -> AbstractAsyncContextManager[Stage]:
    # Each cluster keeps one SQL connection to each server; a standby may not have fewer than its template had.
    options = LabOptions(settings={"max_connections": str(clusters + 60)})
    return open_stage(options, edit=lambda settings: _multiplied(settings, clusters))


def _multiplied(settings: str, clusters: int) -> str:
    """The settings with the first cluster repeated under other names, each with connections of its own."""
    sections = re.split(r"(?m)^(?=\[)", settings)
    cluster = "".join(section for section in sections if section.startswith("[clusters.shop"))
    return settings + "\n" + "".join(_copy(cluster, f"shop{number}") for number in range(2, clusters + 1))


def _copy(cluster: str, name: str) -> str:
    """The cluster under another name. Connections are shared by those who reach a server in the very same way, so
    the copy reaches it a little differently: by another application name, with a known_hosts file of its own."""
    [known_hosts] = set(re.findall(r'known_hosts = "(.+)"', cluster))
    copied = f"{known_hosts}.{name}"
    shutil.copy(known_hosts, copied)
    return (
        cluster.replace("[clusters.shop", f"[clusters.{name}")
        .replace("user=understudy", f"user=understudy application_name={name}")
        .replace(known_hosts, copied)
    )


async def _cost_of(clusters: int) -> Cost:
    async with _stage(clusters) as stage:
        await asyncio.sleep(_SETTLE_SECONDS)
        return await _cost(stage)


async def _cost(stage: Stage) -> Cost:
    process = psutil.Process(stage.bot.pid)
    before = process.cpu_times()
    await asyncio.sleep(_WINDOW_SECONDS)
    after = process.cpu_times()
    spent = after.user + after.system - before.user - before.system
    return Cost(1000 * spent / _WINDOW_SECONDS, process.memory_info().rss / 2**20)
