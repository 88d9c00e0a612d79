"""`/ha queries [cluster] [server] [1h]`: which queries took the time, and how they did a week before."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from commands.asked import Asked
from commands.authority import VIEW
from commands.people import Person
from commands.plots.queries_page import Queries, queries_page
from commands.plots.view import unreadable
from commands.plots.words import understood
from commands.world import World
from ledger.history.history import HistoryUnreadable
from ledger.history.series import Series
from ledger.page import Page
from ledger.query_series import QUERY_CALLS, QUERY_LOAD, QUERY_MEAN_SECONDS, query_of

USUAL = timedelta(hours=1)
WEEK = timedelta(days=7)
_NAMES = (QUERY_LOAD, QUERY_MEAN_SECONDS, QUERY_CALLS)


class QueriesView:
    """The view; from the history alone."""

    name = "queries"
    usage = "queries [cluster] [server] [1h]"
    summary = "Which queries took the time, with their mean, and against the same time last week"
    right = VIEW

    async def answer(self, asked: Asked, person: Person, arguments: Sequence[str], world: World) -> Page:
        stretch = understood(arguments, world.clusters, self.usage, USUAL)
        cluster, end = stretch.cluster.name, world.now()
        start = end - stretch.back

        def of_server(found: Sequence[Series]) -> tuple[Series, ...]:
            return tuple(one for one in found if stretch.server in (None, query_of(one.subject).server))

        try:
            now, before = await asyncio.gather(
                world.history.every_series(cluster, _NAMES, start, end),
                world.history.every_series(cluster, _NAMES, start - WEEK, end - WEEK),
            )
        except HistoryUnreadable as error:
            return unreadable(f"{cluster}: queries", error)
        return queries_page(Queries(cluster, of_server(now), of_server(before), start, end, person.zone))
