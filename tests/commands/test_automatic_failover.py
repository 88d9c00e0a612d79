"""The life of an automatic failover: announced, stopped or hastened, run with the policy as its approver, once."""

from dataclasses import replace
from datetime import timedelta
from unittest.mock import AsyncMock, patch

import pytest
from structlog.testing import capture_logs

from commands.asked import Decision
from commands.automatic.clicks import Choice
from commands.automatic.policy import NOTHING, AutomaticPolicy
from commands.dispatcher import Dispatcher
from commands.registry import COMMANDS
from ledger.approvals import decisions
from ledger.audit import AuditKind
from ledger.audit_chain import verify
from ledger.errors import LedgerError, Problem
from ledger.operations import OperationState
from tests.commands.automatic_scene import RULES, Automatic
from tests.commands.conftest import Scene
from tests.commands.traffic import Pool

DONE = [("fence", "db1"), ("promote", "db2"), ("verify_write", "db2")]


@pytest.fixture
async def automatic(scene: Scene) -> Automatic:
    """A healthy pair that has been watched for a while."""
    made = Automatic(scene)
    await made.looks(6)
    return made


async def test_it_is_announced_and_then_done_by_itself(automatic: Automatic) -> None:
    automatic.pair.kill("db1")
    await automatic.looks(10)
    assert await automatic.shown() == []
    await automatic.looks(2)
    (page,) = await automatic.shown()
    assert page.title == "Failing over shop in 30 s: db1 → db2"
    assert [(button.label, button.action) for button in page.buttons] == [
        ("Stop", "automatic.stop"),
        ("Do it now", "automatic.now"),
    ]
    await automatic.looks(28)
    assert automatic.pair.did == []
    await automatic.looks(4)
    assert automatic.pair.did == DONE
    assert automatic.pair.writable == ["db2"]
    (page,) = await automatic.shown()
    assert page.title == "Automatic failover of shop has started: db1 → db2"
    assert page.buttons == ()
    (operation,) = await automatic.operations()
    assert operation.state is OperationState.SUCCEEDED


async def test_the_policy_is_its_approver_in_so_many_words(automatic: Automatic) -> None:
    automatic.pair.kill("db1")
    await automatic.looks(50)
    (operation,) = await automatic.operations()
    assert operation.requester.name == "Understudy"
    (approval,) = await automatic.scene.ledger.read(lambda db: decisions(db, operation.id))
    assert approval.who.name == "the policy of shop"
    (given,) = await automatic.scene.records(AuditKind.APPROVAL_GIVEN)
    assert given.entry.actor.name == "the policy of shop"
    assert "'loss_bytes': 0" in repr(given.entry.details["because"])
    kinds = [record.entry.kind for record in await automatic.scene.records()]
    begin = kinds.index(AuditKind.OPERATION_STARTED)
    assert kinds[begin + 1 : begin + 7] == [AuditKind.STEP_INTENT, AuditKind.STEP_RESULT] * 3
    assert (await automatic.scene.ledger.read(verify)).ok


async def test_stop_stops_it_until_the_outage_is_over(automatic: Automatic) -> None:
    automatic.pair.kill("db1")
    await automatic.looks(14)
    answer = await automatic.press("bob", Choice.STOP)
    assert answer.page.title == "Automatic failover of shop was stopped"
    await automatic.looks(120)
    assert automatic.pair.did == []
    (page,) = await automatic.shown()
    assert page.buttons == ()
    assert "bob" in repr(page)
    # The next outage is another one.
    automatic.pair.machines["db1"].running = True
    await automatic.looks(6)
    automatic.pair.kill("db1")
    await automatic.looks(50)
    assert automatic.pair.did == DONE


async def test_do_it_now_does_it_at_once(automatic: Automatic) -> None:
    automatic.pair.kill("db1")
    await automatic.looks(14)
    answer = await automatic.press("bob", Choice.NOW)
    assert answer.page.title == "Failing over shop now"
    assert automatic.pair.did == DONE
    (operation,) = await automatic.operations()
    assert operation.reason == "Primary db1 is down; automatic failover, hastened by bob"


