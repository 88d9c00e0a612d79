"""Pages drawn as Slack messages. Pure: the same page gives the same blocks.

Limits: https://docs.slack.dev/reference/block-kit/blocks; the sum over a message is not documented, but Slack answers
`msg_blocks_too_long` from about 13,000 characters (slackapi/bolt-js issue 2509), so about 10,000 are used.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from typing import Any

from bot.plots.sparkline import spoken_plot
from bot.slack.lines import (
    Line,
    fit,
    length,
    lines_of,
    marked,
    mrkdwn_span,
    plain_span,
    rich_element,
    spoken,
)
from bot.slack.pictures import NO_IMAGES, Images
from bot.slack.plain import ELLIPSIS, cut, neutral, one_line, size
from ledger.page import Button, File, Link, Mention, Moment, Note, Page, Part, Plot, Table, Text, Tone

Block = dict[str, Any]

BLOCKS_TOTAL = 10_000
PART_TOTAL = 2_900
TEXT_TOTAL = 3_900  # chat.update takes 4,000
HEADER, BUTTON, VALUE, CONTEXT = 150, 75, 2_000, 2_900
OPTION, OPTION_VALUE, OPTIONS = 75, 150, 100
TABLE_ROWS, TABLE_COLUMNS = 100, 20
ALT = 2_000
_JOINTS = " :;,.—"  # between a title and what a summary adds to it
MORE = 60  # what "… n more lines" may take


class Surface(Enum):
    """Where blocks stand: the most of them, less what a header, a rest line and buttons take."""

    MESSAGE = 46
    VIEW = 80


@dataclass(frozen=True, slots=True)
class Drawn:
    """A message for Slack. `rest` is the whole page as plain text where the message had to be cut, to be attached."""

    blocks: list[Block]
    text: str
    rest: str | None


def draw(page: Page, *, native_tables: bool = True, images: Images = NO_IMAGES) -> Drawn:
    """A page as a message. `native_tables` draws the first table as Slack's own block, else all in fixed width. A plot
    without an image is drawn as a sparkline."""
    body, is_cut = draw_parts(page, Surface.MESSAGE, native_tables=native_tables, images=images)
    buttons = draw_buttons(page.buttons)
    rest = plain_text_of(page) if is_cut else None
    return Drawn([header(marked(page.tone, page.title)), *body, *buttons], spoken_text(page), rest)


def contents(page: Page, images: Images = NO_IMAGES) -> Iterator[dict[str, Any]]:
    """What to send for the page: as drawn; where Slack refuses that, without pictures; with simpler tables; then as
    text alone."""
    if images:
        with_images = draw(page, images=images)
        yield {"blocks": with_images.blocks, "text": with_images.text}
    drawn = draw(page)
    yield {"blocks": drawn.blocks, "text": drawn.text}
    if any(block["type"] == "table" for block in drawn.blocks):
        yield {"blocks": draw(page, native_tables=False).blocks, "text": drawn.text}
    yield {"text": drawn.text}


def draw_parts(
    page: Page,
    surface: Surface,
    *,
    native_tables: bool = False,
    total: int = BLOCKS_TOTAL,
    images: Images = NO_IMAGES,
) -> tuple[list[Block], bool]:
    """The summary and parts of a page as blocks, and whether anything was left out for want of room."""
    blocks: list[Block] = []
    left, is_cut = total - HEADER, False
    for part in (one for one in _with_summary(page) if not isinstance(one, File)):
        if len(blocks) >= surface.value or left < MORE * 3:
            blocks.append(small("… and more."))
            return blocks, True
        if isinstance(part, Plot) and part in images:
            blocks.append(_image(part, images[part]))
            continue
        as_table = native_tables and isinstance(part, Table) and not any(block["type"] == "table" for block in blocks)
        drawn, used, part_is_cut = _part(part, min(left - MORE, PART_TOTAL), as_table=as_table)
        blocks.extend(drawn)
        left -= used
        is_cut = is_cut or part_is_cut
    return blocks, is_cut


def _with_summary(page: Page) -> Sequence[Part]:
    """The parts, led by what the summary says that neither the title nor the parts do."""
    summary, title = one_line(page.summary), one_line(page.title)
    news = summary.removeprefix(title).strip(_JOINTS)
    said = " ".join(one_line(plain_span(run.span)) for part in page.parts for line in lines_of(part) for run in line)
    is_said = all(sentence.strip(_JOINTS) in said for sentence in news.split(". "))
    return page.parts if is_said else (Text((summary,)), *page.parts)


def _part(part: Part, limit: int, *, as_table: bool) -> tuple[list[Block], int, bool]:
    lines = lines_of(part)
    if isinstance(part, Table) and as_table and len(part.headers) <= TABLE_COLUMNS:
        kept, omitted = fit(lines, limit, TABLE_ROWS)
        if kept and kept[0] == lines[0] and part.headers:
            drawn = [_table(part, len(kept) - 1), *_more(omitted)]
            return drawn, _used(kept, omitted), omitted > 0
    kept, omitted = fit(lines, limit)
    if isinstance(part, Table | Plot) or (isinstance(part, Text) and part.literal):
        return [*_preformatted(kept), *_more(omitted)], _used(kept, omitted), omitted > 0
    if isinstance(part, Note):
        return _context(part, kept), _used(kept, omitted), omitted > 0
    return [*_rich(kept), *_more(omitted)], _used(kept, omitted), omitted > 0


def _used(kept: Sequence[Line], omitted: int) -> int:
    return sum(length(line) + 1 for line in kept) + (MORE if omitted else 0)


def _image(plot: Plot, file: str) -> Block:
    """What a screen reader says of it is what the picture shows."""
    said = ". ".join(one_line(line) for line in spoken_plot(plot))
    return {"type": "image", "slack_file": {"id": file}, "alt_text": cut(said or one_line(plot.title) or "Plot", ALT)}


def _more(omitted: int) -> list[Block]:
    if not omitted:
        return []
    return [small(f"… {omitted} more line{'s' if omitted > 1 else ''}.")]


def _rich(lines: Sequence[Line]) -> list[Block]:
    """One section; a paragraph each would be spaced too widely for lists."""
    elements: list[object] = []
    for line in lines:
        drawn = [element for element in map(rich_element, line) if element is not None]
        if drawn and elements:
            elements.append({"type": "text", "text": "\n"})
        elements.extend(drawn)
    return (
        [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}] if elements else []
    )


def _preformatted(lines: Sequence[Line]) -> list[Block]:
    text = "\n".join("".join(plain_span(run.span) for run in line) for line in lines)
    if not text.strip():
        return []
    element = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]}
    return [{"type": "rich_text", "elements": [element]}]


def _context(note: Note, kept: Sequence[Line]) -> list[Block]:
    """Small print. Dates, mentions and links exist in mrkdwn only; a note without them needs none."""
    if any(isinstance(span, Moment | Mention | Link) for span in note.spans):
        text = "".join(mrkdwn_span(run.span) for line in kept for run in line)
        if size(text) > CONTEXT:
            return _rich(kept)
        return (
            [{"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}]
            if text.strip()
            else []
        )
    text = "".join(plain_span(run.span) for line in kept for run in line)
    return [small(text)] if text.strip() else []


def _table(table: Table, rows: int) -> Block:
    columns = len(table.headers)
    cells = [[*row, *[""] * columns][:columns] for row in (table.headers, *table.rows[:rows])]
    return {
        "type": "table",
        "rows": [[{"type": "raw_text", "text": one_line(cell) or "-"} for cell in row] for row in cells],
    }


def header(text: str) -> Block:
    return {"type": "header", "text": plain(cut(text, HEADER))}


def small(text: str) -> Block:
    return {"type": "context", "elements": [plain(cut(text, CONTEXT))]}


def plain(text: str) -> Block:
    """A text that Slack does not parse, emoji names included."""
    return {"type": "plain_text", "text": text, "emoji": False}


def draw_buttons(buttons: Iterable[Button]) -> list[Block]:
    """The buttons in one row. One whose value Slack cannot carry could do nothing, so it is left out."""
    elements = [
        element
        for number, button in enumerate(buttons)
        if (element := _menu(button, number) if button.choices else _button(button, number)) is not None
    ]
    return [{"type": "actions", "elements": elements}] if elements else []


def _button(button: Button, number: int) -> Block | None:
    if size(button.value) > VALUE or not button.label.strip():
        return None
    style = {"style": button.style} if button.style in ("primary", "danger") else {}
    # The action's name is before the colon; what follows makes it unique in its block.
    return {
        "type": "button", "action_id": f"{button.action}:{number}",
        "text": plain(cut(one_line(button.label), BUTTON)), "value": button.value, **style,
    }  # fmt: skip


def _menu(button: Button, number: int) -> Block | None:
    values = [menu_value(choice, button.value) for choice, _ in button.choices[:OPTIONS]]
    if max(map(size, values)) > OPTION_VALUE or not button.label.strip():
        return None
    labels = [plain(cut(one_line(label) or choice, OPTION)) for choice, label in button.choices[:OPTIONS]]
    options = [{"text": label, "value": value} for label, value in zip(labels, values, strict=True)]
    return {
        "type": "static_select", "action_id": f"{button.action}:{number}",
        "placeholder": plain(cut(one_line(button.label), OPTION)), "options": options,
    }  # fmt: skip


def menu_value(choice: str, value: str) -> str:
    """What a menu's option carries: what was chosen, and for what. A choice has no space in it."""
    return f"{choice} {value}"


