"""A fence hook that is a command beside the bot: a power switch, a hypervisor, a firewall, whatever the place has."""

import asyncio
import os
import signal
import time
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from contextlib import suppress
from dataclasses import dataclass

from servers.engines.engine import ActionFailed, Done
from servers.inventory import CommandFence, Server

_LONGEST_OUTPUT = 2000  # characters that are kept
_PRIVATE = "UNDERSTUDY_"  # the bot's own variables may be secrets, and are no business of the command's
_KILLED_SECONDS = 1.0
_OFF, _NOT_OFF = 0, 1  # exit statuses of `confirm`


@dataclass(frozen=True, slots=True)
class _Ended:
    exit_status: int
    output: str


class FenceByCommand:
    """Runs the command without a shell, in a process group of its own that ends with the time-out.

    It gets the bot's environment without the bot's own variables, and with UNDERSTUDY_CLUSTER, UNDERSTUDY_SERVER and
    UNDERSTUDY_HOST (as SSH reaches it).
    """

    def __init__(self, place: CommandFence) -> None:
        self._place = place
        self.what = f"run {' '.join(place.command)}"
        self.timeout = place.timeout

    async def fence(self, cluster: str, server: Server, *, timeout: float) -> Done:
        began = time.monotonic()
        ended = await self._run(self._place.command, cluster, server, timeout)
        seconds = time.monotonic() - began
        if ended.exit_status != 0:
            what = f"The fence hook of {server.name} ended with status {ended.exit_status}: {_last_line(ended.output)}"
            raise ActionFailed(f"{what}. {_MAY_RUN}", exit_status=ended.exit_status, output=ended.output)
        if self._place.confirm:
            left = max(0.1, timeout - seconds)
            off = await self.is_off(cluster, server, timeout=left)
            if not off:
                said = "says that it is not off" if off is False else "cannot tell whether it is off"
                raise ActionFailed(
                    f"The fence hook of {server.name} ended well, but its confirmation {said}. {_MAY_RUN}",
                    exit_status=ended.exit_status,
                    output=ended.output,
                )
        detail = f"{server.name} is off, as its fence hook confirms: {_last_line(ended.output)}"
        return Done(detail, time.monotonic() - began, ended.exit_status, ended.output)

    async def is_off(self, cluster: str, server: Server, *, timeout: float) -> bool | None:
        if not self._place.confirm:
            return None
        try:
            ended = await self._run(self._place.confirm, cluster, server, timeout)
        except ActionFailed:
            return None
        return {_OFF: True, _NOT_OFF: False}.get(ended.exit_status)

    async def _run(self, argv: tuple[str, ...], cluster: str, server: Server, timeout: float) -> _Ended:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(_PRIVATE)}
        environment |= {
            "UNDERSTUDY_CLUSTER": cluster,
            "UNDERSTUDY_SERVER": server.name,
            "UNDERSTUDY_HOST": server.ssh.host,
        }
        try:
            process = await asyncio.create_subprocess_exec(
                *argv, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, env=environment, start_new_session=True
            )
        except OSError as error:
            message = f"The fence hook of {server.name} cannot be run: {argv[0]}: {error.strerror}. {_MAY_RUN}"
            raise ActionFailed(message) from error
        try:
            async with asyncio.timeout(timeout):
                output, _ = await process.communicate()
        except TimeoutError:
            message = f"The fence hook of {server.name} did not end within {timeout:g} s. {_MAY_RUN}"
            raise ActionFailed(message) from None
        finally:
            await _end(process)
        return _Ended(process.returncode or 0, output.decode("utf-8", "replace")[-_LONGEST_OUTPUT:])


_MAY_RUN = "It may still take writes: make sure by other means that it is off"


async def _end(process: Process) -> None:
    """Whatever the command left behind must not go on after its answer was given up."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(TimeoutError):
        async with asyncio.timeout(_KILLED_SECONDS):
            await process.communicate()


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it said nothing"
