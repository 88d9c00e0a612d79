"""Whose approval counts: rights and people as they are at the last click, however many press at once."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlite_utils import Database

from commands.asked import Decision
from commands.people import Person
from ledger import locks, operations
from ledger.audit import AuditKind
from ledger.operations import OperationState
from ledger.who import Who
from tests.commands.conftest import Scene


async def test_an_approval_of_somebody_who_lost_the_right_meanwhile_counts_no_more(scene: Scene) -> None:
    await scene.dispatcher.ask(scene.asks("guest", "status"))
    scene.pair.kill("db1")
    scene.pair.machines["db1"].reachable_by_ssh = False
    operation = await scene.request()
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    scene.people.add("bob", "guests")
    answer = await scene.dispatcher.decide(scene.asks("carol"), operation, Decision.APPROVE)
    assert "1 more approval needed. Counts no more: that of bob" in answer.page.summary
    assert scene.pair.did == []
    scene.people.add("dan", "dba")
    await scene.dispatcher.decide(scene.asks("dan"), operation, Decision.APPROVE)
    await scene.dispatcher.wait(operation)
    assert scene.pair.did == [("promote", "db2"), ("verify_write", "db2")]


async def test_one_human_under_two_ids_approves_once(scene: Scene) -> None:
    await scene.dispatcher.ask(scene.asks("guest", "status"))
    scene.pair.kill("db1")
    scene.pair.machines["db1"].reachable_by_ssh = False
    operation = await scene.request()
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    scene.people.people["U-bob2"] = replace(scene.people.people["U-bob"], id="U-bob2")
    answer = await scene.dispatcher.decide(scene.asks("bob2"), operation, Decision.APPROVE)
    assert "You approved this already" in answer.page.summary
    assert scene.pair.did == []


async def test_two_people_who_approve_at_once_are_both_counted_and_one_under_two_ids_is_not(scene: Scene) -> None:
    await scene.dispatcher.ask(scene.asks("guest", "status"))
    scene.pair.kill("db1")
    scene.pair.machines["db1"].reachable_by_ssh = False
    scene.people.people["U-bob2"] = replace(scene.people.people["U-bob"], id="U-bob2")
    operation = await scene.request()
    await asyncio.gather(
        *(scene.dispatcher.decide(scene.asks(who), operation, Decision.APPROVE) for who in ("bob", "bob2"))
    )
    assert (await scene.operation(operation)).state is OperationState.AWAITING_APPROVAL
    await scene.dispatcher.decide(scene.asks("alice"), operation, Decision.CANCEL)
    operation = await scene.request()
    await asyncio.gather(
        *(scene.dispatcher.decide(scene.asks(who), operation, Decision.APPROVE) for who in ("bob", "carol"))
    )
    await scene.dispatcher.wait(operation)
    assert scene.pair.did == [("promote", "db2"), ("verify_write", "db2")]


async def test_a_look_that_is_old_by_the_time_the_approval_counts_is_not_what_decides(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look begins together with the look-up of people, and Slack may take its time for that."""
    operation = await scene.request()
    looks, person = scene.pair.looks, scene.people.person

    async def slowly(person_id: str, *, afresh: bool = False) -> Person:
        while scene.pair.looks == looks:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        scene.pair.now += timedelta(seconds=5)
        scene.pair.machines["db2"].replay_paused = True
        return await person(person_id)

    monkeypatch.setattr(scene.people, "person", slowly)
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    report = (await scene.dispatcher.wait(operation)).page
    assert scene.pair.did == []
    assert "A check fails now that did not before: Replay runs on db2" in report.summary


async def test_a_look_that_began_before_another_operation_ended_is_not_what_decides(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look begins with the click; the lock of the cluster becomes free only after it, by an act that it has not
    seen."""
    operation = await scene.request()
    looks, person = scene.pair.looks, scene.people.person

    async def while_another_ends(person_id: str, *, afresh: bool = False) -> Person:
        while scene.pair.looks == looks:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        if scene.pair.machines["db2"].replay_paused:
            return await person(person_id)
        scene.pair.now += timedelta(milliseconds=500)
        scene.pair.machines["db2"].replay_paused = True
        await scene.ledger.write(lambda db: another_ends(db, scene.pair.now))
        return await person(person_id)

    monkeypatch.setattr(scene.people, "person", while_another_ends)
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    report = (await scene.dispatcher.wait(operation)).page
    assert scene.pair.did == []
    assert "A check fails now that did not before: Replay runs on db2" in report.summary


def another_ends(db: Database, at: datetime) -> None:
    """An operation on the cluster that ran, and ends now."""
    other = operations.create(
        db,
        kind="reload",
        cluster="shop",
        plan="{}",
        plan_hash="0",
        requester=Who("U-carol", "carol"),
        reason="",
        channel=None,
        created_at=at,
        expires_at=at + timedelta(hours=1),
    )
    fencing = locks.acquire(db, "shop", other.id, "another", at=at)
    for state in (OperationState.APPROVED, OperationState.RUNNING, OperationState.SUCCEEDED):
        operations.transition(db, other.id, state, at=at, fencing=fencing if state is OperationState.RUNNING else None)
    locks.release(db, "shop", fencing)


async def test_the_requester_under_another_id_is_still_the_requester(scene: Scene) -> None:
    operation = await scene.request("alice")
    scene.people.people["U-other"] = scene.people.people["U-alice"].__class__(
        "U-other", "alice", "alice", frozenset({"dba"})
    )
    answer = await scene.dispatcher.decide(scene.asks("other"), operation, Decision.APPROVE)
    assert answer.page.summary.startswith("You asked for this")
    assert scene.pair.did == []


async def test_rights_are_those_of_the_moment_of_the_click(scene: Scene) -> None:
    operation = await scene.request()
    scene.people.add("bob", "guests")
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    assert (await scene.operation(operation)).state is OperationState.AWAITING_APPROVAL


@pytest.mark.parametrize("decision", [Decision.APPROVE, Decision.REJECT])
async def test_nobody_decides_through_the_process_of_another_user(scene: Scene, decision: Decision) -> None:
    """`sudo -u bob understudy ha approve`: neither the one nor the other has decided."""
    operation = await scene.request()
    answer = await scene.dispatcher.decide(replace(scene.asks("bob"), runs_as="carol"), operation, decision)
    assert "You logged in as bob, and this runs as carol (sudo or su)." in answer.page.summary
    assert (await scene.operation(operation)).state is OperationState.AWAITING_APPROVAL
    (refusal,) = await scene.records(AuditKind.REFUSAL)
    assert refusal.entry.details["runs_as"] == "carol"
    assert refusal.entry.actor.name == "bob"


async def test_whoever_asked_may_cancel_through_the_process_of_another_user(scene: Scene) -> None:
    operation = await scene.request()
    await scene.dispatcher.decide(replace(scene.asks("alice"), runs_as="postgres"), operation, Decision.CANCEL)
    assert (await scene.operation(operation)).state is OperationState.CANCELLED
