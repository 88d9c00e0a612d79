"""What people do in Slack reaches the commands once, and the answer reaches them, privately."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.slack.client import open_clients
from bot.slack.face import SlackConfiguration
from commands.asked import Answer, Decision, FieldErrors
from commands.automatic.clicks import Choice
from lab.slack import PracticeSlack, workspace_from_manifest
from lab.slack.workspace import User
from ledger import outbox
from ledger.audit import AuditKind, recent
from ledger.ledger import Ledger
from ledger.outbox import OutboxItem
from ledger.page import Button, Page, Text, Tone
from tests.bot.slack.conftest import MANIFEST, Stage, a_face
from tests.bot.slack.doubles import FORM, PLAN

REASON = {"field:reason": {"value": "disk"}}
NAME = "field:cluster:main"


def title(shown: dict[str, Any]) -> str:
    return str(next(block["text"]["text"] for block in shown["blocks"] if block["type"] == "header"))


async def card(slack: PracticeSlack, ledger: Ledger, *buttons: Button) -> dict[str, Any]:
    page = Page("Card", Tone.WARNING, "Card", (), buttons)
    await ledger.write(lambda db: outbox.put(db, OutboxItem(datetime.now(UTC), "C0OPS", "alert/1", page)))
    return await slack.wait_for_message("C0OPS")


async def test_a_question_is_acknowledged_at_once_and_answered_privately(stage: Stage, slack: PracticeSlack) -> None:
    alice = slack.person("U0ALICE")
    outcome = await alice.command("/ha", "status  main ", channel="C0OPS")
    answer = await alice.wait_for_ephemeral()
    assert title(answer) == "✅ Healthy"
    assert outcome.ack_ms is not None
    assert outcome.ack_ms < 500
    ((kind, asked),) = stage.orders.asked
    assert (kind, asked.text, asked.person_id, asked.channel) == ("ask", "status  main", "U0ALICE", "C0OPS")
    assert slack.messages("C0OPS") == []


async def test_somebody_who_shares_the_channel_from_another_workspace_is_nobody_of_ours(
    ledger: Ledger,
) -> None:
    """Slack Connect: Eve sees the card and its buttons, and what she types and presses comes from a stranger."""
    usual = workspace_from_manifest(MANIFEST)
    shared = replace(usual, users=(*usual.users, User("U0EVE", "eve", "Eve Elsewhere", team_id="T0OTHER")))
    async with PracticeSlack.start(rate_limits=False, workspace=shared) as slack:
        own = open_clients(slack.api_url, slack.bot_token, call_seconds=0.5)
        stage = a_face(SlackConfiguration("socket", app_token=slack.app_token), slack, own, ledger)
        await stage.face.start()
        try:
            await slack.wait_until(lambda: slack.sockets == 2)
            message = await card(slack, ledger, Button("order.approve", "Approve", "7K3F"))
            eve = slack.person("U0EVE")
            await eve.command("/ha", "status", channel="C0OPS")
            await eve.press(message, text="Approve")
            await slack.wait_until(lambda: len(stage.orders.asked) == 2)
            assert {asked.person_id for _, asked in stage.orders.asked} == {"foreign:T0OTHER:U0EVE"}
        finally:
            await stage.face.stop()
            await own.close()


async def test_a_public_answer_is_for_the_channel(stage: Stage, slack: PracticeSlack) -> None:
    await slack.person("U0ALICE").command("/ha", "public", channel="C0OPS")
    assert title(await slack.wait_for_message("C0OPS")) == "✅ Healthy"


async def test_a_dead_response_url_is_no_reason_to_stay_silent(stage: Stage, slack: PracticeSlack) -> None:
    slack.faults.server_error("response_url")
    alice = slack.person("U0ALICE")
    await alice.command("/ha", "status", channel="C0OPS")
    assert title(await alice.wait_for_ephemeral(channel="C0OPS")) == "✅ Healthy"


async def test_when_nothing_ephemeral_works_the_answer_comes_as_a_direct_message(
    stage: Stage, slack: PracticeSlack
) -> None:
    slack.faults.server_error("response_url")
    slack.faults.server_error("chat.postEphemeral")
    await slack.person("U0ALICE").command("/ha", "status", channel="C0OPS")
    assert title(await slack.wait_for_message("U0ALICE")) == "✅ Healthy"


async def test_an_answer_that_is_too_long_comes_whole_as_a_file(stage: Stage, slack: PracticeSlack) -> None:
    lines = "\n".join(f"line {number}" for number in range(1_000))
    stage.orders.page = Page("Audit", Tone.INFO, "1000 records", (Text((lines,), literal=True),))
    alice = slack.person("U0ALICE")
    await alice.command("/ha", "audit 1000", channel="C0OPS")
    await alice.wait_for_ephemeral()
    message = await slack.wait_for_message("U0ALICE", lambda message: bool(message.get("files")))
    assert message["files"][0]["name"] == "full-text.txt"


async def test_a_command_delivered_twice_is_asked_once(stage: Stage, slack: PracticeSlack) -> None:
    slack.faults.deliver_twice("slash_commands")
    alice = slack.person("U0ALICE")
    await alice.command("/ha", "status", channel="C0OPS")
    await alice.wait_for_ephemeral()
    await slack.faults.redeliver("slash_commands")
    assert stage.orders.texts == ["status"]
    assert len(alice.ephemerals()) == 1


async def test_the_same_words_typed_twice_are_asked_twice(stage: Stage, slack: PracticeSlack) -> None:
    alice = slack.person("U0ALICE")
    for _ in range(2):
        await alice.command("/ha", "status", channel="C0OPS")
    await slack.wait_until(lambda: len(alice.ephemerals()) == 2)
    assert len({asked.id for _, asked in stage.orders.asked}) == 2


async def test_an_order_opens_its_form_and_is_sent_with_what_was_filled_in(stage: Stage, slack: PracticeSlack) -> None:
    alice = slack.person("U0ALICE")
    await alice.command("/ha", "promote main db2", channel="C0OPS")
    form = await alice.wait_for_view(lambda view: view["submit"] is not None)
    assert title(form) == "⚠️ Warning: Switchover of main to db2"
    outcome = await alice.submit(form, {**REASON, NAME: {"value": "main"}})
    assert outcome.ok
    done = await alice.wait_for_view(lambda view: title_or_none(view) == "✋ Waiting: Sent")
    assert done["submit"] is None
    assert stage.orders.submitted == [(FORM.draft, {"reason": "disk", "cluster": "main"})]
    assert stage.orders.asked[-1][1].channel == "C0OPS"


async def test_a_wrong_name_is_told_at_the_field_and_nothing_is_sent(stage: Stage, slack: PracticeSlack) -> None:
    alice = slack.person("U0ALICE")
    await alice.command("/ha", "promote", channel="C0OPS")
    form = await alice.wait_for_view(lambda view: view["submit"] is not None)
    outcome = await alice.submit(form, {**REASON, NAME: {"value": "billing"}})
    assert outcome.errors == {NAME: "Type “main” to go on."}
    assert stage.orders.submitted == []
    outcome = await alice.submit(form, {**REASON, NAME: {"value": "main"}})
    assert outcome.ok
    await slack.wait_until(lambda: len(stage.orders.submitted) == 1)


async def test_errors_that_only_a_look_finds_come_back_with_the_form_still_filled_in(
    stage: Stage, slack: PracticeSlack
) -> None:
    stage.orders.outcome = FieldErrors({"reason": "Say why, for the audit log."})
    alice = slack.person("U0ALICE")
    await alice.command("/ha", "promote", channel="C0OPS")
    form = await alice.wait_for_view(lambda view: view["submit"] is not None)
    await alice.submit(form, {**REASON, NAME: {"value": "main"}})
    again = await alice.wait_for_view(lambda view: "Say why" in str(view["blocks"]))
    (reason,) = (block for block in again["blocks"] if block["block_id"] == "field:reason")
    assert reason["element"]["initial_value"] == "disk"
    stage.orders.outcome = Answer(Page("Sent", Tone.WAITING, ""))
    await alice.submit(again, {"field:reason": {"value": "disk is full"}})
    await alice.wait_for_view(lambda view: title_or_none(view) == "✋ Waiting: Sent")
    assert [values["reason"] for _, values in stage.orders.submitted] == ["disk", "disk is full"]


async def test_a_form_submitted_twice_by_slack_is_sent_once_and_still_shows_the_outcome(
    stage: Stage, slack: PracticeSlack
) -> None:
    alice = slack.person("U0ALICE")
    await alice.command("/ha", "promote", channel="C0OPS")
    form = await alice.wait_for_view(lambda view: view["submit"] is not None)
    await alice.submit(form, {**REASON, NAME: {"value": "main"}})
    await alice.wait_for_view(lambda view: title_or_none(view) == "✋ Waiting: Sent")
    await slack.faults.redeliver("interactive")
    assert len(stage.orders.submitted) == 1
    assert title(alice.views[-1]) == "✋ Waiting: Sent"


async def test_a_closed_modal_gets_its_answer_as_a_private_message(stage: Stage, slack: PracticeSlack) -> None:
    stage.orders.may_answer.clear()
    alice = slack.person("U0ALICE")
    await alice.command("/ha", "promote main db2", channel="C0OPS")
    waiting = await alice.wait_for_view()
    await alice.close(waiting)
    stage.orders.may_answer.set()
    answer = await alice.wait_for_ephemeral()
    assert title(answer) == "⚠️ Warning: Switchover of main to db2"
    assert "/ha promote main db2" in answer["text"]


async def test_a_modal_that_slack_does_not_open_still_gets_an_answer(stage: Stage, slack: PracticeSlack) -> None:
    slack.faults.server_error("views.open")
    alice = slack.person("U0ALICE")
    await alice.command("/ha", "promote main db2", channel="C0OPS")
    assert title(await alice.wait_for_ephemeral()) == "⚠️ Warning: Switchover of main to db2"


async def test_an_order_that_cannot_be_planned_says_so_in_the_modal(stage: Stage, slack: PracticeSlack) -> None:
    stage.orders.prepared = Answer(Page("Nothing to do", Tone.INFO, "db2 is the primary already"))
    alice = slack.person("U0ALICE")
    await alice.command("/ha", "promote main db2", channel="C0OPS")
    view = await alice.wait_for_view(lambda view: "already" in str(view["blocks"]))
    assert view["submit"] is None


@pytest.mark.parametrize("decision", Decision)
async def test_a_decision_is_passed_on_with_who_took_it(
    decision: Decision, stage: Stage, slack: PracticeSlack, ledger: Ledger
) -> None:
    message = await card(slack, ledger, Button(f"order.{decision.value}", "Decide", "7K3F"))
    await slack.person("U0BOB").press(message, text="Decide")
    await slack.person("U0BOB").wait_for_ephemeral()
    assert stage.orders.decided == [("7K3F", decision)]
    assert stage.orders.asked[0][1].person_id == "U0BOB"


@pytest.mark.parametrize("choice", Choice)
async def test_a_button_of_an_announced_failover_is_passed_on(
    choice: Choice, stage: Stage, slack: PracticeSlack, ledger: Ledger
) -> None:
    message = await card(slack, ledger, Button(f"automatic.{choice.value}", "Press", "A7K3F.1"))
    await slack.person("U0BOB").press(message, text="Press")
    await slack.person("U0BOB").wait_for_ephemeral()
    assert stage.orders.pressed == [("A7K3F.1", choice)]


async def test_a_click_delivered_twice_counts_once_and_a_second_click_counts_again(
    stage: Stage, slack: PracticeSlack, ledger: Ledger
) -> None:
    message = await card(slack, ledger, Button("order.approve", "Approve", "7K3F"))
    bob = slack.person("U0BOB")
    slack.faults.deliver_twice("interactive")
    await bob.press(message, text="Approve")
    await bob.wait_for_ephemeral()
    await slack.faults.redeliver("interactive")
    assert len(stage.orders.decided) == 1
    await bob.press(message, text="Approve")
    await slack.wait_until(lambda: len(stage.orders.decided) == 2)


async def test_fail_over_opens_the_form_for_the_server_it_names(
    stage: Stage, slack: PracticeSlack, ledger: Ledger
) -> None:
    message = await card(slack, ledger, Button("promote.open", "Fail over…", "main db2", "danger"))
    alice = slack.person("U0ALICE")
    await alice.press(message, text="Fail over…")
    await alice.wait_for_view(lambda view: view["submit"] is not None)
    assert stage.orders.texts == ["promote main db2"]


async def test_a_restored_instance_is_kept_at_once_and_dropped_or_cut_over_to_by_a_form(
    stage: Stage, slack: PracticeSlack, ledger: Ledger
) -> None:
    buttons = (
        Button("restore.keep", "Keep for 4 h", "shop 7K3F"),
        Button("restore.drop", "Drop…", "shop 7K3F", "danger"),
        Button("restore.cut_over", "Cut over…", "shop 7K3F", "danger"),
    )
    message = await card(slack, ledger, *buttons)
    alice = slack.person("U0ALICE")
    await alice.press(message, text="Keep for 4 h")
    await alice.wait_for_ephemeral()
    await alice.press(message, text="Drop…")
    await alice.wait_for_view(lambda view: view["submit"] is not None)
    await alice.press(message, text="Cut over…")
    await slack.wait_until(lambda: len(stage.orders.texts) == 3)
    assert stage.orders.texts == ["restore keep shop 7K3F", "restore drop shop 7K3F", "restore cut-over shop 7K3F"]


async def test_a_silence_is_ended_at_once_and_a_new_one_filled_in_as_a_form(
    stage: Stage, slack: PracticeSlack, ledger: Ledger
) -> None:
    buttons = (Button("silence.end", "End silence", "S7K3F"), Button("silence.new", "New silence…", ""))
    message = await card(slack, ledger, *buttons)
    alice = slack.person("U0ALICE")
    await alice.press(message, text="End silence")
    await alice.wait_for_ephemeral()
    await alice.press(message, text="New silence…")
    await alice.wait_for_view(lambda view: view["submit"] is not None)
    assert [text.strip() for text in stage.orders.texts] == ["silences end S7K3F", "silences add"]


async def test_who_is_still_on_it_says_so_by_the_button(stage: Stage, slack: PracticeSlack, ledger: Ledger) -> None:
    message = await card(slack, ledger, Button("alert.still", "Still on it", "A9QX2"))
    carol = slack.person("U0CAROL")
    await carol.press(message, text="Still on it")
    await carol.wait_for_ephemeral()
    assert stage.keeper.pressed == [("still on it", "A9QX2", None, "U0CAROL")]


async def test_alerts_are_acknowledged_and_silenced_by_those_who_may(
    stage: Stage, slack: PracticeSlack, ledger: Ledger
) -> None:
    silence = Button("alert.silence", "Silence…", "9QX2", choices=(("15m", "15 minutes"), ("1h", "1 hour")))
    message = await card(slack, ledger, Button("alert.acknowledge", "Acknowledge", "9QX2"), silence)
    carol = slack.person("U0CAROL")  # in the Slack user group only
    await carol.press(message, text="Acknowledge")
    await carol.press(message, action_id="alert.silence:1", value="1h 9QX2")
    await slack.wait_until(lambda: len(carol.ephemerals()) == 2)
    assert stage.keeper.pressed == [("acknowledge", "9QX2", None, "U0CAROL"), ("silence", "9QX2", "1h", "U0CAROL")]


async def test_who_may_not_is_told_privately_and_leaves_one_audit_record(
    stage: Stage, slack: PracticeSlack, ledger: Ledger
) -> None:
    message = await card(slack, ledger, Button("alert.acknowledge", "Acknowledge", "9QX2"))
    dave = slack.person("U0DAVE")
    slack.faults.deliver_twice("interactive")
    await dave.press(message, text="Acknowledge")
    answer = await dave.wait_for_ephemeral()
    await slack.faults.redeliver("interactive")
    assert "not allowed" in answer["text"].lower()
    assert stage.keeper.pressed == []
    refusals = await ledger.read(lambda db: recent(db, 10, kinds=[AuditKind.REFUSAL]))
    assert [record.entry.actor.id for record in refusals] == ["U0DAVE"]


async def test_an_unknown_button_gets_a_private_answer(stage: Stage, slack: PracticeSlack, ledger: Ledger) -> None:
    message = await card(slack, ledger, Button("rocket.launch", "Launch", "1"))
    alice = slack.person("U0ALICE")
    await alice.press(message, text="Launch")
    assert "/ha help" in (await alice.wait_for_ephemeral())["text"]


async def test_an_error_of_ours_is_told_with_a_reference_and_nothing_of_its_inside(
    stage: Stage, slack: PracticeSlack
) -> None:
    alice = slack.person("U0ALICE")
    await alice.command("/ha", "break", channel="C0OPS")
    answer = await alice.wait_for_ephemeral()
    assert "under " in answer["text"]
    assert "secret" not in str(answer)


async def test_a_mention_gets_a_short_help(stage: Stage, slack: PracticeSlack) -> None:
    alice = slack.person("U0ALICE")
    alice.say("@understudy what now?", channel="C0OPS")
    await alice.wait_for_ephemeral()
    assert stage.orders.texts == ["help"]


async def test_what_is_typed_reaches_the_commands_as_it_was_typed(stage: Stage, slack: PracticeSlack) -> None:
    typed = "<!channel> `rm -rf /` *x*; " + "y" * 9_000
    alice = slack.person("U0ALICE")
    await alice.command("/ha", typed, channel="C0OPS")
    await alice.wait_for_ephemeral()
    assert stage.orders.texts == [typed]


def title_or_none(view: dict[str, Any]) -> str | None:
    return next((str(block["text"]["text"]) for block in view["blocks"] if block["type"] == "header"), None)


def test_the_plan_in_the_form_is_the_plan_that_was_made() -> None:
    assert FORM.page is PLAN
