"""What may stand after /ha audit: understood, or answered with one line that says what to type."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.audit_words import AuditWords, understood
from commands.command import Misunderstood
from commands.parse import parse
from ledger.audit import AuditFilter

NOW = datetime(2026, 1, 31, 3, 12, tzinfo=UTC)
PEOPLE = (("U0ALICE", "Alice Smith"), ("U0BOB", "Bob"), ("U0BOB2", "Bob Jones"), ("understudy", "Understudy"))
DAY = datetime(2026, 1, 30, tzinfo=UTC)


def read(text: str) -> AuditWords:
    typed = parse(f"audit {text}", ("audit",))
    return understood(typed.arguments, PEOPLE, ("shop", "books"), ("promote", "status"), NOW)


def refused(text: str) -> str:
    with pytest.raises(Misunderstood) as caught:
        read(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", AuditFilter()),
        ("person alice", AuditFilter(people=("U0ALICE",))),
        ("person ALICE Smith", AuditFilter(people=("U0ALICE",))),
        ("person u0bob2", AuditFilter(people=("U0BOB2",))),
        ("person bob", AuditFilter(people=("U0BOB",))),
        ("cluster shop command promote", AuditFilter(cluster="shop", command="promote")),
        ("since 2h", AuditFilter(since=NOW - timedelta(hours=2))),
        ("since 02:30", AuditFilter(since=NOW.replace(hour=2, minute=30))),
        ("on 2026-01-30", AuditFilter(since=DAY, until=DAY + timedelta(days=1))),
        ("on yesterday", AuditFilter(since=DAY, until=DAY + timedelta(days=1))),
        (
            "from 2026-01-30 01:00 to 2026-01-30T02:30",
            AuditFilter(since=DAY + timedelta(hours=1), until=DAY + timedelta(hours=2.5)),
        ),
        ("from 2026-01-30 to 2026-01-30", AuditFilter(since=DAY, until=DAY + timedelta(days=1))),
        ("to 2026-01-29", AuditFilter(until=DAY)),
    ],
)
def test_which_records_are_wanted(text: str, wanted: AuditFilter) -> None:
    assert read(text) == AuditWords(10, wanted)


def test_all_of_it_at_once() -> None:
    found = read("20 person alice smith cluster shop command promote from 2026-01-30 01:00 to 2026-01-31 03:00")
    assert found.count == 20
    assert found.wanted.people == ("U0ALICE",)
    assert found.wanted.until == NOW.replace(hour=3, minute=0)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("ten", "“ten” is no number. Type: /ha audit 10 person alice since 2h"),
        ("persn alice", "“persn alice” is no number. Did you mean “person”? Type: /ha audit 10 person alice since 2h"),
        ("0", "“0” is not between 1 and 50. Type: /ha audit 50"),
        (
            "person alise smith",
            "“alise smith” is no person in the audit log. Did you mean “alice smith”? Type: /ha audit person NAME",
        ),
        ("person jone", "“jone” is no person in the audit log. Did you mean “bob jones”? Type: /ha audit person NAME"),
        ("cluster shp", "“shp” is no cluster. Did you mean “shop”? Type: /ha audit cluster NAME"),
        ("command promot", "“promot” is no command. Did you mean “promote”? Type: /ha audit command NAME"),
        ("since tea", "“tea” is no time (UTC). Type: /ha audit since 2h"),
        ("on 2026-02-30", "“2026-02-30” is no time (UTC). Type: /ha audit on 2026-01-31"),
        ("on 03:12", "“03:12” is no day. Type: /ha audit on 2026-01-31"),
        ("from 2026-01-31 to 2026-01-29", "That time ends before it begins."),
        ("person", "“person” needs a word after it."),
        ("since 2h since 3h", "“since” stands there twice."),
    ],
)
def test_what_is_not_understood(text: str, line: str) -> None:
    assert refused(text).startswith(line)


@given(st.lists(st.one_of(st.text(max_size=20), st.sampled_from(["person", "since", "on", "from", "to", "2h", "9"]))))
def test_whatever_is_typed_is_a_filter_or_one_line(words: list[str]) -> None:
    try:
        found = understood(words, PEOPLE, ("shop",), ("promote",), NOW)
    except Misunderstood as refusal:
        line = str(refusal)
    else:
        line = ""
        assert 1 <= found.count <= 50
    assert "\n" not in line
    assert len(line) < 400
