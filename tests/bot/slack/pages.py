"""Any page at all, for property tests; and what Slack would make of what is drawn from it."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from ledger.page import Button, Facts, Item, Items, Mention, Moment, Note, Page, Part, Span, Table, Text, Tone

NASTY = (
    "<!channel>", "<!here|x>", "<@U1ALICE>", "<#C1>", "<https://evil.example|click>", "&lt;!channel&gt;", "&", "<",
    "'\"", "*b*", "_i_", "~s~", "`code`", "```\nx\n```", "> quoted", "&gt; quoted", "pg_ctl -D _data_ *stop*", ":tada:",
    ":+1:", "a\x00b", "\u202egnp.exe", "line\nline\r\nline\u2028line", "\ud800", "; rm -rf /", "", " ",
    "x" * 10_000, "y\n" * 400, "𝄞" * 3_000,
)  # fmt: skip

texts = st.one_of(
    st.sampled_from(NASTY), st.text(max_size=60), st.lists(st.sampled_from(NASTY), max_size=3).map(" ".join)
)
moments = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2099, 1, 1)).map(  # noqa: DTZ001
    lambda at: Moment(at.replace(tzinfo=UTC))
)
mentions = st.builds(Mention, texts, st.sampled_from((None, "U0ALICE", "<!channel>", "")), st.booleans())
spans: st.SearchStrategy[tuple[Span, ...]] = st.lists(st.one_of(texts, moments, mentions), max_size=5).map(tuple)
tones = st.sampled_from(Tone)
_rows = st.lists(st.lists(texts, max_size=25).map(tuple), max_size=5).map(tuple)
_pairs = st.lists(st.tuples(texts, spans), max_size=12).map(tuple)
_items = st.lists(st.builds(Item, tones, texts, texts), max_size=12).map(tuple)
parts: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, spans, st.booleans()),
    st.builds(Facts, _pairs),
    st.builds(Table, st.lists(texts, max_size=25).map(tuple), _rows),
    st.builds(Items, texts, _items),
    st.builds(Note, spans),
)
_choices = st.lists(st.tuples(st.sampled_from(("15m", "1h", "forever")), texts), max_size=5).map(tuple)
buttons = st.builds(
    Button,
    st.sampled_from(("order.approve", "alert.silence")),
    texts,
    texts,
    st.sampled_from(("default", "danger")),
    _choices,
)
pages = st.builds(
    Page, texts, tones, texts, st.lists(parts, max_size=60).map(tuple), st.lists(buttons, max_size=4).map(tuple)
)


def objects(value: object) -> Iterator[Mapping[str, Any]]:
    """Every object in a piece of JSON."""
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():
            yield from objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner)


def total_text(blocks: object) -> int:
    texts = (one.get("text") for one in objects(blocks))
    return sum(len(text.encode("utf-16-le")) // 2 for text in texts if isinstance(text, str))


def parsed_texts(blocks: object) -> list[str]:
    """The texts that Slack parses: those of mrkdwn objects, and of nothing else."""
    return [str(one["text"]) for one in objects(blocks) if one.get("type") == "mrkdwn"]
