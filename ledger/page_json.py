"""Pages as JSON and back, exactly. Strict: what it does not know, it refuses, and says where.

{"version": 1, "title", "tone", "summary", "parts": [{"type", …}], "buttons": […]}; a span is a text,
{"moment": ISO 8601 with offset, "zone": IANA name or null} or {"mention": name, "slack_id", "notify"} or
{"link": label, "url"}. Times in a plot
are seconds since 1970: there are hundreds of them.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from ledger.canonical import JsonValue
from ledger.page import (
    Button,
    Facts,
    File,
    Item,
    Items,
    Link,
    Mention,
    Moment,
    Note,
    Page,
    Part,
    Plot,
    PlotLimit,
    PlotLine,
    PlotMark,
    PlotPoint,
    Span,
    Table,
    Text,
    Tone,
)
from ledger.units import Unit

VERSION = 1

T = TypeVar("T")


class PageError(ValueError):
    """The JSON is no page, or the page has no JSON; the message says where and why."""


def to_value(page: Page) -> dict[str, JsonValue]:
    return {
        "version": VERSION,
        "title": page.title,
        "tone": page.tone.value,
        "summary": page.summary,
        "parts": [_part_value(part) for part in page.parts],
        "buttons": [_button_value(button) for button in page.buttons],
    }


def to_json(page: Page) -> str:
    """Raises PageError for a Moment without a time zone."""
    return json.dumps(to_value(page), ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def from_json(text: str) -> Page:
    """Raises PageError."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PageError(f"the page is no JSON: {error}") from error
    page = _fields(value, "page", "version", "title", "tone", "summary", "parts", "buttons")
    if page["version"] != VERSION:
        raise PageError(f"page.version: {page['version']!r} is not known here, only {VERSION}")
    try:
        return Page(
            title=_string(page["title"], "page.title"),
            tone=_tone(page["tone"], "page.tone"),
            summary=_string(page["summary"], "page.summary"),
            parts=_each(page["parts"], "page.parts", _part),
            buttons=_each(page["buttons"], "page.buttons", _button),
        )
    except PageError:
        raise
    except ValueError as error:
        raise PageError(f"page: {error}") from error


def _span_value(span: Span) -> JsonValue:
    if isinstance(span, Moment):
        if span.at.utcoffset() is None:
            raise PageError(f"a moment needs a time zone: {span.at!r}")
        zone = span.at.tzinfo.key if isinstance(span.at.tzinfo, ZoneInfo) else None
        return {"moment": span.at.isoformat(), "zone": zone}
    if isinstance(span, Mention):
        return {"mention": span.name, "slack_id": span.slack_id, "notify": span.notify}
    if isinstance(span, Link):
        return {"link": span.label, "url": span.url}
    return span


def _spans_value(spans: tuple[Span, ...]) -> list[JsonValue]:
    return [_span_value(span) for span in spans]


def _part_value(part: Part) -> JsonValue:
    match part:
        case Text():
            return {"type": "text", "spans": _spans_value(part.spans), "literal": part.literal}
        case Facts():
            return {"type": "facts", "pairs": [[label, _spans_value(spans)] for label, spans in part.pairs]}
        case Table():
            return {"type": "table", "headers": list(part.headers), "rows": [list(row) for row in part.rows]}
        case Items():
            items: list[JsonValue] = [
                {"tone": item.tone.value, "title": item.title, "detail": item.detail} for item in part.items
            ]
            return {"type": "items", "title": part.title, "items": items}
        case Note():
            return {"type": "note", "spans": _spans_value(part.spans)}
        case Plot():
            return _plot_value(part)
        case File():
            return {"type": "file", "name": part.name, "title": part.title, "text": part.text}


def _plot_value(plot: Plot) -> JsonValue:
    return {
        "type": "plot",
        "title": plot.title,
        "unit": plot.unit.value,
        "start": plot.start.timestamp(),
        "end": plot.end.timestamp(),
        "lines": [
            {"label": line.label, "points": [[p.at.timestamp(), p.value, p.low, p.high] for p in line.points]}
            for line in plot.lines
        ],
        "limits": [{"label": one.label, "value": one.value, "tone": one.tone.value} for one in plot.limits],
        "marks": [{"at": mark.at.timestamp(), "label": mark.label} for mark in plot.marks],
        "zone": plot.zone,
    }


