"""Patroni in memory, for a practice pair: it can be paused and resumed, refuse, and be silent."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import cast

from servers.engines.engine import ActionFailed, Done
from servers.engines.patroni.engine import PatroniEngine
from servers.inventory import Cluster, PatroniPlace
from servers.patroni_state import HistoryEntry, PatroniMember, PatroniState
from servers.state import Answer, ClusterState, Outcome
from tests.commands.inventory import SHOP
from tests.commands.practice import NOW, Pair

MANAGED = replace(SHOP, patroni=PatroniPlace((("db1", "http://127.0.0.1:1"), ("db2", "http://127.0.0.1:1"))))
LEADER = PatroniMember("db1", "leader", "running", None, 1)
REPLICA = PatroniMember("db2", "replica", "streaming", 0, 1)


@dataclass
class PracticePatroni:
    """`refuses`: the words with which it refuses; `loses_answers`: what it was asked is done, and its answer lost;
    `before` is called before it does anything.
    """

    pair: Pair
    paused: bool = False
    silent: bool = False
    refuses: str = ""
    loses_answers: bool = False
    asked: list[str] = field(default_factory=list)
    before: Callable[[], Awaitable[None]] | None = None

    def engine(self) -> PatroniEngine:
        return cast(PatroniEngine, self)

    async def look(self, *, timeout: float = 2.0) -> PatroniState:
        if self.silent:
            return PatroniState(Answer(Outcome.UNREACHABLE, NOW, 0.1, "connection refused"))
        return PatroniState(Answer(Outcome.ANSWERED, NOW, 0.01), (LEADER, REPLICA), self.paused)

    async def history(self, *, timeout: float = 2.0) -> tuple[HistoryEntry, ...]:
        return (HistoryEntry(1, "no recovery target specified", NOW, "db1"),)

    async def state(self, cluster: Cluster) -> ClusterState:
        return replace(await self.pair.observe(cluster), patroni=await self.look())

    async def pause(self, *, timeout: float = 15.0) -> Done:
        return await self._do("pause", paused=True)

    async def resume(self, *, timeout: float = 15.0) -> Done:
        return await self._do("resume", paused=False)

    async def _do(self, what: str, *, paused: bool) -> Done:
        if self.before is not None:
            await self.before()
        self.asked.append(what)
        if self.silent or self.refuses:
            raise ActionFailed(self.refuses or "Patroni was not reached, so nothing was done.")
        self.paused = paused
        if self.loses_answers:
            raise ActionFailed("db1: Patroni did not answer PATCH /config within 10.0 s.")
        return Done(f"Patroni is {'paused' if paused else 'active'}", 0.1)
