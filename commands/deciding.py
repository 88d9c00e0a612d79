"""A click on an operation: rights at this moment, one decision a person, and the start when it was the last one.

The look at the servers begins together with the look-ups: while the primary is down, every millisecond counts.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from sqlite_utils import Database

from commands import answers
from commands.asked import Answer, Asked, Decision
from commands.authority import may_cancel, may_decide_as
from commands.command import Order
from commands.document import read_document
from commands.looking import look_again
from commands.operation_page import read_conclusion
from commands.orders import Click, Counted, Ended, Outcome, Overtaken, Ready, Refused, decide, requester_of, terms
from commands.people import Person
from commands.plan_page import plan_title
from commands.records import Repeated, record
from commands.running.cancelling import cancel
from commands.running.owner import Owner
from commands.running.runner import Runner
from commands.world import World
from ledger import locks
from ledger.approvals import Approval, ApprovalDecision, decisions
from ledger.audit import AuditKind
from ledger.operations import UNDER_WAY, NoSuchOperation, Operation, OperationRefused, OperationState, get
from ledger.page import Tone
from ledger.quantities import count_text
from servers.state import ClusterState


@dataclass(frozen=True, slots=True)
class _Seen:
    """An operation with the decisions taken so far."""

    operation: Operation
    taken: tuple[Approval, ...]


class Deciding:
    """Takes decisions, and starts what was decided."""

    def __init__(self, world: World, orders: Mapping[str, Order], runner: Runner, owner: Owner) -> None:
        self._world = world
        self._orders = orders
        self._runner = runner
        self._owner = owner

    async def decide(self, asked: Asked, operation_id: str, decision: Decision) -> Answer:
        """Comes back once the decision is on disk; an operation that it starts runs on by itself."""
        try:
            seen = await self._world.ledger.read(lambda db: _see(db, operation_id))
        except NoSuchOperation as unknown:
            return await self._refuse(asked, None, answers.misunderstood(f"{unknown} Type: /ha status"))
        try:
            return await self._decide_seen(asked, seen, decision)
        except Overtaken:
            return await self.decide(asked, operation_id, decision)

    async def _decide_seen(self, asked: Asked, seen: _Seen, decision: Decision) -> Answer:
        looked = self._look_ahead(seen, decision)
        try:
            return await self._decide(asked, seen, decision, looked)
        finally:
            if looked is not None and seen.operation.id not in self._runner.running:
                looked.cancel()

    async def _decide(
        self, asked: Asked, seen: _Seen, decision: Decision, looked: "asyncio.Task[ClusterState] | None"
    ) -> Answer:
        directory = self._world.directory
        ids = {seen.operation.requester.id, *(one.who.id for one in seen.taken)}
        person, *others = await asyncio.gather(
            *(directory.person(one, afresh=True) for one in (asked.person_id, *sorted(ids)))
        )
        asked = replace(asked, person_id=person.id, person_name=person.name)
        people = dict(zip(sorted(ids), others, strict=True))
        operation = seen.operation
        if decision is not Decision.CANCEL and not (ruling := may_decide_as(asked)).allowed:
            return await self._refuse(asked, operation, answers.refused(ruling.line))
        obstacle = self._cannot_start(operation)
        if decision is Decision.APPROVE and obstacle is not None:
            return await self._refuse(asked, operation, answers.nothing_done(obstacle))
        if decision is Decision.CANCEL and operation.state in UNDER_WAY:
            return await self._cancel_under_way(asked, person, operation, people)
        click = Click(asked, person, operation.id, decision, people, self._world.now())
        try:
            return _answer(await self._take(click, looked))
        except locks.LockHeld as held:
            return await self._refuse(asked, operation, answers.nothing_done(str(held)))
        except Repeated:
            again = await self._world.ledger.read(lambda db: _see(db, operation.id))
            return _standing(again)

    async def _take(self, click: Click, looked: "asyncio.Task[ClusterState] | None") -> Outcome:
        """Records the decision, and starts what it decides."""
        policies, owner = self._world.policies, self._owner
        # Should we be cancelled after the commit, nobody expects the operation any more, and it is recovered.
        with self._runner.expecting(click.operation_id):
            owner.appear()
            outcome = await self._world.ledger.write(lambda db: decide(db, click, policies, owner.name))
            if isinstance(outcome, Ready):
                self._runner.start(outcome, looked or asyncio.ensure_future(self._look(outcome.operation.cluster)))
        return outcome

    def _cannot_start(self, operation: Operation) -> str | None:
        if self._runner.closed:
            return "Understudy is shutting down; nothing new is started. Approve it once Understudy is back."
        if operation.cluster not in self._world.clusters:
            return f"The settings have no cluster {operation.cluster} any more."
        if read_document(operation.plan).order not in self._orders:
            return "This Understudy does not know that order."
        return None

    def _look_ahead(self, seen: _Seen, decision: Decision) -> "asyncio.Task[ClusterState] | None":
        """Begins to look when this may be the last approval; what is seen counts only if it is."""
        operation = seen.operation
        if decision is not Decision.APPROVE or operation.state is not OperationState.AWAITING_APPROVAL:
            return None
        document = read_document(operation.plan)
        policy = terms(self._world.policies, document, self._world.now())
        given = sum(one.decision is ApprovalDecision.APPROVED for one in seen.taken)
        if policy is None or operation.cluster not in self._world.clusters or self._runner.closed:
            return None
        if given + 1 < policy.needed(risky=bool(document.plan.risks)):
            return None
        return asyncio.create_task(self._look(operation.cluster))

    async def _look(self, cluster: str) -> ClusterState:
        return await look_again(self._world, self._world.clusters[cluster])

    async def _cancel_under_way(
        self, asked: Asked, person: Person, operation: Operation, people: Mapping[str, Person]
    ) -> Answer:
        document = read_document(operation.plan)
        requester = requester_of(people, operation, document)
        policy = terms(self._world.policies, document, self._world.now())
        ruling = may_cancel(policy, person, requester)
        if not ruling.allowed:
            return await self._refuse(asked, operation, answers.refused(ruling.line))
        order = self._orders.get(document.order)
        if order is None:
            return await self._refuse(asked, operation, answers.nothing_done(f"There is no order {document.order}."))
        actions = order.actions()
        try:
            await self._world.ledger.write(lambda db: cancel(db, asked, operation.id, policy, actions).id)
        except OperationRefused as refused:
            return await self._refuse(asked, operation, answers.nothing_done(str(refused)))
        except Repeated:
            pass
        return answers.done("It stops before its next step", "What was done is taken back where that is possible.")

    async def _refuse(self, asked: Asked, operation: Operation | None, answer: Answer) -> Answer:
        cluster = operation.cluster if operation else None
        details = {"operation": operation.id if operation else None, "why": answer.page.summary}
        with suppress(Repeated):
            await self._world.ledger.write(
                lambda db: record(db, asked, "decide", AuditKind.REFUSAL, cluster, details).sequence
            )
        return answer


def _see(db: Database, operation_id: str) -> _Seen:
    return _Seen(get(db, operation_id), tuple(decisions(db, operation_id)))


def _answer(outcome: Outcome) -> Answer:
    match outcome:
        case Refused(spans):
            return answers.nothing_done(*spans)
        case Counted(operation, missing, void):
            lost = f" Counts no more: that of {', '.join(who.name for who in void)}, who may not approve this now."
            return answers.done(
                f"Your approval of operation {operation.id} counts",
                f"{count_text(missing, 'more approval')} needed.{lost if void else ''}",
                tone=Tone.WAITING,
            )
        case Ready(operation, document, _):
            title = f"Approved: {plan_title(document.plan)}"
            return answers.done(
                title, f"Operation {operation.id} starts now; its thread follows it.", tone=Tone.RUNNING
            )
        case Ended(operation):
            return answers.done(
                f"Operation {operation.id} {operation.state}", read_conclusion(operation.result).line, tone=Tone.INFO
            )


def _standing(seen: _Seen) -> Answer:
    """The answer to a click that was delivered twice."""
    return answers.done(f"Operation {seen.operation.id} is {seen.operation.state}", "Your click was counted once.")
