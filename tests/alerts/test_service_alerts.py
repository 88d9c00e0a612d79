"""Watched services: when people are called, and that what could not be asked is neither up nor down."""

from dataclasses import replace

import pytest

from alerts.lifecycle import Change
from alerts.observation import Look
from alerts.rules import RULES
from alerts.rules.rule import Bad, Ok, Reading, Result, Unknown
from alerts.thresholds import Thresholds
from ledger.alerts import Severity
from servers.watching.services.view import CERTIFICATE, LATENCY, LATENCY_LIMIT, Measure, Seen, ServiceView, Unit
from servers.watching.watched import Watched
from tests.alerts.looks import ANSWERED, UNREACHABLE, look, primary_down
from tests.alerts.test_host_alerts import observed
from tests.alerts.test_keeper import Scene, scene

__all__ = ["scene"]  # a fixture

DAY = 86_400.0
WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
BY_NAME = {rule.name: rule for rule in RULES}

WELL = ServiceView("web", "http", ANSWERED, Seen())
DOWN = replace(WELL, seen=Seen(problems=("it answered 503, not 200",)))
UNSEEN = replace(WELL, answer=UNREACHABLE, seen=None)


def with_service(view: ServiceView, seen: Look | None = None) -> Look:
    seen = seen or look()
    return replace(seen, state=replace(seen.state, watched=Watched(services=(view,))))


def measured(*measures: Measure) -> ServiceView:
    return replace(WELL, seen=Seen(measures=measures))


def judged(seen: Look, rule: str) -> dict[str, Result]:
    """What the rule finds, by subject."""
    known = observed(seen)
    subjects = dict.fromkeys(one.subject for one in known if one.name == BY_NAME[rule].observes[0])
    return {
        subject: BY_NAME[rule].judge(
            Reading(subject, {one.name: one for one in known if one.subject == subject}, Thresholds())
        )
        for subject in subjects
    }


def severity(view: ServiceView, rule: str, subject: str = "web") -> Severity | str | None:
    match judged(with_service(view), rule)[subject]:
        case Bad(severity=found):
            return found
        case Ok():
            return None
        case Unknown():
            return "unknown"


@pytest.mark.parametrize(
    ("view", "expected"),
    [(WELL, None), (DOWN, CRITICAL), (replace(DOWN, critical=False), WARNING), (UNSEEN, "unknown")],
)
def test_a_service_is_up_down_or_unknown(view: ServiceView, expected: object) -> None:
    assert severity(view, "service_down") == expected


@pytest.mark.parametrize(
    ("took", "limit", "expected"), [(1.9, None, None), (2.1, None, WARNING), (2.1, 3.0, None), (0.6, 0.5, WARNING)]
)
def test_slow_is_what_the_service_or_the_thresholds_say(took: float, limit: float | None, expected: object) -> None:
    own = () if limit is None else (Measure(LATENCY_LIMIT, limit, Unit.SECONDS),)
    assert severity(measured(Measure(LATENCY, took, Unit.SECONDS), *own), "service_slow") == expected


@pytest.mark.parametrize(("days", "expected"), [(30, None), (13, WARNING), (2, CRITICAL), (-1, CRITICAL)])
def test_a_certificate_that_ends_soon_is_told(days: float, expected: object) -> None:
    assert severity(measured(Measure(CERTIFICATE, days * DAY, Unit.SECONDS)), "service_certificate") == expected


@pytest.mark.parametrize(
    ("leads_to", "seen", "expected"),
    [
        ("db1", look(), None),
        ("db2", look(), CRITICAL),
        ("", look(), CRITICAL),
        ("db2", primary_down(), "unknown"),
    ],
)
def test_a_name_leads_to_the_primary(leads_to: str, seen: Look, expected: object) -> None:
    view = replace(WELL, kind="dns", seen=Seen(leads_to=leads_to, detail="db.example resolves to 10.0.0.12"))
    match judged(with_service(view, seen), "traffic_astray")["web"]:
        case Bad(severity=found):
            assert found == expected
        case Ok():
            assert expected is None
        case Unknown():
            assert expected == "unknown"


async def test_a_service_that_is_down_is_told_and_stays_told_while_nobody_can_ask(scene: Scene) -> None:
    await scene.take(with_service(WELL))
    assert await scene.take(with_service(DOWN), 2) == []
    assert await scene.take(with_service(DOWN), 41) == [("service_down", Change.FIRED)]
    (item,) = await scene.outbox()
    assert item.page.title == "shop: web is down"
    assert "it answered 503, not 200" in repr(item.page)
    assert await scene.take(with_service(UNSEEN), 2) == []
    assert await scene.take(with_service(UNSEEN), 31) == [("cannot_see", Change.FIRED)]
    assert ("service_down", Change.RESOLVED) in await scene.take(with_service(WELL), 10)


async def test_what_was_measured_is_not_gone_because_the_service_is(scene: Scene) -> None:
    slow = measured(Measure(LATENCY, 9.0, Unit.SECONDS))
    await scene.take(with_service(slow))
    assert await scene.take(with_service(slow), 301) == [("service_slow", Change.FIRED)]
    assert await scene.take(with_service(UNSEEN), 5) == []
    assert await scene.take(with_service(WELL), 10) == [("service_slow", Change.RESOLVED)]
