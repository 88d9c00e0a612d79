"""The courier: brings what waits in the outbox to Slack, each page once, whatever Slack does in the meantime.

It is woken by each commit that put something into the outbox, and looks every second for what other processes put.
Each channel has its own lanes, so that a channel that refuses or is slow holds up no other.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from slack_sdk.web.async_client import AsyncWebClient
from sqlite_utils import Database

from bot.slack.backlog import Backlog
from bot.slack.health import DeliveryHealth
from bot.slack.outcome import Ending, Fate, ending_of
from bot.slack.pace import Limits, Pace
from bot.slack.patience import Patience, Pauses
from bot.slack.pictures import Pictures
from bot.slack.poster import Lane, NotShown, Poster, Shown
from bot.slack.queue_order import in_sending_order
from ledger import outbox
from ledger.catching_up import fold_waiting
from ledger.errors import LedgerError, Problem
from ledger.ledger import Ledger
from ledger.outbox import Delivery

LOOK_EVERY = 1.0  # seconds
AT_ONCE = 1_000  # items looked at in one go
CATCH_UP_AFTER = timedelta(minutes=5)  # what waited longer waited for Slack, and not for its turn
CATCH_UP_EVERY = timedelta(seconds=10)
THREADS = "alert/*"  # an operation's thread is read step by step
SHOW_SECONDS = 60.0  # for one page with all that may need: joining, looking, posting

_PASSING = (Problem.BUSY, Problem.FULL, Problem.READ_ONLY, Problem.DISK)

log = structlog.get_logger(__name__)


def utc_now() -> datetime:
    return datetime.now(UTC)


class Courier:
    """Delivers the outbox. `run` goes on until it is cancelled or `stop` is called; one process runs it, once."""

    def __init__(
        self,
        ledger: Ledger,
        client: AsyncWebClient,
        pictures: Pictures,
        *,
        now: Callable[[], datetime] = utc_now,
        pauses: Pauses | None = None,
        limits: Limits | None = None,
    ) -> None:
        clock = asyncio.get_running_loop().time
        self._ledger = ledger
        self._poster = Poster(client, pictures)
        self._now = now
        self._pace = Pace(clock, limits or Limits())
        self._patience = Patience(clock, pauses or Pauses())
        self._backlog = Backlog(self._read_due, clock)
        self._awake = asyncio.Event()
        self._quiet = asyncio.Event()  # nothing is on its way, and nothing could be
        self._stopping = asyncio.Event()
        self._lanes: dict[tuple[str, Lane], asyncio.Task[None]] = {}
        self._uploads: set[asyncio.Task[None]] = set()
        self._attached: set[str] = set()
        self._troubles: dict[str, str] = {}
        self._last_success: datetime | None = None
        self._caught_up = datetime.min.replace(tzinfo=UTC)

    async def run(self) -> None:
        """Delivers until stopped. What an earlier process left half sent is looked for before it is sent again."""
        forget = self._ledger.on_commit(self._awake.set)
        try:
            await self._record(lambda db: outbox.recover(db, self._now()))
            while not self._stopping.is_set():
                self._awake.clear()
                pause = await self._send_what_may_leave()
                # Not wait_for: in Python 3.11 it swallows a cancellation that comes together with the wake-up.
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._awake.wait()
        finally:
            forget()
            for task in self._under_way():
                task.cancel()
            await asyncio.gather(*self._under_way(), return_exceptions=True)

    async def stop(self, seconds: float = 3.0) -> None:
        """Ends `run`, once all that can leave has arrived, or after that many seconds.

        What is cut short then is looked for at the next start.
        """
        self._quiet.clear()
        self._awake.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._quiet.wait()
        self._stopping.set()
        self._awake.set()

    async def health(self) -> DeliveryHealth:
        """Raises LedgerError."""
        now = self._now()
        pending, oldest = await self._ledger.read(lambda db: (outbox.pending_count(db), outbox.oldest_age(db, now)))
        return DeliveryHealth(
            pending=pending,
            oldest_seconds=None if oldest is None else oldest.total_seconds(),
            last_success=self._last_success,
            troubles=tuple(self._troubles.values()),
        )

    async def _read_due(self) -> list[Delivery]:
        now = self._now()
        await self._catch_up(now)
        return await self._ledger.read(lambda db: outbox.due(db, now, AT_ONCE))

    def _under_way(self) -> list[asyncio.Task[None]]:
        return [*self._lanes.values(), *self._uploads]

    async def _send_what_may_leave(self) -> float:
        """Starts a delivery in each free lane that has one; returns the seconds until it is worth looking again."""
        try:
            due = await self._backlog.due()
        except LedgerError:
            log.exception("courier.ledger_not_read")
            return LOOK_EVERY
        waits = self._start(due)
        if not self._under_way() and not any(self._patience.wait(*_lane(delivery)) <= 0 for delivery in due):
            self._quiet.set()
        return min((LOOK_EVERY, *waits))

    async def _catch_up(self, now: datetime) -> None:
        """After an outage the lines of each thread leave as one."""
        oldest = await self._ledger.read(lambda db: outbox.oldest_age(db, now))
        if oldest is not None and oldest >= CATCH_UP_AFTER and now >= self._caught_up + CATCH_UP_EVERY:
            self._caught_up = now
            await self._ledger.write(lambda db: fold_waiting(db, now, CATCH_UP_AFTER, THREADS))

    def _start(self, due: Iterable[Delivery]) -> list[float]:
        """Of each lane the most urgent page goes first, and while that must wait so do those behind it.

        Returns the waits. A card's own pace holds up that card alone.
        """
        waits: list[float] = []
        full: set[tuple[str, Lane]] = set(self._lanes)
        for delivery in in_sending_order(list(due)):
            lane = _lane(delivery)
            if lane in full:
                continue
            wait = max(self._patience.wait(*lane), self._pace_of(delivery))
            if wait > 0:
                waits.append(wait)
                continue
            full.add(lane)
            self._backlog.taken(delivery)
            task = asyncio.create_task(self._deliver(delivery, lane[1]), name=f"courier {lane[0]} {lane[1].value}")
            self._lanes[lane] = task
            task.add_done_callback(partial(self._ended, lane))
        return waits

    def _pace_of(self, delivery: Delivery) -> float:
        if delivery.card is None:
            return self._pace.before_post(delivery.item.channel)
        return self._pace.before_update(delivery.item.card)

    def _ended(self, lane: tuple[str, Lane], task: asyncio.Task[None]) -> None:
        self._lanes.pop(lane, None)
        if not task.cancelled():
            if (error := task.exception()) is not None:
                log.error("courier.failed", channel=lane[0], exc_info=error)
            self._awake.set()

    async def _deliver(self, delivery: Delivery, lane: Lane) -> None:
        claimed = await self._ledger.write(lambda db: outbox.claim(db, delivery.item.id, self._now()))
        if claimed is None:
            return
        item = claimed.item
        if lane is Lane.POST:
            self._pace.posted(item.channel, item.card)
        else:
            self._pace.updated(item.card)
        try:
            async with asyncio.timeout(SHOW_SECONDS):
                shown = await self._poster.show(claimed)
        except NotShown as failure:
            await self._not_shown(claimed, failure.ending, failure.lane)
        except Exception as error:
            # Also what is wrong on our side: the page is kept, and looked for before it is tried again.
            log.exception("courier.failed", channel=item.channel, card=item.card)
            await self._not_shown(claimed, Ending(Fate.UNKNOWN, f"internal error ({type(error).__name__})"), lane)
        else:
            await self._shown(claimed, shown, lane)

    async def _shown(self, delivery: Delivery, shown: Shown, lane: Lane) -> None:
        item, now = delivery.item, self._now()
        await self._record(lambda db: outbox.delivered(db, [item.id], shown.channel, shown.ts, now))
        self._last_success = now
        self._patience.succeeded(item.channel, lane)
        self._troubles.pop(item.channel, None)
        self._troubles.pop(item.card, None)
        if shown.files and item.card not in self._attached:
            self._attached.add(item.card)
            task = asyncio.create_task(self._attach(item.card, shown))
            self._uploads.add(task)
            task.add_done_callback(self._uploads.discard)

    async def _attach(self, card: str, shown: Shown) -> None:
        """The message stands without its file, so a file that Slack does not take is no reason to stop."""
        try:
            async with asyncio.timeout(SHOW_SECONDS):
                await self._poster.upload(shown)
        except Exception as error:
            self._attached.discard(card)
            log.warning("courier.file_not_attached", card=card, error=ending_of(error).error)

    async def _not_shown(self, delivery: Delivery, ending: Ending, lane: Lane) -> None:
        item = delivery.item
        again = self._now() + timedelta(seconds=self._patience.failed(item.channel, lane, ending))
        if (trouble := _trouble(item.channel, item.card, ending)) is not None:
            self._troubles[trouble[0]] = trouble[1]
        log.warning("courier.not_shown", channel=item.channel, card=item.card, error=ending.error, tries=item.tries)
        if ending.fate is Fate.UNKNOWN and lane is Lane.POST:
            await self._record(lambda db: outbox.uncertain(db, item.id, ending.error, again))
        else:
            # Changing a message twice changes it once, so a change is simply made again.
            await self._record(lambda db: outbox.failed(db, item.id, ending.error, again))

    async def _record(self, change: Callable[[Database], object]) -> None:
        """Writes down what happened, again and again while the ledger cannot be written: it must not be forgotten."""
        while True:
            try:
                await self._ledger.write(change)
                return
            except LedgerError as error:
                if error.problem not in _PASSING:
                    raise
                log.exception("courier.ledger_not_written")
            await asyncio.sleep(LOOK_EVERY)


def _lane(delivery: Delivery) -> tuple[str, Lane]:
    return delivery.item.channel, Lane.POST if delivery.card is None else Lane.UPDATE


def _trouble(channel: str, card: str, ending: Ending) -> tuple[str, str] | None:
    """What to tell those who watch the bot: under which name, and the line with the mend."""
    match ending.fate:
        case Fate.NO_CHANNEL:
            return (
                channel,
                f"{channel}: {ending.error}. Invite the app into the channel, or correct it in the settings.",
            )
        case Fate.NO_ACCESS:
            return channel, f"{channel}: {ending.error}. Install the app again with the scopes of manifest.yml."
        case Fate.REFUSED | Fate.BAD_CONTENT | Fate.NO_MESSAGE:
            return card, f"{channel}: Slack refuses a message ({ending.error}); it is kept and tried again."
        case _:
            return None
