"""Mistakes in the sections of the watchdog and of the webhook, each with its mend."""

from typing import Any

import pytest
from pydantic import ValidationError

from bot.watchdog_settings import WatchdogSettings, mistakes_in_watchdog


@pytest.mark.parametrize(
    ("raw", "key", "wrong"),
    [
        ({"clusters": {"understudy": {}}}, "clusters.understudy", "is a name that Understudy uses itself"),
        ({"clusters": {"elsewhere": {}}}, "clusters.elsewhere", "is a name that Understudy uses itself"),
        ({"watchdog": {"ping_url": "hc-ping.com/abc"}}, "watchdog.ping_url", "is no URL"),
        ({"webhook": {}}, "webhook.token", "is missing"),
        ({"webhook": {"token": "short"}}, "webhook.token", "can be guessed"),
    ],
)
def test_each_mistake_names_its_key(raw: dict[str, Any], key: str, wrong: str) -> None:
    (mistake,) = mistakes_in_watchdog(raw)
    assert (mistake.key, mistake.wrong) == (key, wrong)
    assert "abc" not in mistake.right


def test_what_is_right_is_no_mistake() -> None:
    raw = {"watchdog": {"ping_url": "https://hc-ping.com/abc"}, "webhook": {"token": "0123456789abcdef"}}
    assert not list(mistakes_in_watchdog(raw))


@pytest.mark.parametrize("value", ["8", "25:00", "noon", 8])
def test_a_time_that_is_none_is_refused(value: object) -> None:
    with pytest.raises(ValidationError, match="write a time of day"):
        WatchdogSettings(all_is_well_at=value)  # type: ignore[arg-type]
