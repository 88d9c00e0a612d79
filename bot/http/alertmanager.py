"""POST /alertmanager: takes what Prometheus' Alertmanager sends to a webhook, so that its alerts live here as ours do.

The format: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config, version 4. It is sent again until
it is answered with 2xx, so that is only said once the ledger has it.
"""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Annotated, Literal

import structlog
from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from alerts.itself import ELSEWHERE
from alerts.outside import OutsideAlerts
from bot.http.bearer import REFUSED, answer, has_token
from bot.watchdog_settings import WebhookSettings
from ledger.alerts import Severity
from ledger.errors import LedgerError
from ledger.outside_alerts import OutsideAlert

MOST_ALERTS = 500
_LINE, _SUBJECT, _LINES = 300, 120, 12
_NOT_IN_SUBJECT = frozenset({"alertname", "severity"})
_FIRST_LINES = ("summary", "description", "message", "runbook_url")

Text = Annotated[str, Field(max_length=4000)]

_log = structlog.get_logger(__name__)


class SentAlert(BaseModel):
    """One alert of a message."""

    model_config = ConfigDict(extra="ignore")

    status: Literal["firing", "resolved"]
    labels: dict[Text, Text]
    annotations: dict[Text, Text] = {}
    started_at: Annotated[AwareDatetime, Field(alias="startsAt")]
    fingerprint: Annotated[str, Field(min_length=1, max_length=100)]
    source: Annotated[Text, Field(alias="generatorURL")] = ""


class SentMessage(BaseModel):
    """What is posted."""

    model_config = ConfigDict(extra="ignore")

    alerts: Annotated[tuple[SentAlert, ...], Field(max_length=MOST_ALERTS)]


def outside_alerts_of(
    message: SentMessage, settings: WebhookSettings, clusters: Collection[str], now: datetime
) -> tuple[OutsideAlert, ...]:
    """What becomes of each, in order; of several with one fingerprint the last counts. Pure."""
    return tuple(
        _outside_alert(alert, settings, clusters, now)
        for alert in message.alerts
        if alert.labels.get("severity", "").lower() not in settings.ignored
    )


def _outside_alert(
    alert: SentAlert, settings: WebhookSettings, clusters: Collection[str], now: datetime
) -> OutsideAlert:
    named = alert.labels.get(settings.cluster_label, "")
    cluster = named if named in clusters else ELSEWHERE
    critical = alert.labels.get("severity", "").lower() in settings.critical
    hidden = _NOT_IN_SUBJECT | ({settings.cluster_label} if cluster == named else set())
    return OutsideAlert(
        fingerprint=alert.fingerprint,
        cluster=cluster,
        subject=_subject(alert, hidden),
        severity=Severity.CRITICAL if critical else Severity.WARNING,
        firing=alert.status == "firing",
        lines=_lines(alert),
        since=alert.started_at.astimezone(UTC),
        heard_at=now,
    )


def _subject(alert: SentAlert, hidden: Collection[str]) -> str:
    """Its name and what tells it from others of that name; cut, it has its fingerprint to be told by."""
    labels = ", ".join(f"{key}={value}" for key, value in sorted(alert.labels.items()) if key not in hidden)
    whole = " ".join(f"{alert.labels.get('alertname', 'alert')} {f'({labels})' if labels else ''}".split())
    return whole if len(whole) <= _SUBJECT else f"{whole[:_SUBJECT]}… {alert.fingerprint[:12]}"


def _lines(alert: SentAlert) -> tuple[str, ...]:
    first = [alert.annotations[key] for key in _FIRST_LINES if alert.annotations.get(key)]
    rest = [f"{key}: {value}" for key, value in sorted(alert.annotations.items()) if key not in _FIRST_LINES]
    source = [f"from {alert.source}"] if alert.source else []
    return tuple(" ".join(line.split())[:_LINE] for line in (*first, *rest, *source))[:_LINES]


class AlertmanagerWebhook:
    """The route. Without a token in the settings, `routes` has none."""

    def __init__(
        self,
        settings: WebhookSettings,
        alerts: OutsideAlerts,
        clusters: Collection[str],
        now: Callable[[], datetime],
    ) -> None:
        self._settings, self._alerts, self._clusters, self._now = settings, alerts, frozenset(clusters), now

    def routes(self) -> tuple[web.RouteDef, ...]:
        return (web.post("/alertmanager", self._take),) if self._settings.token is not None else ()

    async def _take(self, request: web.Request) -> web.Response:
        if not has_token(request, self._settings.token):
            return answer(401, REFUSED)
        try:
            message = SentMessage.model_validate_json(await request.read())
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            return answer(400, f"this is not what Alertmanager sends: {where or 'the body'}: {first['msg']}")
        alerts = outside_alerts_of(message, self._settings, self._clusters, self._now())
        try:
            await self._alerts.take(alerts, self._now())
        except LedgerError as error:
            _log.error("webhook.not_recorded", error=str(error))
            return answer(503, "the ledger cannot take it now: send it again")
        return answer(200, f"{len(alerts)} of {len(message.alerts)} alerts taken")
