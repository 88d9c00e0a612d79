"""After an outage the lines of a thread are one, with all that happened in order."""

from datetime import timedelta

from sqlite_utils import Database

from ledger.catching_up import fold_waiting
from ledger.outbox import ItemState, OutboxItem, claim, delivered, due, put, uncertain
from ledger.page import Button, Mention, Moment, Page, Text, Tone
from tests.ledger.values import NOW, later

WAITED = timedelta(minutes=5)


def say(db: Database, number: int, tone: Tone = Tone.WARNING, thread: str = "alert/A1", **page: object) -> OutboxItem:
    said = Text((f"detail {number}", Mention("dba", "S0DBA", notify=True)))
    line = Page(f"line {number}", tone, f"line {number}", (said,), **page)  # type: ignore[arg-type]
    return put(db, OutboxItem(later(number), "C0OPS", f"{thread}/{number}", line, parent=thread))


def card(db: Database, key: str = "alert/A1") -> None:
    item = put(db, OutboxItem(NOW, "C0OPS", key, Page("down", Tone.CRITICAL, "down")))
    claim(db, item.id, NOW)
    delivered(db, [item.id], "C0OPS", "1.0", NOW)


def fold(db: Database, after: float = 400) -> int:
    return fold_waiting(db, later(after), WAITED, "alert/*")


def test_what_waited_too_long_is_one_line_that_says_each_with_its_time(db: Database) -> None:
    card(db)
    for number in range(1, 5):
        say(db, number)
    assert fold(db) == 4
    (one,) = due(db, later(400))
    assert one.item.page.title == "While Slack was out of reach: 4 changes"
    lines = [part.spans for part in one.item.page.parts if isinstance(part, Text)]
    assert [spans[0] for spans in lines] == [Moment(later(number)) for number in range(1, 5)]
    assert [spans[1] for spans in lines] == [f": line {number}." for number in range(1, 5)]
    called = [span.notify for spans in lines for span in spans if isinstance(span, Mention)]
    assert called == [False, False, False, True]
    assert fold(db) == 0


def test_good_news_calls_nobody(db: Database) -> None:
    card(db)
    for number, tone in enumerate((Tone.CRITICAL, Tone.CRITICAL, Tone.GOOD)):
        say(db, number, tone)
    fold(db)
    (one,) = due(db, later(400))
    assert not any(span.notify for part in one.item.page.parts if isinstance(part, Text) for span in part.spans
                   if isinstance(span, Mention))  # fmt: skip


def test_an_outage_that_goes_on_is_folded_on(db: Database) -> None:
    card(db)
    for number in range(1, 4):
        say(db, number)
    fold(db)
    for number in range(410, 413):
        say(db, number)
    assert fold(db, 900) == 4
    (one,) = due(db, later(900))
    assert one.item.page.title == "While Slack was out of reach: 6 changes"


def test_little_or_fresh_or_elsewhere_or_asking_is_said_line_by_line(db: Database) -> None:
    card(db)
    say(db, 1)
    say(db, 2)
    assert fold(db) == 0
    say(db, 3, buttons=(Button("alert.still", "Still on it", "A1"),))
    assert fold(db) == 0
    card(db, "operation/7K3F")
    for number in range(4):
        say(db, number, thread="operation/7K3F")
    assert fold(db) == 0
    card(db, "alert/A2")
    for number in range(390, 394):
        say(db, number, thread="alert/A2")
    assert fold(db) == 0


def test_what_may_stand_there_already_is_not_folded(db: Database) -> None:
    card(db)
    first = say(db, 1)
    for number in range(2, 5):
        say(db, number)
    claim(db, first.id, later(10))
    uncertain(db, first.id, "timeout", later(20))
    assert fold(db) == 3
    sure, folded = due(db, later(400))
    assert (sure.item.id, sure.look_first) == (first.id, True)
    assert folded.item.state is ItemState.WAITING
