"""Numbers as people read them."""

_BYTE_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


def size(value: float) -> str:
    """`16.0 MB`, in units of 1024 as PostgreSQL writes them."""
    amount = float(value)
    for unit in _BYTE_UNITS:
        if abs(amount) < 1024 or unit == _BYTE_UNITS[-1]:
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"


def share(value: float) -> str:
    """`84 %`; one decimal where rounding would tell of a limit that is not reached."""
    percent = value * 100
    rounded = round(percent)
    return f"{rounded} %" if abs(percent - rounded) < 0.05 else f"{percent:.1f} %"


def duration(seconds: float) -> str:
    """`45 s`, `12 min`, `3 h 20 min`, `2 days 4 h`: the two largest units that matter."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{seconds:.1f} s" if 0 < seconds < 10 and seconds != int(seconds) else f"{whole} s"
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if minutes < 60:
        rest = whole % 60
        return f"{minutes} min {rest} s" if minutes < 10 and rest else f"{minutes} min"
    if hours < 24:
        rest = minutes % 60
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    rest = hours % 24
    unit = "day" if days == 1 else "days"
    return f"{days} {unit} {rest} h" if rest else f"{days} {unit}"
