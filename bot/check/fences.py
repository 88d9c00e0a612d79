"""Fence hooks, tried as far as that can be done without switching anything off: whether they see the right server."""

from bot.check.finding import Finding, Outcome, Unsuccessful, tried
from servers.fences.registry import Fences, fence_of
from servers.inventory import Cluster, CommandFence, Server
from servers.state import ServerState

_TIMEOUT_SECONDS = 10.0


async def fence_findings(
    cluster: Cluster, server: Server, seen: ServerState, fences: Fences = fence_of
) -> list[Finding]:
    """None where the server has no hook. The hook itself is only looked at: its `fence` is for a failover."""
    hook = fences(server)
    if hook is None:
        return []

    async def trial() -> str:
        off = await hook.is_off(cluster.name, server, timeout=_TIMEOUT_SECONDS)
        if off is None and isinstance(server.fence, CommandFence) and not server.fence.confirm:
            mend = "set fence.confirm, a command that only looks: 0 is off, 1 is not off"
            raise Unsuccessful("nothing can look whether it is off", mend, Outcome.SKIPPED)
        if off is None:
            raise Unsuccessful("it cannot tell whether the server is off", "run its command by hand and look")
        runs = seen.sql is not None or seen.host is not None
        if off and runs:
            mend = "it looks at another machine: correct the fence of this server, or a failover fences nobody"
            raise Unsuccessful("it says that the server is off, but it answers us", mend)
        if not off and not runs:
            return "it says that the server is on, though it does not answer us"
        return "it says that the server is off" if off else "it says that the server is on"

    return [await tried(f"{cluster.name}/{server.name}", "fence hook", trial)]
