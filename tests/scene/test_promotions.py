"""The whole scene on a real pair: what people see, what happens on the servers, and which rows survive."""

import pytest

from lab.stage import CLUSTER_CHANNEL, Stage
from tests.scene.play import (
    audit_is_whole,
    fill_in,
    has_button,
    offers,
    request_promotion,
    says,
    wait_for_card,
    wait_for_form,
    wait_for_report,
)

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180)]


async def test_a_dead_primary_is_failed_over_and_every_received_row_is_there(stage: Stage) -> None:
    lab, slack = stage.lab, stage.slack
    alice, bob = slack.person("U0ALICE"), slack.person("U0BOB")
    await lab.load.start(rate=200)
    await lab.load.wait_for_rows(200)

    await lab.servers["db1"].kill()
    alert = await slack.wait_for_message(CLUSTER_CHANNEL, offers("Fail over…"), timeout=10)
    assert "primary" in alert["text"].lower()

    await alice.press(alert, text="Fail over…")
    form = await wait_for_form(alice)
    outcome = await fill_in(alice, form, reason="the primary is dead", name="shop")
    assert not outcome.errors
    requested = await wait_for_card(slack)
    await bob.press(requested.card, text="Approve")
    await wait_for_report(slack, requested, "outage")

    await slack.wait_for_message(
        CLUSTER_CHANNEL,
        lambda message: message["ts"] == alert["ts"] and not has_button(message, "Fail over…"),
        timeout=30,
    )
    assert not await lab.servers["db2"].in_recovery()
    report = await lab.load.stop_and_report("db2")
    assert report.acknowledged > 200
    assert report.lost_received == ()

    await alice.command("/ha", f"timeline {requested.operation}", channel=CLUSTER_CHANNEL)
    kept = await slack.wait_for_message(
        CLUSTER_CHANNEL, lambda message: "files" in message, timeout=15, thread_ts=requested.card["ts"]
    )
    assert kept["files"][0]["name"] == f"timeline-operation-{requested.operation}.md"
    told = await slack.wait_for_message(
        CLUSTER_CHANNEL, says("Timeline of shop", "began"), timeout=5, thread_ts=requested.card["ts"]
    )
    assert "promote on db2 succeeded" in told["text"]

    await alice.command("/ha", "status", channel=CLUSTER_CHANNEL)
    status = await alice.wait_for_ephemeral(says("db2", "primary"), timeout=5)
    assert "shop" in status["text"]
    assert await audit_is_whole(stage)


async def test_a_switchover_loses_no_acknowledged_row(stage: Stage) -> None:
    lab, slack = stage.lab, stage.slack
    await lab.load.start(rate=200)
    await lab.load.wait_for_rows(200)

    requested = await request_promotion(
        slack, slack.person("U0ALICE"), "promote shop db2", reason="kernel update on db1"
    )
    await slack.person("U0BOB").press(requested.card, text="Approve")
    await wait_for_report(slack, requested, "outage")

    assert not await lab.servers["db2"].in_recovery()
    assert await lab.servers["db1"].in_recovery()
    report = await lab.load.stop_and_report("db2")
    assert report.acknowledged > 200
    assert report.lost == ()
    assert await audit_is_whole(stage)
