"""Asking: every text gets one private answer, every answer one audit record, and nothing runs."""

import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings

from commands.asked import Answer, FieldErrors, Form
from commands.dispatcher import Dispatcher
from commands.registry import COMMANDS
from ledger.audit import AuditKind
from ledger.page import Item, Items, Page, Table, Tone
from tests.commands.conftest import Scene
from tests.commands.inventory import SHOP
from tests.commands.test_parse import garbage


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(garbage)
async def test_garbage_gets_one_line_and_one_record_and_runs_nothing(scene: Scene, text: str) -> None:
    before = len(await scene.records())
    answer = await scene.dispatcher.ask(scene.asks("alice", text))
    assert answer.private
    assert answer.page.summary
    assert len(await scene.records()) == before + 1
    assert scene.pair.did == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("promot", "Did you mean /ha promote?"),
        ("promote shop; rm -rf /", "“shop; rm -rf /” is more than a cluster and a server."),
        ("promote <!channel>", "“<!channel>” is no cluster or server."),
        ("status `id`", "“`id`” is no cluster or server."),
        ("x" * 10_000, "That is 10000 characters long"),
        ("audit ٣", "“٣” is no number. Type: /ha audit 10"),
    ],
)
async def test_what_is_not_understood_comes_back_as_one_line(scene: Scene, text: str, says: str) -> None:
    answer = await scene.dispatcher.ask(scene.asks("alice", text))
    assert says in answer.page.summary
    assert "\n" not in answer.page.summary
    (record,) = await scene.records()
    assert record.entry.kind is AuditKind.REFUSAL


async def test_only_an_order_that_is_understood_needs_a_form(scene: Scene) -> None:
    needs = scene.dispatcher.needs_form
    assert needs("promote")
    assert needs("promote shop db2")
    assert needs("restore")
    assert not needs("promote nowhere")
    assert not needs("status")
    assert not needs("; promote")


async def test_a_person_without_the_right_is_refused_before_anything_is_looked_at(scene: Scene) -> None:
    answer = await scene.dispatcher.prepare(scene.asks("guest", "promote"))
    assert isinstance(answer, Answer)
    assert answer.page.summary == "You are not allowed to “promote”. Ask dba."
    assert scene.pair.looks == 0
    (record,) = await scene.records()
    assert record.entry.kind is AuditKind.REFUSAL


async def test_a_redelivered_question_is_answered_again_and_recorded_once(scene: Scene) -> None:
    asked = scene.asks("alice", "status")
    first, second = await scene.dispatcher.ask(asked), await scene.dispatcher.ask(asked)
    assert first.page.title == second.page.title == "shop: healthy"
    assert len(await scene.records()) == 1


async def test_a_form_shows_checks_steps_outage_loss_and_approvers(scene: Scene) -> None:
    form = await scene.form()
    assert form.page.title == "Switchover of shop: db1 → db2"
    lists = {part.title: part for part in form.page.parts if isinstance(part, Items)}
    assert [item.title for item in lists["What will be done (7 steps)"].items][3] == "4. Promote db2"
    assert [field.name for field in form.fields] == ["reason", "cluster"]
    assert form.fields[1].expected == "shop"
    assert len(form.draft) < 3000


async def test_of_the_checks_that_passed_a_form_tells_the_number_and_a_dry_run_all(scene: Scene) -> None:
    """On a phone they stand between a person and the fields."""
    form = await scene.form()
    dry = await scene.dispatcher.prepare(scene.asks("alice", "promote shop --dry-run"))
    assert isinstance(dry, Form)
    all_of_them, told = ([item for item in checked(page) if item.detail] for page in (dry.page, form.page))
    assert len(all_of_them) > 10
    assert {item.tone for item in told} <= {Tone.WARNING, Tone.FAILED}
    passed = len(all_of_them) - len(told)
    assert f"{passed} checks passed" in repr(form.page)


