"""A page drawn for the terminal with rich. Nothing in it is interpreted: no rich markup, no control characters."""

from datetime import datetime, tzinfo

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text as RichText

from bot.plots.sparkline import sparklines
from ledger.page import Facts, File, Item, Items, Link, Mention, Moment, Note, Page, Part, Plot, Span, Table, Text, Tone

# State as a mark and a word first, colour second: a log file and a reader without colours must not lose it.
_MARKS = {
    Tone.GOOD: ("✔", "green"),
    Tone.INFO: ("•", "blue"),
    Tone.WARNING: ("!", "yellow"),
    Tone.CRITICAL: ("✘", "bold red"),
    Tone.FAILED: ("✘", "bold red"),
    Tone.UNKNOWN: ("?", "magenta"),
    Tone.RUNNING: ("▶", "cyan"),
    Tone.WAITING: ("…", "dim"),
}


def draw(page: Page, zone: tzinfo | None = None) -> RenderableType:
    """The page as something rich can print; times in `zone` (None: the machine's own)."""
    mark, style = _MARKS[page.tone]
    headline = RichText(f"{mark} {_clean(page.title)}", style=f"bold {style}")
    return Group(headline, *(Padding(_part(part, zone), (0, 0, 0, 2)) for part in page.parts))


def show(console: Console, page: Page) -> None:
    console.print(draw(page), soft_wrap=False)


def _part(part: Part, zone: tzinfo | None) -> RenderableType:
    match part:
        case Text(spans, literal):
            return _spans(spans, zone, "dim" if literal else "")
        case Note(spans):
            return _spans(spans, zone, "dim italic")
        case Facts(pairs):
            grid = RichTable.grid(padding=(0, 2))
            for label, spans in pairs:
                grid.add_row(RichText(_clean(label), style="dim"), _spans(spans, zone))
            return grid
        case Table(headers, rows):
            return _table(headers, rows)
        case Items(title, items):
            return Group(RichText(_clean(title), style="bold"), *(_item(item) for item in items))
        case Plot():
            return _plot(part, zone)
        case File():
            return RichText(_clean(part.text), style="dim")


def _plot(plot: Plot, zone: tzinfo | None) -> RenderableType:
    span = f"{local_time(plot.start, zone)} to {local_time(plot.end, zone)}"
    title = RichText(_clean(plot.title), style="bold")
    title.append(f"  {span}", style="dim")
    return Group(title, *(RichText(_clean(line), no_wrap=True) for line in sparklines(plot)))


def _table(headers: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> RichTable:
    table = RichTable(box=None, header_style="bold", pad_edge=False)
    for header in headers:
        table.add_column(RichText(_clean(header)))
    for row in rows:
        table.add_row(*(RichText(_clean(cell)) for cell in row))
    return table


def _item(item: Item) -> RichText:
    mark, style = _MARKS[item.tone]
    line = RichText(f"{mark} ", style=style)
    line.append(_clean(item.title), style="default")
    if item.detail:
        line.append(f"  {_clean(item.detail)}", style="dim")
    return line


def _spans(spans: tuple[Span, ...], zone: tzinfo | None, style: str = "") -> RichText:
    return RichText("".join(_clean(_span(span, zone)) for span in spans), style=style)


def _span(span: Span, zone: tzinfo | None) -> str:
    match span:
        case Moment(at):
            return local_time(at, zone)
        case Mention(name):
            return f"@{name}"
        case Link(label, url):
            return f"{label}: {url}"
        case str():
            return span


def local_time(at: datetime, zone: tzinfo | None = None) -> str:
    """A moment in the reader's time zone, zone named."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def _clean(text: str) -> str:
    """Without control characters: what a server prints must not move the cursor or change colours."""
    return "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text)
