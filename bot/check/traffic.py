"""Traffic targets, looked at as a promotion looks at them; nothing is changed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from bot.check.finding import Finding, Outcome, Unsuccessful, tried
from servers.engines.engine import ActionFailed
from servers.inventory import Cluster
from servers.observe import Observer
from servers.traffic.target import TrafficTarget
from servers.verdict import judge

_TIMEOUT_SECONDS = 10.0


async def check_traffic(cluster: Cluster, targets: Sequence[TrafficTarget], observer: Observer) -> list[Finding]:
    """A finding for each target; nothing where there is none."""
    if not targets:
        return []
    primary = judge(cluster, await observer.observe(cluster)).primary
    trials = (
        tried(f"{cluster.name}/{target.name}", f"traffic ({target.kind})", _trial(target, primary))
        for target in targets
    )
    return list(await asyncio.gather(*trials))


def _trial(target: TrafficTarget, primary: str | None) -> Callable[[], Awaitable[str]]:
    async def trial() -> str:
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                seen = await target.look(timeout=_TIMEOUT_SECONDS * 0.9)
        except ActionFailed as failed:
            raise Unsuccessful(str(failed), "mend that: clients would not follow to a new primary") from None
        except TimeoutError:
            mend = "look at its address, and at the way there"
            raise Unsuccessful(f"no answer within {_TIMEOUT_SECONDS:g} s", mend) from None
        if seen.held:
            mend = "unless an order runs now: look at /ha operations, and let them go (PgBouncer: RESUME)"
            raise Unsuccessful(seen.detail, mend)
        if seen.server is None:
            mend = "see that it leads to the primary, and that the settings name the servers as it does"
            raise Unsuccessful(seen.detail, mend, Outcome.WARNING)
        if primary is not None and seen.server != primary:
            raise Unsuccessful(seen.detail, f"lead it to {primary}, which is the primary")
        return seen.detail

    return trial