def checked(page: Page) -> list[Item]:
    return [
        item
        for part in page.parts
        if isinstance(part, Items) and part.title == "What was checked"
        for item in part.items
    ]


@pytest.mark.parametrize("text", ["promote shop --dry-run", "promote \N{EM DASH}dry-run", "--dry-run promote shop db2"])
async def test_a_dry_run_shows_the_plan_and_asks_nobody(scene: Scene, text: str) -> None:
    assert scene.dispatcher.needs_form(text)
    form = await scene.dispatcher.prepare(scene.asks("alice", text))
    assert isinstance(form, Form)
    assert (form.fields, form.submit_label, form.ready) == ((), None, True)
    assert form.page.summary.startswith("Dry run. Switchover of shop: db1 → db2.")
    (record,) = await scene.records()
    assert (record.entry.kind, record.entry.details["dry_run"]) == (AuditKind.PLAN, True)
    assert scene.pair.did == []


async def test_a_failing_check_leaves_a_form_to_read_only(scene: Scene) -> None:
    scene.pair.machines["db2"].replay_paused = True
    form = await scene.form()
    assert form.submit_label is None
    assert form.fields == ()
    assert form.page.tone is Tone.WARNING
    first = form.page.parts[0]
    assert isinstance(first, Items)
    assert first.items[0].title == "Replay runs on db2"
    assert "paused. Run pg_wal_replay_resume() on db2" in first.items[0].detail
    assert form.page.title.endswith(": not possible now")


@pytest.mark.parametrize("text", ["promote db1", "promote shop db1"])
async def test_a_server_that_is_the_primary_already_gets_one_line(scene: Scene, text: str) -> None:
    answer = await scene.dispatcher.prepare(scene.asks("alice", text))
    assert isinstance(answer, Answer)
    assert answer.page.summary == "db1 is the primary of shop already: there is nothing to do."


async def test_an_order_in_the_way_shows_as_a_failed_check(scene: Scene) -> None:
    operation = await scene.request()
    form = await scene.form("bob")
    assert form.submit_label is None
    assert operation in form.page.summary or any(
        operation in item.detail for part in form.page.parts if isinstance(part, Items) for item in part.items
    )


async def test_wrong_fields_come_back_with_what_would_be_right(scene: Scene) -> None:
    form = await scene.form()
    errors = await scene.dispatcher.submit(scene.asks("alice"), form.draft, {"reason": " \n", "cluster": "Shop"})
    assert isinstance(errors, FieldErrors)
    assert set(errors.errors) == {"reason", "cluster"}
    assert await scene.operations() == []


@pytest.mark.parametrize("draft", ["", "{}", '["promote","nowhere",null,"x"]', '["rm","shop",null,"x"]', "\x00" * 50])
async def test_a_draft_that_was_tampered_with_is_refused(scene: Scene, draft: str) -> None:
    answer = await scene.dispatcher.submit(scene.asks("alice"), draft, {"reason": "x", "cluster": "shop"})
    assert isinstance(answer, Answer)
    assert await scene.operations() == []
    assert len(await scene.records(AuditKind.REFUSAL)) == 1


async def test_facts_that_changed_between_form_and_submission_are_named(scene: Scene) -> None:
    form = await scene.form()
    scene.pair.kill("db1")
    answer = await scene.dispatcher.submit(scene.asks("alice"), form.draft, {"reason": "x", "cluster": "shop"})
    assert isinstance(answer, Answer)
    assert "it was a switchover, now it is a failover" in answer.page.summary
    assert await scene.operations() == []
    assert len(await scene.records(AuditKind.REFUSAL)) == 1


async def test_a_right_that_was_taken_away_in_the_meantime_counts(scene: Scene) -> None:
    form = await scene.form()
    scene.people.add("alice", "guests")
    answer = await scene.dispatcher.submit(scene.asks("alice"), form.draft, {"reason": "x", "cluster": "shop"})
    assert isinstance(answer, Answer)
    assert "not allowed" in answer.page.summary
    assert await scene.operations() == []


