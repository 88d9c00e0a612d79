"""The thresholds as they stand in the settings: "30s", "1MB", "80%", or plain numbers."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace

from pydantic import ByteSize

from alerts.thresholds import Thresholds
from alerts.thresholds.kinds import Unit, kind_of
from bot.settings_mistakes import Mistake, nearest
from bot.settings_types import parse_bytes
from ledger.durations import parse_seconds, seconds_text

_UNITS = {field.name: kind_of(field).unit for field in fields(Thresholds)}
_KNOWN = tuple(_UNITS)


def mistakes_in_thresholds(key: str, raw: object) -> Iterator[Mistake]:
    """Every mistake of a thresholds table, `key` being where it stands."""
    if not isinstance(raw, Mapping):
        return
    good = {}
    for name, value in raw.items():
        if name not in _KNOWN:
            found = nearest(str(name), _KNOWN)
            right = f"did you mean {found!r}?" if found else "`understudy init` shows every one of them"
            yield Mistake(f"{key}.{name}", "is no threshold", right)
            continue
        try:
            good[name] = parse_threshold(str(name), value)
        except ValueError as error:
            yield Mistake(f"{key}.{name}", "cannot be used", str(error))
    try:
        replace(Thresholds(), **good)
    except ValueError as error:
        yield Mistake(key, "does not fit together", str(error))


def thresholds_from(raw: Mapping[str, object], base: Thresholds) -> Thresholds:
    """`base` with what the table says over it. ValueError where `mistakes_in_thresholds` finds any."""
    return replace(base, **{name: parse_threshold(name, value) for name, value in raw.items()})


def parse_threshold(name: str, value: object) -> float:
    """The value in the threshold's unit. ValueError says what would be right."""
    match _UNITS[name]:
        case Unit.SECONDS:
            return 0.0 if value in (0, "0s", "0") else parse_seconds(value)
        case Unit.BYTES:
            return parse_bytes(value)
        case Unit.SHARE:
            return _share(value)
        case Unit.TIMES:
            return _number(value, "write how many times as much, such as 2 or 1.5")
        case Unit.COUNT:
            return _number(value, "write a number, such as 5")


def default_text(name: str) -> str:
    """The default as it would be written in the settings file (a TOML value)."""
    value = float(getattr(Thresholds(), name))
    match _UNITS[name]:
        case Unit.SECONDS:
            return f'"{seconds_text(value)}"'
        case Unit.BYTES:
            return f'"{ByteSize(int(value)).human_readable(separator="")}"'
        case Unit.SHARE:
            return f'"{value:.0%}"'
        case Unit.TIMES | Unit.COUNT:
            return f"{value:_.0f}" if value >= 1e5 else f"{value:g}"


def default_lines() -> str:
    """Every threshold with its default, commented out, for the settings template."""
    return "\n".join(f"# {name} = {default_text(name)}" for name in _KNOWN)


def _share(value: object) -> float:
    text = str(value).strip()
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise ValueError('write a share such as "80%" or 0.8') from None
    if isinstance(value, bool) or not 0 <= share <= 1:
        raise ValueError('write a share between "0%" and "100%"')
    return share


def _number(value: object, right: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(right)
    try:
        return float(value)
    except ValueError:
        raise ValueError(right) from None
