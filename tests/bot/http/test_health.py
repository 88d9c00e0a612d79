"""Readiness: every reason against it is told, and what is not wanted is no reason."""

from dataclasses import replace

import pytest

from bot.http.health import Vitals, readiness

WELL = Vitals(
    ledger_error=None,
    slack_sockets=2,
    outbox_pending=0,
    outbox_oldest_age=None,
    cluster_ages={"shop": 1.0},
    look_limit=30.0,
    loop_lag=0.001,
)


def test_a_bot_that_sees_and_speaks_is_ready() -> None:
    assert readiness(WELL).ready


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ledger_error": "disk full"}, "ledger"),
        ({"slack_sockets": 0}, "Socket Mode"),
        ({"outbox_pending": 3, "outbox_oldest_age": 61.0}, "3 messages wait"),
        ({"cluster_ages": {"shop": None}}, "not been looked at yet"),
        ({"cluster_ages": {"shop": 31.0}}, "31 s ago"),
        ({"loop_lag": 1.5}, "late"),
    ],
)
def test_what_is_wrong_is_told(change: dict[str, object], words: str) -> None:
    verdict = readiness(replace(WELL, **change))  # type: ignore[arg-type]
    assert not verdict.ready
    assert words in "\n".join(verdict.reasons)


def test_a_bot_that_wants_no_sockets_is_ready_without() -> None:
    assert readiness(replace(WELL, slack_sockets=None)).ready


def test_all_reasons_are_told_at_once() -> None:
    assert len(readiness(replace(WELL, slack_sockets=0, loop_lag=2.0, ledger_error="gone")).reasons) == 3
