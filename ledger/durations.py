"""Durations as people write them: "500ms", "2s", "15m", "26h", "7d"."""

import re

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_TEXT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*")


def parse_seconds(value: object) -> float:
    """Seconds from a number (seconds) or a text with a unit. ValueError says what would be right."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    else:
        match = _TEXT.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise ValueError('write a duration with its unit, such as "500ms", "30s", "15m", "26h" or "7d"')
        seconds = float(match.group(1)) * _UNITS[match.group(2)]
    if seconds <= 0:
        raise ValueError("a duration must be above zero")
    return seconds


def seconds_text(seconds: float) -> str:
    """The duration as it is written in the settings, in the largest unit that keeps it whole."""
    for unit in ("h", "m", "s"):
        if seconds % _UNITS[unit] == 0 and (seconds or unit == "s"):
            return f"{seconds / _UNITS[unit]:.0f}{unit}"
    return f"{seconds * 1000:.0f}ms"
