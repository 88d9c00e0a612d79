"""The Bolt app: which payload goes to which handler."""

import logging
import re
import secrets
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.handlers import Handlers
from bot.slack.home import Home
from bot.slack.identity import OwnIdentity
from bot.slack.modal import FORM

COMMAND = "/ha"


def sdk_logger() -> logging.Logger:
    """For Bolt and the SDK: at lower levels they would log payloads and addresses that hold tickets."""
    logger = logging.getLogger("understudy.slack_sdk")
    logger.setLevel(logging.ERROR)
    return logger


def bolt_app(
    client: AsyncWebClient, identity: OwnIdentity, handlers: Handlers, home: Home, signing_secret: str | None
) -> AsyncApp:
    """Without a signing secret (Socket Mode needs none) whatever comes by HTTP is refused."""

    async def authorize(**_: Any) -> AuthorizeResult:
        # Asked of Slack at the start, not before each acknowledgement: an ack must not wait for any I/O.
        known = identity.known
        return AuthorizeResult(
            enterprise_id=None,
            team_id=known.team_id if known else None,
            bot_user_id=known.bot_user_id if known else None,
            bot_id=known.bot_id if known else None,
            bot_token=client.token,
        )

    app = AsyncApp(
        name="understudy",
        client=AsyncWebClient(base_url=client.base_url, session=client.session, retry_handlers=[]),
        authorize=authorize,
        # Anybody could sign with an empty secret; without one of Slack's nobody is to be able to.
        signing_secret=signing_secret or secrets.token_hex(32),
        logger=sdk_logger(),
    )
    app.command(COMMAND)(handlers.command)
    app.action(re.compile(".*"))(handlers.action)
    app.view(re.compile(f"^{FORM}:"))(handlers.submission)
    app.event("app_mention")(handlers.mention)
    app.event("app_home_opened")(home.opened)
    return app
