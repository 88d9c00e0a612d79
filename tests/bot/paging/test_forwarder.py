"""Paging services are told of each alert under one key: once, in order, again after a failure, and to its end."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.lifecycle import own_group
from bot.asking import NotAnswered
from bot.paging.forwarder import Forwarder, Forwarding, due
from bot.paging.grafana import GrafanaWebhook
from bot.paging.opsgenie import OpsgenieAlerts
from bot.paging.pagerduty import PagerDutyEvents
from bot.paging.service import PagingService
from ledger.alerts import AlertRow, AlertState, Severity, save
from ledger.forwarding import Told, told_of
from ledger.ledger import Ledger
from ledger.who import Who
from tests.bot.services_elsewhere import Elsewhere, elsewhere

NOW = datetime(2026, 3, 1, 3, 12, tzinfo=UTC)
CRITICAL = frozenset({Severity.CRITICAL})
ALERT = AlertRow(
    id="A7K2",
    rule="primary_down",
    cluster="shop",
    subject="db1",
    severity=Severity.CRITICAL,
    state=AlertState.FIRING,
    value="down",
    threshold="up",
    evidence="SQL: refused",
    group=own_group("A7K2"),
    since=NOW,
    last_seen_at=NOW,
    fired_at=NOW,
)
BOB = Who("U0BOB", "bob")


@pytest.mark.parametrize(
    ("alert", "told", "expected"),
    [
        (ALERT, {}, [("A7K2", Told.TRIGGERED)]),
        (ALERT, {"A7K2": Told.TRIGGERED}, []),
        (replace(ALERT, acknowledged_by=BOB), {"A7K2": Told.TRIGGERED}, [("A7K2", Told.ACKNOWLEDGED)]),
        (replace(ALERT, acknowledged_by=BOB), {"A7K2": Told.ACKNOWLEDGED}, []),
        (replace(ALERT, severity=Severity.WARNING), {}, []),
        (replace(ALERT, silenced_by=BOB), {}, []),
        (replace(ALERT, group="alert/OTHER"), {}, []),
        (ALERT, {"A7K2": Told.REFUSED}, []),
        (None, {"A7K2": Told.TRIGGERED}, [("A7K2", Told.RESOLVED)]),
        (None, {"A7K2": Told.ACKNOWLEDGED}, [("A7K2", Told.RESOLVED)]),
        (None, {"A7K2": Told.RESOLVED}, []),
        (ALERT, {"A7K2": Told.RESOLVED}, [("A7K2", Told.TRIGGERED)]),
        (replace(ALERT, silenced_by=BOB), {"A7K2": Told.RESOLVED}, []),
    ],
)
def test_what_is_due(alert: AlertRow | None, told: dict[str, Told], expected: list[tuple[str, Told]]) -> None:
    assert list(due([alert] if alert else [], told, CRITICAL, NOW)) == expected


class Fires:
    """Stands for the keeper: what fires is what the test says."""

    def __init__(self) -> None:
        self.alerts: tuple[AlertRow, ...] = ()

    def firing(self, cluster: str | None = None) -> tuple[AlertRow, ...]:
        return self.alerts


class Scene:
    def __init__(self, ledger: Ledger, there: Elsewhere) -> None:
        self.ledger, self.there, self.fires = ledger, there, Fires()

    def forwarder(self) -> Forwarder:
        keeper: Any = self.fires
        return Forwarder(self.ledger, keeper, (), lambda alert: f"{alert.cluster}: {alert.rule}", lambda: NOW)

    async def fire(self, alert: AlertRow) -> None:
        self.fires.alerts = (alert,) if alert.state is AlertState.FIRING else ()
        await self.ledger.write(lambda db: save(db, alert))

    async def tell(self, service: PagingService) -> None:
        """By a forwarder that knows nothing but the ledger, as after a restart."""
        await self.forwarder().tell_all(Forwarding(service, CRITICAL))

    async def told(self) -> dict[str, Told]:
        return dict(await self.ledger.read(lambda db: told_of(db, "pager")))


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with await Ledger.open(tmp_path / "ledger.sqlite3") as ledger, elsewhere() as there:
        yield Scene(ledger, there)


async def live(scene: Scene, service: PagingService) -> None:
    """Fires, is acknowledged, resolves; looked at more often than it changes."""
    for alert in (
        ALERT,
        replace(ALERT, acknowledged_by=BOB, acknowledged_at=NOW),
        replace(ALERT, state=AlertState.RESOLVED, resolved_at=NOW + timedelta(minutes=1), value="up again"),
    ):
        await scene.fire(alert)
        for _ in range(3):
            await scene.tell(service)


async def test_pagerduty_hears_each_word_once_under_one_key(scene: Scene) -> None:
    await live(scene, PagerDutyEvents("pager", "r0uting", scene.there.url))
    bodies = [body for _, path, _, body in scene.there.asked if path == "/v2/enqueue"]
    assert [body["event_action"] for body in bodies] == ["trigger", "acknowledge", "resolve"]
    assert {body["dedup_key"] for body in bodies} == {"understudy/A7K2"}
    assert {body["routing_key"] for body in bodies} == {"r0uting"}
    assert bodies[0]["payload"]["summary"] == "shop: primary_down: down"
    assert bodies[0]["payload"]["severity"] == "critical"
    assert await scene.told() == {"A7K2": Told.RESOLVED}


async def test_opsgenie_hears_it_by_alias(scene: Scene) -> None:
    await live(scene, OpsgenieAlerts("pager", "k3y", scene.there.url))
    paths = [(path, query) for _, path, query, _ in scene.there.asked]
    by_alias = {"identifierType": "alias"}
    assert paths == [
        ("/v2/alerts", {}),
        ("/v2/alerts/understudy/A7K2/acknowledge", by_alias),
        ("/v2/alerts/understudy/A7K2/close", by_alias),
    ]
    assert scene.there.asked[0][3]["alias"] == "understudy/A7K2"
    assert set(scene.there.tokens) == {"GenieKey k3y"}


async def test_grafana_hears_of_the_beginning_and_the_end(scene: Scene) -> None:
    await live(scene, GrafanaWebhook("pager", f"{scene.there.url}/integrations/v1/formatted_webhook/s3cret/"))
    assert [body["state"] for _, _, _, body in scene.there.asked] == ["alerting", "ok"]
    assert {body["alert_uid"] for _, _, _, body in scene.there.asked} == {"understudy/A7K2"}


async def test_a_service_that_fails_is_told_again_and_one_that_refuses_is_not(scene: Scene) -> None:
    service = PagerDutyEvents("pager", "r0uting", scene.there.url)
    await scene.fire(ALERT)
    scene.there.fails = [500, 429, 401, 403]  # a key that is wrong will be mended, and the alert still stands
    for _ in range(4):
        with pytest.raises(NotAnswered):
            await scene.tell(service)
        assert await scene.told() == {}
    await scene.tell(service)
    assert await scene.told() == {"A7K2": Told.TRIGGERED}
    scene.there.fails = [400]
    await scene.fire(replace(ALERT, state=AlertState.RESOLVED, resolved_at=NOW))
    await scene.tell(service)
    assert await scene.told() == {"A7K2": Told.REFUSED}


async def test_what_keeps_it_from_being_told_does_not_hold_a_secret(scene: Scene) -> None:
    await scene.fire(ALERT)
    with pytest.raises(NotAnswered) as failure:
        await scene.tell(GrafanaWebhook("pager", "http://127.0.0.1:1/s3cret/"))
    assert "s3cret" not in str(failure.value)
