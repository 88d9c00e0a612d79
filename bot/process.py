"""The bot as a process: started in order, ended in order, within ten seconds of a SIGTERM."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib.metadata import version

import structlog
from sqlite_utils import Database

from alerts.monitor import Monitor
from bot.alerting import Alerting, Watchdog, open_alerting, open_watchdog
from bot.custom_rules import remember_past
from bot.history_keeper import HistoryKeeper
from bot.http.metrics import Metrics
from bot.http.server import HttpServer
from bot.inventory import intervals_of
from bot.ledger_copies.keeper import LedgerCopyKeeper
from bot.ledger_copies.place import copy_place
from bot.logs import configure_logging
from bot.loop_lag import LoopLag
from bot.repository_memory import remember_repositories
from bot.settings import Settings
from bot.settings_mistakes import Mistake, SettingsError
from bot.settings_record import key_digests, settings_details
from bot.slack.client import SlackClients, open_clients
from bot.slack.directory import SlackDirectory
from bot.slack.face import SlackConfiguration, SlackFace
from bot.slack.identity import OwnIdentity
from bot.slack.threads import SlackThreads
from bot.slack_settings import mistakes_in_tokens
from bot.vitals import VitalSigns
from bot.wiring import Wired, open_world, utc_now
from bot.witness.keeper import Witnesses, WitnessKeeper
from bot.witness.opening import witnesses_of
from ledger.audit import UNDERSTUDY, AuditEntry, AuditKind, append, recent
from ledger.errors import LedgerError
from servers.blocking import in_thread

# A supervisor gives ten seconds: the running step gets most of them, then each part its share, whatever hangs.
STEP_SECONDS = 5.5
WATCH_SECONDS = 0.8
MESSAGES_SECONDS = 1.0
SLACK_SECONDS = 1.5
HTTP_SECONDS = 0.5
WITNESS_SECONDS = 0.5
TICK_SECONDS = 1.0
OPENING_SECONDS = 10.0  # for the signing key's file and boto3's own: a file system that hangs must say so

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Bot:
    """The running parts."""

    wired: Wired
    alerting: Alerting
    monitor: Monitor
    slack: SlackFace
    http: HttpServer
    loop_lag: LoopLag
    witness: WitnessKeeper
    ledger_copies: LedgerCopyKeeper
    watchdog: Watchdog
    keys: Mapping[str, str]  # digests of the settings, by key

    async def copy_ledger(self) -> None:
        await self.ledger_copies.copy()


async def run_bot(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT. The exit status; SettingsError and LedgerError when it cannot start."""
    configuration = _slack_configuration(settings)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with _open(settings, configuration) as bot, _started(bot):
        await stopped.wait()
        log.info("bot.stopping")
    return 0


@asynccontextmanager
async def _open(settings: Settings, configuration: SlackConfiguration) -> AsyncIterator[Bot]:
    """Everything made and wired, nothing started."""
    async with AsyncExitStack() as stack:
        clients = _clients(settings)
        stack.push_async_callback(clients.close)
        identity = OwnIdentity(clients.web)
        wired = await stack.enter_async_context(
            open_world(
                settings,
                lambda roster: SlackDirectory(clients.web, roster, identity),
                partial(SlackThreads, clients.web) if settings.timeline.thread_messages else None,
            )
        )
        configure_logging(settings.log, wired.redactor)
        copies = LedgerCopyKeeper(wired.ledger.path, copy_place(settings), utc_now)
        alerting = open_alerting(settings, wired)
        keeper = alerting.keeper
        intervals = intervals_of(settings)
        monitor = Monitor(
            wired.clusters.values(),
            wired.observer,
            keeper,
            wired.sessions,
            intervals,
            then=wired.dispatcher.see,
            expected=wired.dispatcher.silences,
        )
        slack = SlackFace(
            configuration,
            clients=clients,
            identity=identity,
            directory=wired.world.directory,
            policies=wired.world.policies,
            dispatcher=wired.orders,
            keeper=keeper,
            monitor=monitor,
            ledger=wired.ledger,
            clusters=tuple(wired.clusters),
            now=utc_now,
            duties=alerting.on_call.now,
        )
        loop_lag = LoopLag()
        witness = WitnessKeeper(wired.ledger, await _witnesses(settings), utc_now)
        signs = VitalSigns(wired, keeper, monitor, slack, loop_lag, intervals, witness)
        http_routes = (*slack.routes(), *alerting.routes())
        http = HttpServer(settings.http.host, settings.http.port, signs.vitals, Metrics(signs.view), http_routes)
        watchdog = open_watchdog(settings, wired, alerting, monitor, signs, copies)
        keys = key_digests(settings, wired.redactor)
        yield Bot(wired, alerting, monitor, slack, http, loop_lag, witness, copies, watchdog, keys)


async def _witnesses(settings: Settings) -> Witnesses:
    """SettingsError where what they are made of cannot be read in time."""
    try:
        return await in_thread(partial(witnesses_of, settings), OPENING_SECONDS)
    except TimeoutError:
        wrong = f"the signing key could not be read within {OPENING_SECONDS:g} s"
        mend = "look whether its file system hangs, or name a file on another one"
        raise SettingsError((Mistake("audit.signing_key_file", wrong, mend),)) from None


