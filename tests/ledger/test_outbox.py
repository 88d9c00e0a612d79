"""What is to be said, one rule at a time; `test_outbox_sequences` plays them all at once."""

from datetime import timedelta

import pytest
from sqlite_utils import Database

from ledger.outbox import (
    Card,
    Delivery,
    ItemState,
    OutboxItem,
    OutboxMisused,
    card,
    claim,
    delivered,
    due,
    failed,
    last_put,
    oldest_age,
    pending_count,
    put,
    recover,
    uncertain,
)
from ledger.redact import REPLACEMENT
from tests.ledger.values import NOW, SECRET, item, later


def shown(db: Database, seconds: float = 0) -> list[tuple[str, str]]:
    return [(delivery.item.card, delivery.item.page.summary) for delivery in due(db, later(seconds))]


def post(db: Database, put_item: OutboxItem, ts: str = "1.0") -> None:
    assert claim(db, put_item.id, NOW) is not None
    delivered(db, [put_item.id], "C1", ts, NOW)


def only(db: Database) -> Delivery:
    (delivery,) = due(db, later(10**6))
    return delivery


def test_in_the_order_in_which_they_were_put(db: Database) -> None:
    for name in ("a", "b", "c"):
        put(db, item(name))
    assert shown(db) == [("a", "first"), ("b", "first"), ("c", "first")]
    assert [delivery.item.card for delivery in due(db, NOW, limit=2)] == ["a", "b"]


def test_a_new_page_takes_the_place_of_the_one_that_waits(db: Database) -> None:
    old = put(db, item("a", "firing"))
    put(db, item("b", "firing"))
    new = put(db, item("a", "resolved"))
    assert shown(db) == [("a", "resolved"), ("b", "firing")]
    assert claim(db, old.id, NOW) is None
    assert pending_count(db) == 2
    assert last_put(db) == new.id


def test_posted_once_then_updated_in_place(db: Database) -> None:
    first = put(db, item("a", "firing"))
    assert card(db, "a") is None
    post(db, first, "1.5")
    where = Card("a", "C1", "1.5", first.content_hash)
    assert card(db, "a") == where
    put(db, item("a", "resolved"))
    assert only(db).card == where
    assert not only(db).look_first


def test_a_page_put_while_another_is_being_sent_waits_for_it(db: Database) -> None:
    first = put(db, item("a", "firing"))
    claim(db, first.id, NOW)
    second = put(db, item("a", "resolved"))
    assert due(db, NOW) == []
    assert claim(db, second.id, NOW) is None
    delivered(db, [first.id], "C1", "1.0", NOW)
    assert only(db).item.id == second.id
    assert only(db).card == Card("a", "C1", "1.0", first.content_hash)


def test_an_item_is_claimed_once(db: Database) -> None:
    first = put(db, item("a"))
    taken = claim(db, first.id, NOW)
    assert taken is not None
    assert (taken.item.state, taken.item.tries) == (ItemState.SENDING, 1)
    assert claim(db, first.id, NOW) is None
    assert due(db, NOW) == []
    assert pending_count(db) == 1


def test_a_reply_waits_for_its_parent(db: Database) -> None:
    parent = put(db, item("a"))
    reply = put(db, item("a1", parent="a"))
    assert shown(db) == [("a", "first")]
    assert claim(db, reply.id, NOW) is None
    post(db, parent, "1.5")
    assert only(db).item.card == "a1"
    assert only(db).parent == Card("a", "C1", "1.5", parent.content_hash)


def test_a_thread_reads_in_order_even_when_a_reply_is_held_up(db: Database) -> None:
    post(db, put(db, item("a")))
    one = put(db, item("a1", parent="a"))
    two = put(db, item("a2", parent="a"))
    other = put(db, item("b"))
    assert [delivery.item.id for delivery in due(db, NOW)][:2] == [one.id, two.id]
    assert claim(db, two.id, NOW) is None  # not before the one that goes before it
    claim(db, one.id, NOW)
    failed(db, one.id, "ratelimited", later(30))
    assert [delivery.item.card for delivery in due(db, NOW)] == ["b"]  # other messages do not wait
    assert claim(db, two.id, NOW) is None
    assert [delivery.item.id for delivery in due(db, later(30))] == [one.id, two.id, other.id]
    claim(db, one.id, later(30))
    failed(db, one.id, "msg_too_long", None)
    assert claim(db, two.id, later(30)) is not None  # what was given up holds nobody up


def test_a_card_keeps_its_place_and_its_thread(db: Database) -> None:
    put(db, item("a"))
    put(db, item("b"))
    put(db, item("a1", parent="a"))
    for wrong in (item("a1"), item("a1", parent="b"), item("c", parent="none"), item("c", parent="a1")):
        with pytest.raises(OutboxMisused):
            put(db, wrong)


def test_a_failure_is_tried_again_in_time(db: Database) -> None:
    first = put(db, item("a"))
    claim(db, first.id, NOW)
    failed(db, first.id, f"HTTP 500 {SECRET}", later(2))
    assert shown(db, 1) == []
    again = due(db, later(2))[0]
    assert (again.item.id, again.item.tries, again.look_first) == (first.id, 1, False)
    assert again.item.last_error == f"HTTP 500 {REPLACEMENT}"


