"""What Alertmanager sends becomes alerts like any other, once, for who has the token."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from alerts.itself import ELSEWHERE
from alerts.keeper import AlertKeeper
from alerts.outside import OutsideAlerts
from alerts.probes.outside import observations_of
from alerts.thresholds import Thresholds
from bot.http.alertmanager import AlertmanagerWebhook
from bot.watchdog_settings import WebhookSettings
from ledger.alerts import Severity
from ledger.ledger import Ledger
from ledger.outside_alerts import OutsideAlert
from servers.inventory import Cluster
from tests.alerts.looks import CLUSTER, look

TOKEN = "0123456789abcdef-token"
NOW = datetime(2026, 3, 1, 3, 12, tzinfo=UTC)

# As https://prometheus.io/docs/alerting/latest/configuration/#webhook_config has it.
MESSAGE: dict[str, Any] = {
    "version": "4",
    "groupKey": '{}:{alertname="HighLatency"}',
    "truncatedAlerts": 0,
    "status": "firing",
    "receiver": "understudy",
    "groupLabels": {"alertname": "HighLatency"},
    "commonLabels": {},
    "commonAnnotations": {},
    "externalURL": "http://alertmanager:9093",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "HighLatency", "severity": "critical", "cluster": "shop", "instance": "api:443"},
            "annotations": {"summary": "p99 is 3 s", "runbook_url": "https://wiki/latency"},
            "startsAt": "2026-03-01T03:10:00.123Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus:9090/graph?g0.expr=x",
            "fingerprint": "a1b2c3",
        }
    ],
}


def message(**changes: Any) -> dict[str, Any]:
    return {**MESSAGE, "alerts": [{**MESSAGE["alerts"][0], **changes}]}


class Hook:
    def __init__(self, client: "TestClient[web.Request, web.Application]", alerts: OutsideAlerts) -> None:
        self.client, self.alerts = client, alerts

    async def post(self, body: object, token: str = TOKEN) -> int:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = await self.client.post("/alertmanager", data=data, headers={"Authorization": f"Bearer {token}"})
        return answer.status


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with await Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        yield ledger


@pytest.fixture
async def hook(ledger: Ledger) -> AsyncIterator[Hook]:
    alerts = OutsideAlerts(ledger)
    await alerts.start()
    webhook = AlertmanagerWebhook(WebhookSettings(token=SecretStr(TOKEN)), alerts, ("shop",), lambda: NOW)
    app = web.Application(client_max_size=1024 * 1024)
    app.add_routes(webhook.routes())
    async with TestClient(TestServer(app)) as client:
        yield Hook(client, alerts)


async def test_an_alert_with_the_label_of_a_cluster_stands_there(hook: Hook) -> None:
    assert await hook.post(MESSAGE) == 200
    (alert,) = hook.alerts.of("shop")
    assert alert.subject == "HighLatency (instance=api:443)"
    assert (alert.severity, alert.firing) == (Severity.CRITICAL, True)
    assert alert.lines == ("p99 is 3 s", "https://wiki/latency", "from http://prometheus:9090/graph?g0.expr=x")
    assert alert.since == datetime(2026, 3, 1, 3, 10, 0, 123000, tzinfo=UTC)


async def test_one_of_an_unknown_cluster_stands_elsewhere_with_its_label(hook: Hook) -> None:
    labels = {"alertname": "HighLatency", "cluster": "mars"}
    assert await hook.post(message(labels=labels)) == 200
    (alert,) = hook.alerts.of(ELSEWHERE)
    assert alert.subject == "HighLatency (cluster=mars)"
    assert alert.severity is Severity.WARNING


async def test_what_only_informs_is_left_out(hook: Hook) -> None:
    """Prometheus' own Watchdog alert always fires."""
    assert await hook.post(message(labels={"alertname": "Watchdog", "severity": "none"})) == 200
    assert hook.alerts.of(ELSEWHERE) == ()


async def test_it_is_kept_across_a_restart_and_forgotten_long_after_it_was_resolved(hook: Hook, ledger: Ledger) -> None:
    await hook.post(MESSAGE)
    again = OutsideAlerts(ledger)
    await again.start()
    assert again.of("shop") == hook.alerts.of("shop")
    await hook.post(message(status="resolved"))
    assert not hook.alerts.of("shop")[0].firing
    await hook.alerts.take((), NOW + timedelta(days=3))
    assert hook.alerts.of("shop") == ()


