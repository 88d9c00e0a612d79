"""Plans: approval binds to what would be done, and to nothing else."""

import dataclasses
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.changes import what_changed
from commands.document import Document, Draft, UnreadableDraft, read_document, read_draft, write_document, write_draft
from commands.plan import Check, CheckResult, Loss, Plan, Step
from ledger.page import Table

names = st.text(min_size=1, max_size=12)
seconds = st.floats(0, 1e6)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
steps = st.builds(
    Step,
    action=names,
    server=names,
    title=names,
    does=names,
    verified_by=names,
    timeout=seconds,
    undo=st.none() | names,
)
checks = st.builds(Check, name=names, title=names, result=st.sampled_from(CheckResult), evidence=names)
losses = st.builds(Loss, bytes=st.none() | st.integers(0), seconds=st.none() | seconds, explanation=names)
plans = st.builds(
    Plan,
    kind=names,
    cluster=names,
    system_identifier=names,
    timeline=st.integers(1, 2**31),
    source=st.none() | names,
    target=names,
    steps=st.lists(steps, max_size=4).map(tuple),
    checks=st.lists(checks, max_size=4).map(tuple),
    outage_seconds=st.none() | seconds,
    loss=losses,
    risks=st.lists(names, max_size=2).map(tuple),
    listing=st.none() | st.just(Table(("a",), (("b",),))),
    writes_seen_at=st.none() | moments,
    facts=st.lists(st.tuples(names, names), max_size=2).map(tuple),
    consequence=names,
    dangerous=st.booleans(),
    settings=st.lists(st.tuples(names, names), max_size=2, unique_by=lambda one: one[0]).map(tuple),
)


@given(plans, plans)
def test_evidence_estimates_and_wording_are_not_material(plan: Plan, other: Plan) -> None:
    worded = tuple(
        dataclasses.replace(step, title="another title", does="", verified_by="", timeout=1.0, undo=None)
        for step in plan.steps
    )
    same = dataclasses.replace(
        plan,
        steps=worded,
        checks=other.checks,
        outage_seconds=other.outage_seconds,
        loss=other.loss,
        listing=other.listing,
        writes_seen_at=other.writes_seen_at,
        consequence=other.consequence,
        dangerous=other.dangerous,
    )
    assert same.hash == plan.hash
    assert what_changed(plan.material(), same.material()) == ()


@given(plans, plans)
def test_whatever_is_material_changes_the_hash_and_is_named(plan: Plan, other: Plan) -> None:
    material = ("kind", "cluster", "system_identifier", "timeline", "source", "target", "risks", "steps", "facts")
    for name in (*material, "settings"):
        changed = dataclasses.replace(plan, **{name: getattr(other, name)})
        same = changed.material() == plan.material()
        assert (changed.hash == plan.hash) == same
        assert len(what_changed(plan.material(), changed.material())) == (0 if same else 1)


@given(plans, plans)
def test_material_texts_of_different_plans_never_meet(plan: Plan, other: Plan) -> None:
    """Names that hold quotes or commas do not make one plan look like another."""
    facts = [
        (
            one.kind,
            one.cluster,
            one.system_identifier,
            one.timeline,
            one.source,
            one.target,
            tuple((step.action, step.server) for step in one.steps),
            one.risks,
            one.facts,
            one.settings,
        )
        for one in (plan, other)
    ]
    assert (facts[0] == facts[1]) == (plan.hash == other.hash)


@given(plans, st.none() | names, st.none() | names, st.lists(st.text()).map(tuple))
def test_what_the_ledger_keeps_comes_back_as_it_was(
    plan: Plan, server: str | None, key: str | None, words: tuple[str, ...]
) -> None:
    document = Document("promote", server, key, plan, words)
    again = read_document(write_document(document))
    assert again == document
    assert again.plan.hash == plan.hash


@given(names, names, st.none() | names, st.text(), st.lists(st.text()).map(tuple))
def test_a_draft_comes_back_as_it_was(
    order: str, cluster: str, server: str | None, material: str, words: tuple[str, ...]
) -> None:
    draft = Draft(order, cluster, server, material, words)
    assert read_draft(write_draft(draft)) == draft


@given(st.text())
def test_any_other_draft_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableDraft):
        read_draft(f"x{text}")


@given(st.text())
def test_material_that_came_back_from_outside_is_never_trusted(text: str) -> None:
    now = '{"kind":"failover"}'
    assert what_changed(text, now) or text == now