def test_a_failure_makes_way_for_a_newer_page(db: Database) -> None:
    first = put(db, item("a", "firing"))
    claim(db, first.id, NOW)
    put(db, item("a", "resolved", at=later(5)))
    failed(db, first.id, "HTTP 500", later(60))
    assert shown(db, 5) == [("a", "resolved")]
    assert oldest_age(db, later(10)) == timedelta(seconds=10)  # the channel is behind since the first page


def test_given_up(db: Database) -> None:
    first = put(db, item("a"))
    claim(db, first.id, NOW)
    failed(db, first.id, "channel_not_found", None)
    assert shown(db, 10**6) == []
    assert pending_count(db) == 0
    put(db, item("a", "second"))
    assert shown(db) == [("a", "second")]


def test_a_lost_answer_means_to_look_first_until_the_card_is_found(db: Database) -> None:
    first = put(db, item("a", "firing"))
    claim(db, first.id, NOW)
    uncertain(db, first.id, "timed out", later(1))
    put(db, item("a", "resolved"))  # a newer page knows it as well
    assert only(db).look_first
    claimed = claim(db, only(db).item.id, later(2))
    assert claimed is not None
    assert claimed.look_first
    failed(db, claimed.item.id, "could not look: ratelimited", later(3))
    assert only(db).look_first
    claim(db, claimed.item.id, later(4))
    delivered(db, [claimed.item.id], "C1", "1.0", later(4))
    third = put(db, item("a", "again"))
    assert not only(db).look_first
    claim(db, third.id, later(5))
    uncertain(db, third.id, "timed out", later(6))  # an update may be repeated without looking
    assert not only(db).look_first


def test_a_process_that_died_while_sending(db: Database) -> None:
    first, second = put(db, item("a")), put(db, item("b"))
    claim(db, first.id, NOW)
    assert recover(db, later(1)) == 1
    assert [(delivery.item.id, delivery.look_first) for delivery in due(db, later(1))] == [
        (first.id, True),
        (second.id, False),
    ]
    assert recover(db, later(1)) == 0


def test_an_answer_that_comes_late_counts(db: Database) -> None:
    first = put(db, item("a", "firing"))
    claim(db, first.id, NOW)
    second = put(db, item("a", "resolved"))
    recover(db, NOW)
    delivered(db, [first.id], "C1", "1.0", later(1))
    assert only(db).item.id == second.id
    assert only(db).card == Card("a", "C1", "1.0", first.content_hash)
    failed(db, first.id, "too late to say", later(9))
    assert pending_count(db) == 1


def test_items_of_one_card_are_delivered_together(db: Database) -> None:
    first, second, other = put(db, item("a")), put(db, item("a", "second")), put(db, item("b"))
    with pytest.raises(OutboxMisused):
        delivered(db, [first.id, other.id], "C1", "1.0", NOW)
    with pytest.raises(OutboxMisused):
        delivered(db, [], "C1", "1.0", NOW)
    with pytest.raises(OutboxMisused):
        delivered(db, [99], "C1", "1.0", NOW)
    delivered(db, [second.id, first.id], "C1", "1.0", NOW)
    assert card(db, "a") == Card("a", "C1", "1.0", second.content_hash)


def test_how_far_behind_the_channels_are(db: Database) -> None:
    assert oldest_age(db, NOW) is None
    put(db, item("a", "firing", at=NOW))
    put(db, item("a", "resolved", at=later(20)))  # new pages do not make an outage look younger
    assert oldest_age(db, later(30)) == timedelta(seconds=30)
    post(db, only(db).item)
    assert oldest_age(db, later(30)) is None
    assert pending_count(db) == 0


def test_pages_are_kept_without_secrets(db: Database) -> None:
    assert put(db, item("a", f"password is {SECRET}")).page.summary == f"password is {REPLACEMENT}"
    assert SECRET not in "\n".join(db.conn.iterdump())


def test_a_page_that_cannot_be_read_is_said_to_be_so_and_holds_nobody_up(db: Database) -> None:
    newer = put(db, item("a"))
    put(db, item("b"))
    db.execute("UPDATE outbox SET page = json_set(page, '$.version', 2) WHERE id = ?", [newer.id])
    first, second = due(db, NOW)
    assert first.item.page.title == "A message that cannot be shown"
    assert "page.version: 2 is not known here" in first.item.page.summary
    assert second.item.page.summary == "first"


def test_equal_pages_have_equal_hashes(db: Database) -> None:
    one, two, three = put(db, item("a", "x")), put(db, item("b", "x")), put(db, item("c", "y"))
    assert one.content_hash == two.content_hash != three.content_hash


@pytest.mark.parametrize(
    "query", [lambda db: pending_count(db), lambda db: oldest_age(db, NOW), lambda db: due(db, NOW)]
)
def test_asking_does_not_walk_through_all_that_was_ever_said(db: Database, query: object) -> None:
    statements: list[str] = []
    db.conn.set_trace_callback(statements.append)
    assert callable(query)
    query(db)
    db.conn.set_trace_callback(None)
    (select,) = [statement for statement in statements if "SELECT" in statement]
    plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {select}")]
    assert not [line for line in plan if line.startswith("SCAN") and "INDEX" not in line], plan