async def test_it_fires_once_however_often_it_is_sent_and_resolves_when_that_is_said(
    hook: Hook, ledger: Ledger
) -> None:
    keeper = AlertKeeper(ledger, [CLUSTER], Thresholds(), lambda: NOW, outside=hook.alerts)
    await keeper.start()
    seen = look()
    for _ in range(3):
        await hook.post(MESSAGE)
        await keeper.take(seen.cluster, seen.state, seen.judgement)
    (row,) = keeper.firing("shop")
    assert (row.rule, row.subject, row.severity) == ("outside", "HighLatency (instance=api:443)", Severity.CRITICAL)
    await hook.post(message(status="resolved"))
    await keeper.take(seen.cluster, seen.state, seen.judgement)
    assert keeper.firing("shop") == ()


@pytest.mark.parametrize("statuses", [("firing", "resolved"), ("resolved", "firing"), ("firing", "firing")])
async def test_of_one_thing_in_two_severities_the_worst_that_fires_counts(
    hook: Hook, statuses: tuple[str, str]
) -> None:
    """Prometheus' usual pair of rules: DiskFull as a warning and DiskFull as critical, which differ in nothing else."""
    pair = [
        {**MESSAGE["alerts"][0], "labels": {"alertname": "DiskFull", "severity": severity}, **rest}
        for severity, rest in (
            ("critical", {"status": statuses[0], "fingerprint": "c0"}),
            ("warning", {"status": statuses[1], "fingerprint": "d1"}),
        )
    ]
    assert await hook.post({**MESSAGE, "alerts": pair}) == 200
    (seen,) = observations_of(hook.alerts.of(ELSEWHERE))
    assert seen.value == (2.0 if statuses[0] == "firing" else 1.0)


async def test_elsewhere_has_alerts_without_a_server(hook: Hook, ledger: Ledger) -> None:
    elsewhere = Cluster(ELSEWHERE, "C0OPS", ())
    keeper = AlertKeeper(ledger, [CLUSTER, elsewhere], Thresholds(), lambda: NOW)
    await keeper.start()
    await hook.post(message(labels={"alertname": "DiskFull"}))
    await keeper.take_own(elsewhere, NOW, observations_of(hook.alerts.of(ELSEWHERE)))
    assert [row.subject for row in keeper.firing(ELSEWHERE)] == ["DiskFull"]


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "ünïcode"])
async def test_who_has_not_the_token_is_refused(hook: Hook, token: str) -> None:
    assert await hook.post(MESSAGE, token) == 401
    assert hook.alerts.of("shop") == ()


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe nonsense",
        {"alerts": "no"},
        {"alerts": [{"status": "firing"}]},
        message(startsAt="yesterday"),
        message(labels={"alertname": ["a"]}),
        message(annotations={"summary": "x" * 5000}),
        {"alerts": [MESSAGE["alerts"][0]] * 501},
    ],
)
async def test_what_makes_no_sense_is_refused_and_changes_nothing(hook: Hook, body: object) -> None:
    assert await hook.post(body) == 400
    assert hook.alerts.of("shop") == ()


async def test_a_body_that_is_too_large_is_refused(hook: Hook) -> None:
    assert await hook.post(b"x" * (1024 * 1024 + 1)) == 413


async def test_a_long_subject_is_cut_and_still_told_from_others(hook: Hook) -> None:
    for fingerprint in ("one", "two"):
        labels = {"alertname": "Long", "cluster": "shop", "path": "x" * 500}
        await hook.post(message(labels=labels, fingerprint=fingerprint))
    subjects: set[str] = {alert.subject for alert in hook.alerts.of("shop")}
    assert len(subjects) == 2


def test_without_a_token_there_is_no_route() -> None:
    class Nothing(OutsideAlerts):
        def __init__(self) -> None:
            pass

        def of(self, cluster: str) -> tuple[OutsideAlert, ...]:
            return ()

    assert AlertmanagerWebhook(WebhookSettings(), Nothing(), ("shop",), lambda: NOW).routes() == ()
