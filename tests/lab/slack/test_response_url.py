"""Response URLs: five answers within half an hour; ephemeral, in the channel, replacing or deleting."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from slack_bolt.async_app import AsyncAck, AsyncRespond
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from lab.slack import PracticePerson, PracticeSlack
from lab.slack.errors import SlackError
from lab.slack.store.tickets import ResponseUrls, Source, Triggers
from tests.lab.slack.bolt import JSON, actions, button, connected, modal, new_app, refusal, section


async def test_a_command_can_be_answered_later_and_five_times(slack: PracticeSlack, alice: PracticePerson) -> None:
    app, urls = new_app(slack), []

    @app.command("/ha")
    async def ha(ack: AsyncAck, body: JSON, respond: AsyncRespond) -> None:
        urls.append(body["response_url"])
        await ack()
        await respond("only you")
        await respond("everybody", response_type="in_channel")

    async with connected(slack, app):
        await alice.command("/ha", channel="C0OPS")
        await slack.wait_for_message("C0OPS", lambda message: message["text"] == "everybody")
        assert [message["text"] for message in alice.ephemerals("C0OPS")] == ["only you"]
        webhook = AsyncWebhookClient(urls[0])
        statuses = [(await webhook.send(text=str(number))).status_code for number in range(4)]
        assert statuses == [200, 200, 200, 404]
        assert "used_url" in (await webhook.send(text="x")).body


@pytest.mark.parametrize("ephemeral", [False, True])
@pytest.mark.parametrize("how", ["replace_original", "delete_original"])
async def test_the_pressed_message_can_be_replaced_or_deleted(
    slack: PracticeSlack, alice: PracticePerson, ephemeral: bool, how: str
) -> None:
    app, bodies = new_app(slack), []

    @app.action("ack")
    async def acknowledged(ack: AsyncAck, body: JSON, respond: AsyncRespond) -> None:
        bodies.append(body)
        await ack()
        choice: dict[str, Any] = {how: True}
        await respond(text="acknowledged", blocks=[section("acknowledged")], **choice)

    def seen() -> list[JSON]:
        return alice.ephemerals("C0OPS") if ephemeral else slack.messages("C0OPS")

    async with connected(slack, app):
        content: dict[str, Any] = {"text": "alert", "blocks": [actions(button("ack", "Acknowledge"))]}
        if ephemeral:
            await app.client.chat_postEphemeral(channel="C0OPS", user="U0ALICE", **content)
        else:
            await app.client.chat_postMessage(channel="C0OPS", **content)
        await alice.press(seen()[0], text="Acknowledge")
        expected = [] if how == "delete_original" else ["acknowledged"]
        await slack.wait_until(lambda: [message["text"] for message in seen()] == expected)
    assert bodies[0]["container"]["is_ephemeral"] is ephemeral
    assert ("message" in bodies[0]) is not ephemeral


async def test_response_urls_stand_in_the_journal_and_meet_faults(slack: PracticeSlack, alice: PracticePerson) -> None:
    app, urls = new_app(slack), []

    @app.command("/ha")
    async def ha(ack: AsyncAck, body: JSON) -> None:
        urls.append(body["response_url"])
        await ack()

    async with connected(slack, app):
        await alice.command("/ha", channel="C0OPS")
    webhook = AsyncWebhookClient(urls[0])
    slack.faults.server_error("response_url", status=502, calls=1)
    assert (await webhook.send(text="lost")).status_code == 502
    assert (await webhook.send(text="")).status_code == 404
    assert (await webhook.send(text="arrived")).status_code == 200
    assert [message["text"] for message in alice.ephemerals()] == ["arrived"]
    calls = slack.calls.of("response_url")
    assert [(call.status, call.arguments["text"]) for call in calls] == [(502, "lost"), (404, ""), (200, "arrived")]


async def test_a_view_cannot_be_opened_too_late() -> None:
    async with PracticeSlack.start(trigger_seconds=0.05) as slack:
        app, errors = new_app(slack), []

        @app.command("/ha")
        async def ha(ack: AsyncAck, body: JSON, client: AsyncWebClient) -> None:
            await ack()
            await asyncio.sleep(0.1)
            with pytest.raises(SlackApiError) as refused:
                await client.views_open(trigger_id=body["trigger_id"], view=modal(section("late")))
            errors.append(refusal(refused.value)["error"])

        async with connected(slack, app):
            await slack.person("U0ALICE").command("/ha", channel="C0OPS")
            await slack.wait_until(lambda: errors == ["expired_trigger_id"])


def test_a_response_url_ends_after_half_an_hour() -> None:
    now = 0.0
    urls = ResponseUrls(clock=lambda: now)
    token = urls.issue(Source("U0ALICE", "C0OPS")).rpartition("/")[2]
    assert urls.use(token).user_id == "U0ALICE"
    now = 30 * 60 + 1
    with pytest.raises(SlackError, match="expired_url"):
        urls.use(token)


def test_a_trigger_id_lives_three_seconds_and_opens_one_view() -> None:
    now = 0.0
    triggers = Triggers(clock=lambda: now)
    trigger_id, late = triggers.issue("U0ALICE"), triggers.issue("U0BOB")
    now = 2.9
    assert triggers.exchange(trigger_id) == "U0ALICE"
    with pytest.raises(SlackError, match="exchanged_trigger_id"):
        triggers.exchange(trigger_id)
    now = 3.1
    with pytest.raises(SlackError, match="expired_trigger_id"):
        triggers.exchange(late)
    with pytest.raises(SlackError, match="invalid_trigger_id"):
        triggers.exchange("1.2.3")
