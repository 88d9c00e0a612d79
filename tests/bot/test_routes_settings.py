"""The settings of routes: what they become, and what is said of mistakes."""

from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from alerts.routes import Call, Destination, Route, channels_of, destination
from bot.routes_settings import RouteSettings, mistakes_in_routes, routes
from bot.rules_settings import rule_names
from ledger.alerts import Severity
from ledger.hours import Window
from ledger.page import Mention
from tests.alerts.looks import NOW

NIGHT = {"from": "22:00", "to": "06:00", "days": ["sat", "sun"], "time_zone": "Europe/Vienna"}
CRITICAL, WARNING = Severity.CRITICAL, Severity.WARNING


def test_what_a_route_becomes() -> None:
    section = RouteSettings.model_validate(
        {"name": "night", "severities": ["warning"], "clusters": ["test-*"], "call": ["dba", "alice"], **NIGHT}
    )
    (route,) = routes([section], {"dba": ("S0DBA",), "alice": ("U0ALICE",)})
    assert route == Route(
        "night",
        frozenset({WARNING}),
        ("test-*",),
        window=Window(time(22), time(6), ZoneInfo("Europe/Vienna"), frozenset({5, 6})),
        calls=(
            Call("dba", (Mention("dba", "S0DBA", notify=True),)),
            Call("alice", (Mention("alice", "U0ALICE", notify=True),)),
        ),
    )


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"name": "x", "severities": ["bad"]}, "critical"),
        ({"name": "x", "channel": "#ops"}, "pattern"),
        ({"name": "x", "from": "22:00"}, "give both"),
        ({"name": "x", "days": ["sat"]}, "need a time_zone"),
        ({"name": "x", "hold": True}, "hold needs hours"),
        ({"name": "x", "hold": True, "severities": ["critical"], **NIGHT}, "never held back"),
    ],
)
def test_mistakes_of_shape_are_said(section: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        RouteSettings.model_validate(section)


def test_names_that_are_nowhere_are_found() -> None:
    raw = [
        {"name": "a", "call": ["dbaa"], "clusters": ["shop"], "rules": ["disk*"]},
        {"name": "a", "clusters": ["shopp"], "rules": ["dsik"]},
    ]
    found = [
        (one.key, one.right) for one in mistakes_in_routes(raw, frozenset({"dba"}), {"shop": {}}, rule_names(None))
    ]
    assert found == [
        ("routes.0.call", "did you mean 'dba'?"),
        ("routes.1.name", "give each route its own"),
        ("routes.1.clusters", "did you mean 'shop'?"),
        ("routes.1.rules", "did you mean 'disk'?"),
    ]


def test_the_first_that_matches_decides_and_what_is_critical_passes_over_what_would_hold_it() -> None:
    always = (Route("hold", hold=True), Route("loud", frozenset({CRITICAL}), channel="C0ALERT"), Route("rest"))

    def goes(severity: Severity) -> Destination:
        return destination(always, "C0OPS", severity, "shop", "disk", NOW)

    assert goes(CRITICAL) == Destination("C0ALERT")
    assert goes(WARNING) == Destination("C0OPS", held_by="hours/hold")
    assert destination((), "C0OPS", WARNING, "shop", "disk", NOW) == Destination("C0OPS")
    assert channels_of(always, "C0OPS", "shop") == ("C0OPS", "C0ALERT")
