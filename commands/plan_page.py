"""A plan as people read it before they ask for it and before they approve it."""

from collections.abc import Iterable
from dataclasses import replace

from commands.authority import approvers_text
from commands.plan import Check, CheckResult, Loss, Plan, Step
from commands.policies import OrderPolicy
from ledger.page import Facts, Item, Items, Page, Part, Table, Tone, note, text
from ledger.quantities import bytes_text, count_text, seconds_text

_TONES = {CheckResult.PASS: Tone.GOOD, CheckResult.WARN: Tone.WARNING, CheckResult.FAIL: Tone.FAILED}
_WORST_FIRST = (CheckResult.FAIL, CheckResult.WARN, CheckResult.PASS)


def plan_title(plan: Plan) -> str:
    """“Failover of shop: db1 → db2”."""
    way = f"{plan.source} → {plan.target}" if plan.source else plan.target
    return f"{plan.kind.capitalize()} of {plan.cluster}: {way}"


def plan_page(plan: Plan, policy: OrderPolicy | None, *, every_check: bool = False) -> Page:
    """The plan: what it costs, what was checked, what it will do, and who has to agree.

    Of the checks that passed only the number, unless `every_check`: they stand between a person and the fields.
    """
    failed = plan.failed_checks
    if plan.listing is not None and not plan.steps:
        return _what_there_is(plan, plan.listing)
    title = f"{plan_title(plan)}: not possible now" if failed else plan_title(plan)
    done = steps(plan)
    looked_at = (checks(plan.checks),) if every_check else _not_passed(plan)
    return Page(
        title=title,
        tone=Tone.WARNING if failed or plan.risks else Tone.INFO,
        summary=f"{title}. {_obstacle(failed) if failed else _what_it_costs(plan)}",
        parts=(
            *(looked_at if failed else ()),
            costs(plan),
            *risks(plan),
            *((plan.listing,) if plan.listing else ()),
            *((done,) if failed else (done, *looked_at, note(_approval_line(plan, policy)))),
        ),
    )


def _what_there_is(plan: Plan, listing: Table) -> Page:
    """A plan that names nothing to do yet: no refusal, but what is asked back, and what there is to choose from."""
    title = f"{plan.kind.capitalize()} of {plan.cluster}"
    asked_back = ". ".join(check.evidence for check in plan.failed_checks)
    others = tuple(check for check in plan.checks if check.result is not CheckResult.FAIL)
    return Page(
        title=title,
        tone=Tone.INFO,
        summary=f"{title}. {asked_back}",
        parts=(text(asked_back), *((Items("What stands beside", _items(others)),) if others else ()), listing),
    )


def checks_page(plan: Plan) -> Page:
    """Every check, for the thread."""
    worst = min((check.result for check in plan.checks), key=_WORST_FIRST.index, default=CheckResult.PASS)
    return Page(
        title=f"{plan_title(plan)}: what was checked",
        tone=_TONES[worst],
        summary=checks_line(plan.checks),
        parts=(checks(plan.checks),),
    )


def dry_run_page(plan: Plan, policy: OrderPolicy | None) -> Page:
    """The same, only to read: nothing was asked for."""
    page = plan_page(plan, policy, every_check=True)
    line = "Dry run: this is what would be done. Nobody was asked, and nothing was touched."
    return replace(page, summary=f"Dry run. {page.summary}", parts=(text(line), *page.parts))


def break_glass_page(page: Page) -> Page:
    """The plan's page, for whoever is about to start it alone."""
    line = "Break glass: it starts as soon as you send this, and nobody else approves it. The channel is told aloud."
    return replace(page, tone=Tone.CRITICAL, summary=f"Break glass. {page.summary}", parts=(text(line), *page.parts))


def costs(plan: Plan) -> Part:
    """The outage to expect and what may be lost."""
    return Facts(
        (
            ("Expected outage", (outage_text(plan.outage_seconds),)),
            ("Possible loss", (loss_text(plan.loss),)),
        )
    )


