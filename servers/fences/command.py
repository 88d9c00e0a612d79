"""A fence hook that is a command beside the bot: a power switch, a hypervisor, a firewall, whatever the place has."""

import time

from servers.engines.engine import ActionFailed, Done
from servers.inventory import CommandFence, Server
from servers.local_command import Ended, NotEnded, run_here

_OFF, _NOT_OFF = 0, 1  # exit statuses of `confirm`


class FenceByCommand:
    """Runs the command without a shell, in a process group of its own that ends with the time-out.

    It gets the bot's environment without the bot's own variables, and with UNDERSTUDY_CLUSTER, UNDERSTUDY_SERVER and
    UNDERSTUDY_HOST (as SSH reaches it).
    """

    def __init__(self, place: CommandFence) -> None:
        self._place = place
        self.what = f"run {' '.join(place.command)}"
        self.timeout = place.timeout
        self.confirms = bool(place.confirm)

    async def fence(self, cluster: str, server: Server, *, timeout: float) -> Done:
        began = time.monotonic()
        ended = await self._run(self._place.command, cluster, server, timeout)
        seconds = time.monotonic() - began
        if ended.exit_status != 0:
            what = f"The fence hook of {server.name} ended with status {ended.exit_status}: {ended.last_line}"
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
            detail = f"{server.name} is off, as the confirmation of its fence hook says: {ended.last_line}"
        else:
            detail = f"The fence hook of {server.name} ended with success; nothing confirms it: {ended.last_line}"
        return Done(detail, time.monotonic() - began, ended.exit_status, ended.output)

    async def is_off(self, cluster: str, server: Server, *, timeout: float) -> bool | None:
        if not self._place.confirm:
            return None
        try:
            ended = await self._run(self._place.confirm, cluster, server, timeout)
        except ActionFailed:
            return None
        return {_OFF: True, _NOT_OFF: False}.get(ended.exit_status)

    async def _run(self, argv: tuple[str, ...], cluster: str, server: Server, timeout: float) -> Ended:
        variables = {
            "UNDERSTUDY_CLUSTER": cluster,
            "UNDERSTUDY_SERVER": server.name,
            "UNDERSTUDY_HOST": server.ssh.host,
        }
        try:
            return await run_here(argv, variables, timeout=timeout)
        except NotEnded as failed:
            raise ActionFailed(f"The fence hook of {server.name} {failed}. {_MAY_RUN}") from failed


_MAY_RUN = "It may still take writes: make sure by other means that it is off"