@asynccontextmanager
async def _started(bot: Bot) -> AsyncIterator[None]:
    """Ended in this order: running steps, the watch, the record of the end, Slack, HTTP; all, whatever fails."""
    names = sorted(bot.wired.clusters)
    async with AsyncExitStack() as ends:
        ends.push_async_callback(_in_time, "http", bot.http.stop, HTTP_SECONDS)
        port = await _listen(bot.http)
        await _record(bot, AuditKind.STARTED, {"version": version("understudy"), "clusters": names})
        await bot.wired.ledger.write(lambda db: _record_settings(db, bot.keys))
        await remember_repositories(bot.wired.observer, bot.wired.world.history, names, utc_now())
        await bot.alerting.start()
        await remember_past(bot.alerting.custom_rules, bot.wired.world.history, names, utc_now())
        ends.push_async_callback(_say_goodbye, bot)
        await bot.slack.start()
        ends.push_async_callback(_in_time, "witness", bot.witness.close, WITNESS_SECONDS)
        ends.push_async_callback(_record_the_end, bot)
        ends.push_async_callback(_in_time, "monitor", bot.monitor.stop, WATCH_SECONDS)
        bot.monitor.start()
        ends.push_async_callback(bot.wired.dispatcher.shutdown, STEP_SECONDS)
        # What was left in the middle goes on now, and is ended with everything else.
        await bot.wired.dispatcher.recover()
        chores = [asyncio.create_task(work) for work in _chores(bot)]
        ends.push_async_callback(_cancelled, chores)
        log.info("bot.started", clusters=names, http_port=port)
        yield


async def _listen(http: HttpServer) -> int:
    """The port. SettingsError when the address cannot be used."""
    try:
        return await http.start()
    except OSError as error:
        wrong = f"nothing can listen there: {error.strerror or error}"
        raise SettingsError((Mistake("http.port", wrong, "choose another http.host or http.port"),)) from None


async def _in_time(part: str, stop: Callable[[], Awaitable[None]], seconds: float) -> None:
    """One part that hangs must not take the others' time."""
    try:
        async with asyncio.timeout(seconds):
            await stop()
    except TimeoutError:
        log.warning("bot.part_did_not_stop", part=part, seconds=seconds)


async def _say_goodbye(bot: Bot) -> None:
    """The last messages, segment and copy leave the machine at once: none takes another one's time."""
    await asyncio.gather(
        _in_time("slack", partial(bot.slack.stop, MESSAGES_SECONDS), SLACK_SECONDS),
        _in_time("witness", bot.witness.write_copies, SLACK_SECONDS),
        _in_time("ledger copy", bot.copy_ledger, SLACK_SECONDS),
    )


async def _cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _chores(bot: Bot) -> tuple[Coroutine[None, None, None], ...]:
    wired = bot.wired
    lasting = wired.offsite.run(), HistoryKeeper(wired.world.history).run(), wired.world.heartbeats.run()
    watching = (
        *bot.watchdog.chores(),
        bot.alerting.on_call.run(),
        bot.alerting.forwarder.run(),
        bot.alerting.plots.run(),
    )
    return bot.loop_lag.run(), _tick(bot), bot.witness.run(), bot.ledger_copies.run(), *lasting, *watching


async def _tick(bot: Bot) -> None:
    """Expires what waited too long, once a second; a failing ledger is told and tried again."""
    while True:
        await asyncio.sleep(TICK_SECONDS)
        try:
            await bot.wired.dispatcher.tick(utc_now())
        except LedgerError as error:
            log.error("bot.tick_failed", error=str(error))
        except Exception:
            log.exception("bot.tick_broke")


def _record_settings(db: Database, keys: Mapping[str, str]) -> None:
    """What has changed since the last start, by the record of that one."""
    last = recent(db, 1, kinds=(AuditKind.SETTINGS_LOADED,))
    before = last[0].entry.details.get("keys") if last else None
    details = settings_details(keys, before if isinstance(before, Mapping) else None)
    append(db, AuditEntry(utc_now(), AuditKind.SETTINGS_LOADED, UNDERSTUDY, details=details))


async def _record(bot: Bot, kind: AuditKind, details: dict[str, object]) -> None:
    at: datetime = utc_now()
    await bot.wired.ledger.write(lambda db: append(db, AuditEntry(at, kind, UNDERSTUDY, details=details)))


async def _record_the_end(bot: Bot) -> None:
    """A ledger that takes nothing (its disk is full) keeps nothing else from ending in good order."""
    try:
        await _record(bot, AuditKind.STOPPED, {})
    except LedgerError as error:
        log.warning("bot.end_not_recorded", error=str(error))


def _slack_configuration(settings: Settings) -> SlackConfiguration:
    """SettingsError names every token that is missing."""
    slack = settings.slack
    if missing := tuple(mistakes_in_tokens({"slack": slack.model_dump()})):
        raise SettingsError(missing)
    return SlackConfiguration(
        mode=slack.mode,
        app_token=slack.app_token.get_secret_value() if slack.app_token else None,
        signing_secret=slack.signing_secret.get_secret_value() if slack.signing_secret else None,
    )


def _clients(settings: Settings) -> SlackClients:
    token = settings.slack.bot_token
    return open_clients(settings.slack.api_url, token.get_secret_value() if token else "")
