"""A page at the terminal: everything is there, nothing in it is interpreted."""

import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bot.terminal.draw import draw
from ledger.page import Facts, Item, Items, Mention, Moment, Note, Page, Table, Text, Tone


def _drawn(page: Page, *, colours: bool = False) -> str:
    console = Console(width=200, force_terminal=colours, color_system="standard" if colours else None, record=False)
    with console.capture() as capture:
        console.print(draw(page, UTC))
    return capture.get()


def test_every_part_is_shown_with_its_words() -> None:
    page = Page(
        title="shop: primary down",
        tone=Tone.CRITICAL,
        summary="shop",
        parts=(
            Text(("since ", Moment(datetime(2026, 3, 1, 3, 12, tzinfo=UTC)), " by ", Mention("alice"))),
            Facts((("Lag", ("12 kB",)),)),
            Table(("Server", "Role"), (("db1", "primary"),)),
            Items("Checks", (Item(Tone.GOOD, "one timeline", "both on 3"),)),
            Note(("small print",)),
        ),
    )
    text = _drawn(page)
    for words in (
        "✘ shop: primary down",
        "2026-03-01 03:12:00 UTC",
        "@alice",
        "12 kB",
        "db1",
        "both on 3",
        "small print",
    ):
        assert words in text


@given(st.text(max_size=300))
def test_nothing_that_a_server_or_person_wrote_is_interpreted(text: str) -> None:
    page = Page(
        title=text, tone=Tone.INFO, summary=text, parts=(Text((text, "[bold red]x[/]")), Table((text,), ((text,),)))
    )
    drawn = _drawn(page, colours=True)
    assert "[bold red]x[/]" in re.sub(r"\x1b\[[0-9;]*m", "", drawn).replace("\n", "")
    assert not re.search(r"\x1b(?!\[[0-9;]*m)", drawn)
    assert "\x07" not in drawn
