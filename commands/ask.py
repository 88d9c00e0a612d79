"""What somebody typed: a question is answered, an order's plan is shown, anything else gets one line."""

from collections.abc import Mapping
from dataclasses import replace

from commands import answers
from commands.asked import Answer, Asked, FieldKind, Form, FormField
from commands.authority import Ruling, may, may_ask, may_break_glass, may_decide_as, may_ever_ask, may_here
from commands.command import Command, Decider, Deed, Meant, Misunderstood, Order, SpokenOrder, View
from commands.deciding import Deciding
from commands.document import Draft, write_draft
from commands.filling import FilledDeed
from commands.governing import governed_by, right_of
from commands.parse import Typed, parse
from commands.people import Person, zone_of
from commands.plan import Plan
from commands.plan_page import break_glass_page, dry_run_page, plan_page
from commands.planning import make_plan
from commands.policies import OrderPolicy, policy_for
from commands.records import Repeated, record
from commands.world import World
from ledger.audit import AuditKind

REASON, CLUSTER = "reason", "cluster"


class Ask:
    """Understands, authorises, answers, records."""

    def __init__(self, world: World, commands: Mapping[str, Command], deciding: Deciding) -> None:
        self._world = world
        self._commands = commands
        self._wordy = frozenset(name for name, command in commands.items() if isinstance(command, Deed))
        self._deciding = deciding

    async def ask(self, asked: Asked) -> Answer | Form:
        """The answer, or the form of an order that may be asked for now."""
        person = await self._world.directory.person(asked.person_id)
        asked = replace(asked, person_id=person.id, person_name=person.name)
        try:
            typed = parse(asked.text, tuple(self._commands), self._wordy)
            command = self._commands[typed.name]
            ruling = self._may_ever(command, person)
            if not ruling.allowed:
                await self._record(asked, AuditKind.REFUSAL, {"command": command.name, "why": ruling.line})
                return answers.refused(ruling.line)
            if isinstance(command, View):
                return await self._view(command, asked, person, typed.arguments)
            if isinstance(command, FilledDeed) and (form := command.form(typed.words, self._world)) is not None:
                await self._record(asked, AuditKind.COMMAND, {"command": command.name, "form": True})
                return form
            if isinstance(command, Deed):
                return await self._deed(command, asked, person.id, typed.words)
            if isinstance(command, Decider):
                operation = await command.operation(typed.arguments, self._world)
                return await self._deciding.decide(asked, operation, command.decision)
            if isinstance(command, SpokenOrder):
                meant = command.understand(typed.words, zone_of(person), self._world)
            else:
                meant = command.resolve(typed.arguments, self._world)
        except Misunderstood as misunderstood:
            await self._record(asked, AuditKind.REFUSAL, {"why": str(misunderstood)})
            return answers.misunderstood(str(misunderstood))
        return await self._order(command, asked, person, meant, typed)

    def _may_ever(self, command: Command, person: Person) -> Ruling:
        if not isinstance(command, Order):
            return may(self._world.policies, person, command.right)
        return may_ever_ask(self._world.policies, person, command.name, command.right)

    async def _view(self, view: View, asked: Asked, person: Person, arguments: tuple[str, ...]) -> Answer:
        page = await view.answer(asked, person, arguments, self._world)
        await self._record(asked, AuditKind.COMMAND, {"command": view.name, "arguments": list(arguments)})
        return Answer(page)

    async def _deed(self, deed: Deed, asked: Asked, person_id: str, words: tuple[str, ...]) -> Answer:
        """It takes effect at once, so rights are those of this moment."""
        person = await self._world.directory.person(person_id, afresh=True)
        ruling = may(self._world.policies, person, deed.right)
        if not ruling.allowed:
            await self._record(asked, AuditKind.REFUSAL, {"command": deed.name, "why": ruling.line})
            return answers.refused(ruling.line)
        try:
            return Answer(await deed.do(asked, person, words, self._world))
        except Repeated:
            return answers.done("This was done already", "Your command was delivered twice and counted once.")

    async def _order(self, order: Order, asked: Asked, person: Person, meant: Meant, typed: Typed) -> Answer | Form:
        cluster, policies = meant.cluster, self._world.policies
        governing = governed_by(order.name, meant.words)
        policy = policy_for(policies, governing, cluster.name, self._world.now())
        ruling = may_ask(policies, policy, person, governing, right_of(order.name, order.right, meant.words))
        if ruling.allowed and policy is not None and not typed.dry_run:
            ruling = may_here(policy, asked)
        if ruling.allowed and typed.alone and policy is not None:
            ruling = may_break_glass(policy, person, risky=False)
            ruling = may_decide_as(asked) if ruling.allowed else ruling
        if not ruling.allowed:
            await self._record(asked, AuditKind.REFUSAL, {"command": order.name, "why": ruling.line}, cluster.name)
            return answers.refused(ruling.line)
        try:
            plan = await make_plan(order, meant, self._world)
        except Misunderstood as nothing:
            why = {"command": order.name, "why": str(nothing)}
            await self._record(asked, AuditKind.REFUSAL, why, cluster.name)
            return answers.nothing_done(str(nothing))
        details: dict[str, object] = {
            "command": order.name,
            "plan_hash": plan.hash,
            "plan": plan.material(),
            "checks": [[check.name, check.result, check.evidence] for check in plan.checks],
            **({"dry_run": True} if typed.dry_run else {}),
            **({"break_glass": True} if typed.alone else {}),
        }
        await self._record(asked, AuditKind.PLAN, details, cluster.name)
        if typed.dry_run:
            return Form(dry_run_page(plan, policy), (), None, "", ready=_ready(plan, policy))
        if not typed.alone or policy is None:
            return _form(order, meant, plan, policy)
        alone = may_break_glass(policy, person, risky=bool(plan.risks))
        return _form(order, meant, plan, policy, alone=True) if alone.allowed else answers.refused(alone.line)

    async def _record(
        self, asked: Asked, kind: AuditKind, details: Mapping[str, object], cluster: str | None = None
    ) -> None:
        """A second delivery is answered again and recorded once."""
        try:
            await self._world.ledger.write(lambda db: record(db, asked, "ask", kind, cluster, details).sequence)
        except Repeated:
            return


def _ready(plan: Plan, policy: OrderPolicy | None) -> bool:
    return not plan.failed_checks and policy is not None


def _form(order: Order, meant: Meant, plan: Plan, policy: OrderPolicy | None, *, alone: bool = False) -> Form:
    """The plan with its fields; only to read while a check fails or nobody could approve it. `alone`: break glass."""
    page = plan_page(plan, policy)
    if not _ready(plan, policy) or policy is None:
        return Form(page, (), None, "", ready=False)
    reason = FormField(
        REASON, "Reason", FieldKind.LINE, policy.reason_required or alone, "Stands in the channel and the audit log"
    )
    typed_name = FormField(
        CLUSTER,
        f"Type the cluster's name: {plan.cluster}",
        FieldKind.LINE,
        required=True,
        hint=plan.consequence,
        expected=plan.cluster,
    )
    fields = (reason, typed_name) if plan.dangerous or alone else (reason,)
    draft = write_draft(Draft(order.name, plan.cluster, meant.server, plan.material(), meant.words, alone))
    if alone:
        return Form(break_glass_page(page), fields, "Start it alone", draft)
    return Form(page, fields, "Ask for approval", draft)
