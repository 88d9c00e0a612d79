"""A small world: a pair in memory, the real ledger on a file of its own, and a few people."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from commands.asked import Answer, Asked, Form
from commands.dispatcher import Dispatcher
from commands.people import Face, Person
from commands.policies import OrderPolicy, Policies
from commands.registry import COMMANDS
from commands.world import World
from ledger import audit, operations, steps
from ledger.audit import AuditKind, AuditRecord
from ledger.ledger import Ledger
from ledger.operations import Operation
from ledger.page import Page
from ledger.page_json import from_json
from ledger.redact import Redactor
from ledger.steps import StepRecord
from servers.backups.tool import BackupListing
from servers.inventory import Cluster
from servers.observe import Observer
from servers.state import Answer as SeenAnswer
from servers.state import BackupState, Outcome
from tests.commands.inventory import SHOP
from tests.commands.practice import Pair, practice_pair

POLICIES = Policies(
    rights={
        "view": frozenset({"everyone"}),
        "acknowledge": frozenset({"dba"}),
        "promote": frozenset({"dba"}),
        "rejoin": frozenset({"dba"}),
        "fence": frozenset({"dba"}),
        "standby": frozenset({"dba"}),
        "replication": frozenset({"dba"}),
        "restore": frozenset({"dba"}),
        "backup": frozenset({"dba"}),
        "drill": frozenset({"dba"}),
        "maintenance": frozenset({"dba"}),
        "silence": frozenset({"dba"}),
        "restart": frozenset({"dba"}),
        "reload": frozenset({"dba"}),
        "service": frozenset({"dba"}),
        "sentinel": frozenset({"dba"}),
    },
    orders={
        "promote": OrderPolicy(frozenset({"dba"}), expires=timedelta(minutes=15)),
        "standby": OrderPolicy(frozenset({"dba"})),
        "replication": OrderPolicy(frozenset({"dba"})),
        "rejoin": OrderPolicy(frozenset({"dba"})),
        "fence": OrderPolicy(frozenset({"dba"})),
        "restore": OrderPolicy(frozenset({"dba"})),
        "backup": OrderPolicy(frozenset({"dba"})),
        "drill": OrderPolicy(frozenset({"dba"})),
        "restart": OrderPolicy(frozenset({"dba"})),
        "reload": OrderPolicy(frozenset({"dba"})),
        "service": OrderPolicy(frozenset({"dba"})),
        "sentinel": OrderPolicy(frozenset({"dba"})),
    },
)


@dataclass
class People:
    """The directory: who is whom, as the settings and Slack say now."""

    people: dict[str, Person] = field(default_factory=dict)

    def add(self, key: str, *groups: str) -> None:
        self.people[f"U-{key}"] = Person(f"U-{key}", key, key, frozenset(groups))

    async def person(self, person_id: str, *, afresh: bool = False) -> Person:
        return self.people.get(person_id, Person(person_id, "somebody", None, frozenset()))


class NoBackups:
    async def list(self, cluster: Cluster, *, timeout: float = 5.0) -> BackupState:
        return BackupState(SeenAnswer(Outcome.NOT_ASKED, datetime.now().astimezone(), 0.0), (), None, None)


@dataclass
class Scene:
    """The world with its parts at hand."""

    pair: Pair
    people: People
    ledger: Ledger
    world: World
    dispatcher: Dispatcher
    asked_count: int = 0

    def asks(self, who: str, text: str = "", *, delivery: str | None = None) -> Asked:
        self.asked_count += 1
        return Asked(
            id=delivery or f"delivery-{self.asked_count}",
            person_id=f"U-{who}",
            person_name=who,
            face=Face.SLACK,
            channel="C0000OPS",
            text=text,
            at=self.pair.clock(),
        )

    async def form(self, who: str = "alice", text: str = "promote") -> Form:
        shown = await self.dispatcher.prepare(self.asks(who, text))
        assert isinstance(shown, Form), shown
        return shown

    async def request(self, who: str = "alice", text: str = "promote") -> str:
        """Somebody asks; the operation's id."""
        form = await self.form(who, text)
        answer = await self.dispatcher.submit(self.asks(who), form.draft, {"reason": "drill", "cluster": "shop"})
        assert isinstance(answer, Answer), answer
        return (await self.operations())[0].id

    async def operations(self) -> list[Operation]:
        return await self.ledger.read(operations.list_operations)

    async def operation(self, operation_id: str) -> Operation:
        return await self.ledger.read(lambda db: operations.get(db, operation_id))

    async def records(self, *kinds: AuditKind) -> list[AuditRecord]:
        """Oldest first."""
        return list(reversed(await self.ledger.read(lambda db: audit.recent(db, 1000, kinds=kinds or None))))

    async def steps(self, operation_id: str) -> list[StepRecord]:
        return await self.ledger.read(lambda db: steps.steps(db, operation_id))

    async def card(self, key: str) -> Page:
        rows = await self.ledger.read(
            lambda db: [row["page"] for row in db.query("SELECT page FROM outbox WHERE card = ? ORDER BY id", [key])]
        )
        return from_json(rows[-1])


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with open_scene(tmp_path) as opened:
        yield opened


@asynccontextmanager
async def open_scene(place: Path) -> AsyncIterator[Scene]:
    """The small world, with its ledger in that directory."""
    pair, people = practice_pair(), People()
    for key in ("alice", "bob", "carol"):
        people.add(key, "dba")
    people.add("guest", "guests")
    async with await Ledger.open(place / "ledger.sqlite3", Redactor(("very-secret-word",))) as ledger:
        world = make_world(pair, people, ledger, pair.clock)
        dispatcher = Dispatcher(world, COMMANDS)
        yield Scene(pair, people, ledger, world, dispatcher)
        await dispatcher.shutdown(1.0)


def make_world(pair: Pair, people: People, ledger: Ledger, now: Callable[[], datetime], shop: Cluster = SHOP) -> World:
    return World(
        clusters={"shop": shop},
        observer=cast(Observer, pair),
        engine=pair,
        backups=cast(BackupListing, NoBackups()),
        ledger=ledger,
        policies=POLICIES,
        directory=people,
        now=now,
        fences=pair.hook,
    )
