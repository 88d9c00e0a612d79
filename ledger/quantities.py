"""Numbers with units, as people read them at night: short, rounded, never in scientific notation.

They stand beside the page because whoever writes one needs them: an alert and a status that tell the same number
must tell it in the same words.
"""

from datetime import timedelta

_BYTES = ("bytes", "kB", "MB", "GB", "TB", "PB")


def bytes_text(count: float) -> str:
    """“0 bytes”, “812 bytes”, “1.4 MB”, in units of 1024 as PostgreSQL writes and reads them."""
    value = float(count)
    for unit in _BYTES:
        if abs(value) < 1023.5 or unit == _BYTES[-1]:
            break
        value /= 1024
    if unit == "bytes":
        return count_text(round(value), "byte")
    return f"{value:.1f} {unit}" if abs(value) < 99.95 else f"{value:.0f} {unit}"


def share_text(share: float) -> str:
    """“84 %”; with a decimal where rounding would tell of a limit that is not reached."""
    percent = share * 100
    rounded = round(percent)
    return f"{rounded} %" if abs(percent - rounded) < 0.05 else f"{percent:.1f} %"


def seconds_text(seconds: float | timedelta) -> str:
    """“35 ms”, “1.4 s”, “2 min 5 s”, “3 h 12 min”, “2 d 4 h”."""
    value = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
    if value < 0:
        return f"−{seconds_text(-value)}"  # noqa: RUF001 - a minus sign
    if value < 0.9995:
        return f"{value * 1000:.0f} ms"
    if value < 59.95:
        return f"{value:.1f}".removesuffix(".0") + " s"
    whole = round(value)
    for size, unit, part, part_unit in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size} {unit} {rest} {part_unit}" if rest else f"{whole // size} {unit}"
    return f"{whole} s"


def count_text(count: int, word: str) -> str:
    """“1 approval”, “2 approvals”."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
