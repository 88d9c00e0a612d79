"""Break glass: one person alone, only where the policy allows it, never quietly, and marked for good."""

from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.asked import Answer, Decision, FieldErrors, Form
from commands.authority import may_break_glass
from commands.dispatcher import Dispatcher
from commands.people import Person
from commands.policies import OrderPolicy, Override, Policies
from commands.registry import COMMANDS
from ledger.approvals import decisions
from ledger.audit import AuditKind
from ledger.hours import Window
from ledger.operations import OperationState
from ledger.page import Mention, Page, Text, Tone
from tests.commands.conftest import POLICIES, Scene

ONCALL = frozenset({"oncall"})
NIGHT = Override(window=Window(time(22), time(6), ZoneInfo("UTC")), break_glass=ONCALL)  # the practice clock: 03:12
VALUES = {"reason": "the primary's disk dies", "cluster": "shop"}


def use(scene: Scene, policies: Policies) -> None:
    scene.world = replace(scene.world, policies=policies)
    scene.dispatcher = Dispatcher(scene.world, COMMANDS)


@pytest.fixture
def night(scene: Scene) -> Scene:
    use(scene, replace(POLICIES, overrides={"promote": (NIGHT,)}, slack_ids={"dba": ("S0DBA",)}))
    scene.people.add("alice", "dba", "oncall")
    return scene


async def start(scene: Scene, who: str = "alice") -> Answer:
    form = await scene.form(who, "promote shop --break-glass")
    answer = await scene.dispatcher.submit(scene.asks(who), form.draft, VALUES)
    assert isinstance(answer, Answer)
    return answer


def notified(page: Page) -> list[str | None]:
    texts = [part for part in page.parts if isinstance(part, Text)]
    return [span.slack_id for part in texts for span in part.spans if isinstance(span, Mention) and span.notify]


@given(
    st.builds(
        OrderPolicy,
        approvers=st.frozensets(st.sampled_from(["dba", "alice", "everyone"])),
        break_glass=st.frozensets(st.sampled_from(["dba", "oncall", "alice", "everyone"])),
        break_glass_risk=st.booleans(),
    ),
    st.builds(
        Person,
        id=st.just("U1"),
        name=st.just("alice"),
        key=st.none() | st.sampled_from(["alice", "bob"]),
        groups=st.frozensets(st.sampled_from(["dba", "oncall", "everyone"])),
    ),
    st.booleans(),
)
def test_only_who_is_named_and_only_the_risk_that_is_allowed(policy: OrderPolicy, who: Person, risky: bool) -> None:
    named = {who.key, *who.groups} & (policy.break_glass - {"everyone"})
    allowed = bool(named) and (policy.break_glass_risk or not risky)
    assert may_break_glass(policy, who, risky=risky).allowed == allowed


async def test_it_starts_at_once_with_nobody_as_approver(night: Scene) -> None:
    answer = await start(night)
    assert answer.operation is not None
    await night.dispatcher.wait(answer.operation)
    assert ("promote", "db2") in night.pair.did
    assert (await night.operation(answer.operation)).state is OperationState.SUCCEEDED
    assert await night.ledger.read(lambda db: decisions(db, str(answer.operation))) == []


async def test_it_shouts_in_the_channel_and_calls_those_who_would_have_been_asked(night: Scene) -> None:
    answer = await start(night)
    page = await night.card(f"operation/{answer.operation}/break-glass")
    assert page.tone is Tone.CRITICAL
    assert page.title == "Break glass: Switchover of shop: db1 → db2"
    assert "alice starts it alone. Reason: the primary's disk dies" in page.summary
    assert notified(page) == ["S0DBA"]


