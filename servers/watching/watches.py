"""The slower watches over a cluster. None of them keeps a look waiting: it gets what is known by then."""

from servers.heartbeat import Heartbeats
from servers.inventory import Cluster
from servers.slow_looks import SlowLooks
from servers.watching.hosts.facts import HostWatches
from servers.watching.hosts.looks import HostLooks
from servers.watching.postgresql.look import PostgresqlLook
from servers.watching.postgresql.watched import PostgresqlWatched
from servers.watching.services.looks import ServiceLooks
from servers.watching.services.view import ServiceView
from servers.watching.watched import Watched

SERVICES_MAX_AGE = 15.0  # seconds: a service that clients use is missed sooner than a statistic


class Watches:
    """A topic is a `servers.slow_looks.SlowLooks` here and a field in `Watched`; None: it is not watched."""

    def __init__(
        self,
        *,
        hosts: HostLooks | None = None,
        postgresql: PostgresqlLook | None = None,
        heartbeats: Heartbeats | None = None,
        services: ServiceLooks | None = None,
    ) -> None:
        # Every answer is good: what one server does not say is unknown at once, and the others' answers are kept.
        self._hosts: SlowLooks[HostWatches] | None = None if hosts is None else SlowLooks(hosts.look, lambda _: True)
        self._postgresql: SlowLooks[tuple[PostgresqlWatched, ...]] | None = (
            None if postgresql is None else SlowLooks(postgresql.look, lambda _: True)
        )
        self._to_close = postgresql
        self._heartbeats = heartbeats
        self._service_looks = services
        self._services: SlowLooks[tuple[ServiceView, ...]] | None = (
            None if services is None else SlowLooks(services.look, lambda _: True)
        )

    async def look(self, cluster: Cluster, max_age: float) -> Watched:
        """The answers, asked for anew in the background once they are older than `max_age` seconds. Never raises."""
        hosts = await self._hosts.get(cluster, max_age, 0.0) if self._hosts is not None else None
        postgresql = await self._postgresql.get(cluster, max_age, 0.0) if self._postgresql is not None else None
        # These beat by themselves.
        beats = self._heartbeats.beats(cluster.name) if self._heartbeats is not None and cluster.heartbeat else None
        services = await self._seen_services(cluster, min(max_age, SERVICES_MAX_AGE))
        return Watched(hosts=hosts, postgresql=postgresql, beats=beats, services=services)

    async def _seen_services(self, cluster: Cluster, max_age: float) -> tuple[ServiceView, ...]:
        if self._services is None or self._service_looks is None:
            return ()
        seen = await self._services.get(cluster, max_age, 0.0)
        return self._service_looks.not_yet(cluster) if seen is None else seen

    async def close(self) -> None:
        """Close the connections that belong to the watches alone."""
        if self._to_close is not None:
            await self._to_close.close()
