"""The slower watches over a cluster. None of them keeps a look waiting: it gets what is known by then."""

from servers.inventory import Cluster
from servers.watching.watched import NOTHING_WATCHED, Watched


class Watches:
    """A topic is a `servers.slow_looks.SlowLooks` here and a field in `Watched`."""

    async def look(self, cluster: Cluster, max_age: float) -> Watched:
        """The answers, asked for anew in the background once they are older than `max_age` seconds. Never raises."""
        return NOTHING_WATCHED
