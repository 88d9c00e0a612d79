"""Changes every text that people read in a page, and nothing else (no action, id, tone or time)."""

from collections.abc import Callable
from dataclasses import replace

from ledger.page import Button, Facts, File, Item, Items, Link, Mention, Note, Page, Part, Plot, Span, Table, Text

Change = Callable[[str], str]


def with_texts(page: Page, change: Change) -> Page:
    return replace(
        page,
        title=change(page.title),
        summary=change(page.summary),
        parts=tuple(_part(part, change) for part in page.parts),
        buttons=tuple(_button(button, change) for button in page.buttons),
    )


def _part(part: Part, change: Change) -> Part:
    match part:
        case Text() | Note():
            return replace(part, spans=_spans(part.spans, change))
        case Facts():
            return Facts(tuple((change(label), _spans(spans, change)) for label, spans in part.pairs))
        case Table():
            rows = tuple(tuple(change(cell) for cell in row) for row in part.rows)
            return Table(tuple(change(header) for header in part.headers), rows)
        case Items():
            items = tuple(Item(item.tone, change(item.title), change(item.detail)) for item in part.items)
            return Items(change(part.title), items)
        case Plot():
            return _plot(part, change)
        case File():
            return File(change(part.name), change(part.title), change(part.text))


def _plot(plot: Plot, change: Change) -> Plot:
    return replace(
        plot,
        title=change(plot.title),
        lines=tuple(replace(line, label=change(line.label)) for line in plot.lines),
        limits=tuple(replace(limit, label=change(limit.label)) for limit in plot.limits),
        marks=tuple(replace(mark, label=change(mark.label)) for mark in plot.marks),
    )


def _spans(spans: tuple[Span, ...], change: Change) -> tuple[Span, ...]:
    return tuple(_span(span, change) for span in spans)


def _span(span: Span, change: Change) -> Span:
    if isinstance(span, str):
        return change(span)
    if isinstance(span, Mention):
        return replace(span, name=change(span.name))
    if isinstance(span, Link):
        return replace(span, label=change(span.label))
    return span


def _button(button: Button, change: Change) -> Button:
    choices = tuple((value, change(label)) for value, label in button.choices)
    return replace(button, label=change(button.label), choices=choices)