async def test_it_is_marked_in_the_audit_log_from_beginning_to_end(night: Scene) -> None:
    answer = await start(night)
    await night.dispatcher.wait(str(answer.operation))
    (record,) = await night.records(AuditKind.BREAK_GLASS)
    assert (record.entry.actor.name, record.entry.details["approved_by"]) == ("alice", "policy")
    assert record.entry.details["reason"] == VALUES["reason"]
    ran = await night.records(AuditKind.OPERATION_STARTED, AuditKind.OPERATION_FINISHED)
    assert [one.entry.details["break_glass"] for one in ran] == [True, True]
    assert "break glass" in str((await night.card(f"operation/{answer.operation}/report")).parts)
    shown = await night.dispatcher.ask(night.asks("bob", "audit 50"))
    assert "break glass" in str(shown.page)


@pytest.mark.parametrize("dash", ["--", "\N{EM DASH}", "\N{EN DASH}"])
async def test_by_day_nobody_may(night: Scene, dash: str) -> None:
    night.pair.now += timedelta(hours=6)
    answer = await night.dispatcher.prepare(night.asks("alice", f"promote shop {dash}break-glass"))
    assert isinstance(answer, Answer)
    assert "Nobody may start this alone here and now." in answer.page.summary
    assert len(await night.records(AuditKind.REFUSAL)) == 1


async def test_who_is_not_named_may_not(night: Scene) -> None:
    answer = await night.dispatcher.prepare(night.asks("bob", "promote shop --break-glass"))
    assert "You are not among those who may start this alone." in answer.page.summary


async def test_the_night_that_ends_before_the_form_comes_back_gives_nothing(night: Scene) -> None:
    form = await night.form("alice", "promote shop --break-glass")
    night.pair.now += timedelta(hours=6)
    answer = await night.dispatcher.submit(night.asks("alice"), form.draft, VALUES)
    assert isinstance(answer, Answer)
    assert answer.page.title == "Not allowed"
    assert night.pair.did == []


async def test_a_usual_form_that_was_changed_into_one_gives_nothing(night: Scene) -> None:
    form = await night.form("bob", "promote shop")
    forged = form.draft.replace(", false]", ", true]")
    assert forged != form.draft
    answer = await night.dispatcher.submit(night.asks("bob"), forged, VALUES)
    assert isinstance(answer, Answer)
    assert answer.page.title == "Not allowed"
    assert night.pair.did == []


async def test_reason_and_name_are_asked_for_even_where_the_policy_asks_for_none(night: Scene) -> None:
    easy = replace(POLICIES.orders["promote"], reason_required=False)
    use(night, replace(night.world.policies, orders={"promote": easy}))
    form = await night.form("alice", "promote shop --break-glass")
    assert [(field.name, field.required) for field in form.fields] == [("reason", True), ("cluster", True)]
    errors = await night.dispatcher.submit(night.asks("alice"), form.draft, {})
    assert isinstance(errors, FieldErrors)
    assert set(errors.errors) == {"reason", "cluster"}


async def test_a_primary_that_cannot_be_fenced_is_no_matter_for_one_alone(night: Scene) -> None:
    await night.dispatcher.ask(night.asks("guest", "status"))
    night.pair.kill("db1")
    night.pair.machines["db1"].reachable_by_ssh = False
    answer = await night.dispatcher.prepare(night.asks("alice", "promote shop --break-glass"))
    assert isinstance(answer, Answer)
    assert "a risk that one person may not take alone" in answer.page.summary
    allowed = replace(NIGHT, break_glass_risk=True)
    use(night, replace(night.world.policies, overrides={"promote": (allowed,)}))
    started = await start(night)
    await night.dispatcher.wait(str(started.operation))
    assert ("promote", "db2") in night.pair.did


async def test_a_second_delivery_starts_nothing_more(night: Scene) -> None:
    form = await night.form("alice", "promote shop --break-glass")
    asked = night.asks("alice")
    await night.dispatcher.submit(asked, form.draft, VALUES)
    await night.dispatcher.submit(asked, form.draft, VALUES)
    assert len(await night.operations()) == 1


async def test_an_open_order_stands_in_its_way(night: Scene) -> None:
    form = await night.form("alice", "promote shop --break-glass")
    await night.request("bob")
    answer = await night.dispatcher.submit(night.asks("alice"), form.draft, VALUES)
    assert isinstance(answer, Answer)
    assert answer.operation is None
    assert night.pair.did == []