async def test_a_look_that_fails_after_do_it_now_is_logged_and_takes_nothing_back(automatic: Automatic) -> None:
    automatic.pair.kill("db1")
    await automatic.looks(14)
    broken = AsyncMock(side_effect=RuntimeError("no look"))
    with capture_logs() as logged, patch.object(automatic.scene.dispatcher._overseer._clicks, "_look", broken):
        answer = await automatic.press("bob", Choice.NOW)
    assert answer.page.title == "Failing over shop now"
    (line,) = [one for one in logged if one["event"] == "the look after Do it now failed"]
    assert (line["log_level"], line["cluster"]) == ("error", "shop")
    await automatic.looks(2)
    assert automatic.pair.did == DONE


@pytest.mark.parametrize("choice", Choice)
async def test_only_those_who_may_approve_a_failover_may_press(automatic: Automatic, choice: Choice) -> None:
    automatic.pair.kill("db1")
    await automatic.looks(14)
    answer = await automatic.press("guest", choice)
    assert answer.page.title == "Not allowed"
    assert automatic.pair.did == []
    (page,) = await automatic.shown()
    assert len(page.buttons) == 2
    (refusal,) = await automatic.scene.records(AuditKind.REFUSAL)
    assert refusal.entry.actor.name == "guest"


async def test_the_second_click_is_told_who_was_first_and_one_delivered_twice_counts_once(automatic: Automatic) -> None:
    automatic.pair.kill("db1")
    await automatic.looks(14)
    await automatic.press("bob", Choice.STOP, "delivery-x")
    again = await automatic.press("bob", Choice.STOP, "delivery-x")
    assert again.page.title == "Your click was counted once"
    for choice in Choice:
        late = await automatic.press("carol", choice)
        assert late.page.title == "Nothing was done"
        assert "bob" in repr(late.page)
    await automatic.looks(60)
    assert automatic.pair.did == []


async def test_a_click_that_comes_after_the_start_stops_nothing_and_says_so(automatic: Automatic) -> None:
    automatic.pair.kill("db1")
    await automatic.looks(50)
    late = await automatic.press("bob", Choice.STOP)
    assert "It has started already: operation" in late.page.summary
    assert automatic.pair.did == DONE


async def test_an_announcement_survives_a_restart_and_counts_anew_before_it_acts(automatic: Automatic) -> None:
    automatic.pair.kill("db1")
    await automatic.looks(14)
    automatic.restart()
    await automatic.looks(10)
    assert automatic.pair.did == []
    # What the primary wrote last is forgotten with the process: the loss cannot be told any more.
    await automatic.looks(60)
    assert automatic.pair.did == []
    assert (await automatic.shown())[0].title == "The failover of shop was called off"


async def test_a_stop_survives_a_restart(automatic: Automatic) -> None:
    automatic.pair.kill("db1")
    await automatic.looks(14)
    await automatic.press("bob", Choice.STOP)
    automatic.restart()
    await automatic.looks(120)
    assert automatic.pair.did == []


async def test_a_primary_that_comes_back_during_the_countdown_stays_the_primary(automatic: Automatic) -> None:
    automatic.pair.kill("db1")
    await automatic.looks(20)
    automatic.pair.machines["db1"].running = True
    await automatic.looks(60)
    assert automatic.pair.did == []
    (page,) = await automatic.shown()
    assert page.title == "shop has a primary again: nothing was failed over"
    assert page.buttons == ()


async def test_what_holds_it_back_is_said_once_and_it_is_announced_when_that_is_gone(automatic: Automatic) -> None:
    automatic.pair.kill("db1")
    automatic.pair.machines["db1"].reachable_by_ssh = False
    await automatic.looks(40)
    (page,) = await automatic.shown()
    assert page.title == "shop is not failed over automatically"
    assert "db1 cannot be fenced: SSH does not answer, and it has no fence hook" in page.summary
    sql = "SELECT count(*) FROM outbox WHERE card LIKE 'automatic/%'"
    assert await automatic.scene.ledger.read(lambda db: db.execute(sql).fetchone()[0]) == 1
    automatic.pair.machines["db1"].reachable_by_ssh = True
    await automatic.looks(44)
    assert automatic.pair.did == DONE


