"""Nothing waits for the slower watches, and what they saw last serves meanwhile."""

import asyncio

from servers.inventory import Cluster
from servers.ssh import Shells
from servers.watching.hosts.facts import HostWatches
from servers.watching.hosts.looks import HostLooks
from servers.watching.watched import NOTHING_WATCHED, Watched
from servers.watching.watches import Watches
from tests.alerts.looks import CLUSTER, NOW


class Slow(HostLooks):
    """Answers once it is let."""

    def __init__(self) -> None:
        super().__init__(Shells(), lambda: NOW)
        self.open = asyncio.Event()
        self.asked = 0

    async def look(self, cluster: Cluster) -> HostWatches:
        self.asked += 1
        await self.open.wait()
        return HostWatches(NOW, ())


async def test_a_look_gets_what_is_known_by_then_and_hosts_are_asked_once_a_minute() -> None:
    hosts = Slow()
    watches = Watches(hosts=hosts)
    assert await watches.look(CLUSTER, 60.0) == NOTHING_WATCHED
    assert await watches.look(CLUSTER, 60.0) == NOTHING_WATCHED
    hosts.open.set()
    async with asyncio.timeout(5):
        while await watches.look(CLUSTER, 60.0) == NOTHING_WATCHED:
            await asyncio.sleep(0)
    assert await watches.look(CLUSTER, 60.0) == Watched(hosts=HostWatches(NOW, ()))
    assert hosts.asked == 1


async def test_where_nothing_is_watched_nothing_is_asked() -> None:
    assert await Watches().look(CLUSTER, 0.0) == NOTHING_WATCHED
