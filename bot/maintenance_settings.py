"""The settings of maintenance that is planned for good: [[clusters.NAME.maintenance]]."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import StringConstraints, model_validator

from bot.hours_settings import HoursSettings
from commands.maintenance_window import MaintenanceWindow
from commands.tidy import LONGEST_REASON

Reason = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_REASON, strip_whitespace=True)]


class MaintenanceSettings(HoursSettings):
    """Hours in which nothing automatic acts on the cluster, and its alerts are marked."""

    reason: Reason

    @model_validator(mode="after")
    def _has_hours(self) -> "MaintenanceSettings":
        if self.begins is None or self.begins == self.ends:
            raise ValueError('give the hours, such as from = "02:00" and to = "03:00": maintenance is never for good')
        return self


def maintenance_windows(sections: Sequence[MaintenanceSettings]) -> tuple[MaintenanceWindow, ...]:
    """The same as commands know them."""
    return tuple(
        MaintenanceWindow(section.window, section.reason) for section in sections if section.window is not None
    )
