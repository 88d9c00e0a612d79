"""The slower watches over a cluster. None of them keeps a look waiting: it gets what is known by then."""

from servers.inventory import Cluster
from servers.slow_looks import SlowLooks
from servers.watching.hosts.facts import HostWatches
from servers.watching.hosts.looks import HostLooks
from servers.watching.watched import Watched


class Watches:
    """A topic is a `servers.slow_looks.SlowLooks` here and a field in `Watched`; None: it is not watched."""

    def __init__(self, *, hosts: HostLooks | None = None) -> None:
        self._hosts: SlowLooks[HostWatches] | None = None if hosts is None else SlowLooks(hosts.look, lambda _: True)

    async def look(self, cluster: Cluster, max_age: float) -> Watched:
        """The answers, asked for anew in the background once they are older than `max_age` seconds. Never raises."""
        hosts = await self._hosts.get(cluster, max_age, 0.0) if self._hosts is not None else None
        return Watched(hosts=hosts)
