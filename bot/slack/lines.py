"""The parts of a page as lines of runs: the step between a page and blocks, where long parts are cut."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.plots.sparkline import sparklines, spoken_plot
from bot.slack.plain import clean, cut, date_token, neutral, one_line, size, utc
from ledger.page import Facts, File, Items, Link, Mention, Moment, Note, Part, Plot, Span, Table, Text, Tone

EMOJI = {
    Tone.GOOD: "✅",
    Tone.INFO: "\N{INFORMATION SOURCE}\N{VARIATION SELECTOR-16}",
    Tone.WARNING: "⚠️",
    Tone.CRITICAL: "🔴",
    Tone.FAILED: "❌",
    Tone.UNKNOWN: "❔",
    Tone.RUNNING: "⏳",
    Tone.WAITING: "✋",
}
# A colour-blind reader and a screen reader get a word as well; good and merely informative things need none.
WORD = {
    Tone.WARNING: "Warning",
    Tone.CRITICAL: "Critical",
    Tone.FAILED: "Failed",
    Tone.UNKNOWN: "Unknown",
    Tone.RUNNING: "Running",
    Tone.WAITING: "Waiting",
}
_NUMBERED = re.compile(r"\d+\. ")
_SLACK_ID = re.compile(r"[UW][A-Z0-9]{2,20}")
# Nothing that would end Slack's own markup of a link.
_URL = re.compile(r"https?://[^\s<>|]{1,2000}")
_SLACK_GROUP = re.compile(r"S[A-Z0-9]{2,20}")


@dataclass(frozen=True, slots=True)
class Run:
    span: Span
    bold: bool = False


Line = tuple[Run, ...]


def marked(tone: Tone, title: str) -> str:
    """The title with its state before it, as emoji and word; the word is not said twice."""
    title, word = one_line(title), WORD.get(tone)
    if word is None or title.lower().startswith(word.lower()):
        return f"{EMOJI[tone]} {title}"
    return f"{EMOJI[tone]} {word}: {title}"


def lines_of(part: Part) -> list[Line]:
    match part:
        case Text() if part.literal:
            whole = "".join(plain_span(span) for span in part.spans)
            return [(Run(line),) for line in clean(whole).rstrip("\n").split("\n")]
        case Text() | Note():
            return [tuple(Run(span) for span in part.spans)]
        case Facts():
            return [(Run(f"{one_line(label)}: ", bold=True), *map(Run, spans)) for label, spans in part.pairs]
        case Items():
            title = [(Run(one_line(part.title), bold=True),)] if part.title.strip() else []
            return [*title, *(_item(item.tone, item.title, item.detail) for item in part.items)]
        case Table():
            return [(Run(line),) for line in fixed_width(part)]
        case Plot():
            return [(Run(clean(line)),) for line in (part.title, *sparklines(part))]
        case File():
            return []  # attached in the thread


def _item(tone: Tone, title: str, detail: str) -> Line:
    lead = marked(tone, title)
    if tone is Tone.INFO:
        lead = one_line(title) if _NUMBERED.match(title) else f"• {one_line(title)}"
    detail = one_line(detail)
    return (Run(lead), Run(f" — {detail}")) if detail else (Run(lead),)


def fixed_width(table: Table) -> list[str]:
    """The table in columns of equal width, for a fixed-width font."""
    rows = [[one_line(cell) for cell in row] for row in (table.headers, *table.rows)]
    columns = max(len(row) for row in rows)
    padded = [row + [""] * (columns - len(row)) for row in rows]
    widths = [max(len(row[column]) for row in padded) for column in range(columns)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in padded]


def spoken_rows(table: Table) -> list[str]:
    """The table as sentences, for readers who hear it: the row's name, then each value with its column's name."""
    rows = []
    for row in table.rows:
        cells = [one_line(cell) for cell in row]
        named = [
            f"{one_line(header)} {cell}" for header, cell in zip(table.headers[1:], cells[1:], strict=False) if cell
        ]
        rows.append(f"{cells[0] if cells else ''}: {', '.join(named)}")
    return rows


def fit(lines: Sequence[Line], limit: int, most: int | None = None) -> tuple[list[Line], int]:
    """As many lines as fit into `limit` units (and are no more than `most`), and how many were left out.

    A first line that is too long by itself is cut, so that there is always something to read.
    """
    kept: list[Line] = []
    used = 0
    for line in lines:
        used += length(line) + 1
        if used > limit or (most is not None and len(kept) >= most):
            break
        kept.append(line)
    if not kept and lines:
        kept.append(_cut_line(lines[0], limit))
        return kept, max(len(lines) - 1, 1)
    return kept, len(lines) - len(kept)


def _cut_line(line: Line, limit: int) -> Line:
    kept: list[Run] = []
    for run in line:
        room = limit - length(tuple(kept))
        if length((run,)) > room:
            kept.append(Run(cut(plain_span(run.span), max(room, 1)), run.bold))
            break
        kept.append(run)
    return tuple(kept)


def length(line: Line) -> int:
    return sum(size(plain_span(run.span)) for run in line)


def plain_span(span: Span) -> str:
    match span:
        case Moment():
            return utc(span.at)
        case Mention():
            return one_line(span.name) or "somebody"
        case Link():
            return one_line(f"{span.label}: {span.url}")
        case str():
            return clean(span)


def mrkdwn_span(span: Span) -> str:
    """A span for a mrkdwn place: Slack's markup only from values, all other text neutral."""
    match span:
        case Moment():
            return date_token(span.at)
        case Mention(slack_id=str(slack_id), notify=True) if _SLACK_ID.fullmatch(slack_id):
            return f"<@{slack_id}>"
        case Mention(slack_id=str(slack_id), notify=True) if _SLACK_GROUP.fullmatch(slack_id):
            return f"<!subteam^{slack_id}>"
        case Link(label, url) if _URL.fullmatch(url):
            return f"<{url.replace('&', '&amp;')}|{neutral(one_line(label)) or 'link'}>"
        case _:
            return neutral(plain_span(span))


def rich_element(run: Run) -> dict[str, object] | None:
    """A run as an element of a rich text section; None for nothing."""
    style: dict[str, object] = {"style": {"bold": True}} if run.bold else {}
    match run.span:
        case Moment(at):
            return {
                "type": "date", "timestamp": int(at.timestamp()), "format": "{date_short_pretty} {time_secs}",
                "fallback": utc(at), **style,
            }  # fmt: skip
        case Mention(slack_id=str(slack_id), notify=True) if _SLACK_ID.fullmatch(slack_id):
            return {"type": "user", "user_id": slack_id}
        case Mention(slack_id=str(slack_id), notify=True) if _SLACK_GROUP.fullmatch(slack_id):
            return {"type": "usergroup", "usergroup_id": slack_id}
        case Link(label, url) if _URL.fullmatch(url):
            return {"type": "link", "url": url, "text": one_line(label) or url, **style}
        case _:
            text = plain_span(run.span)
            return {"type": "text", "text": text, **style} if text else None


def spoken(part: Part) -> Iterable[str]:
    """The part for `text`: mrkdwn lines, neutral but for dates and mentions."""
    if isinstance(part, Table):
        return [neutral(row) for row in spoken_rows(part)]
    if isinstance(part, Plot):
        return [neutral(one_line(line)) for line in spoken_plot(part)]
    return ["".join(mrkdwn_span(run.span) for run in line) for line in lines_of(part)]
