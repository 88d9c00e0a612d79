"""Who we are in Slack: the workspace the app is installed in, and its bot."""

import asyncio
from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient

CALL_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Identity:
    team_id: str
    bot_user_id: str
    bot_id: str


class OwnIdentity:
    """Asked of Slack once; a failure is not kept, so that the next call asks again."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._known: Identity | None = None

    @property
    def known(self) -> Identity | None:
        return self._known

    async def get(self) -> Identity:
        """Raises what the client raises, and TimeoutError."""
        if self._known is None:
            async with asyncio.timeout(CALL_SECONDS):
                answer = await self._client.auth_test()
            self._known = Identity(str(answer["team_id"]), str(answer["user_id"]), str(answer.get("bot_id") or ""))
        return self._known
