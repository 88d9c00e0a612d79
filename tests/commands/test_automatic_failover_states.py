"""Whatever happens to the bot, the servers, their links and the people: never two primaries that clients reach by us.

The real decision, judge, plans, orders, runner and ledger; only the servers are played (`linked_servers`). Clients
reach every server all the time, which is the worst that can be.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from unittest.mock import AsyncMock, patch

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from structlog.testing import capture_logs

from commands.asked import Answer, Decision, Form
from commands.automatic.clicks import Choice
from commands.automatic.overseer import Overseer
from commands.automatic.policy import AutomaticFailover, AutomaticPolicy
from commands.command import Misunderstood
from commands.document import read_document
from commands.orders import OPEN
from commands.promote import plan_promotion
from ledger.errors import LedgerError, Problem
from ledger.ledger import Ledger
from ledger.operations import OperationState, list_operations
from servers.engines.engine import Done
from servers.inventory import Cluster, CommandFence, Server
from servers.verdict import judge
from tests.commands.conftest import People, Scene, make_world
from tests.commands.inventory import SHOP, server
from tests.commands.linked_servers import BOT, LinkedServers, linked_servers
from tests.commands.mortal import Killed, Life, Watch, mortal
from tests.commands.practice import Hook

T = TypeVar("T")

NAMES = ("db1", "db2", "db3")
RULES = AutomaticFailover(after=timedelta(seconds=8), countdown=timedelta(seconds=8), cooldown=timedelta(minutes=2))
POLICY = AutomaticPolicy(RULES, fence_returning_primary=True)
LINKS = [
    *((BOT, name, way) for name in NAMES for way in ("sql", "ssh")),
    ("db1", "db2", "sql"), ("db1", "db3", "sql"), ("db2", "db3", "sql"),
]  # fmt: skip

servers = st.sampled_from(NAMES)
pace = st.sampled_from((0, 1, 3, 8))


@dataclass
class MortalSwitch:
    """A fence hook as a process sees it that may be killed before it has its effect, or right after it."""

    switch: Hook
    life: Life
    what: str
    timeout: float
    confirms: bool

    async def fence(self, cluster: str, server: Server, *, timeout: float) -> Done:
        self.life.moment()
        done = await self.switch.fence(cluster, server, timeout=timeout)
        self.life.moment()
        return done

    async def is_off(self, cluster: str, server: Server, *, timeout: float) -> bool | None:
        return await self.switch.is_off(cluster, server, timeout=timeout)


def mortal_switch(switch: Hook | None, life: Life) -> MortalSwitch | None:
    return None if switch is None else MortalSwitch(switch, life, switch.what, switch.timeout, switch.confirms)


class World(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.directory = TemporaryDirectory()
        self.maintenance = False
        self.ledger_broken = False
        self.watch = Watch()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @initialize(hooks=st.sampled_from(((), ("db1",), NAMES)), standbys=st.integers(1, 2))
    def begin(self, hooks: tuple[str, ...], standbys: int) -> None:
        names = NAMES[: 1 + standbys]
        self.servers: LinkedServers = linked_servers(*names)
        place = CommandFence(("off",), ("is-off",))
        self.cluster = Cluster(
            "shop", SHOP.channel, tuple(server(name, fence=place if name in hooks else None) for name in names)
        )
        people = People()
        for key in ("alice", "bob"):
            people.add(key, "dba")
        self.ledger = self.run(Ledger.open(Path(self.directory.name) / "ledger.sqlite3"))
        self.ledger._writer.execute("PRAGMA synchronous = OFF")  # nothing here is about power cuts
        world = make_world(self.servers, people, self.ledger, self.servers.clock, self.cluster)
        world = replace(world, automatic={"shop": POLICY})
        self.scene = Scene(self.servers, people, self.ledger, world, None)  # type: ignore[arg-type]
        self.wake_up()
        self.run(self.looks(2))

    def wake_up(self) -> None:
        """A bot that remembers nothing but what is in its ledger, and carries on what it finds there."""
        self.life = life = Life()
        world = replace(self.scene.world, fences=lambda server: mortal_switch(self.servers.hook(server), life))
        dispatcher = mortal(world, self.servers, life, self.watch)
        dispatcher._overseer = Overseer(
            dispatcher._world, dispatcher._runner, dispatcher._owner, lambda db, cluster, at: self.maintenance
        )
        self.scene.dispatcher = dispatcher
        self.run(self.carried_on())

    async def carried_on(self) -> None:
        await self.scene.dispatcher.recover()
        await self.settle()

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            self.run(self.scene.dispatcher.shutdown(1.0))
            self.run(self.ledger.close())
        self.loop.close()
        self.directory.cleanup()

    async def looks(self, count: int, every: float = 3.0) -> None:
        for _ in range(count):
            self.servers.passes(every)
            await self.look()

    async def look(self) -> None:
        before, guarded = len(self.servers.did), await self.can_be_guarded()
        state = await self.servers.observe(self.cluster)
        see = self.scene.dispatcher.see(self.cluster, state, judge(self.cluster, state))
        if self.ledger_broken:
            full = LedgerError(Problem.FULL, "The disk of the ledger is full.")
            with patch.object(self.scene.dispatcher._world.ledger, "write", AsyncMock(side_effect=full)):
                await see
        else:
            with suppress(Killed):
                await see
            await self.settle()
        if self.maintenance or self.ledger_broken:
            assert len(self.servers.did) == before, "it acted in maintenance, or without a ledger"
        if guarded and not self.life.dead:
            assert len(self.servers.taking_writes) == 1, "an old primary that came back was left alone"

    async def can_be_guarded(self) -> bool:
        """Whether one that came back is to be fenced at this very look: seen beside the new one, for the first time."""
        if self.maintenance or self.ledger_broken or self.servers.loses_answer or len(self.servers.taking_writes) != 2:
            return False
        in_the_way = (*OPEN, OperationState.INTERRUPTED)
        operations = await self.ledger.read(list_operations)
        quiet = all(one.state not in in_the_way and one.kind != "fence" for one in operations)
        seen = all(self.servers.by_sql(name) and self.servers.by_ssh(name) for name in self.servers.taking_writes)
        return quiet and seen

    async def settle(self) -> None:
        """Until everything that the process runs has ended, with it or by itself."""
        while self.scene.dispatcher._runner.running:
            await asyncio.sleep(0)

    # The bot. What happens is followed by so many looks of the monitor, at its usual pace.

    @rule(looks=pace)
    def nothing_happens(self, looks: int) -> None:
        self.run(self.looks(looks))

    @rule(looks=pace)
    def the_bot_sleeps_and_wakes(self, looks: int) -> None:
        self.servers.passes(180)
        self.run(self.looks(looks))

    @rule(looks=pace)
    def the_bot_restarts(self, looks: int) -> None:
        self.wake_up()
        self.run(self.looks(looks))

    @rule(moments=st.integers(0, 30), looks=pace)
    def the_bot_is_killed(self, moments: int, looks: int) -> None:
        """Within the next looks: at a write to the ledger or an action on a server, before or after its effect."""
        if self.ledger_broken:
            return
        self.life.dies_at = self.life.moments + moments
        self.run(self.looks(8))
        self.wake_up()
        self.run(self.looks(looks))

    @rule(broken=st.booleans(), looks=pace)
    def the_ledger(self, broken: bool, looks: int) -> None:
        self.ledger_broken = broken
        self.run(self.looks(looks))

    # The servers and what lies between them.

    @rule(how=st.sampled_from(("crash", "hang", "power off")), looks=pace)
    def the_primary_goes(self, how: str, looks: int) -> None:
        for host in self.servers.hosts:
            if host.takes_writes:
                self.servers.happens(host.name, how)
        self.run(self.looks(looks))

    @rule(name=servers, what=st.sampled_from(("crash", "start", "hang", "thaw", "power off", "power on")), looks=pace)
    def something_happens_to(self, name: str, what: str, looks: int) -> None:
        if name in self.servers.machines:
            self.servers.happens(name, what)
        self.run(self.looks(looks))

    @rule(looks=pace)
    def somebody_switches_everything_on(self, looks: int) -> None:
        for name in self.servers.machines:
            self.servers.happens(name, "power on")
            self.servers.happens(name, "start")
        self.run(self.looks(looks))

    @rule(name=servers, up=st.booleans(), looks=pace)
    def sshd(self, name: str, up: bool, looks: int) -> None:
        if name in self.servers.machines:
            self.servers.host(name).sshd = up
        self.run(self.looks(looks))

    @rule(link=st.sampled_from(LINKS), looks=pace)
    def a_link_is_cut(self, link: tuple[str, str, str], looks: int) -> None:
        self.servers.cut.add(link)
        self.run(self.looks(looks))

    @rule(alone=st.sampled_from((BOT, *NAMES)), looks=pace)
    def one_is_cut_off_from_all(self, alone: str, looks: int) -> None:
        self.servers.cut |= {link for link in LINKS if alone in link[:2]}
        self.run(self.looks(looks))

    @rule(looks=pace)
    def all_links_are_mended(self, looks: int) -> None:
        self.servers.cut.clear()
        for host in self.servers.hosts:
            host.sshd = True
        self.run(self.looks(looks))

    @rule(works=st.booleans())
    def the_power_switch(self, works: bool) -> None:
        self.servers.hook_works = works

    @rule(action=st.sampled_from(("fence", "promote")))
    def the_next_answer_is_lost(self, action: str) -> None:
        self.servers.loses_answer = action

    @rule(size=st.sampled_from((100, 10_000_000)), looks=pace)
    def clients_write(self, size: int, looks: int) -> None:
        self.servers.write(size)
        self.run(self.looks(looks))

    # The people.

    @rule(choice=st.sampled_from(Choice), looks=pace)
    def somebody_presses(self, choice: Choice, looks: int) -> None:
        sql = "SELECT id, round FROM outage ORDER BY opened_at DESC LIMIT 1"
        rows = self.run(self.ledger.read(lambda db: list(db.query(sql))))
        if rows and not self.ledger_broken:
            value = f"{rows[0]['id']}.{rows[0]['round']}"
            self.run(self.scene.dispatcher.press(self.scene.asks("bob"), value, choice))
            self.run(self.settle())
        self.run(self.looks(looks))

    @rule(looks=pace)
    def two_people_fail_over(self, looks: int) -> None:
        """By an order of their own; the risk of a primary that cannot be fenced is not one that they take."""
        if not self.ledger_broken:
            self.run(self.order())
            self.run(self.settle())
        self.run(self.looks(looks))

    async def order(self) -> None:
        try:
            plan = plan_promotion(self.cluster, None, await self.servers.observe(self.cluster))
        except Misunderstood:
            return
        shown = await self.scene.dispatcher.prepare(self.scene.asks("alice", "promote"))
        if plan.kind != "failover" or not isinstance(shown, Form) or shown.submit_label is None:
            return
        values = {"reason": "drill", "cluster": "shop"}
        answer = await self.scene.dispatcher.submit(self.scene.asks("alice"), shown.draft, values)
        assert isinstance(answer, Answer)
        for operation in await self.ledger.read(list_operations):
            waits = operation.state is OperationState.AWAITING_APPROVAL
            if waits and not read_document(operation.plan).plan.risks:
                await self.scene.dispatcher.decide(self.scene.asks("bob"), operation.id, Decision.APPROVE)
            elif waits:
                await self.scene.dispatcher.decide(self.scene.asks("alice"), operation.id, Decision.CANCEL)

    @rule(on=st.booleans(), looks=pace)
    def maintenance_is(self, on: bool, looks: int) -> None:
        self.maintenance = on
        self.run(self.looks(looks))

    # What must always be true.

    @invariant()
    def there_are_never_two_primaries_that_clients_reach(self) -> None:
        if not hasattr(self, "servers"):
            return
        taking = self.servers.taking_writes
        assert len([name for name in taking if name not in self.servers.revived]) <= 1, taking
        assert self.servers.broken == []
        assert self.watch.without_intent == []


def test_no_path_leads_to_two_reachable_primaries() -> None:
    explored = settings(max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))
    # The log of a process that dies would be a traceback of thousands of lines, drawn anew for each death.
    with capture_logs():
        run_state_machine_as_test(World, settings=explored)


def unfenced_failovers() -> Any:
    """A planted bug: the plan does not fence, and nobody minds."""
    return (
        patch("commands.promotion.failover.fence_steps", lambda pair: ()),
        patch("commands.promotion.failover.fence_risks", lambda pair: ()),
        patch("commands.automatic.decision.fences_first", lambda plan: True),
    )


def test_a_failover_that_does_not_fence_is_found_out() -> None:
    """That the exploration can find what it is there for."""
    found = settings(
        max_examples=300,
        stateful_step_count=40,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    steps, risks, first = unfenced_failovers()
    with steps, risks, first, capture_logs(), pytest.raises(AssertionError, match=r"is promoted beside|2 <= 1"):
        run_state_machine_as_test(World, settings=found)
