"""Five hundred pairs on one core: whether the cycle is kept, what a slash command waits for, what a pair takes."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import psutil

from bench.figures import Figure
from bench.many import ACK_GOAL
from bench.monitor.pairs import BOTS_CORE, FAST_SECONDS, OTHER_CORE, pairs, pin
from bench.status import STATUS_GOAL, timed_status
from lab.bot_process import BotProcess
from lab.ports import free_port
from lab.slack import PracticeSlack

PAIRS = 500
MEMORY_GOAL = 1.0  # MiB a pair
_READY_SECONDS = 120.0
# All slow looks have been made once by then.
_SETTLE_SECONDS = 65.0
_ALONE_SETTLE_SECONDS = 20.0
_COMMANDS = 60
_LEFT_OUT = re.compile(r"(?m)^understudy_looks_left_out\{.*\} (\S+)$")


@dataclass(frozen=True, slots=True)
class _Seen:
    """The bot at a moment: CPU seconds, resident MiB, looks left out of all clusters since its start."""

    cpu: float
    memory: float
    left_out: float


async def many_pairs(number: int = PAIRS) -> list[Figure]:
    """The figures at so many pairs, and what each takes more than one alone."""
    pin(0, OTHER_CORE)
    async with _watched(1) as (_, bot):
        await asyncio.sleep(_ALONE_SETTLE_SECONDS)
        alone = await _seen(bot)
    async with _watched(number) as (slack, bot):
        await asyncio.sleep(_SETTLE_SECONDS)
        before, began = await _seen(bot), asyncio.get_running_loop().time()
        acks, answers = await timed_status(slack, _COMMANDS)
        after, seconds = await _seen(bot), asyncio.get_running_loop().time() - began
    of = f"{number} pairs on one core"
    busy = (after.cpu - before.cpu) / seconds
    due = number * seconds / FAST_SECONDS
    return [
        Figure(f"{of}: looks left out", "%", (100 * (after.left_out - before.left_out) / due,), goal=0),
        Figure(f"{of}: slash command ack", "s", tuple(acks), "p99", ACK_GOAL),
        Figure(f"{of}: /ha status to its answer", "s", tuple(answers), "p95", STATUS_GOAL),
        Figure(f"{of}: memory a pair", "MiB", ((after.memory - alone.memory) / (number - 1),), goal=MEMORY_GOAL),
        Figure(f"{of}: the core is busy", "%", (100 * busy,)),
        Figure(f"{of}: CPU a pair and fast cycle", "ms", (1000 * busy * FAST_SECONDS / number,)),
        Figure("memory of the bot with one pair", "MiB", (alone.memory,)),
    ]


@asynccontextmanager
async def _watched(number: int) -> AsyncIterator[tuple[PracticeSlack, BotProcess]]:
    port = free_port()
    async with PracticeSlack.start() as slack, pairs(slack.api_url, port, number) as servers:
        tokens = {"UNDERSTUDY_SLACK__BOT_TOKEN": slack.bot_token, "UNDERSTUDY_SLACK__APP_TOKEN": slack.app_token}
        bot = BotProcess(
            servers.settings, {**servers.environment, **tokens}, port, servers.settings.with_name("bot.log")
        )
        try:
            await bot.launch()
            if bot.pid is not None:
                pin(bot.pid, BOTS_CORE)
            await bot.wait_ready(_READY_SECONDS)
            yield slack, bot
        finally:
            await bot.stop()


async def _seen(bot: BotProcess) -> _Seen:
    process = psutil.Process(bot.pid)
    times, memory = process.cpu_times(), process.memory_info().rss / 2**20
    async with aiohttp.ClientSession() as session, session.get(f"{bot.url}/metrics") as answer:
        left_out = sum(float(value) for value in _LEFT_OUT.findall(await answer.text()))
    return _Seen(times.user + times.system, memory, left_out)