def _button_value(button: Button) -> JsonValue:
    return {
        "action": button.action,
        "label": button.label,
        "value": button.value,
        "style": button.style,
        "choices": [list(choice) for choice in button.choices],
    }


def _fields(value: object, where: str, *names: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise PageError(f"{where}: an object was expected, not {type(value).__name__}")
    missing = sorted(set(names) - value.keys())
    unknown = sorted(value.keys() - set(names))
    if missing:
        raise PageError(f"{where}: {', '.join(missing)} is missing")
    if unknown:
        raise PageError(f"{where}: {', '.join(unknown)} is not known here")
    return value


def _string(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise PageError(f"{where}: a text was expected, not {type(value).__name__}")
    return value


def _boolean(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise PageError(f"{where}: true or false was expected, not {type(value).__name__}")
    return value


def _number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PageError(f"{where}: a number was expected, not {type(value).__name__}")
    return float(value)


def _number_or_none(value: object, where: str) -> float | None:
    return None if value is None else _number(value, where)


def _second(value: object, where: str) -> datetime:
    try:
        return datetime.fromtimestamp(_number(value, where), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise PageError(f"{where}: {error}") from error


def _tone(value: object, where: str) -> Tone:
    try:
        return Tone(_string(value, where))
    except ValueError as error:
        raise PageError(f"{where}: {error}") from error


def _each(value: object, where: str, read: Callable[[object, str], T]) -> tuple[T, ...]:
    if not isinstance(value, list):
        raise PageError(f"{where}: a list was expected, not {type(value).__name__}")
    return tuple(read(item, f"{where}[{index}]") for index, item in enumerate(value))


def _pair(value: object, where: str) -> tuple[object, object]:
    if not isinstance(value, list) or len(value) != 2:
        raise PageError(f"{where}: a list of two was expected")
    return value[0], value[1]


def _strings(value: object, where: str) -> tuple[str, ...]:
    return _each(value, where, _string)


def _string_pair(value: object, where: str) -> tuple[str, str]:
    first, second = _pair(value, where)
    return _string(first, f"{where}[0]"), _string(second, f"{where}[1]")


def _span(value: object, where: str) -> Span:
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and "moment" in value:
        fields = _fields(value, where, "moment", "zone")
        return Moment(_time(fields["moment"], fields["zone"], where))
    if isinstance(value, dict) and "link" in value:
        fields = _fields(value, where, "link", "url")
        return Link(_string(fields["link"], f"{where}.link"), _string(fields["url"], f"{where}.url"))
    fields = _fields(value, where, "mention", "slack_id", "notify")
    slack_id = fields["slack_id"]
    return Mention(
        name=_string(fields["mention"], f"{where}.mention"),
        slack_id=None if slack_id is None else _string(slack_id, f"{where}.slack_id"),
        notify=_boolean(fields["notify"], f"{where}.notify"),
    )


def _time(text: object, zone: object, where: str) -> datetime:
    try:
        at = datetime.fromisoformat(_string(text, f"{where}.moment"))
        if at.utcoffset() is None:
            raise PageError(f"{where}.moment: a time zone is missing")
        # Through the zone's own rules, so that an hour that comes twice in autumn stays the right one of the two.
        return at if zone is None else at.astimezone(ZoneInfo(_string(zone, f"{where}.zone")))
    except (ValueError, OSError, LookupError) as error:
        raise PageError(f"{where}: {error}") from error


def _spans(value: object, where: str) -> tuple[Span, ...]:
    return _each(value, where, _span)


def _fact(value: object, where: str) -> tuple[str, tuple[Span, ...]]:
    label, spans = _pair(value, where)
    return _string(label, f"{where}[0]"), _spans(spans, f"{where}[1]")


def _item(value: object, where: str) -> Item:
    item = _fields(value, where, "tone", "title", "detail")
    return Item(
        tone=_tone(item["tone"], f"{where}.tone"),
        title=_string(item["title"], f"{where}.title"),
        detail=_string(item["detail"], f"{where}.detail"),
    )


def _part(value: object, where: str) -> Part:
    kind = value.get("type") if isinstance(value, dict) else None
    match kind:
        case "text":
            part = _fields(value, where, "type", "spans", "literal")
            return Text(_spans(part["spans"], f"{where}.spans"), _boolean(part["literal"], f"{where}.literal"))
        case "facts":
            part = _fields(value, where, "type", "pairs")
            return Facts(_each(part["pairs"], f"{where}.pairs", _fact))
        case "table":
            part = _fields(value, where, "type", "headers", "rows")
            rows = _each(part["rows"], f"{where}.rows", _strings)
            return Table(_strings(part["headers"], f"{where}.headers"), rows)
        case "items":
            part = _fields(value, where, "type", "title", "items")
            items = _each(part["items"], f"{where}.items", _item)
            return Items(_string(part["title"], f"{where}.title"), items)
        case "file":
            part = _fields(value, where, "type", "name", "title", "text")
            return File(*(_string(part[name], f"{where}.{name}") for name in ("name", "title", "text")))
        case "note":
            return Note(_spans(_fields(value, where, "type", "spans")["spans"], f"{where}.spans"))
        case "plot":
            return _plot(value, where)
        case _:
            raise PageError(f"{where}.type: {kind!r} is not a part of a page that is known here")


def _plot(value: object, where: str) -> Plot:
    names = ("type", "title", "unit", "start", "end", "lines", "limits", "marks", "zone")
    plot = _fields(value, where, *names)
    try:
        unit = Unit(_string(plot["unit"], f"{where}.unit"))
    except ValueError as error:
        raise PageError(f"{where}.unit: {error}") from error
    return Plot(
        title=_string(plot["title"], f"{where}.title"),
        unit=unit,
        start=_second(plot["start"], f"{where}.start"),
        end=_second(plot["end"], f"{where}.end"),
        lines=_each(plot["lines"], f"{where}.lines", _plot_line),
        limits=_each(plot["limits"], f"{where}.limits", _plot_limit),
        marks=_each(plot["marks"], f"{where}.marks", _plot_mark),
        zone=None if plot["zone"] is None else _string(plot["zone"], f"{where}.zone"),
    )


def _plot_line(value: object, where: str) -> PlotLine:
    line = _fields(value, where, "label", "points")
    return PlotLine(_string(line["label"], f"{where}.label"), _each(line["points"], f"{where}.points", _plot_point))


def _plot_point(value: object, where: str) -> PlotPoint:
    if not isinstance(value, list) or len(value) != 4:
        raise PageError(f"{where}: a list of four was expected")
    at, *numbers = value
    measured, low, high = (_number_or_none(number, where) for number in numbers)
    return PlotPoint(_second(at, where), measured, low, high)


def _plot_limit(value: object, where: str) -> PlotLimit:
    limit = _fields(value, where, "label", "value", "tone")
    return PlotLimit(
        _string(limit["label"], f"{where}.label"),
        _number(limit["value"], f"{where}.value"),
        _tone(limit["tone"], f"{where}.tone"),
    )


def _plot_mark(value: object, where: str) -> PlotMark:
    mark = _fields(value, where, "at", "label")
    return PlotMark(_second(mark["at"], f"{where}.at"), _string(mark["label"], f"{where}.label"))


def _button(value: object, where: str) -> Button:
    button = _fields(value, where, "action", "label", "value", "style", "choices")
    return Button(
        action=_string(button["action"], f"{where}.action"),
        label=_string(button["label"], f"{where}.label"),
        value=_string(button["value"], f"{where}.value"),
        style=_string(button["style"], f"{where}.style"),
        choices=_each(button["choices"], f"{where}.choices", _string_pair),
    )
