"""Slack's bad days, on demand: 429, 500, silence, slowness, lost answers."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from lab.slack import PracticeSlack
from lab.slack.api.rate_limits import MESSAGE_BURST, RateLimits, Tier
from tests.lab.slack.bolt import client, refusal


async def test_429_for_some_calls_with_a_wait_that_the_sdk_obeys(slack: PracticeSlack) -> None:
    slack.faults.rate_limit("chat.postMessage", retry_after=1, calls=1)
    patient = AsyncWebClient(
        slack.bot_token, base_url=slack.api_url, retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=1)]
    )
    await patient.chat_postMessage(channel="C0OPS", text="x")
    first, second = slack.calls.of("chat.postMessage")
    assert (first.status, first.fault, second.status) == (429, "rate_limited", 200)
    assert second.at - first.answered_at >= 1
    assert len(slack.messages("C0OPS")) == 1


async def test_429_until_healed_for_every_method(slack: PracticeSlack) -> None:
    fault = slack.faults.rate_limit(retry_after=30)
    for _ in range(2):
        with pytest.raises(SlackApiError) as refused:
            await client(slack).users_info(user="U0BOB")
        assert refused.value.response.status_code == 429
        assert refused.value.response.headers["Retry-After"] == "30"
        assert refusal(refused.value)["error"] == "ratelimited"
    fault.heal()
    assert (await client(slack).users_info(user="U0BOB"))["ok"]


async def test_500_with_a_page_or_with_json(slack: PracticeSlack) -> None:
    slack.faults.server_error("chat.postMessage", status=503, calls=1)
    slack.faults.server_error("chat.postMessage", html=False, calls=1)
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {slack.bot_token}"}) as session:
        page = await session.post(f"{slack.api_url}chat.postMessage", json={"channel": "C0OPS", "text": "x"})
        assert (page.status, page.content_type) == (503, "text/html")
        error = await session.post(f"{slack.api_url}chat.postMessage", json={"channel": "C0OPS", "text": "x"})
        assert (error.status, await error.json()) == (500, {"ok": False, "error": "internal_error"})
    assert slack.messages("C0OPS") == []


async def test_silence_ends_in_the_callers_own_time_out_and_nothing_was_done(slack: PracticeSlack) -> None:
    slack.faults.hang("chat.postMessage", calls=1)
    with pytest.raises(TimeoutError):
        await client(slack, timeout=1).chat_postMessage(channel="C0OPS", text="x")
    assert slack.messages("C0OPS") == []
    await slack.wait_until(lambda: len(slack.calls.of("chat.postMessage")) == 1)
    assert slack.calls[-1].answer is None


async def test_a_slow_answer_comes_after_the_work_is_done(slack: PracticeSlack) -> None:
    slack.faults.slow("chat.postMessage", milliseconds=50, calls=1)
    await client(slack).chat_postMessage(channel="C0OPS", text="x")
    call = slack.calls.of("chat.postMessage")[0]
    assert call.answered_at - call.at >= 0.05
    assert len(slack.messages("C0OPS")) == 1


async def test_a_lost_answer_leaves_the_message_posted(slack: PracticeSlack) -> None:
    slack.faults.lose_answer("chat.postMessage", calls=1)
    with pytest.raises(aiohttp.ClientError):
        await client(slack).chat_postMessage(channel="C0OPS", text="x")
    assert [message["text"] for message in slack.messages("C0OPS")] == ["x"]
    await client(slack).chat_postMessage(channel="C0OPS", text="x")
    assert len(slack.messages("C0OPS")) == 2, "Slack knows no idempotency key: who posts again, posts twice"


async def test_the_journal_shows_arguments_without_the_token(slack: PracticeSlack) -> None:
    await client(slack).chat_postMessage(channel="C0OPS", text="x", token=slack.bot_token)
    call = slack.calls.of("chat.postMessage")[0]
    assert (call.arguments["channel"], call.arguments["text"]) == ("C0OPS", "x")
    assert slack.bot_token not in repr(call)
    assert call.ok


async def test_every_fault_of_the_page_switches_on_and_off(slack: PracticeSlack) -> None:
    lasting = {str(one["name"]) for one in slack.faults.offered()} - {"drop_sockets", "disconnect"}
    for name in lasting:
        slack.faults.switch(name, active=True)
        assert {one["name"] for one in slack.faults.offered() if one["active"]} == {name}
        slack.faults.switch(name, active=False)
    assert not any(one["active"] for one in slack.faults.offered())
    with pytest.raises(LookupError, match="no such fault: earthquake"):
        slack.faults.switch("earthquake", active=True)


async def test_a_burst_of_messages_is_tolerated_and_a_flood_is_not(slack: PracticeSlack) -> None:
    web = client(slack)
    for number in range(MESSAGE_BURST):
        await web.chat_postMessage(channel="C0OPS", text=str(number))
    flood = [web.chat_postMessage(channel="C0OPS", text="too much") for _ in range(2 * MESSAGE_BURST)]
    answers = await asyncio.gather(*flood, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, SlackApiError)]
    assert refused
    assert {one.response.headers["Retry-After"] for one in refused} == {"1"}
    assert (await web.chat_postMessage(channel="C0GENERAL", text="another channel"))["ok"]


async def test_rate_limits_can_be_switched_off() -> None:
    async with PracticeSlack.start(rate_limits=False) as slack:
        for number in range(2 * MESSAGE_BURST):
            await client(slack).chat_postMessage(channel="C0OPS", text=str(number))
        assert len(slack.messages("C0OPS")) == 2 * MESSAGE_BURST


def test_a_tier_allows_its_calls_a_minute_and_refills_evenly() -> None:
    now = 0.0
    limits = RateLimits(clock=lambda: now)
    assert [limits.retry_after("chat.update", Tier.TIER_3, None) for _ in range(50)] == [None] * 50
    assert limits.retry_after("chat.update", Tier.TIER_3, None) == 2
    assert limits.retry_after("chat.delete", Tier.TIER_3, None) is None, "each method has its own allowance"
    now = 1.2  # a minute divided by fifty
    assert limits.retry_after("chat.update", Tier.TIER_3, None) is None
    assert limits.retry_after("chat.update", Tier.TIER_3, None) is not None