def split_menu_value(carried: str) -> tuple[str, str]:
    choice, _, value = carried.partition(" ")
    return choice, value


def spoken_text(page: Page) -> str:
    """The whole page for a message's `text`, the summary first, cut to what `text` may hold."""
    lead = neutral(cut(marked(page.tone, page.summary or page.title), 1_000))
    title = neutral(cut(one_line(page.title), HEADER))
    # Whoever hears it read out wants no paragraph twice.
    parts = (part for part in page.parts if not (isinstance(part, Text) and all(line in lead for line in spoken(part))))
    lines = [lead, *([] if title in lead else [title]), *chain.from_iterable(map(spoken, parts))]
    kept: list[str] = []
    used = 0
    for line in lines:
        used += size(line) + 1
        if used > TEXT_TOTAL - 1:
            return "\n".join([*kept, ELLIPSIS])
        kept.append(line)
    return "\n".join(kept)


def plain_text_of(page: Page) -> str:
    """The whole page as plain text, nothing cut: for a file."""
    lines = [marked(page.tone, page.title), one_line(page.summary)]
    for part in page.parts:
        lines.append("")
        lines.extend("".join(plain_span(run.span) for run in line) for line in lines_of(part))
    return "\n".join(lines).rstrip() + "\n"


def notice(tone: Tone, line: str) -> Page:
    """A page of one line."""
    return Page(title=line, tone=tone, summary=line)
