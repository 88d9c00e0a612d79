"""A view of how something went: `/ha lag`, `/ha disk` and `/ha connections` are this, each of another measure."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from commands.asked import Asked
from commands.authority import VIEW
from commands.people import Person
from commands.plots.measure import Measure
from commands.plots.page import Course, course_page
from commands.plots.words import understood
from commands.world import World
from ledger.happened import plot_marks
from ledger.history.history import HistoryUnreadable
from ledger.history.series import Series
from ledger.page import Page, Tone, text

USUAL = timedelta(hours=3)


class PlotView:
    """Answers from the history alone: it says as much while the servers hang."""

    right = VIEW

    def __init__(self, name: str, measure: Measure, summary: str) -> None:
        self.name = name
        self.usage = f"{name} [cluster] [server] [3h]"
        self.summary = summary
        self._measure = measure

    async def answer(self, asked: Asked, person: Person, arguments: Sequence[str], world: World) -> Page:
        stretch = understood(arguments, world.clusters, self.usage, USUAL)
        cluster, end = stretch.cluster.name, world.now()
        start = end - stretch.back
        names = (*self._measure.drawn, *(name for name, _ in self._measure.beside))
        try:
            found = await world.history.every_series(cluster, names, start, end)
            cuts = await world.history.reaches_back()
        except HistoryUnreadable as error:
            return unreadable(f"{cluster}: {self._measure.title}", error)
        return course_page(
            Course(
                cluster=cluster,
                measure=self._measure,
                series=_in_order(names, found, stretch.server),
                start=start,
                end=end,
                limits=world.thresholds(cluster),
                zone=person.zone,
                cuts=cuts,
                marks=await world.ledger.read(lambda db: plot_marks(db, cluster, start, end)),
            )
        )


def _in_order(names: Sequence[str], found: Iterable[Series], server: str | None) -> tuple[Series, ...]:
    """Of that server, or of all; what is drawn comes first."""
    wanted = (one for one in found if server in (None, one.subject.split(" ", 1)[0]))
    return tuple(sorted(wanted, key=lambda one: (names.index(one.name), one.subject)))


def unreadable(title: str, error: HistoryUnreadable) -> Page:
    return Page(title, Tone.UNKNOWN, str(error), (text(str(error)),))
