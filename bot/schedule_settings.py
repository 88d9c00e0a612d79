"""The settings of what is done by itself at its times: [clusters.NAME.schedule]."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, model_validator

from bot.settings_mistakes import Mistake
from bot.settings_types import Name, Seconds, Section
from commands.automatic.policy import Scheduled
from commands.automatic.timetable import read_timetable

_LATE_BY = 6 * 3600.0


def _read(text: str) -> str:
    return read_timetable(text).spoken


Spoken = Annotated[str, AfterValidator(_read)]


class ScheduleSettings(Section):
    """Off unless a time is named. `set_by` is the key of the person who answers for it, and stands in each message."""

    backup: Spoken | None = None
    drill_restore: Spoken | None = None
    set_by: Name | None = None
    late_by: Seconds = _LATE_BY

    @model_validator(mode="after")
    def _somebody_answers(self) -> "ScheduleSettings":
        if (self.backup or self.drill_restore) and self.set_by is None:
            raise ValueError('set_by is missing: name the person who answers for it, as in set_by = "alice"')
        return self


def schedule(section: ScheduleSettings) -> tuple[Scheduled, ...]:
    """The same as commands know it."""
    late_by, by = timedelta(seconds=section.late_by), section.set_by or ""
    found = []
    if section.backup is not None:
        found.append(Scheduled("backup", "backup", (), ("full",), read_timetable(section.backup), by, late_by))
    if section.drill_restore is not None:
        times = read_timetable(section.drill_restore)
        found.append(Scheduled("drill_restore", "drill", ("restore",), ("in-turn",), times, by, late_by))
    return tuple(found)


def mistakes_in_schedule(key: str, cluster: Mapping[str, Any], people: Mapping[str, Any]) -> Iterator[Mistake]:
    """What it refers to and is not there: `cluster` is that cluster's raw section."""
    section = cluster.get("schedule")
    if not isinstance(section, Mapping):
        return
    by = section.get("set_by")
    if isinstance(by, str) and by not in people:
        known = ", ".join(sorted(people)) or "none"
        yield Mistake(f"{key}.schedule.set_by", f"names {by!r}, who is not in people", f"name one of them: {known}")
    for job in ("backup", "drill_restore"):
        if section.get(job) is not None and cluster.get("backups") is None:
            yield Mistake(f"{key}.schedule.{job}", f"{key}.backups is missing", "say there where backups are kept")
