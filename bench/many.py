"""A hundred clusters monitored: what a slash command waits for, and what a cluster costs.

The clusters are one real pair under a hundred names: the bot keeps connections, looks and alerts for each of them, and
the pair answers them all (see `bench.hosts`).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psutil

from bench.figures import Figure
from bench.hosts import hosts
from bench.status import STATUS_GOAL, timed_status
from lab.bot_process import BotProcess
from lab.ports import free_port
from lab.slack import PracticeSlack

ACK_GOAL = 0.1
_READY_SECONDS = 120.0
_SETTLE_SECONDS = 20.0
_WINDOW_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU in milliseconds a second and resident memory in MiB of the bot's process."""

    cpu: float
    memory: float


async def many_clusters(clusters: int, rounds: int) -> list[Figure]:
    """Ack and status under load, and the cost of a cluster as the difference to one alone."""
    async with _watched(1) as (_, bot):
        alone = await _cost(bot)
    async with _watched(clusters) as (slack, bot):
        loaded = await _cost(bot)
        acks, answers = await timed_status(slack, rounds)
    more = clusters - 1
    return [
        Figure(f"slash command ack, {clusters} clusters monitored", "s", tuple(acks), "p99", ACK_GOAL),
        Figure(f"/ha status to its answer, {clusters} clusters monitored", "s", tuple(answers), "p95", STATUS_GOAL),
        Figure("CPU a monitored cluster", "ms/s", ((loaded.cpu - alone.cpu) / more,)),
        Figure("memory a monitored cluster", "MiB", ((loaded.memory - alone.memory) / more,)),
        Figure("CPU of the bot with one cluster", "ms/s", (alone.cpu,)),
        Figure("memory of the bot with one cluster", "MiB", (alone.memory,)),
    ]


@asynccontextmanager
async def _watched(clusters: int) -> AsyncIterator[tuple[PracticeSlack, BotProcess]]:
    """The bot, watching so many clusters, once it has settled."""
    port = free_port()
    async with PracticeSlack.start() as slack, hosts(slack.api_url, port, clusters) as servers:
        tokens = {"UNDERSTUDY_SLACK__BOT_TOKEN": slack.bot_token, "UNDERSTUDY_SLACK__APP_TOKEN": slack.app_token}
        log = servers.settings.with_name("bot.log")
        bot = BotProcess(servers.settings, {**servers.environment, **tokens}, port, log)
        try:
            await bot.launch()
            await bot.wait_ready(_READY_SECONDS)
            await asyncio.sleep(_SETTLE_SECONDS)
            yield slack, bot
        finally:
            await bot.stop()


async def _cost(bot: BotProcess) -> Cost:
    process = psutil.Process(bot.pid)
    before = process.cpu_times()
    await asyncio.sleep(_WINDOW_SECONDS)
    after = process.cpu_times()
    spent = after.user + after.system - before.user - before.system
    return Cost(1000 * spent / _WINDOW_SECONDS, process.memory_info().rss / 2**20)