async def test_a_dry_run_of_it_starts_nothing(night: Scene) -> None:
    form = await night.dispatcher.prepare(night.asks("alice", "promote shop --break-glass --dry-run"))
    assert isinstance(form, Form)
    assert form.submit_label is None


async def test_what_was_asked_for_by_day_keeps_its_terms_at_night(scene: Scene) -> None:
    """By night one of the on-call people would do; the card said two, of the DBAs."""
    base = replace(POLICIES.orders["promote"], approvals=2)
    easier = replace(NIGHT, approvals=1, approvers=ONCALL)
    use(scene, replace(POLICIES, orders={"promote": base}, overrides={"promote": (easier,)}))
    scene.pair.now = scene.pair.now.replace(hour=21, minute=55)
    operation = await scene.request()
    scene.pair.now += timedelta(minutes=10)
    scene.people.add("dan", "oncall")
    answer = await scene.dispatcher.decide(scene.asks("dan"), operation, Decision.APPROVE)
    assert "not among those who may approve" in answer.page.summary
    scene.people.add("erin", "oncall", "dba")
    await scene.dispatcher.decide(scene.asks("erin"), operation, Decision.APPROVE)
    assert (await scene.operation(operation)).state is OperationState.AWAITING_APPROVAL
    scene.people.add("finn", "oncall", "dba")
    await scene.dispatcher.decide(scene.asks("finn"), operation, Decision.APPROVE)
    await scene.dispatcher.wait(operation)
    assert ("promote", "db2") in scene.pair.did


async def test_only_where_the_policy_says_it_is_asked_for_and_approved(scene: Scene) -> None:
    base = replace(POLICIES.orders["promote"], channels=frozenset({"C0THER"}))
    use(scene, replace(POLICIES, orders={"promote": base}))
    answer = await scene.dispatcher.prepare(scene.asks("alice", "promote"))
    assert answer.page.summary.startswith("Here this can be neither asked for nor decided on.")
    there = replace(scene.asks("alice", "promote"), channel="C0THER")
    form = await scene.dispatcher.prepare(there)
    assert isinstance(form, Form)
    await scene.dispatcher.submit(replace(scene.asks("alice"), channel="C0THER"), form.draft, VALUES)
    (operation,) = await scene.operations()
    refused = await scene.dispatcher.decide(scene.asks("bob"), operation.id, Decision.APPROVE)
    assert "It can: in C0THER." in refused.page.summary
    await scene.dispatcher.decide(replace(scene.asks("bob"), channel="C0THER"), operation.id, Decision.APPROVE)
    await scene.dispatcher.wait(operation.id)
    assert ("promote", "db2") in scene.pair.did


async def test_askers_are_asked_for_instead_of_the_right(scene: Scene) -> None:
    base = replace(POLICIES.orders["promote"], askers=frozenset({"support"}))
    use(scene, replace(POLICIES, orders={"promote": base}))
    scene.people.add("sam", "support")
    assert isinstance(await scene.dispatcher.prepare(scene.asks("sam", "promote")), Form)
    answer = await scene.dispatcher.prepare(scene.asks("alice", "promote"))
    assert "You are not among those who may ask for “promote”" in answer.page.summary


async def test_nobody_breaks_the_glass_through_the_process_of_another_user(night: Scene) -> None:
    behind_sudo = replace(night.asks("alice", "promote shop --break-glass"), runs_as="bob")
    refused = await night.dispatcher.prepare(behind_sudo)
    assert isinstance(refused, Answer)
    assert "You logged in as alice, and this runs as bob" in refused.page.summary
    form = await night.form("alice", "promote shop --break-glass")
    answer = await night.dispatcher.submit(replace(night.asks("alice"), runs_as="bob"), form.draft, VALUES)
    assert isinstance(answer, Answer)
    assert "this runs as bob" in answer.page.summary
    assert await night.operations() == []
