"""Whose turn it is by a rota."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from bot.on_call.rota import Rota

ROTA = Rota(("alice", "bob", "carol"), date(2026, 3, 2), 7, time(9), ZoneInfo("Europe/Vienna"))


@pytest.mark.parametrize(
    ("now", "who"),
    [
        (datetime(2026, 2, 1, tzinfo=UTC), "alice"),  # before it begins
        (datetime(2026, 3, 2, 8, 0, tzinfo=UTC), "alice"),  # 09:00 in Vienna
        (datetime(2026, 3, 9, 7, 59, tzinfo=UTC), "alice"),
        (datetime(2026, 3, 9, 8, 0, tzinfo=UTC), "bob"),
        (datetime(2026, 3, 16, 8, 0, tzinfo=UTC), "carol"),
        (datetime(2026, 3, 23, 8, 0, tzinfo=UTC), "alice"),
        (datetime(2026, 3, 30, 6, 59, tzinfo=UTC), "alice"),  # the clocks were changed the day before
        (datetime(2026, 3, 30, 7, 0, tzinfo=UTC), "bob"),
    ],
)
def test_each_hands_over_at_that_hour_of_the_place(now: datetime, who: str) -> None:
    assert ROTA.on_call(now) == who


def test_alone_one_is_always_on_call() -> None:
    alone = Rota(("alice",), date(2026, 3, 2), 1, time(), ZoneInfo("UTC"))
    assert {alone.on_call(datetime(2026, 3, day, tzinfo=UTC)) for day in range(1, 31)} == {"alice"}
