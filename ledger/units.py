"""What a number is measured in, and how people read it."""

from enum import StrEnum

from ledger.quantities import bytes_text, seconds_text, share_text


class Unit(StrEnum):
    YES_OR_NO = "yes or no"  # 1.0 is yes
    COUNT = "count"
    BYTES = "bytes"
    SECONDS = "seconds"
    SHARE = "share"  # between 0 and 1
    TIMES = "times"  # as much as something else


def unit_of(text: str) -> Unit:
    """The unit of that name; a name that another version wrote is a count."""
    try:
        return Unit(text)
    except ValueError:
        return Unit.COUNT


def value_text(value: float, unit: Unit) -> str:
    """“1.4 MB”, “84 %”, “2 min 5 s”, “yes”, “12.5”."""
    match unit:
        case Unit.YES_OR_NO:
            return "yes" if value >= 1 else "no" if value <= 0 else f"yes {share_text(value)} of the time"
        case Unit.BYTES:
            return bytes_text(value)
        case Unit.SECONDS:
            return seconds_text(value)
        case Unit.SHARE:
            return share_text(value)
        case Unit.COUNT:
            return _number(value)
        case Unit.TIMES:
            return f"{_number(value)} times"


def _number(value: float) -> str:
    if abs(value) < 1e12 and (value == round(value) or abs(value) >= 1000):
        return f"{value:,.0f}".replace(",", "\N{THIN SPACE}")
    return f"{value:.3g}"
