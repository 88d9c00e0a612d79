"""The running parts' plain numbers, gathered for health and metrics."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from alerts.intervals import Intervals
from alerts.keeper import AlertKeeper
from alerts.monitor import Monitor
from bot.http.health import Vitals
from bot.http.metrics import BotView, ClusterView
from bot.loop_lag import LoopLag
from bot.slack.face import SlackFace
from bot.wiring import Wired
from bot.witness.keeper import WitnessKeeper
from ledger.errors import LedgerError

# So many missed looks in a row are no hiccup any more.
MISSED_LOOKS = 10


@dataclass(slots=True)
class VitalSigns:
    """Reads the parts. What has to be awaited is kept by `vitals`, for the `view` that follows at once."""

    wired: Wired
    keeper: AlertKeeper
    monitor: Monitor
    slack: SlackFace
    loop_lag: LoopLag
    intervals: Intervals
    witness: WitnessKeeper | None = None
    _outbox: tuple[int, float | None] = (0, None)
    _sockets: int | None = None

    async def vitals(self) -> Vitals:
        """For readiness."""
        vitals = Vitals(
            ledger_error=None,
            slack_sockets=self._sockets,
            outbox_pending=0,
            outbox_oldest_age=None,
            cluster_ages={view.cluster.name: view.look_age_seconds for view in self._clusters()},
            look_limit=max(MISSED_LOOKS * self.intervals.fast, self.intervals.pass_timeout),
            loop_lag=self.loop_lag.seconds,
        )
        try:
            health = await self.slack.health()
        except LedgerError as error:
            return replace(vitals, ledger_error=str(error))
        self._sockets = health.sockets.open if health.sockets.wanted else None
        self._outbox = (health.delivery.pending, health.delivery.oldest_seconds)
        pending, oldest = self._outbox
        return replace(vitals, slack_sockets=self._sockets, outbox_pending=pending, outbox_oldest_age=oldest)

    def view(self) -> BotView:
        """For metrics."""
        pending, oldest = self._outbox
        return BotView(
            clusters=self._clusters(),
            firing_alerts=tuple((alert.cluster, alert.severity.value) for alert in self.keeper.firing()),
            outbox_pending=pending,
            outbox_oldest_seconds=oldest,
            slack_sockets=self._sockets,
            loop_lag_seconds=self.loop_lag.seconds,
            witness=self.witness.latest if self.witness else None,
            history=self.wired.world.history.figures,
            observed=self.keeper.observed(),
        )

    def _clusters(self) -> tuple[ClusterView, ...]:
        now = datetime.now(UTC)
        views = []
        for figures in self.monitor.figures():
            look = self.monitor.last(figures.cluster)
            success = figures.last_success_at
            views.append(
                ClusterView(
                    cluster=self.wired.clusters[figures.cluster],
                    state=look.state if look else None,
                    judgement=look.judgement if look else None,
                    look_age_seconds=(now - success).total_seconds() if success else None,
                    look_seconds=figures.last_seconds,
                    failed_looks=figures.failures,
                    looks_left_out=figures.left_out,
                )
            )
        return tuple(views)
