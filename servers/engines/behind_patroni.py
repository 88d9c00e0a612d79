"""Nothing is done behind Patroni's back: what it manages is looked at by SQL and SSH, and changed by Patroni alone.

A server that is stopped, promoted or repointed by somebody else is taken for broken by Patroni, which then acts too.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, cast

from servers.engines.engine import ActionFailed, Engine
from servers.inventory import Cluster, EngineKind, Server

# What only looks; verify_write is one message in the WAL, and changes no row; switch_wal ends a segment early, as
# archive_timeout does. Whatever is not listed is refused.
LOOKS = frozenset(
    {
        "fence_proof",
        "control_data",
        "wait_replayed",
        "verify_write",
        "switch_wal",
        "readiness",
        "archive_try",
        "directory",
        "history",
        "source",
        "reach",
        "job",
        "configuration",
        "in_use",
        "replication_facts",
    }
)

# What Patroni is asked instead, and by which order.
INSTEAD: Mapping[str, str] = {
    "promote": "POST /switchover or /failover: /ha promote",
    "stop": "POST /switchover: /ha promote",
    "fence": "POST /switchover or /failover: /ha promote",
    "restart": "POST /restart: /ha restart",
    "reload": "POST /reload: /ha reload",
    "begin_rewind": "POST /reinitialize: /ha rejoin",
    "begin_copy": "POST /reinitialize: /ha standby rebuild",
    "end_copy": "POST /reinitialize: /ha standby rebuild",
    "use_copy": "POST /reinitialize: /ha standby rebuild",
    "start_as_standby": "POST /reinitialize: /ha rejoin",
    "change_settings": "PATCH /config, by patronictl edit-config",
}
_ELSE = "Patroni's own calls: /ha help"


def behind_patroni(engine: Engine, clusters: Iterable[Cluster]) -> Engine:
    """The engine, for all servers but those of clusters that Patroni runs: of these it only looks."""
    managed = frozenset(
        server for cluster in clusters if cluster.engine is EngineKind.PATRONI for server in cluster.servers
    )
    return cast(Engine, _Respectful(engine, managed)) if managed else engine


class _Respectful:
    """Passes calls on, or refuses them."""

    def __init__(self, engine: Engine, managed: frozenset[Server]) -> None:
        self._engine = engine
        self._managed = managed
        self.name = engine.name

    def __getattr__(self, action: str) -> Callable[..., Awaitable[Any]]:
        method: Callable[..., Awaitable[Any]] = getattr(self._engine, action)
        if action in LOOKS:
            return method

        async def careful(*arguments: Any, **options: Any) -> Any:
            for one in (*arguments, *options.values()):
                if isinstance(one, Server) and one in self._managed:
                    raise ActionFailed(
                        f"{action.replace('_', ' ')} on {one.name} is refused: Patroni runs this cluster. "
                        f"Nothing was done. What does it: {INSTEAD.get(action, _ELSE)}"
                    )
            return await method(*arguments, **options)

        return careful