async def test_an_order_of_people_comes_first(automatic: Automatic) -> None:
    automatic.pair.kill("db1")
    await automatic.looks(14)
    operation = await automatic.scene.request("alice")
    await automatic.looks(60)
    assert (await automatic.shown())[0].title == "The failover of shop was called off"
    assert automatic.pair.did == []
    await automatic.scene.dispatcher.decide(automatic.scene.asks("bob"), operation, Decision.APPROVE)
    await automatic.settle()
    assert automatic.pair.did == DONE


async def test_there_is_no_second_failover_within_the_cooldown(scene: Scene) -> None:
    automatic = Automatic(scene, AutomaticPolicy(replace(RULES, cooldown=timedelta(minutes=5))))
    await automatic.looks(6)
    automatic.pair.kill("db1")
    await automatic.looks(50)
    old = automatic.pair.machines["db1"]
    old.running, old.standby, old.timeline, old.state = True, True, 2, "in archive recovery"
    await automatic.looks(10)
    automatic.pair.kill("db2")
    await automatic.looks(60)
    assert automatic.pair.did == DONE
    assert "there must be 5 min between two" in (await automatic.shown())[-1].summary
    await automatic.looks(300)
    assert automatic.pair.writable == ["db1"]


async def test_a_failover_that_failed_is_not_tried_twice(automatic: Automatic) -> None:
    automatic.pair.fails["fence"] = "the process does not end"
    automatic.pair.kill("db1")
    await automatic.looks(200)
    assert automatic.pair.did == [("fence", "db1")]
    (operation,) = await automatic.operations()
    assert operation.state is OperationState.FAILED


async def test_without_a_ledger_nothing_is_done(automatic: Automatic, monkeypatch: pytest.MonkeyPatch) -> None:
    automatic.pair.kill("db1")
    await automatic.looks(20)
    full = LedgerError(Problem.FULL, "The disk of the ledger is full.")
    with monkeypatch.context() as patched:
        patched.setattr(automatic.scene.ledger, "write", AsyncMock(side_effect=full))
        await automatic.looks(60)
    assert automatic.pair.did == []
    await automatic.looks(2)
    assert automatic.pair.did == DONE


async def test_it_is_off_unless_the_settings_say_otherwise(scene: Scene) -> None:
    automatic = Automatic(scene, NOTHING)
    await automatic.looks(6)
    automatic.pair.kill("db1")
    await automatic.looks(120)
    assert automatic.pair.did == []
    assert await automatic.shown() == []


async def test_two_bots_on_one_ledger_announce_and_act_once(automatic: Automatic) -> None:
    one = automatic.scene.dispatcher
    automatic.restart()
    other = automatic.scene.dispatcher
    await automatic.looks(6)
    automatic.pair.kill("db1")
    for number in range(40):
        automatic.scene.dispatcher = (one, other)[number % 2]
        await automatic.looks(2)
    assert automatic.pair.did == DONE
    assert len(await automatic.shown()) == 1


async def test_a_clock_that_is_set_back_does_not_switch_automatic_failover_off(scene: Scene) -> None:
    automatic = Automatic(scene)
    await automatic.looks(10)
    automatic.pair.now -= timedelta(hours=1)
    await automatic.looks(10)
    automatic.pair.kill("db1")
    await automatic.looks(60)
    assert automatic.pair.writable == ["db2"]


async def test_clients_are_led_along_and_their_target_is_part_of_the_plan(scene: Scene) -> None:
    pool = Pool()
    world = replace(scene.world, traffic={"shop": (pool,)})
    automatic = Automatic(replace(scene, world=world, dispatcher=Dispatcher(world, COMMANDS)))
    await automatic.looks(10)
    automatic.pair.kill("db1")
    await automatic.looks(120)
    assert automatic.pair.writable == ["db2"]
    assert pool.leads == "db2"
