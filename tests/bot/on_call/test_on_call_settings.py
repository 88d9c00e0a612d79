"""Mistakes in [on_call] and [paging], each with its mend."""

from typing import Any

import pytest

from bot.on_call_settings import mistakes_in_on_call
from bot.paging_settings import mistakes_in_paging

ROTA = {"kind": "rota", "people": ["alice"], "start": "2026-01-05"}
SCHEDULE = {"kind": "pagerduty", "schedule": "P1", "token": "t", "fallback": ["dba"]}


def found(section: dict[str, Any], name: str = "primary") -> list[tuple[str, str]]:
    mistakes = mistakes_in_on_call({name: section}, ("alice", "bob"), ("dba",))
    return [(mistake.key, mistake.right) for mistake in mistakes]


@pytest.mark.parametrize("section", [ROTA, SCHEDULE])
def test_what_is_right_is_no_mistake(section: dict[str, Any]) -> None:
    assert found(section) == []


@pytest.mark.parametrize(
    ("section", "key", "right"),
    [
        ({**ROTA, "people": ["alcie"]}, "on_call.primary.people", "did you mean 'alice'?"),
        ({**SCHEDULE, "fallback": ["dbas"]}, "on_call.primary.fallback", "did you mean 'dba'?"),
        (
            {**SCHEDULE, "token": None},
            "on_call.primary.token",
            "set UNDERSTUDY_ON_CALL__PRIMARY__TOKEN, or write it into a secret file",
        ),
        (
            {**SCHEDULE, "kind": "grafana"},
            "on_call.primary.url",
            "write the API URL that Grafana OnCall's settings show",
        ),
        ({**SCHEDULE, "url": "api.pagerduty.com"}, "on_call.primary.url", 'write one that begins with "https://"'),
    ],
)
def test_each_mistake_has_its_mend(section: dict[str, Any], key: str, right: str) -> None:
    assert found(section) == [(key, right)]


def test_a_duty_has_no_name_of_a_person() -> None:
    assert found(ROTA, "alice") == [("on_call.alice", "give it a name of its own")]


def test_paging_needs_its_key() -> None:
    (mistake,) = mistakes_in_paging({"pager": {"kind": "pagerduty"}})
    assert mistake.right == "set UNDERSTUDY_PAGING__PAGER__KEY, or write it into a secret file"
    assert not list(mistakes_in_paging({"pager": {"kind": "opsgenie", "key": "k"}}))
