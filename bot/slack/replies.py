"""Answers to one person: private, and if one way fails, by another.

In order: the response URL that came with what the person did, an ephemeral message, a direct message.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.draw import contents, draw
from bot.slack.outcome import SLACK_FAILURES, Fate, ending_of
from bot.slack.payloads import Incoming
from bot.slack.pictures import Pictures
from ledger.page import Page, Tone

REPLY_SECONDS = 10.0
UPLOAD_SECONDS = 30.0
# Nothing in a text is to be taken for a link or a name, even where there are no blocks.
_AS_IT_IS: Mapping[str, Any] = {"parse": "none", "link_names": False}
_QUIETLY: Mapping[str, Any] = {"mrkdwn": False, "unfurl_links": False, "unfurl_media": False}
# What to send, the fullest first (bot.slack.draw.contents).
Contents = Sequence[Mapping[str, Any]]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Replies:
    client: AsyncWebClient
    session: aiohttp.ClientSession
    pictures: Pictures

    async def reply(self, to: Incoming, page: Page, *, private: bool = True) -> None:
        """Shows the page to the person, or to the whole channel. Never raises for what Slack does."""
        images = await self.pictures.of(page)
        sent = tuple(contents(page, images))
        ways: list[Callable[[], Awaitable[object]]] = [lambda: self._by_response_url(to, sent, private=private)]
        if private:
            ways += [lambda: self._ephemeral(to, sent), lambda: self._post(to.slack_user, sent)]
        else:
            ways.append(lambda: self._post(to.channel, sent))
        for way in ways:
            if await way() is not None:
                break
        else:
            log.error("replies.lost", person=to.slack_user, channel=to.channel, delivery=to.delivery)
            return
        if (rest := draw(page).rest) is not None:
            await self._attach(to, rest)

    async def _by_response_url(self, to: Incoming, sent: Contents, *, private: bool) -> object:
        """Works wherever the command was typed, even where the app is no member."""
        url = to.response_url
        if url is None:
            return None
        common = {"response_type": "ephemeral" if private else "in_channel", "replace_original": False}
        thread = {"thread_ts": to.thread_ts} if to.thread_ts else {}
        for content in sent:
            try:
                async with asyncio.timeout(REPLY_SECONDS):
                    async with self.session.post(url, json={**common, **thread, **content}) as answer:
                        if answer.status == 200:
                            return answer
            except SLACK_FAILURES:
                return None
        return None

    async def _ephemeral(self, to: Incoming, sent: Contents) -> object:
        if to.channel is None or to.channel.startswith("D"):
            return None
        place: dict[str, Any] = {"channel": to.channel, "user": to.slack_user, **_AS_IT_IS}
        if to.thread_ts:
            place["thread_ts"] = to.thread_ts
        return await _first_accepted(sent, lambda content: self.client.chat_postEphemeral(**{**place, **content}))

    async def _post(self, channel: str | None, sent: Contents) -> Any:
        """Into a channel, or by a person's id into a direct message: Slack opens that conversation by itself."""
        place: dict[str, Any] = {"channel": channel, **_AS_IT_IS, **_QUIETLY}
        return await _first_accepted(sent, lambda content: self.client.chat_postMessage(**{**place, **content}))

    async def _attach(self, to: Incoming, rest: str) -> None:
        """What was cut comes as a file in a direct message: files cannot be ephemeral."""
        note = Page("Full text", Tone.INFO, "The answer was too long for one message. All of it is in this thread.")
        answer = await self._post(to.slack_user, tuple(contents(note)))
        if answer is None:
            return
        try:
            async with asyncio.timeout(UPLOAD_SECONDS):
                await self.client.files_upload_v2(
                    channel=str(answer["channel"]),
                    thread_ts=str(answer["ts"]),
                    filename="full-text.txt",
                    title="Full text",
                    content=rest,
                )
        except SLACK_FAILURES as error:
            log.warning("replies.file_not_attached", person=to.slack_user, error=type(error).__name__)


async def _first_accepted(sent: Contents, send: Callable[[Mapping[str, Any]], Awaitable[Any]]) -> Any:
    """The answer to the fullest content that Slack takes; None when it takes none."""
    for content in sent:
        try:
            async with asyncio.timeout(REPLY_SECONDS):
                return await send(content)
        except SLACK_FAILURES as error:
            if ending_of(error).fate is not Fate.BAD_CONTENT:
                return None
    return None