def risks(plan: Plan) -> tuple[Part, ...]:
    if not plan.risks:
        return ()
    items = tuple(Item(Tone.CRITICAL, risk) for risk in plan.risks)
    return (Items("Risks that no check can rule out", items),)


def steps(plan: Plan) -> Part:
    """The steps in order, each with how it is verified and taken back."""
    items = tuple(
        Item(Tone.INFO, f"{number}. {step.title}", _what_it_does(step)) for number, step in enumerate(plan.steps, 1)
    )
    return Items(f"What will be done ({count_text(len(items), 'step')})", items)


def warnings(plan: Plan) -> tuple[Part, ...]:
    """The checks that passed with a warning: whoever approves must see them."""
    found = tuple(check for check in plan.checks if check.result is CheckResult.WARN)
    return (Items("Before you approve", _items(found)),) if found else ()


def _not_passed(plan: Plan) -> tuple[Part, ...]:
    """The failures and the warnings; all the others in one line."""
    told = tuple(check for check in plan.checks if check.result is not CheckResult.PASS)
    return (*((checks(told),) if told else ()), note(checks_line(plan.checks)))


def checks(all_checks: Iterable[Check]) -> Part:
    """The checks, the failed ones first, each with what was seen."""
    ordered = sorted(all_checks, key=lambda check: _WORST_FIRST.index(check.result))
    return Items("What was checked", _items(ordered))


def checks_line(all_checks: Iterable[Check]) -> str:
    """“12 checks passed, 1 warning.”"""
    results = [check.result for check in all_checks]
    passed, warned, failed = (results.count(result) for result in reversed(_WORST_FIRST))
    words = [f"{count_text(passed, 'check')} passed"]
    if warned:
        words.append(count_text(warned, "warning"))
    if failed:
        words.append(f"{failed} failed")
    return f"{', '.join(words)}."


def outage_text(seconds: float | None) -> str:
    if seconds is None:
        return "not known"
    return "none" if seconds == 0 else f"about {seconds_text(seconds)} without writes"


def loss_text(loss: Loss) -> str:
    """The amount, then what it rests on; where the amount is not known, the explanation says so."""
    if loss.bytes is None:
        return loss.explanation
    amount = "nothing" if loss.bytes == 0 else f"up to {bytes_text(loss.bytes)} of WAL"
    when = f", the last {seconds_text(loss.seconds)}" if loss.bytes and loss.seconds is not None else ""
    return f"{amount}{when}. {loss.explanation}"


def _items(some_checks: Iterable[Check]) -> tuple[Item, ...]:
    return tuple(Item(_TONES[check.result], check.title, check.evidence) for check in some_checks)


def _what_it_does(step: Step) -> str:
    undo = f" Undo: {step.undo}." if step.undo else ""
    return f"{step.does} Verified: {step.verified_by}.{undo}"


def _what_it_costs(plan: Plan) -> str:
    risk = f" Risk: {plan.risks[0]}" if plan.risks else ""
    return f"Expected outage: {outage_text(plan.outage_seconds)}. Possible loss: {loss_text(plan.loss)}{risk}"


def _obstacle(failed: tuple[Check, ...]) -> str:
    more = f" {count_text(len(failed) - 1, 'more check')} failed as well." if len(failed) > 1 else ""
    return f"A check failed: {failed[0].title} — {failed[0].evidence}.{more}"


def _approval_line(plan: Plan, policy: OrderPolicy | None) -> str:
    if policy is None:
        return "No policy says who approves this, so nobody can."
    needed = count_text(policy.needed(risky=bool(plan.risks)), "approval")
    why = " (more than usual, because of the risk)" if plan.risks and policy.risk_approvals > policy.approvals else ""
    return (
        f"Needs {needed}{why} from: {approvers_text(policy)}. Whoever asks cannot approve. "
        f"It waits {seconds_text(policy.expires)} for that, and everything is looked at again before it runs."
    )
