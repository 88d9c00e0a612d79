"""A command beside the bot: without a shell, in a process group of its own that ends with the time-out."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from servers.bounded_output import BoundedOutput

_PIECE = 65_536  # bytes that are read at once
_PRIVATE = "UNDERSTUDY_"  # the bot's own variables may be secrets, and are no business of the command's
_KILLED_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Ended:
    """Standard output and error together, bounded as `BoundedOutput` does."""

    exit_status: int
    output: str

    @property
    def last_line(self) -> str:
        return last_line(self.output)


class NotEnded(Exception):
    """The command could not be run, or did not end in time. Says which."""


async def run_here(argv: tuple[str, ...], variables: Mapping[str, str], *, timeout: float) -> Ended:
    """Run it with the bot's environment, without the bot's own variables, and with these. Raises NotEnded."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_PRIVATE)}
    try:
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, env={**environment, **variables}, start_new_session=True
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise NotEnded(f"cannot be run: {argv[0]}: {reason}") from error
    try:
        async with asyncio.timeout(timeout):
            output = await _output_of(process)
    except TimeoutError:
        await _end(process)
        raise NotEnded(f"did not end within {timeout:.3g} s") from None
    except asyncio.CancelledError:
        await _end(process)
        raise
    return Ended(process.returncode or 0, output)


async def _output_of(process: Process) -> str:
    """Until it has ended and nothing holds its output open any more."""
    kept = BoundedOutput()
    if process.stdout is not None:
        while piece := await process.stdout.read(_PIECE):
            kept.add(piece)
    await process.wait()
    return kept.text


def last_line(output: str) -> str:
    """What a command said last, for people."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it said nothing"


async def _end(process: Process) -> None:
    """Whatever the command left behind must not go on after its answer was given up: the command itself may have ended
    long ago, and a child of it hold the output open."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(TimeoutError):
        async with asyncio.timeout(_KILLED_SECONDS):
            await _output_of(process)
