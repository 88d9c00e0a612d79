"""The small world with automatic failover on: looks come as from the monitor, at the times that a test says."""

from dataclasses import dataclass, replace
from datetime import timedelta

from commands.asked import Answer
from commands.automatic.clicks import Choice
from commands.automatic.policy import AutomaticFailover, AutomaticPolicy
from commands.dispatcher import Dispatcher
from commands.registry import COMMANDS
from ledger.operations import Operation, list_operations
from ledger.page import Page
from ledger.page_json import from_json
from servers.verdict import judge
from tests.commands.conftest import Scene
from tests.commands.practice import Pair

RULES = AutomaticFailover(after=timedelta(seconds=10), countdown=timedelta(seconds=30))
POLICY = AutomaticPolicy(RULES, fence_returning_primary=True)
LOOK_EVERY = 2.0


@dataclass
class Automatic:
    """A scene and its looks."""

    scene: Scene
    policy: AutomaticPolicy = POLICY

    def __post_init__(self) -> None:
        self.restart()

    @property
    def pair(self) -> Pair:
        return self.scene.pair

    def restart(self) -> None:
        """The bot, anew: what it remembered is gone, but for the ledger."""
        world = replace(self.scene.world, automatic={"shop": self.policy})
        self.scene.world, self.scene.dispatcher = world, Dispatcher(world, COMMANDS)

    async def look(self) -> None:
        """One look of the monitor; whatever it starts has ended when this comes back."""
        world = self.scene.world
        cluster = world.clusters["shop"]
        state = await self.pair.observe(cluster)
        await self.scene.dispatcher.see(cluster, state, judge(cluster, state))
        await self.settle()

    async def looks(self, seconds: float) -> None:
        """Looks at the usual pace for so long."""
        for _ in range(round(seconds / LOOK_EVERY)):
            self.pair.now += timedelta(seconds=LOOK_EVERY)
            await self.look()

    async def settle(self) -> None:
        for operation in await self.operations():
            await self.scene.dispatcher._runner.wait(operation.id)

    async def press(self, who: str, choice: Choice, delivery: str | None = None) -> Answer:
        """Somebody presses a button of the last announcement."""
        cards = [key for key in await self.cards() if key.count("/") == 2 and not key.endswith("/held")]
        _, outage, round_ = cards[-1].split("/")
        asked = self.scene.asks(who, delivery=delivery)
        answer = await self.scene.dispatcher.press(asked, f"{outage}.{round_}", choice)
        await self.settle()
        return answer

    async def operations(self) -> list[Operation]:
        return await self.scene.ledger.read(list_operations)

    async def cards(self) -> list[str]:
        """The keys of what automatic failover has said, in the order in which it was first said."""
        sql = "SELECT card FROM outbox WHERE card LIKE 'automatic/%' GROUP BY card ORDER BY min(id)"
        return await self.scene.ledger.read(lambda db: [row["card"] for row in db.query(sql)])

    async def shown(self) -> list[Page]:
        """Each of its messages as it stands now."""
        sql = "SELECT page FROM outbox WHERE card = ? ORDER BY id DESC LIMIT 1"
        cards = await self.cards()
        rows = await self.scene.ledger.read(lambda db: [next(db.query(sql, [card]))["page"] for card in cards])
        return [from_json(row) for row in rows]
