"""Hours of a day and days of a week in the settings: from, to, days and time_zone."""

from datetime import time
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from bot.settings_types import Section
from ledger.hours import Window

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _hour(value: object) -> time:
    try:
        if not isinstance(value, str) or len(value) != len("22:00"):
            raise ValueError
        return time.fromisoformat(value)
    except ValueError:
        raise ValueError('write an hour of the day in quotes, from "00:00" to "23:59"') from None


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise ValueError('write a name of the time zone database, such as "Europe/Vienna" or "UTC"') from None
    return name


Hour = Annotated[time, BeforeValidator(_hour)]
Zone = Annotated[str, AfterValidator(_zone)]


class HoursSettings(Section):
    """A section that may hold for some hours or days only."""

    begins: Annotated[Hour | None, Field(alias="from")] = None
    ends: Annotated[Hour | None, Field(alias="to")] = None
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = ()
    time_zone: Zone | None = None

    @model_validator(mode="after")
    def _whole_hours(self) -> "HoursSettings":
        if (self.begins is None) is not (self.ends is None):
            raise ValueError('give both "from" and "to", or neither')
        if self.timed is (self.time_zone is None):
            raise ValueError('hours and days need a time_zone, such as "Europe/Vienna", and a time_zone needs them')
        return self

    @property
    def timed(self) -> bool:
        """Whether it holds at some times only."""
        return self.begins is not None or bool(self.days)

    @property
    def window(self) -> Window | None:
        """When it holds; None: always."""
        if self.time_zone is None:
            return None
        days = frozenset(DAYS.index(day) for day in self.days)
        return Window(self.begins or time(), self.ends or time(), ZoneInfo(self.time_zone), days)
