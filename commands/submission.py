"""A form that comes back: everything is looked up and looked at again before approval is asked for."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from commands import answers
from commands.ask import CLUSTER, REASON
from commands.asked import Answer, Asked, FieldErrors
from commands.authority import approvers_text, may_ask, may_break_glass, may_decide_as, may_here, no_policy
from commands.break_glass import start_alone
from commands.changes import what_changed
from commands.command import Meant, Misunderstood, Order
from commands.document import Document, Draft, UnreadableDraft, read_draft
from commands.governing import governed_by, right_of
from commands.looking import look_again
from commands.orders import Busy, request
from commands.parse import COMMAND
from commands.people import Person
from commands.plan import Plan
from commands.plan_page import plan_title
from commands.planning import make_plan
from commands.policies import OrderPolicy, policy_for
from commands.records import Repeated, record
from commands.running.owner import Owner
from commands.running.runner import Runner
from commands.tidy import LONGEST_REASON, tidy
from commands.world import World
from ledger.audit import AuditKind
from ledger.locks import LockHeld
from ledger.operations import Operation
from ledger.page import Moment, Tone
from ledger.quantities import count_text
from servers.inventory import Cluster


class Submission:
    """Takes a draft and the fields, and asks for approval."""

    def __init__(self, world: World, orders: Mapping[str, Order], runner: Runner, owner: Owner) -> None:
        self._world = world
        self._orders = orders
        self._runner = runner
        self._owner = owner

    async def submit(self, asked: Asked, draft_text: str, values: Mapping[str, str]) -> Answer | FieldErrors:
        """Rights, fields, plan and hash again; then the operation and its card, in one transaction."""
        person = await self._world.directory.person(asked.person_id, afresh=True)
        asked = replace(asked, person_id=person.id, person_name=person.name)
        try:
            draft = read_draft(draft_text)
            order, meant = self._meant(draft)
        except (UnreadableDraft, Misunderstood) as unreadable:
            return await self._refuse(asked, None, answers.misunderstood(str(unreadable)))
        cluster = meant.cluster
        governing, right = governed_by(order.name, meant.words), right_of(order.name, order.right, meant.words)
        policy = policy_for(self._world.policies, governing, cluster.name, self._world.now())
        ruling = may_ask(self._world.policies, policy, person, governing, right)
        if ruling.allowed:
            ruling = no_policy(governing) if policy is None else may_here(policy, asked)
        if policy is None or not ruling.allowed:
            return await self._refuse(asked, cluster, answers.refused(ruling.line))
        return await self._plan_again(asked, person, order, meant, draft, policy, values)

    def _meant(self, draft: Draft) -> tuple[Order, Meant]:
        order, cluster = self._orders.get(draft.order), self._world.clusters.get(draft.cluster)
        if order is None or cluster is None:
            raise Misunderstood("This form is of an order or a cluster that is not there any more. Ask again.")
        if draft.server is not None and draft.server not in {server.name for server in cluster.servers}:
            raise Misunderstood("This form names a server that is not there any more. Ask again.")
        return order, Meant(cluster, draft.server, draft.words)

    async def _plan_again(
        self,
        asked: Asked,
        person: Person,
        order: Order,
        meant: Meant,
        draft: Draft,
        policy: OrderPolicy,
        values: Mapping[str, str],
    ) -> Answer | FieldErrors:
        cluster, reason = meant.cluster, values.get(REASON, "")
        try:
            plan = await make_plan(order, meant, self._world)
        except Misunderstood as nothing:
            return await self._refuse(asked, cluster, answers.nothing_done(str(nothing)))
        obstacle = _obstacle(draft, plan)
        if obstacle is not None:
            return await self._refuse(asked, cluster, answers.nothing_done(obstacle))
        errors = field_errors(policy, plan, values, alone=draft.alone)
        if errors:
            return FieldErrors(errors)
        document = Document(order.name, draft.server, person.key, plan, draft.words, policy, draft.alone)
        if draft.alone:
            return await self._start_alone(asked, person, document, policy, tidy(reason), cluster)
        try:
            operation = await self._world.ledger.write(
                lambda db: request(db, asked, document, policy, tidy(reason), cluster.channel, self._world.now())
            )
        except Busy as busy:
            return await self._refuse(asked, cluster, _busy(busy))
        except Repeated as repeated:
            earlier = repeated.record.entry.details.get("operation")
            return answers.done("Approval is asked for already", f"This is operation {earlier}.")
        return _asked_for(operation, plan, policy)

    async def _start_alone(
        self, asked: Asked, person: Person, document: Document, policy: OrderPolicy, reason: str, cluster: Cluster
    ) -> Answer:
        ruling = may_break_glass(policy, person, risky=bool(document.plan.risks))
        ruling = may_decide_as(asked) if ruling.allowed else ruling
        if not ruling.allowed:
            return await self._refuse(asked, cluster, answers.refused(ruling.line))
        if self._runner.closed:
            closing = "Understudy is shutting down; nothing new is started. Ask again once it is back."
            return await self._refuse(asked, cluster, answers.nothing_done(closing))
        world, owner = self._world, self._owner
        try:
            with self._runner.expecting_any():
                owner.appear()
                ready = await world.ledger.write(
                    lambda db: start_alone(
                        db, asked, document, world.policies, policy, reason, cluster.channel, owner.name, world.now()
                    )
                )
                self._runner.start(ready, asyncio.ensure_future(look_again(world, cluster)))
        except (Busy, LockHeld) as busy:
            return await self._refuse(asked, cluster, _busy(busy))
        except Repeated as repeated:
            earlier = repeated.record.entry.details.get("operation")
            return answers.done("It was started already", f"This is operation {earlier}.")
        line = f"Operation {ready.operation.id} starts now; the channel was told that you did it alone."
        started = answers.done(f"Break glass: {plan_title(document.plan)}", line, tone=Tone.RUNNING)
        return replace(started, operation=ready.operation.id)

    async def _refuse(self, asked: Asked, cluster: Cluster | None, answer: Answer) -> Answer:
        name = cluster.name if cluster else None
        details = {"why": answer.page.summary}
        try:
            await self._world.ledger.write(
                lambda db: record(db, asked, "submit", AuditKind.REFUSAL, name, details).sequence
            )
        except Repeated:
            return answer
        return answer


def field_errors(policy: OrderPolicy, plan: Plan, values: Mapping[str, str], *, alone: bool = False) -> dict[str, str]:
    """By field, what is wrong and what would be right. Pure. `alone`: under break glass nothing may be left out."""
    errors = {}
    reason = tidy(values.get(REASON, ""))
    if (policy.reason_required or alone) and not reason:
        errors[REASON] = "Say in a few words why: it stands in the channel and in the audit log."
    elif len(reason) > LONGEST_REASON:
        errors[REASON] = f"That is {len(reason)} characters long; {LONGEST_REASON} are enough."
    if (plan.dangerous or alone) and values.get(CLUSTER, "").strip() != plan.cluster:
        errors[CLUSTER] = f"Type “{plan.cluster}”, exactly so, to show that this cluster is meant."
    return errors


def _busy(busy: Busy | LockHeld) -> Answer:
    """Which operation stands in the way, and how it is ended by somebody who cannot wait."""
    if isinstance(busy, LockHeld):
        operation, said = busy.holder.operation_id, str(busy).partition(";")[0] + "."
    else:
        operation, said = busy.operation.id, str(busy)
    return answers.nothing_done(f"{said} Wait for its end, or cancel it: {COMMAND} cancel {operation}")


def _obstacle(draft: Draft, plan: Plan) -> str | None:
    if plan.material() != draft.material:
        changes = "; ".join(what_changed(draft.material, plan.material()))
        return f"The servers are not as you saw them any more: {changes}. Ask again and look at the new plan."
    if plan.failed_checks:
        failed = "; ".join(f"{check.title}: {check.evidence}" for check in plan.failed_checks)
        return f"A check fails now: {failed}. Mend that, then ask again."
    return None


def _asked_for(operation: Operation, plan: Plan, policy: OrderPolicy) -> Answer:
    needed = count_text(policy.needed(risky=bool(plan.risks)), "approval")
    return answers.done(
        f"Approval is asked for: operation {operation.id}",
        f"It needs {needed} from {approvers_text(policy)}, and waits until ",
        Moment(operation.expires_at),
        ". You can cancel it in the channel.",
        tone=Tone.WAITING,
    )
