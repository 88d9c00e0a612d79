"""The bot as a process of its own, run against the practice world exactly as it runs in production."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import aiohttp

READY_SECONDS = 20.0
# The bot promises to end within 10 s of a SIGTERM.
STOP_SECONDS = 12.0
_POLL_SECONDS = 0.02


class BotDidNotStart(Exception):
    """The bot ended, or was not ready in time. The message has the end of its log."""


class BotProcess:
    """One run of `understudy run` after another, on the same settings."""

    def __init__(self, settings: Path, environment: Mapping[str, str], http_port: int, log: Path) -> None:
        self._settings = settings
        self._environment = dict(environment)
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self.url = f"http://127.0.0.1:{http_port}"

    def twin(self, http_port: int, log: Path) -> "BotProcess":
        """Another bot on the same settings and the same ledger, not yet started."""
        environment = {**self._environment, "UNDERSTUDY_HTTP__PORT": str(http_port)}
        return BotProcess(self._settings, environment, http_port, log)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.returncode is None else None

    @property
    def log(self) -> str:
        """What the bot has printed so far."""
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    async def start(self) -> None:
        """Start it and wait until it says that it is ready. Raises BotDidNotStart."""
        await self.launch()
        await self.wait_ready()

    async def launch(self) -> None:
        """Start it without waiting."""
        with self._log.open("ab") as out:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bot.terminal.main",
                "run",
                "--settings",
                str(self._settings),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**without_settings(os.environ), **self._environment},
                # A Ctrl-C at the terminal reaches the demo alone, which then ends the bot in good order.
                start_new_session=True,
            )

    async def wait_ready(self, timeout: float = READY_SECONDS) -> None:
        """Wait until /readyz says so. Raises BotDidNotStart."""
        reason = "it did not answer"
        try:
            async with asyncio.timeout(timeout), aiohttp.ClientSession() as session:
                while True:
                    if self._process is None or self._process.returncode is not None:
                        raise BotDidNotStart(f"The bot ended at once. Its log:\n{self._tail()}")
                    with suppress(aiohttp.ClientError):
                        async with session.get(f"{self.url}/readyz") as answer:
                            if answer.status == 200:
                                return
                            reason = await answer.text()
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            raise BotDidNotStart(f"The bot is not ready after {timeout:.0f} s: {reason}\n{self._tail()}") from None

    async def stop(self) -> int | None:
        """SIGTERM, and SIGKILL when that is not obeyed; its exit status."""
        return await self._end(signal.SIGTERM, STOP_SECONDS)

    async def kill(self) -> None:
        """kill -9."""
        await self._end(signal.SIGKILL, STOP_SECONDS)

    async def _end(self, number: signal.Signals, timeout: float) -> int | None:
        process = self._process
        if process is None:
            return None
        if process.returncode is None:
            process.send_signal(number)
            try:
                async with asyncio.timeout(timeout):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        return process.returncode

    def _tail(self, lines: int = 30) -> str:
        return "\n".join(self.log.splitlines()[-lines:])


def without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """The developer's own settings in the environment are not the practice bot's."""
    return {name: value for name, value in environment.items() if not name.upper().startswith("UNDERSTUDY_")}
