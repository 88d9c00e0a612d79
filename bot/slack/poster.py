"""Brings one page to its message in Slack: posts, updates or adopts it, and does with less where Slack refuses it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.draw import contents, draw
from bot.slack.finder import Found, find, metadata
from bot.slack.outcome import Ending, Fate, ending_of
from bot.slack.pictures import Pictures
from ledger.outbox import Delivery
from ledger.page import File, Page

PICTURE_SECONDS = 3.0  # what comes after it in the channel must not wait longer for a picture
Send = Callable[[Mapping[str, Any]], Awaitable[str]]
# Nothing in a text is to be taken for a link, a name or markup, even where there are no blocks.
_AS_IT_IS: Mapping[str, Any] = {"parse": "none", "link_names": False}
_QUIETLY: Mapping[str, Any] = {"mrkdwn": False, "unfurl_links": False, "unfurl_media": False}


class Lane(Enum):
    """Posts and changes travel side by side: Slack counts them apart, and neither is to wait for the other."""

    POST = "post"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class Shown:
    """The page stands in the channel. `files` are its own, and what had to be cut, to be attached in `thread_ts`."""

    channel: str
    ts: str
    thread_ts: str
    files: tuple[File, ...]


def files_of(page: Page) -> tuple[File, ...]:
    """What goes with the page as files."""
    own, rest = tuple(part for part in page.parts if isinstance(part, File)), draw(page).rest
    return own if rest is None else (*own, File("full-text.txt", "Full text", rest))


class NotShown(Exception):
    """The page could not be shown now; `ending` says how the decisive call ended, `lane` what that call was for."""

    def __init__(self, ending: Ending, lane: Lane) -> None:
        super().__init__(ending.error)
        self.ending = ending
        self.lane = lane


@dataclass(frozen=True, slots=True)
class Poster:
    """Uses a client that repeats nothing by itself."""

    client: AsyncWebClient
    pictures: Pictures

    async def show(self, delivery: Delivery) -> Shown:
        """Shows the delivery's page. Raises NotShown."""
        if delivery.card is not None:
            return await self._update(delivery, delivery.card.channel, delivery.card.ts)
        if delivery.look_first:
            found = await self._look(delivery)
            if found is not None:
                return await self._adopt(delivery, found)
        return await self._post(delivery)

    async def upload(self, shown: Shown) -> None:
        """Attaches the files. Raises what the client raises."""
        for file in shown.files:
            await self.client.files_upload_v2(
                channel=shown.channel,
                thread_ts=shown.thread_ts,
                filename=file.name,
                title=file.title,
                content=file.text,
            )

    async def _post(self, delivery: Delivery, *, in_thread: bool = True, may_join: bool = True) -> Shown:
        channel, parent = _place(delivery), delivery.parent if in_thread else None
        place: dict[str, Any] = {"channel": channel, "metadata": metadata(delivery)}
        if parent is not None:
            place |= {"thread_ts": parent.ts, "reply_broadcast": delivery.item.broadcast}

        async def send(content: Mapping[str, Any]) -> str:
            answer = await self.client.chat_postMessage(**{**place, **_AS_IT_IS, **_QUIETLY, **content})
            return str(answer["ts"])

        try:
            ts = await self._with_less(delivery.item.page, send)
        except Exception as error:
            ending = ending_of(error)
            if ending.fate is Fate.NO_CHANNEL and may_join and await self._join(channel):
                return await self._post(delivery, in_thread=in_thread, may_join=False)
            if ending.fate is Fate.NO_MESSAGE and parent is not None:
                # The thread is gone; what happened is not.
                return await self._post(delivery, in_thread=False, may_join=may_join)
            raise NotShown(ending, Lane.POST) from error
        return Shown(channel, ts, parent.ts if parent is not None else ts, files_of(delivery.item.page))

    async def _update(self, delivery: Delivery, channel: str, ts: str) -> Shown:
        async def send(content: Mapping[str, Any]) -> str:
            place: dict[str, Any] = {"channel": channel, "ts": ts, "metadata": metadata(delivery), "blocks": []}
            await self.client.chat_update(**{**place, **_AS_IT_IS, **content})
            return ts

        try:
            await self._with_less(delivery.item.page, send)
        except Exception as error:
            ending = ending_of(error)
            if ending.fate is Fate.NO_MESSAGE:
                return await self._replace(delivery, ts)
            raise NotShown(ending, Lane.UPDATE) from error
        thread_ts = delivery.parent.ts if delivery.parent is not None else ts
        return Shown(channel, ts, thread_ts, files_of(delivery.item.page))

    async def _replace(self, delivery: Delivery, gone: str) -> Shown:
        """The message was deleted: it is posted anew, unless an earlier try did that and only the answer was lost."""
        found = await self._look(delivery)
        if found is not None and found.ts != gone:
            return await self._adopt(delivery, found)
        return await self._post(delivery)

    async def _adopt(self, delivery: Delivery, found: Found) -> Shown:
        channel = _place(delivery)
        if found.content_hash != delivery.item.content_hash:
            return await self._update(delivery, channel, found.ts)
        thread_ts = delivery.parent.ts if delivery.parent is not None else found.ts
        return Shown(channel, found.ts, thread_ts, files_of(delivery.item.page))

    async def _look(self, delivery: Delivery, *, may_join: bool = True) -> Found | None:
        """Where Slack will not let us look, at least once goes before once: None."""
        channel = _place(delivery)
        try:
            return await find(self.client, channel, delivery)
        except Exception as error:
            ending = ending_of(error)
            if ending.fate is Fate.NO_CHANNEL and may_join and await self._join(channel):
                return await self._look(delivery, may_join=False)
            if ending.fate in (Fate.NO_CHANNEL, Fate.NO_MESSAGE, Fate.NO_ACCESS, Fate.REFUSED):
                return None
            fate = ending.fate if ending.fate is Fate.RATE_LIMITED else Fate.UNKNOWN
            raise NotShown(Ending(fate, ending.error, ending.retry_after), Lane.POST) from error

    async def _join(self, channel: str) -> bool:
        """Public channels can be joined; into a private one somebody must invite the app."""
        try:
            await self.client.conversations_join(channel=channel)
        except Exception as error:
            ending_of(error)
            return False
        return True

    async def _with_less(self, page: Page, send: Send) -> str:
        """Sends the page with all that Slack takes of it."""
        *fuller, last = contents(page, await self.pictures.of(page, PICTURE_SECONDS))
        for content in fuller:
            try:
                return await send(content)
            except Exception as error:
                if ending_of(error).fate is not Fate.BAD_CONTENT:
                    raise
        return await send(last)


def _place(delivery: Delivery) -> str:
    """A reply goes where its parent stands, whatever name the settings have for that channel by now."""
    return delivery.parent.channel if delivery.parent is not None else delivery.item.channel
