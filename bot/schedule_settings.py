"""The settings of what is done by itself at its times: [clusters.NAME.schedule]."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from bot.settings_mistakes import Mistake, nearest
from bot.settings_types import Name, Seconds, Section
from commands.automatic.policy import Scheduled
from commands.automatic.timetable import read_timetable
from servers.backups.partial.place import PartKind
from servers.inventory import BackupTool

_LATE_BY = 6 * 3600.0

# By what the settings call it: the order, and its words before and after the cluster's name.
_JOBS: Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "backup": ("backup", (), ("full",)),
    "backup_diff": ("backup", (), ("diff",)),
    "backup_incr": ("backup", (), ("incr",)),
    "drill_restore": ("drill", ("restore",), ("in-turn",)),
    "drill_failover": ("drill", ("failover",), ()),
    "drill_full": ("drill", ("full",), ("in-turn",)),
}
_DANGEROUS = ("drill_failover", "drill_full")
_PARTIAL: Mapping[str, PartKind] = {"dumps": PartKind.DUMP, "volumes": PartKind.VOLUME}
_ON_A_FULL_ONE = ("backup_diff", "backup_incr")
_WITH_BACKUPS = ("backup", *_ON_A_FULL_ONE, "drill_restore", "drill_full")
_WITH_HEARTBEAT = ("drill_failover", "drill_full")


def _read(text: str) -> str:
    return read_timetable(text).spoken


Spoken = Annotated[str, AfterValidator(_read)]


class ScheduleSettings(Section):
    """Off unless a time is named; dumps and volumes by their names. `set_by` is the key of the person who answers for
    it, and stands in each message.

    Clients notice a failover drill and a full one: their times are the settings' word that this is wanted.
    """

    backup: Spoken | None = None
    backup_diff: Spoken | None = None
    backup_incr: Spoken | None = None
    drill_restore: Spoken | None = None
    drill_failover: Spoken | None = None
    drill_full: Spoken | None = None
    dumps: dict[Name, Spoken] = Field(default_factory=dict)
    volumes: dict[Name, Spoken] = Field(default_factory=dict)
    set_by: Name | None = None
    late_by: Seconds = _LATE_BY

    @model_validator(mode="after")
    def _somebody_answers(self) -> "ScheduleSettings":
        if any(getattr(self, job) for job in (*_JOBS, *_PARTIAL)) and self.set_by is None:
            raise ValueError('set_by is missing: name the person who answers for it, as in set_by = "alice"')
        return self


def schedule(section: ScheduleSettings) -> tuple[Scheduled, ...]:
    """The same as commands know it."""
    return tuple(
        Scheduled(
            job,
            order,
            before,
            after,
            read_timetable(spoken),
            section.set_by or "",
            timedelta(seconds=section.late_by),
            job in _DANGEROUS,
        )
        for job, order, before, after, spoken in _jobs(section)
    )


def _jobs(section: ScheduleSettings) -> Iterator[tuple[str, str, tuple[str, ...], tuple[str, ...], str]]:
    """What each is called, its order, the words before and after the cluster's name, and its times."""
    for job, (order, before, after) in _JOBS.items():
        if (spoken := getattr(section, job)) is not None:
            yield job, order, before, after, spoken
    for key, kind in _PARTIAL.items():
        for name, spoken in getattr(section, key).items():
            yield f"{kind} {name}", "backup", (), (str(kind), name), spoken


def mistakes_in_schedule(key: str, cluster: Mapping[str, Any], people: Mapping[str, Any]) -> Iterator[Mistake]:
    """What it refers to and is not there: `cluster` is that cluster's raw section."""
    section = cluster.get("schedule")
    if not isinstance(section, Mapping):
        return
    by = section.get("set_by")
    if isinstance(by, str) and by not in people:
        known = ", ".join(sorted(people)) or "none"
        yield Mistake(f"{key}.schedule.set_by", f"names {by!r}, who is not in people", f"name one of them: {known}")
    for job in (one for one in _WITH_BACKUPS if section.get(one) is not None):
        if cluster.get("backups") is None:
            yield Mistake(f"{key}.schedule.{job}", f"{key}.backups is missing", "say there where backups are kept")
    yield from _of_full_ones_only(key, cluster, section)
    yield from _of_known_parts(key, cluster, section)
    for job in (one for one in _WITH_HEARTBEAT if section.get(one) is not None):
        if cluster.get("heartbeat") is None:
            right = "name there the database in which the drill's probe may write"
            yield Mistake(f"{key}.schedule.{job}", f"{key}.heartbeat is missing", right)


def _of_full_ones_only(key: str, cluster: Mapping[str, Any], section: Mapping[str, Any]) -> Iterator[Mistake]:
    """A backup that the tool cannot take would only be found at night."""
    backups = cluster.get("backups")
    kind = backups.get("kind", BackupTool.NATIVE) if isinstance(backups, Mapping) else None
    for job in (one for one in _ON_A_FULL_ONE if section.get(one) is not None):
        if kind == BackupTool.NATIVE:
            wrong = "is not possible: the native tool takes full backups only"
            yield Mistake(f"{key}.schedule.{job}", wrong, 'leave it out, or use kind = "pgbackrest" or "barman"')
        elif kind is not None and section.get("backup") is None:
            wrong = "builds on a full one, and none is scheduled"
            yield Mistake(f"{key}.schedule.{job}", wrong, 'add backup = "weekly sun 02:00"')


def _of_known_parts(key: str, cluster: Mapping[str, Any], section: Mapping[str, Any]) -> Iterator[Mistake]:
    """A name that stands nowhere would only be found at night."""
    for table in _PARTIAL:
        there, timed = cluster.get(table), section.get(table)
        known = tuple(sorted(map(str, there))) if isinstance(there, Mapping) else ()
        for name in timed if isinstance(timed, Mapping) else ():
            if name not in known:
                near = nearest(str(name), known)
                right = f"did you mean {near!r}?" if near else f"add [{key}.{table}.{name}], or leave it out"
                yield Mistake(f"{key}.schedule.{table}.{name}", f"{key}.{table}.{name} is missing", right)
