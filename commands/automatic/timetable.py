"""When something is due, as the settings say it: “daily 02:00”, “weekly sun 03:00”, “monthly 1 04:00”, or cron's five
fields. Always in UTC.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.triggers.cron import CronTrigger

_SPOKEN = re.compile(
    r"(?:daily|weekly (?P<weekday>mon|tue|wed|thu|fri|sat|sun)|monthly (?P<day>[1-9]|1[0-9]|2[0-8])) "
    r"(?P<hour>[01]?[0-9]|2[0-3]):(?P<minute>[0-5][0-9])"
)
_FIELDS = 5
_WANTED = "write “daily 02:00”, “weekly sun 03:00”, “monthly 1 04:00” or cron's five fields, in UTC"
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Timetable:
    """`spoken` as the settings have it, in small letters; `cron` are its five fields."""

    spoken: str
    cron: str

    def next_after(self, moment: datetime) -> datetime | None:
        """The first time after that moment; None: never again."""
        found = CronTrigger.from_crontab(self.cron, timezone=UTC).get_next_fire_time(None, moment + _MOMENT)
        return found.astimezone(UTC) if isinstance(found, datetime) else None

    def newest_due(self, after: datetime, now: datetime, within: timedelta) -> datetime | None:
        """The last time after `after` that has come; of those longer ago than `within` the first one found."""
        due = self.next_after(after)
        if due is None or due > now:
            return None
        following = self.next_after(max(due, now - within))
        while following is not None and following <= now:
            due, following = following, self.next_after(following)
        return due


def read_timetable(text: str) -> Timetable:
    """ValueError with what would be right."""
    spoken = " ".join(text.lower().split())
    match = _SPOKEN.fullmatch(spoken)
    if match is not None:
        day, weekday = match["day"] or "*", match["weekday"] or "*"
        return Timetable(spoken, f"{int(match['minute'])} {int(match['hour'])} {day} * {weekday}")
    fields = spoken.split()
    # APScheduler counts days of the week from Monday, cron from Sunday: a name says the same to both.
    if len(fields) != _FIELDS or any(letter.isdigit() for letter in fields[-1].partition("/")[0]):
        raise ValueError(f"{_WANTED}, with days of the week by name")
    try:
        CronTrigger.from_crontab(spoken, timezone=UTC)
    except ValueError as error:
        raise ValueError(f"{error}: {_WANTED}") from None
    return Timetable(spoken, spoken)
