"""The last changes of leader, as the status shows them."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

from commands.patroni_history import history_parts, look_at_history
from commands.world import World
from ledger.page import Facts, Moment
from servers.engines.engine import ActionFailed
from servers.engines.patroni.answers import history_of
from servers.patroni_state import HistoryEntry
from tests.commands.inventory import SHOP

AT = datetime(2026, 1, 31, 3, 12, tzinfo=UTC)
ORDINARY = HistoryEntry(1, "no recovery target specified", AT, "db2")


def test_the_newest_three_are_shown_with_time_and_leader() -> None:
    entries = tuple(replace(ORDINARY, timeline=number, new_leader=f"db{number}") for number in range(1, 6))
    (part,) = history_parts(entries)
    assert isinstance(part, Facts)
    assert [spans[0] for _, spans in part.pairs] == [
        "db5, timeline 5 has ended",
        "db4, timeline 4 has ended",
        "db3, timeline 3 has ended",
    ]
    assert part.pairs[0][1][-1] == Moment(AT)


def test_a_reason_is_shown_where_it_tells_something_and_what_is_missing_is_said() -> None:
    (part,) = history_parts((HistoryEntry(1, "before 2026-01-31 03:00:00+00"),))
    assert isinstance(part, Facts)
    assert part.pairs[0][1] == ("not known who leads since, timeline 1 has ended (before 2026-01-31 03:00:00+00)",)
    assert history_parts(()) == ()


def test_what_patroni_writes_is_read_with_and_without_time_and_leader() -> None:
    text = '[[1, 50331808, "no recovery target specified", "2026-01-31T03:12:00+00:00", "db2"], [2, 5, "why"]]'
    assert history_of(text) == (ORDINARY, HistoryEntry(2, "why"))


async def test_a_patroni_that_does_not_tell_in_time_holds_nobody_up() -> None:
    class Slow:
        async def history(self, *, timeout: float) -> tuple[HistoryEntry, ...]:
            await asyncio.Event().wait()
            raise AssertionError

    class Silent:
        async def history(self, *, timeout: float) -> tuple[HistoryEntry, ...]:
            raise ActionFailed("Patroni does not answer")

    for engine in (Slow(), Silent()):
        world = cast(World, SimpleNamespace(patroni={SHOP.name: engine}))
        assert await look_at_history(world, SHOP, 0.01) == ()
    assert await look_at_history(cast(World, SimpleNamespace(patroni={})), SHOP, 0.01) == ()
