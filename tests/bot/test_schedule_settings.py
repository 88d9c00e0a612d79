"""The settings of scheduled backups and drills: what they become, and what is said of mistakes."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from bot.schedule_settings import ScheduleSettings, mistakes_in_schedule, schedule
from commands.automatic.policy import Scheduled
from commands.automatic.timetable import read_timetable

PEOPLE: dict[str, Any] = {"alice": {}, "bob": {}}


def test_nothing_is_scheduled_unless_the_settings_say_so() -> None:
    assert schedule(ScheduleSettings()) == ()


def test_what_is_scheduled_when_and_by_whom() -> None:
    section = {"backup": "Daily 02:00", "drill_restore": "weekly sun 04:00", "set_by": "alice", "late_by": "2h"}
    late_by = timedelta(hours=2)
    assert schedule(ScheduleSettings.model_validate(section)) == (
        Scheduled("backup", "backup", (), ("full",), read_timetable("daily 02:00"), "alice", late_by),
        Scheduled(
            "drill_restore", "drill", ("restore",), ("in-turn",), read_timetable("weekly sun 04:00"), "alice", late_by
        ),
    )


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"backup": "at night", "set_by": "alice"}, "write “daily 02:00”"),
        ({"backup": "daily 02:00"}, "set_by is missing"),
        ({"backups": "daily 02:00"}, "Extra inputs"),
    ],
)
def test_mistakes_are_said_with_what_would_be_right(section: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ScheduleSettings.model_validate(section)


def test_who_is_named_must_be_known_and_there_must_be_backups() -> None:
    section = {"schedule": {"backup": "daily 02:00", "set_by": "alic"}}

    first, second = mistakes_in_schedule("clusters.shop", section, PEOPLE)

    assert (first.key, first.right) == ("clusters.shop.schedule.set_by", "name one of them: alice, bob")
    assert (second.key, second.wrong) == ("clusters.shop.schedule.backup", "clusters.shop.backups is missing")


@pytest.mark.parametrize(
    ("backups", "times", "said"),
    [
        ({}, {"backup": "weekly sun 02:00", "backup_diff": "daily 02:00"}, "the native tool takes full backups only"),
        ({"kind": "pgbackrest"}, {"backup_incr": "daily 02:00"}, "builds on a full one, and none is scheduled"),
    ],
)
def test_what_builds_on_a_full_backup_needs_a_tool_that_takes_it_and_a_full_one(
    backups: dict[str, Any], times: dict[str, str], said: str
) -> None:
    cluster = {"schedule": {**times, "set_by": "alice"}, "backups": backups}
    (mistake,) = mistakes_in_schedule("clusters.shop", cluster, PEOPLE)
    assert said in mistake.wrong


def test_differential_and_incremental_ones_are_scheduled_beside_full_ones() -> None:
    section = {"backup": "weekly sun 02:00", "backup_diff": "daily 02:00", "backup_incr": "daily 14:00"}
    jobs = schedule(ScheduleSettings.model_validate({**section, "set_by": "alice"}))
    assert [(job.job, job.order, job.after) for job in jobs] == [
        ("backup", "backup", ("full",)), ("backup_diff", "backup", ("diff",)), ("backup_incr", "backup", ("incr",))
    ]  # fmt: skip


def test_dumps_and_volumes_are_scheduled_by_their_names() -> None:
    section = {"dumps": {"nightly": "daily 01:00"}, "volumes": {"uploads": "Weekly sun 05:00"}, "set_by": "alice"}
    dump, volume = schedule(ScheduleSettings.model_validate(section))
    assert (dump.job, dump.order, dump.after, dump.timetable.spoken) == (
        "dump nightly", "backup", ("dump", "nightly"), "daily 01:00"
    )  # fmt: skip
    assert (volume.job, volume.after) == ("volume uploads", ("volume", "uploads"))
    with pytest.raises(ValidationError, match="set_by is missing"):
        ScheduleSettings.model_validate({"dumps": {"nightly": "daily 01:00"}})


def test_what_is_scheduled_and_stands_nowhere_is_told_with_what_was_meant() -> None:
    section = {"dumps": {"nighty": "daily 01:00"}, "volumes": {"uploads": "daily 01:00"}, "set_by": "alice"}
    cluster = {"schedule": section, "dumps": {"nightly": {}}}
    dump, volume = mistakes_in_schedule("clusters.shop", cluster, PEOPLE)
    assert (dump.key, dump.right) == ("clusters.shop.schedule.dumps.nighty", "did you mean 'nightly'?")
    assert volume.wrong == "clusters.shop.volumes.uploads is missing"
