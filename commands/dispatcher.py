"""What faces call. Each thing that somebody asks is understood, authorised, answered, and leaves one audit record."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import structlog
from sqlite_utils import Database

from commands import answers
from commands.ask import Ask
from commands.asked import Answer, Asked, Decision, FieldErrors, Form
from commands.automatic.clicks import Choice
from commands.automatic.overseer import Overseer
from commands.automatic.scheduler import Scheduler
from commands.command import Command, Misunderstood, Order
from commands.deciding import Deciding
from commands.document import warm_up
from commands.filling import FilledDeed, Filling
from commands.maintenance import end_what_ran_out
from commands.maintenance_due import begin_due, due
from commands.orders import expire, late
from commands.parse import parse
from commands.restoring.cards import remind
from commands.running.following import follow
from commands.running.owner import Owner
from commands.running.recovery import Recovery
from commands.running.runner import SHUTDOWN_DEADLINE, Runner
from commands.running.taking_over import Resuming
from commands.silencing.ending import end_silences_over
from commands.submission import Submission
from commands.world import World
from ledger.errors import LedgerError
from ledger.instances import instances_overdue
from ledger.maintenance import in_maintenance, run_out
from ledger.operations import NoSuchOperation
from ledger.silences import silences_over
from servers.inventory import Cluster
from servers.state import ClusterState
from servers.verdict import Judgement

T = TypeVar("T")

_log = structlog.get_logger(__name__)


def _is_at_work(db: Database, cluster: str, at: datetime) -> bool:
    return in_maintenance(db, cluster, at) is not None


class Dispatcher:
    """The one way to the commands, for every face.

    A process that stays calls `recover` once at the start, and `tick` from time to time; every process calls
    `shutdown` at the end.
    """

    def __init__(self, world: World, commands: Sequence[Command], owner: Owner | None = None) -> None:
        """`owner` names the process that runs operations: this one, unless told otherwise."""
        self._world = world
        self._commands = {command.name: command for command in commands}
        self._orders = {command.name: command for command in commands if isinstance(command, Order)}
        self._owner = owner or Owner(world.ledger.path)
        self._recovering = asyncio.Lock()
        self._runner = Runner(world, self._orders)
        self._recovery = Recovery(world, self._orders, self._owner, self._runner)
        self._resuming = Resuming(world, self._recovery)
        self._deciding = Deciding(world, self._orders, self._runner, self._owner)
        self._ask = Ask(world, self._commands, self._deciding)
        self._submission = Submission(world, self._orders, self._runner, self._owner)
        self._filling = Filling(world, self._commands)
        self._overseer = Overseer(world, self._runner, self._owner, _is_at_work)
        self._scheduler = Scheduler(world, self._orders, self._runner, self._owner)

    def needs_form(self, text: str) -> bool:
        """Whether the text is an order that is understood, so that its plan comes as a form, or a deed that is to be
        filled in. Instant, no I/O."""
        try:
            typed = parse(text, tuple(self._commands))
            command = self._commands[typed.name]
            if isinstance(command, FilledDeed):
                return command.form(typed.words, self._world) is not None
            order = self._orders.get(typed.name)
            if order is not None:
                order.resolve(typed.arguments, self._world)
        except Misunderstood:
            return False
        return order is not None

    async def ask(self, asked: Asked) -> Answer:
        """The answer to a question; for an order its plan to read; for anything else one line."""
        answer = await self._guarded(asked, self._ask.ask)
        return answer if isinstance(answer, Answer) else Answer(answer.page)

    async def prepare(self, asked: Asked) -> Form | Answer:
        """The plan of an order, with what has to be filled in; or why there is none."""
        return await self._guarded(asked, self._ask.ask)

    async def submit(self, asked: Asked, draft: str, values: Mapping[str, str]) -> Answer | FieldErrors:
        """Asks for the approvals that the plan needs; or says what is wrong with the fields, or what changed."""
        submission = self._filling if self._filling.is_draft(draft) else self._submission
        return await self._guarded(asked, lambda who: submission.submit(who, draft, values))

    async def decide(self, asked: Asked, operation_id: str, decision: Decision) -> Answer:
        """Approves, rejects or cancels. Comes back as soon as that is recorded; what it starts goes on by itself."""
        return await self._guarded(asked, lambda who: self._deciding.decide(who, operation_id.upper(), decision))

    async def see(self, cluster: Cluster, state: ClusterState, judgement: Judgement) -> None:
        """Takes a look of the monitor: what the settings allow to be done without a person follows from it."""
        await self._overseer.see(cluster, state, judgement)

    def silences(self, cluster: str) -> bool:
        """Whether an order has taken a server of the cluster down for the moment: that it falls silent is no news."""
        return self._runner.silences(cluster)

    async def press(self, asked: Asked, value: str, choice: Choice) -> Answer:
        """A button of the announcement of an automatic failover."""
        return await self._guarded(asked, lambda who: self._overseer.press(who, value, choice))

    async def wait(self, operation_id: str, progress: Callable[[str], Awaitable[None]] | None = None) -> Answer:
        """Follows an operation, wherever it runs, to its end; `progress` gets a line whenever a step moves on,
        and what a step that runs here says of how far it is."""
        try:
            wanted = operation_id.upper()
            return await follow(self._world.ledger, wanted, progress, lambda: self._runner.live(wanted))
        except NoSuchOperation as unknown:
            return answers.misunderstood(f"{unknown} Type: /ha status")

    async def recover(self) -> None:
        """Finds operations that nobody carries on, and carries them on in the background. For a process that stays."""
        warm_up()
        async with self._recovering:
            await self._recovery.carry_on()

    async def resume(self, asked: Asked, operation_id: str) -> Answer:
        """Carries on the one operation that was left, in the background. For a process that was told to."""
        return await self._guarded(asked, lambda who: self._resuming.resume(who, operation_id.upper()))

    async def abandoned(self) -> tuple[str, ...]:
        """The ids of the operations that nobody carries on; nothing is done with them."""
        return tuple(operation.id for operation in await self._recovery.abandoned())

    async def tick(self, now: datetime) -> None:
        """Ends what waited for approval or lasted too long, carries on operations whose process has gone, and starts
        what is scheduled."""
        policies, ledger = self._world.policies, self._world.ledger
        if await ledger.read(lambda db: bool(late(db, now))):
            await ledger.write(lambda db: [one.id for one in expire(db, policies, now)])
        if await ledger.read(lambda db: bool(run_out(db, now))):
            await ledger.write(lambda db: end_what_ran_out(db, now))
        if await ledger.read(lambda db: bool(due(db, self._world, now))):
            await ledger.write(lambda db: begin_due(db, self._world, now))
        if await ledger.read(lambda db: bool(silences_over(db, now))):
            await ledger.write(lambda db: end_silences_over(db, self._world, now))
        if await ledger.read(lambda db: bool(instances_overdue(db, now))):
            channels = {name: cluster.channel for name, cluster in self._world.clusters.items()}
            await ledger.write(lambda db: remind(db, channels, now))
        await self.recover()
        self._scheduler.tick(now)

    async def shutdown(self, deadline: float = SHUTDOWN_DEADLINE) -> None:
        """Lets running steps finish for at most `deadline` seconds, and records where each operation stopped."""
        await self._scheduler.close()
        await self._overseer.close()
        await self._runner.shutdown(deadline)
        if not self._runner.running:
            self._owner.leave()

    async def _guarded(self, asked: Asked, work: Callable[[Asked], Awaitable[T]]) -> T | Answer:
        """Whatever breaks, the one who asked gets an answer, and no traceback."""
        try:
            return await work(asked)
        except LedgerError as error:
            _log.error("the ledger failed", error=str(error))
            return answers.failed(f"{error} Nothing was started.")
        except asyncio.CancelledError:
            raise
        except Exception:
            _log.exception("a command broke", asked=asked.id)
            return answers.failed("An error of Understudy's own; its log has the details. Look at /ha status.")
