"""Everything around alerts, made and wired: what is watched beside the clusters, who is called, who else is told."""

from collections.abc import Coroutine
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from alerts.itself import OwnClusters
from alerts.keeper import AlertKeeper
from alerts.monitor import Monitor
from alerts.outside import OutsideAlerts
from alerts.plots import AlertPlots, watched_by_rules
from alerts.routes import Route
from alerts.rules import RULES
from alerts.rules.custom.custom_rule import CustomRules
from alerts.wording import title_of
from bot.http.alertmanager import AlertmanagerWebhook
from bot.http.health import Readiness, readiness
from bot.http.notes import NotesHook
from bot.http.rules import RulePages
from bot.inventory import own_clusters_of, slack_ids_of, thresholds_of
from bot.ledger_copies.keeper import LedgerCopyKeeper
from bot.on_call.keeper import OnCall
from bot.on_call_settings import duties
from bot.paging.forwarder import Forwarder
from bot.paging_settings import forwardings
from bot.routes_settings import routes
from bot.rules_settings import custom_rules
from bot.runbooks_settings import runbook_of
from bot.settings import Settings
from bot.vitals import VitalSigns
from bot.watchdog.pinger import Pinger
from bot.watchdog.self_watch import SelfWatch
from bot.watchdog_settings import WebhookSettings
from bot.wiring import Wired, utc_now


@dataclass(frozen=True, slots=True)
class Alerting:
    """The keeper of alerts and what it needs."""

    keeper: AlertKeeper
    custom_rules: CustomRules
    outside: OutsideAlerts
    beside: OwnClusters
    on_call: OnCall
    forwarder: Forwarder
    webhook: AlertmanagerWebhook
    notes: NotesHook
    rule_pages: RulePages
    plots: AlertPlots

    def routes(self) -> tuple[web.RouteDef, ...]:
        """For the HTTP server."""
        return (*self.webhook.routes(), *self.notes.routes(), *self.rule_pages.routes())

    async def start(self) -> None:
        """Reads what the ledger has. Raises LedgerError."""
        await self.outside.start()
        await self.keeper.start()


@dataclass(frozen=True, slots=True)
class Watchdog:
    """Who watches the watcher."""

    self_watch: SelfWatch
    pinger: Pinger

    def chores(self) -> tuple[Coroutine[None, None, None], ...]:
        return self.self_watch.run(), self.pinger.run()


def open_alerting(settings: Settings, wired: Wired) -> Alerting:
    """Nothing is started."""
    custom, outside, beside = custom_rules(settings.rules), OutsideAlerts(wired.ledger), own_clusters_of(settings)
    emails = {person.email.lower(): key for key, person in settings.people.items() if person.email}
    on_call = OnCall(duties(settings.on_call), emails, utc_now)
    common, for_clusters = thresholds_of(settings)
    rules = CustomRules(custom)
    keeper = AlertKeeper(
        wired.ledger,
        (*wired.clusters.values(), beside.own, beside.elsewhere),
        common,
        utc_now,
        for_clusters=for_clusters,
        routes=lambda: _routes(settings, on_call),
        remember=wired.world.history.record,
        custom_rules=rules,
        outside=outside,
        runbook=partial(runbook_of, settings.runbooks, settings.http.url),
    )
    forwarder = Forwarder(wired.ledger, keeper, forwardings(settings.paging), title_of, utc_now)
    hooks = settings.webhook or WebhookSettings()
    webhook = AlertmanagerWebhook(hooks, outside, wired.clusters, utc_now)
    notes = NotesHook(hooks.token, wired.ledger, wired.clusters, utc_now)
    rule_pages = RulePages((*RULES, *rules.rules), common)
    watched = watched_by_rules(custom)
    plots = AlertPlots(keeper, wired.ledger, wired.world.history, wired.clusters.values(), watched, utc_now)
    return Alerting(keeper, rules, outside, beside, on_call, forwarder, webhook, notes, rule_pages, plots)


def open_watchdog(
    settings: Settings,
    wired: Wired,
    alerting: Alerting,
    monitor: Monitor,
    signs: VitalSigns,
    copies: LedgerCopyKeeper,
) -> Watchdog:
    """Nothing is started."""

    async def ready() -> Readiness:
        return readiness(await signs.vitals())

    url = settings.watchdog.ping_url
    pinger = Pinger(url.get_secret_value() if url else None, settings.watchdog.ping_every, ready, utc_now)
    self_watch = SelfWatch(
        settings.watchdog,
        alerting.beside,
        wired.ledger,
        alerting.keeper,
        monitor,
        alerting.outside,
        signs.vitals,
        pinger.state,
        copies.state,
        utc_now,
    )
    return Watchdog(self_watch, pinger)


def _routes(settings: Settings, on_call: OnCall) -> tuple[Route, ...]:
    """As they are at this moment: who is on call changes."""
    ids = slack_ids_of(settings)
    now = {one.name: tuple(each for key in one.people for each in ids.get(key, ())) for one in on_call.now()}
    return routes(settings.routes, {**ids, **now})
