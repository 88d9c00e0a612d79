"""Two sockets at all times, whatever Slack does to them; and the same app by HTTP, for Slack's own requests only."""

import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from bot.slack.client import SlackClients
from bot.slack.face import SlackConfiguration
from bot.slack.http import PATH
from lab.slack import PracticeSlack
from ledger.ledger import Ledger
from tests.bot.slack.conftest import Stage, a_face

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


async def test_two_sockets_are_open(stage: Stage, slack: PracticeSlack) -> None:
    health = await stage.face.health()
    assert (health.sockets.open, health.sockets.wanted) == (2, 2)
    assert health.healthy


async def test_dropped_sockets_come_back(stage: Stage, slack: PracticeSlack) -> None:
    assert slack.faults.drop_sockets() == 2
    await slack.wait_until(lambda: slack.sockets == 2, timeout=15)
    alice = slack.person("U0ALICE")
    await alice.command("/ha", "status", channel="C0OPS")
    await alice.wait_for_ephemeral()


async def test_before_slack_closes_a_socket_there_is_another(stage: Stage, slack: PracticeSlack) -> None:
    slack.faults.disconnect("refresh_requested", close_after=5)
    await slack.wait_until(lambda: slack.sockets == 4)


async def test_refused_sockets_are_tried_again(stage: Stage, slack: PracticeSlack) -> None:
    slack.faults.refuse_sockets = True
    slack.faults.drop_sockets()
    await slack.wait_until(lambda: len(slack.calls.of("apps.connections.open")) > 3, timeout=15)
    slack.faults.refuse_sockets = False
    await slack.wait_until(lambda: slack.sockets == 2, timeout=15)


async def test_stopping_closes_every_socket(slack: PracticeSlack, clients: SlackClients, ledger: Ledger) -> None:
    stage = a_face(SlackConfiguration("socket", app_token=slack.app_token), slack, clients, ledger)
    await stage.face.start()
    await slack.wait_until(lambda: slack.sockets == 2)
    await stage.face.stop()
    await slack.wait_until(lambda: slack.sockets == 0)


async def test_slack_may_be_away_at_the_start(slack: PracticeSlack, clients: SlackClients, ledger: Ledger) -> None:
    slack.faults.server_error("auth.test", calls=3)
    stage = a_face(SlackConfiguration("socket", app_token=slack.app_token), slack, clients, ledger)
    await stage.face.start()
    await slack.wait_until(lambda: slack.sockets == 2, timeout=15)
    await stage.face.stop()


@pytest.mark.parametrize("configuration", [SlackConfiguration("socket"), SlackConfiguration("http")])
async def test_a_mode_without_its_secret_is_refused(
    configuration: SlackConfiguration, slack: PracticeSlack, clients: SlackClients, ledger: Ledger
) -> None:
    with pytest.raises(ValueError, match="needs"):
        a_face(configuration, slack, clients, ledger)


@asynccontextmanager
async def served(stage: Stage) -> AsyncIterator[str]:
    application = web.Application()
    application.add_routes(stage.face.routes())
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}{PATH}"
    finally:
        await runner.cleanup()


def signed(body: str, secret: str, *, age: float = 0) -> dict[str, str]:
    """https://docs.slack.dev/authentication/verifying-requests-from-slack"""
    at = str(int(time.time() - age))
    digest = hmac.new(secret.encode(), f"v0:{at}:{body}".encode(), hashlib.sha256).hexdigest()
    return {
        "X-Slack-Request-Timestamp": at,
        "X-Slack-Signature": f"v0={digest}",
        "Content-Type": "application/x-www-form-urlencoded",
    }


@pytest.mark.parametrize(
    ("secret", "age", "status"), [(SECRET, 0, 200), ("", 0, 401), ("another", 0, 401), (SECRET, 400, 401)]
)
async def test_by_http_only_what_slack_has_signed_just_now_is_read(
    secret: str, age: float, status: int, slack: PracticeSlack, clients: SlackClients, ledger: Ledger
) -> None:
    stage = a_face(SlackConfiguration("http", signing_secret=SECRET), slack, clients, ledger)
    await stage.face.start()
    body = (
        f"command=%2Fha&text=status&user_id=U0ALICE&team_id={slack.workspace.team.id}&channel_id=C0OPS&trigger_id=1.2"
    )
    async with served(stage) as url, aiohttp.ClientSession() as session:
        async with session.post(url, data=body, headers=signed(body, secret, age=age)) as answer:
            assert answer.status == status
        if status == 200:
            await slack.person("U0ALICE").wait_for_ephemeral()
    assert stage.orders.texts == (["status"] if status == 200 else [])
    await stage.face.stop()


async def test_socket_mode_has_no_http_routes(stage: Stage) -> None:
    assert stage.face.routes() == ()
