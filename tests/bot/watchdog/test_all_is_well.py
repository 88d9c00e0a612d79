"""The daily word: when it is due, and what it says."""

from datetime import UTC, datetime, time

import pytest

from bot.watchdog.all_is_well import ClusterWord, day_due, word_page
from ledger.page import Items, Tone
from servers.verdict import Verdict

AT = time(8)


@pytest.mark.parametrize(
    ("now", "due"),
    [("07:59", None), ("08:00", "2026-03-01"), ("08:59", "2026-03-01"), ("09:00", None), ("23:00", None)],
)
def test_it_is_due_at_its_time_and_not_long_after(now: str, due: str | None) -> None:
    hour, minute = (int(part) for part in now.split(":"))
    assert day_due(AT, datetime(2026, 3, 1, hour, minute, 30, tzinfo=UTC)) == due


def test_all_is_well_names_each_cluster_with_its_backup_and_drill() -> None:
    page = word_page([ClusterWord("shop", Verdict.HEALTHY, 3 * 3600.0, 2 * 86400.0)], [], 0)
    assert (page.title, page.tone) == ("All is well", Tone.GOOD)
    (items, _) = page.parts
    assert isinstance(items, Items)
    assert items.items[0].detail == "healthy, newest backup 3 h old, last drill passed 2 d ago"


def test_one_that_is_not_healthy_is_not_called_well() -> None:
    words = [ClusterWord("shop", Verdict.HEALTHY), ClusterWord("bank", Verdict.STANDBY_DOWN), ClusterWord("new", None)]
    page = word_page(words, [], 4)
    assert page.title == "Understudy works, and not all is well"
    assert page.summary == "3 clusters watched, 2 not healthy, 0 alerts open: /ha alerts has them."
    assert page.tone is Tone.WARNING
