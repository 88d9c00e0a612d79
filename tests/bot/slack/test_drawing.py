"""A page drawn for Slack keeps Slack's limits, says everything, and nothing in it is interpreted."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from bot.slack.draw import BLOCKS_TOTAL, Drawn, draw
from bot.slack.plain import clean, cut, neutral, size
from lab.slack.kit.blocks import Surface, check_blocks
from ledger.page import Button, Facts, Item, Items, Mention, Moment, Page, Table, Text, Tone, note, text
from tests.bot.slack.pages import NASTY, objects, pages, parsed_texts, texts, total_text

AT = datetime(2026, 3, 8, 3, 12, 1, tzinfo=UTC)
DATE = re.compile(r"<!date\^\d+\^\{date_short_pretty\} \{time_secs\}\|[\d :-]+UTC>|<@[UW][A-Z0-9]+>")
any_page = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def is_harmless(mrkdwn: str) -> bool:
    """Whether Slack would find nothing to format, mention or link, but dates and mentions made from values."""
    rest = DATE.sub(" ", mrkdwn)
    edge_marker = re.search(r"(?<![^\W_])[*_~]|[*_~](?![^\W_])", rest)
    emoji = re.search(r":[\w+'-]*[A-Za-z+_-][\w+'-]*:", rest)
    quote = re.search(r"(?m)^\s*&gt;", rest)
    return not (edge_marker or emoji or quote or re.search(r"[<>`]", rest))


def message_problems(drawn: Drawn) -> list[str]:
    return check_blocks(drawn.blocks, Surface.MESSAGE, file_is_usable=lambda _: False)


@any_page
@given(pages)
def test_any_page_is_drawn_within_slacks_limits(page: Page) -> None:
    for drawn in (draw(page), draw(page, native_tables=False)):
        assert message_problems(drawn) == []
        assert total_text(drawn.blocks) <= BLOCKS_TOTAL + 500  # buttons, and lines that say how much was left out
        assert len(drawn.text.encode("utf-16-le")) // 2 <= 4_000
        json.dumps(drawn.blocks).encode()
        drawn.text.encode()


@any_page
@given(pages)
def test_nothing_in_a_page_is_interpreted(page: Page) -> None:
    drawn = draw(page)
    for parsed in (*parsed_texts(drawn.blocks), drawn.text):
        assert is_harmless(parsed), parsed
    kinds = {str(one["type"]) for one in objects(drawn.blocks) if isinstance(one.get("type"), str)}
    assert kinds.isdisjoint({"emoji", "link", "broadcast", "usergroup", "markdown"})
    assert all(
        re.fullmatch("[UW][A-Z0-9]+", one["user_id"]) for one in objects(drawn.blocks) if one.get("type") == "user"
    )


@given(texts)
def test_text_for_a_mrkdwn_place_is_harmless(given_text: str) -> None:
    assert is_harmless(neutral(given_text))


@pytest.mark.parametrize("name", ["pg_rewind", "pg_basebackup", "db-1.example:5432", "2026-03-08 03:12:01"])
def test_names_and_times_are_left_as_they_are(name: str) -> None:
    assert neutral(name) == name


@given(texts)
def test_what_hides_or_reorders_text_is_made_visible(given_text: str) -> None:
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", clean(given_text))


@pytest.mark.parametrize("limit", [1, 2, 10])
def test_cutting_counts_as_slack_counts(limit: int) -> None:
    assert size(cut("𝄞" * 20, limit)) <= limit


def test_the_state_is_said_by_emoji_and_word() -> None:
    assert _header(Page("db1 does not answer", Tone.CRITICAL, "")) == "🔴 Critical: db1 does not answer"
    assert _header(Page("Critical: db1", Tone.CRITICAL, "")) == "🔴 Critical: db1"
    assert _header(Page("Waiting for approval", Tone.WAITING, "")) == "✋ Waiting for approval"
    assert _header(Page("main is healthy", Tone.GOOD, "")) == "✅ main is healthy"


def test_the_text_has_the_whole_content_the_summary_first() -> None:
    page = Page(
        "main: primary down",
        Tone.CRITICAL,
        "main has no primary; nothing can be written",
        (
            Facts((("Since", (Moment(AT),)), ("Lag", ("0 B",)))),
            Table(("Server", "Role"), (("db1", "primary"), ("db2", "standby"))),
            Items("Evidence", (Item(Tone.CRITICAL, "SQL on db1", "connection refused"),)),
            note("Acknowledged by ", Mention("Alice", "U0ALICE"), "."),
        ),
    )
    assert draw(page).text.split("\n") == [
        "🔴 Critical: main has no primary; nothing can be written",
        "main: primary down",
        f"Since: <!date^{int(AT.timestamp())}^{{date_short_pretty}} {{time_secs}}|2026-03-08 03:12:01 UTC>",
        "Lag: 0 B",
        "db1: Role primary",
        "db2: Role standby",
        "Evidence",
        "🔴 Critical: SQL on db1 — connection refused",
        "Acknowledged by Alice.",
    ]


def test_a_time_is_shown_in_the_readers_time_zone() -> None:
    (date,) = (
        one
        for one in objects(draw(Page("t", Tone.INFO, "", (text("at ", Moment(AT)),))).blocks)
        if one.get("type") == "date"
    )
    assert date["timestamp"] == int(AT.timestamp())
    assert date["fallback"] == "2026-03-08 03:12:01 UTC"


def test_nobody_is_notified_unless_the_page_asks_for_it() -> None:
    quiet = draw(Page("t", Tone.INFO, "", (text(Mention("Alice", "U0ALICE")), note(Mention("Alice", "U0ALICE")))))
    loud = draw(Page("t", Tone.INFO, "", (note(Mention("Alice", "U0ALICE", notify=True)),)))
    assert "U0ALICE" not in json.dumps(quiet.blocks) + quiet.text
    assert parsed_texts(loud.blocks) == ["<@U0ALICE>"]


def test_a_user_group_is_called_by_its_id_and_only_when_it_is_to_be_notified() -> None:
    loud = draw(Page("t", Tone.CRITICAL, "", (text("Look now: ", Mention("dba", "S0DBA", notify=True)),)))
    assert {"type": "usergroup", "usergroup_id": "S0DBA"} in loud.blocks[-1]["elements"][0]["elements"]
    assert "<!subteam^S0DBA>" in loud.text
    quiet = draw(Page("t", Tone.CRITICAL, "", (text("Look now: ", Mention("dba", "S0DBA")),)))
    assert "S0DBA" not in str(quiet)


def test_a_long_part_is_cut_and_the_rest_is_handed_back() -> None:
    lines = [f"line {number}" for number in range(1, 1001)]
    drawn = draw(Page("Log", Tone.INFO, "", (Text(("\n".join(lines),), literal=True),)))
    shown = next(one["text"] for one in objects(drawn.blocks) if one.get("type") == "text")
    count = len(shown.split("\n"))
    assert {"type": "plain_text", "text": f"… {1000 - count} more lines.", "emoji": False} in list(
        objects(drawn.blocks)
    )
    assert drawn.rest is not None
    assert drawn.rest.rstrip().endswith("line 1000")


def test_a_short_page_leaves_no_rest() -> None:
    assert draw(Page("t", Tone.INFO, "s", (text("x"),))).rest is None


def test_buttons_have_action_ids_of_their_own_and_menus_carry_both_values() -> None:
    silence = Button("alert.silence", "Silence", "7", choices=(("15m", "15 minutes"), ("1h", "1 hour")))
    page = Page(
        "t", Tone.WARNING, "", (), (Button("alert.acknowledge", "Acknowledge", "7", "primary"), silence, silence)
    )
    (actions,) = (block for block in draw(page).blocks if block["type"] == "actions")
    assert [element["action_id"] for element in actions["elements"]] == [
        "alert.acknowledge:0",
        "alert.silence:1",
        "alert.silence:2",
    ]
    assert [option["value"] for option in actions["elements"][1]["options"]] == ["15m 7", "1h 7"]


def test_a_summary_that_the_page_says_anyway_is_not_said_twice() -> None:
    assert len(draw(Page("Same", Tone.INFO, "Same")).blocks) == 1
    assert len(draw(Page("Title", Tone.INFO, "More")).blocks) == 2


@pytest.mark.parametrize("nasty", NASTY)
def test_nasty_texts_reach_the_reader_as_typed(nasty: str) -> None:
    """In literal output no sign is exchanged for another, apart from the invisible ones."""
    drawn = draw(Page("t", Tone.INFO, "", (Text((nasty,), literal=True),)))
    shown = [one["text"] for one in objects(drawn.blocks) if one.get("type") == "text"]
    expected = clean(nasty).rstrip("\n")
    assert "".join(shown)[:200] == (expected if expected.strip() else "")[:200]


def _header(page: Page) -> Any:
    return draw(page).blocks[0]["text"]["text"]
