"""Hours of a day and days of a week, by the wall clock of a place."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of a day by the wall clock of a time zone; `end` is not within. From an hour to the same one: all day.

    One that ends before it begins passes midnight, and belongs to the day on which it began. `days`: Monday is 0; none
    means all. The clock of the zone decides, so a night in which the clocks are changed is an hour longer or shorter.
    """

    start: time
    end: time
    zone: ZoneInfo
    days: frozenset[int] = frozenset()

    def contains(self, at: datetime) -> bool:
        """`at` is aware."""
        local = at.astimezone(self.zone)
        clock, day = local.time(), local.weekday()
        if self.start < self.end:
            return self.start <= clock < self.end and self._is_day(day)
        if clock >= self.start:
            return self._is_day(day)
        return clock < self.end and self._is_day((day - 1) % 7)

    def ends_after(self, at: datetime) -> datetime:
        """When the hours that contain that moment are over, in UTC. Of hours that are never over: in eight days."""
        ahead = sorted(edge for edge in self.edges(at) if edge > at)
        return next((edge for edge in ahead if not self.contains(edge)), ahead[-1])

    def edges(self, at: datetime) -> Iterator[datetime]:
        """When it may begin or end, from the day of that moment on for eight days, in UTC. Only a hint where the clocks
        are changed in between."""
        today = at.astimezone(self.zone).date()
        for day in range(9):
            for clock in (self.start, self.end, time()):
                for fold in (0, 1):
                    local = datetime.combine(today + timedelta(days=day), clock.replace(fold=fold), self.zone)
                    yield local.astimezone(UTC)

    def _is_day(self, day: int) -> bool:
        return not self.days or day in self.days