async def test_a_submission_that_is_delivered_twice_makes_one_operation(scene: Scene) -> None:
    form = await scene.form()
    asked = scene.asks("alice")
    values = {"reason": "x", "cluster": "shop"}
    first = await scene.dispatcher.submit(asked, form.draft, values)
    second = await scene.dispatcher.submit(asked, form.draft, values)
    assert isinstance(first, Answer)
    assert isinstance(second, Answer)
    (operation,) = await scene.operations()
    assert operation.id in first.page.title
    assert operation.id in second.page.summary
    assert len(await scene.records(AuditKind.APPROVAL_REQUESTED)) == 1
    assert await scene.records(AuditKind.REFUSAL) == []


async def test_a_split_brain_is_no_case_for_a_promotion(scene: Scene) -> None:
    scene.pair.machines["db2"].standby = False
    answer = await scene.dispatcher.prepare(scene.asks("alice", "promote"))
    assert isinstance(answer, Answer)
    assert "two primaries" in answer.page.summary


async def test_restore_without_backups_says_what_is_missing(scene: Scene) -> None:
    answer = await scene.dispatcher.prepare(scene.asks("alice", "restore"))
    assert isinstance(answer, Answer)
    assert "[clusters.shop.backups]" in answer.page.summary


@pytest.mark.parametrize("text", ["status", "alerts", "audit 5", "help", "help promote", ""])
async def test_views_answer_and_leave_one_record(scene: Scene, text: str) -> None:
    answer = await scene.dispatcher.ask(scene.asks("guest", text))
    assert answer.page.title
    (record,) = await scene.records()
    assert record.entry.kind is AuditKind.COMMAND


async def test_status_says_what_is_unknown(scene: Scene) -> None:
    scene.pair.kill("db1")
    scene.pair.machines["db1"].reachable_by_ssh = False
    page = (await scene.dispatcher.ask(scene.asks("guest", "status"))).page
    assert page.tone is not Tone.GOOD
    (table,) = [part for part in page.parts if isinstance(part, Table)]
    assert table.rows[0][:3] == ("db1", "unknown", "unknown")
    (seen,) = [part for part in page.parts if isinstance(part, Items) and part.title == "What was seen"]
    assert [item.title for item in seen.items][:2] == [
        "understudy by SQL to db1: connection refused",
        "understudy by SSH to db1: timed out: connection refused",
    ]


async def test_no_secret_of_the_settings_is_in_any_answer(scene: Scene) -> None:
    for text in ("status", "promote", "help", "audit", "very-secret-word"):
        answer = await scene.dispatcher.prepare(scene.asks("alice", text))
        if isinstance(answer, Form) or text != "very-secret-word":
            assert "very-secret-word" not in repr(answer)
    assert "very-secret-word" not in repr(await scene.records())


async def test_without_a_cluster_named_many_are_shown_a_line_each_the_worst_first(scene: Scene) -> None:
    books = dataclasses.replace(SHOP, name="books")
    scene.world = dataclasses.replace(scene.world, clusters={"shop": SHOP, "books": books})
    dispatcher = Dispatcher(scene.world, COMMANDS)
    page = (await dispatcher.ask(scene.asks("guest", "status"))).page
    assert page.title == "2 of 2 clusters healthy"
    scene.pair.kill("db1")
    page = (await dispatcher.ask(scene.asks("guest", "status"))).page
    (table,) = [part for part in page.parts if isinstance(part, Table)]
    assert [row[:2] for row in table.rows] == [("books", "primary down"), ("shop", "primary down")]
    assert page.tone is Tone.CRITICAL
    ambiguous = await dispatcher.ask(scene.asks("alice", "promote"))
    assert ambiguous.page.summary.startswith("Which cluster? There are shop, books.")
    ambiguous = await dispatcher.ask(scene.asks("alice", "promote db2"))
    assert ambiguous.page.summary == "“db2” is a server of shop, books. Type: /ha promote shop db2"
