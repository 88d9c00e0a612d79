"""Patroni's REST API, member by member: the way there, its certificate, and whether the password is taken."""

import asyncio
from collections.abc import Awaitable, Callable

from bot.check.finding import Finding, Unsuccessful, tried
from servers.engines.engine import ActionFailed
from servers.engines.patroni.engine import PatroniEngine
from servers.inventory import Cluster

_TIMEOUT_SECONDS = 5.0


async def check_patroni(cluster: Cluster, engine: PatroniEngine | None) -> list[Finding]:
    """A finding for each member; nothing where Patroni does not run the cluster."""
    if cluster.patroni is None or engine is None:
        return []
    trials = (
        tried(f"{cluster.name}/{member}", "Patroni's REST API", _trial(engine, member))
        for member, _ in cluster.patroni.members
    )
    return list(await asyncio.gather(*trials))


def _trial(engine: PatroniEngine, member: str) -> Callable[[], Awaitable[str]]:
    async def trial() -> str:
        try:
            return (await engine.try_access(member, timeout=_TIMEOUT_SECONDS)).detail
        except ActionFailed as failed:
            raise Unsuccessful(str(failed), "mend that: without it no order can be given to this member") from None

    return trial
