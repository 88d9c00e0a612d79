"""What Prometheus can scrape: the bot's own vitals and what it knows of the clusters, read at the scrape."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from alerts.observation import Observation
from bot.witness.keeper import WitnessFigures
from ledger.history.history import HistoryFigures
from servers.inventory import Cluster
from servers.lag import replay_lag_bytes
from servers.state import ClusterState, Role
from servers.verdict import Judgement, Verdict


@dataclass(frozen=True, slots=True)
class ClusterView:
    """The last look at a cluster. None where there has been none yet."""

    cluster: Cluster
    state: ClusterState | None
    judgement: Judgement | None
    look_age_seconds: float | None
    look_seconds: float | None
    failed_looks: int
    looks_left_out: int = 0


@dataclass(frozen=True, slots=True)
class BotView:
    """The bot's own numbers."""

    clusters: tuple[ClusterView, ...]
    firing_alerts: tuple[tuple[str, str], ...]  # (cluster, severity), one an alert
    outbox_pending: int
    outbox_oldest_seconds: float | None
    slack_sockets: int | None
    loop_lag_seconds: float
    witness: WitnessFigures | None = None  # None: not looked yet
    history: HistoryFigures | None = None
    observed: Mapping[str, tuple[Observation, ...]] = field(default_factory=dict)  # by the last look at each cluster


class Metrics(Collector):
    """Reads a view at each scrape; holds nothing itself."""

    def __init__(self, view: Callable[[], BotView]) -> None:
        self._view = view

    def describe(self) -> Iterator[Metric]:
        # Nothing is read at registration: the parts may not have started yet.
        return iter(())

    def collect(self) -> Iterator[Metric]:
        view = self._view()
        yield from _of_the_bot(view)
        yield from _of_the_audit_log(view.witness)
        yield from _of_the_history(view.history)
        yield from _of_the_clusters(view.clusters)
        yield from _of_the_probes(view.observed)


def _of_the_bot(view: BotView) -> Iterator[Metric]:
    firing = GaugeMetricFamily("understudy_alerts_firing", "Alerts that fire now.", labels=["cluster", "severity"])
    for key in sorted(set(view.firing_alerts)):
        firing.add_metric(list(key), view.firing_alerts.count(key))
    yield firing
    yield _gauge("understudy_outbox_pending", "Messages that wait for Slack.", view.outbox_pending)
    oldest = view.outbox_oldest_seconds or 0.0
    yield _gauge("understudy_outbox_oldest_seconds", "Age of the oldest message that waits for Slack.", oldest)
    yield _gauge("understudy_loop_lag_seconds", "How late the event loop answers.", view.loop_lag_seconds)
    if view.slack_sockets is not None:
        yield _gauge("understudy_slack_sockets", "Open Socket Mode connections.", view.slack_sockets)


def _of_the_audit_log(figures: WitnessFigures | None) -> Iterator[Metric]:
    if figures is None:
        return
    yield _gauge("understudy_audit_signing", "1 when the audit log is signed.", figures.signing)
    yield _gauge("understudy_audit_unsigned_records", "Records after the last signed one.", figures.unsigned_records)
    copies = figures.copies
    yield _gauge("understudy_witness_waiting", "Signed heads that are not in S3 yet.", copies.count)
    yield _gauge("understudy_witness_failing", "Those of them that S3 did not take so far.", copies.failing)


def _of_the_history(figures: HistoryFigures | None) -> Iterator[Metric]:
    if figures is None:
        return
    yield _gauge("understudy_history_bytes", "Size of the history's file.", figures.used_bytes)
    yield _gauge("understudy_history_limit_bytes", "What it may become.", figures.limit_bytes)
    yield _gauge("understudy_history_given_up", "Stretches given up for room since the start.", figures.given_up)
    yield _gauge("understudy_history_left_out", "Values of too many series since the start.", figures.left_out)
    yield _gauge("understudy_history_kept", "1 unless the history cannot be written.", figures.kept)


def _of_the_clusters(clusters: tuple[ClusterView, ...]) -> Iterator[Metric]:
    verdict = GaugeMetricFamily(
        "understudy_cluster_verdict", "1 for the present verdict.", labels=["cluster", "verdict"]
    )
    up = GaugeMetricFamily("understudy_server_up", "1 when the server answers by SQL.", labels=["cluster", "server"])
    primary = GaugeMetricFamily("understudy_server_primary", "1 for a primary.", labels=["cluster", "server"])
    lag = GaugeMetricFamily("understudy_replay_lag_bytes", "WAL not replayed yet.", labels=["cluster", "server"])
    age = GaugeMetricFamily("understudy_look_age_seconds", "Since the last look ended.", labels=["cluster"])
    seconds = GaugeMetricFamily("understudy_look_seconds", "How long the last look took.", labels=["cluster"])
    failed = GaugeMetricFamily("understudy_failed_looks", "Looks that failed since the start.", labels=["cluster"])
    left_out = GaugeMetricFamily(
        "understudy_looks_left_out", "Looks that were due while the one before still ran.", labels=["cluster"]
    )
    for view in clusters:
        name = view.cluster.name
        left_out.add_metric([name], view.looks_left_out)
        failed.add_metric([name], view.failed_looks)
        if view.look_age_seconds is not None:
            age.add_metric([name], view.look_age_seconds)
        if view.look_seconds is not None:
            seconds.add_metric([name], view.look_seconds)
        if view.state is None or view.judgement is None:
            continue
        for known in Verdict:
            verdict.add_metric([name, known.value], view.judgement.verdict is known)
        for server in view.state.servers:
            up.add_metric([name, server.name], server.sql is not None)
            primary.add_metric([name, server.name], server.role is Role.PRIMARY)
        if view.judgement.primary is None:
            continue
        leading = view.state.server(view.judgement.primary).sql
        for standby in view.judgement.standbys:
            # What is not known is left out: a zero would read as "no lag".
            behind = replay_lag_bytes(leading, view.state.server(standby).sql)
            if behind is not None:
                lag.add_metric([name, standby], behind)
    yield from (verdict, up, primary, lag, age, seconds, failed, left_out)


def _of_the_probes(observed: Mapping[str, tuple[Observation, ...]]) -> Iterator[Metric]:
    """A family for each name that probes observe. What is not known is left out: no number would be true."""
    families: dict[str, GaugeMetricFamily] = {}
    for cluster, observations in observed.items():
        for one in observations:
            if one.value is None or not math.isfinite(one.value):
                continue
            name = f"understudy_observed_{one.name}"
            if name not in families:
                families[name] = GaugeMetricFamily(
                    name, f"As a probe sees it, in {one.unit.value}.", labels=["cluster", "subject"]
                )
            families[name].add_metric([cluster, one.subject], one.value)
    yield from families.values()


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
