"""Somebody at a terminal: `understudy …` as a process of its own, against the stage's settings."""

import asyncio
import os
import pwd
import sys
from dataclasses import dataclass

from lab.bot_process import without_settings
from lab.stage import Stage


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended; `output` is standard output and standard error together."""

    status: int
    output: str


def own_user() -> str:
    """Who runs this test; commands at the terminal are his."""
    return pwd.getpwuid(os.getuid()).pw_name


def as_person(settings: str, person: str) -> str:
    """The settings in which whoever runs this test is that person."""
    slack = f'slack = "U0{person.upper()}"'
    return settings.replace(slack, f'{slack}\noperating_system_user = "{own_user()}"')


async def understudy(stage: Stage, *words: str, timeout: float = 60.0) -> Ended:
    """Run one command to its end. TimeoutError when it takes too long; it is killed then."""
    environment = {**without_settings(os.environ), **stage.lab.environment(), "COLUMNS": "200"}
    # At a terminal Slack's tokens are neither there nor needed.
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot.terminal.main",
        *words,
        env={**environment, "UNDERSTUDY_SETTINGS": str(stage.settings)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(timeout):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Ended(process.returncode or 0, output.decode(errors="replace"))
