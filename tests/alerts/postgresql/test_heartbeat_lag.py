"""The heartbeat tells the lag in seconds where nobody writes, and nothing once it stands still."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from alerts.observation import Look
from alerts.rules.rule import Bad, Ok
from servers.heartbeat import Beats
from servers.watching.watched import Watched
from tests.alerts.looks import DB1, DB2, NOW, gone, look
from tests.alerts.postgresql.readings import judged, value


def beats(standby_behind: float, primary_ago: float = 1.0) -> Beats:
    written = NOW - timedelta(seconds=primary_ago)
    at: dict[str, datetime] = {"db1": written, "db2": written - timedelta(seconds=standby_behind)}
    return Beats(at, "db1")


def seen(now: Beats | None, of: Look | None = None) -> Look:
    of = of or look()
    return replace(of, state=replace(of.state, watched=Watched(beats=now)))


def test_it_counts_where_it_is_larger() -> None:
    assert value(seen(beats(90.0)), "heartbeat_lag_seconds", "db2") == 90.0
    assert isinstance(judged(seen(beats(90.0)), "replay_lag", "db2"), Bad)
    assert isinstance(judged(seen(beats(5.0)), "replay_lag", "db2"), Ok)
    assert value(seen(beats(90.0)), "heartbeat_lag_seconds", "db1") == 0.0


@pytest.mark.parametrize(
    "unknown",
    [
        seen(Beats()),
        seen(beats(0.0, primary_ago=300.0)),
        seen(Beats({"db1": NOW}, "db1")),
        seen(Beats({"db2": NOW}, "db1")),
        seen(beats(90.0), look(DB1, gone(DB2))),
    ],
    ids=["never beaten", "stands still", "not there yet", "primary silent", "standby down"],
)
def test_it_is_unknown_where_it_cannot_be_compared(unknown: Look) -> None:
    assert value(unknown, "heartbeat_lag_seconds", "db2") is None


def test_where_the_settings_want_none_there_is_none() -> None:
    with pytest.raises(StopIteration):
        value(seen(None), "heartbeat_lag_seconds", "db2")
