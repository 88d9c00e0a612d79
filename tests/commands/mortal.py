"""A process that is killed at a chosen moment: at a write to the ledger or at an action on a server, before it has its
effect or right after it. From then on nothing of it works any more, as after kill -9.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlite_utils import Database

from commands.dispatcher import Dispatcher
from commands.registry import COMMANDS
from commands.running.owner import Owner
from commands.world import World
from ledger.ledger import Ledger
from ledger.steps import step_under_way
from servers.engines.engine import Engine
from servers.traffic.target import TrafficTarget
from tests.commands.practice import Pair

T = TypeVar("T")

ACTS = frozenset(
    {
        "checkpoint",
        "ensure_slot",
        "fence",
        "mark_fenced",
        "promote",
        "start",
        "start_as_standby",
        "stop",
        "verify_write",
    }
)


class Killed(BaseException):
    """What the code of a dead process meets: nothing that it could catch."""


class Gone(Owner):
    """A process that has ended, as it looks to others."""

    def appear(self) -> None:
        """Nobody sees it."""


@dataclass
class Life:
    """Counts what the process does, and ends it with number `dies_at`: even ones before the effect, odd ones after."""

    dies_at: int | None = None
    moments: int = 0
    dead: bool = False

    def moment(self) -> None:
        if self.dead:
            raise Killed
        self.moments += 1
        if self.moments - 1 == self.dies_at:
            self.dead = True
            raise Killed


@dataclass
class Watch:
    """What was seen of the servers at every action, whichever process did it."""

    most_writable: int = 0
    without_intent: list[str] = field(default_factory=list)
    promoted_again: int = 0


class MortalLedger:
    """The ledger as that process sees it."""

    def __init__(self, ledger: Ledger, life: Life) -> None:
        self._ledger = ledger
        self._life = life
        self.path: Path = ledger.path

    async def read(self, query: Callable[[Database], T]) -> T:
        if self._life.dead:
            raise Killed
        return await self._ledger.read(query)

    async def write(self, change: Callable[[Database], T]) -> T:
        self._life.moment()
        result = await self._ledger.write(change)
        self._life.moment()
        return result


class MortalEngine:
    """The engine as that process sees it; it also looks at what the watch wants to know."""

    name = "practice"

    def __init__(self, pair: Pair, ledger: Ledger, life: Life, watch: Watch) -> None:
        self._pair, self._ledger, self._life, self._watch = pair, ledger, life, watch

    def __getattr__(self, action: str) -> Callable[..., Any]:
        async def call(server: Any, *arguments: Any, **options: Any) -> Any:
            self._life.moment()
            await self._before(action, server.name)
            result = await getattr(self._pair, action)(server, *arguments, **options)
            self._watch.most_writable = max(self._watch.most_writable, len(self._pair.writable))
            self._life.moment()
            return result

        return call

    async def _before(self, action: str, server: str) -> None:
        if action not in ACTS:
            return
        open_ids = await self._ledger.read(
            lambda db: [row["id"] for row in db.query("SELECT id FROM operation WHERE state = 'running'")]
        )
        under_way = await self._ledger.read(lambda db: [step_under_way(db, one) for one in open_ids])
        if not any(under_way):
            self._watch.without_intent.append(action)
        if action == "promote" and not self._pair.machines[server].standby:
            self._watch.promoted_again += 1


class MortalTarget:
    """A traffic target as that process sees it."""

    def __init__(self, target: TrafficTarget, life: Life) -> None:
        self._target, self._life = target, life

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if name not in ("look", "hold", "redirect", "release", "verify", "undo"):
            return found

        async def call(*arguments: Any, **options: Any) -> Any:
            self._life.moment()
            result = await found(*arguments, **options)
            self._life.moment()
            return result

        return call


def mortal(world: World, pair: Pair, life: Life, watch: Watch) -> Dispatcher:
    """A process of its own on the same servers and the same ledger; dead or alive, others see that it is gone."""
    engine = cast(Engine, MortalEngine(pair, world.ledger, life, watch))
    traffic = {
        cluster: tuple(cast(TrafficTarget, MortalTarget(target, life)) for target in targets)
        for cluster, targets in world.traffic.items()
    }
    mine = replace(world, engine=engine, ledger=cast(Ledger, MortalLedger(world.ledger, life)), traffic=traffic)
    return Dispatcher(mine, COMMANDS, owner=Gone(world.ledger.path))
