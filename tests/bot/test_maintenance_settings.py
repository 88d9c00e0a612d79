"""The settings of maintenance that is planned for good."""

from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from bot.maintenance_settings import MaintenanceSettings, maintenance_windows
from commands.maintenance_window import MaintenanceWindow
from ledger.hours import Window

SUNDAY = {"from": "02:00", "to": "03:00", "days": ["sun"], "time_zone": "Europe/Vienna", "reason": "reorganisation"}


def test_what_it_becomes() -> None:
    window = Window(time(2), time(3), ZoneInfo("Europe/Vienna"), frozenset({6}))
    assert maintenance_windows([MaintenanceSettings.model_validate(SUNDAY)]) == (
        MaintenanceWindow(window, "reorganisation"),
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"reason": " "}, "at least 1"),
        ({"from": "03:00"}, "never for good"),
        ({"from": None, "to": None}, "never for good"),
        ({"time_zone": "Vienna"}, "time zone database"),
    ],
)
def test_mistakes_are_said_with_what_would_be_right(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        MaintenanceSettings.model_validate({**SUNDAY, **changed})
