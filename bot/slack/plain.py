"""Texts from people and servers, made harmless for Slack.

Nearly everything that Understudy shows stands in `plain_text` and `rich_text` elements, whose texts Slack never parses.
Only two places know nothing but mrkdwn: a message's `text` and a small-print line with a date in it. What goes there
passes `neutral`.
"""

import re
from datetime import UTC, datetime

ELLIPSIS = "…"
DATE_FORMAT = "{date_short_pretty} {time_secs}"

# Control characters, lone surrogates and what reorders or hides text (bidirectional overrides: a "reject" must not be
# made to read "approve"). Each becomes the replacement character, so that people see that something was there.
_HARMFUL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)
_LINE_ENDS = re.compile(r"\r\n|[\r\v\f\x85\u2028\u2029]")

# Slack formats `*b*`, `_i_` and `~s~` where the marker stands at the edge of a word, and backticks anywhere. It has no
# escape for them. Zero-width characters do not help: next to a marker they count as the edge of a word. So the marker
# gives way to a sign that looks like it; inside a word (pg_rewind) it stays as it is.
_EDGE_MARKERS = re.compile(r"(?<![^\W_])[*_~]|[*_~](?![^\W_])")
_EMOJI_NAME = re.compile(r":(?=[\w+'-]*[A-Za-z+_-][\w+'-]*:|100:|1234:)")
_QUOTE = re.compile(r"(?m)^([ \t]*)>")
_LOOK_ALIKES = {"*": "\u2217", "_": "\u02cd", "~": "\u223c"}


def clean(text: str) -> str:
    """The text without anything invisible that could mislead; lines end in a line feed."""
    return _HARMFUL.sub("\ufffd", _LINE_ENDS.sub("\n", text).replace("\t", "    "))


def one_line(text: str) -> str:
    """The cleaned text on one line."""
    return " ".join(clean(text).split())


def neutral(text: str) -> str:
    """The cleaned text for a mrkdwn place: nothing in it mentions, links or formats.

    Source of the escapes: https://docs.slack.dev/messaging/formatting-message-text
    """
    harmless = _QUOTE.sub("\\1\u203a", clean(text)).replace("`", "\u02cb")
    harmless = _EDGE_MARKERS.sub(lambda marker: _LOOK_ALIKES[marker.group()], harmless)
    harmless = _EMOJI_NAME.sub("\ua789", harmless)
    return harmless.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def size(text: str) -> int:
    """The length as Slack may count it: in UTF-16 units, never fewer than there are characters."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, limit: int) -> str:
    """The text, or its beginning and an ellipsis, in at most `limit` units."""
    if size(text) <= limit:
        return text
    kept = text[: limit - 1]
    while size(kept) > limit - 1:
        kept = kept[: -((size(kept) - limit + 2) // 2)]
    return kept.rstrip() + ELLIPSIS


def date_token(at: datetime) -> str:
    """Slack's own markup for a time in the reader's time zone; only ever built from a value."""
    return f"<!date^{int(at.timestamp())}^{DATE_FORMAT}|{utc(at)}>"


def utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
