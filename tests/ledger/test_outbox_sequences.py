"""Whatever is put, and whatever Slack and the process do: each message appears once, in order, and ends up right.

A sender that keeps to the outbox's rules talks to a Slack that refuses, loses answers (before or after it has posted),
and a process that dies at any moment.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ledger.connection import connect, prepare
from ledger.outbox import (
    Delivery,
    card,
    claim,
    delivered,
    due,
    failed,
    oldest_age,
    pending_count,
    put,
    recover,
    uncertain,
)
from ledger.redact import Redactor
from tests.ledger.values import NOW, item

ROOTS = ("alert 1", "alert 2")
REPLIES = {f"{root} / {number}": root for root in ROOTS for number in range(3)}
CARDS = (*ROOTS, *REPLIES)


@dataclass
class Message:
    """A message as the channel shows it."""

    key: str
    ts: str
    thread: str | None
    shows: str
    history: list[str] = field(default_factory=list)


class OutboxMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.directory = TemporaryDirectory()
        path = Path(self.directory.name) / "ledger.db"
        prepare(path, create=True)
        self.db = connect(path, Redactor(), writable=True)
        self.db.execute("PRAGMA synchronous = OFF")  # nothing here is about power cuts
        self.now = NOW
        self.pages = 0
        self.newest: dict[str, str] = {}  # by card, in the order of their first page
        self.channel: list[Message] = []
        self.in_hand: Delivery | None = None

    def teardown(self) -> None:
        self.db.close()
        self.directory.cleanup()

    # What the rest of Understudy does.

    @rule(key=st.sampled_from(CARDS))
    def something_is_to_be_said(self, key: str) -> None:
        parent = REPLIES.get(key)
        if parent is not None and parent not in self.newest:
            return
        self.pages += 1
        self.newest[key] = f"page {self.pages}"
        put(self.db, item(key, self.newest[key], parent, at=self.now))

    @rule(seconds=st.integers(1, 20))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    # What the sender does.

    @precondition(lambda self: self.in_hand is None)
    @rule(choice=st.integers(0, 3))
    def the_sender_takes_something(self, choice: int) -> None:
        ready = due(self.db, self.now)
        if ready:
            self.in_hand = claim(self.db, ready[min(choice, len(ready) - 1)].item.id, self.now)

    @precondition(lambda self: self.in_hand is not None)
    @rule()
    def slack_takes_it(self) -> None:
        delivery = self.held()
        message = self.slack_shows(delivery)
        delivered(self.db, [delivery.item.id], "C1", message.ts, self.now)

    @precondition(lambda self: self.in_hand is not None)
    @rule(pause=st.integers(0, 30))
    def slack_refuses_it(self, pause: int) -> None:
        failed(self.db, self.held().item.id, "ratelimited", self.now + timedelta(seconds=pause))

    @precondition(lambda self: self.in_hand is not None)
    @rule(pause=st.integers(0, 30), arrived=st.booleans())
    def the_answer_is_lost(self, pause: int, arrived: bool) -> None:
        delivery = self.held()
        if arrived:
            self.slack_shows(delivery)
        uncertain(self.db, delivery.item.id, "timed out", self.now + timedelta(seconds=pause))

    @rule(arrived=st.booleans())
    def the_process_dies_and_starts_again(self, arrived: bool) -> None:
        if self.in_hand is not None:
            delivery = self.held()
            if arrived:
                self.slack_shows(delivery)
        recover(self.db, self.now)

    def held(self) -> Delivery:
        delivery, self.in_hand = self.in_hand, None
        assert delivery is not None
        return delivery

    def slack_shows(self, delivery: Delivery) -> Message:
        """Updates the known message; or looks for it when told to; or posts."""
        key, summary = delivery.item.card, delivery.item.page.summary
        found = None
        if delivery.card is not None:
            found = next(message for message in self.channel if message.ts == delivery.card.ts)
        elif delivery.look_first:
            found = next((message for message in self.channel if message.key == key), None)
        if found is None:
            thread = None if delivery.parent is None else delivery.parent.ts
            found = Message(key, f"{len(self.channel) + 1}.0", thread, summary)
            self.channel.append(found)
        found.shows = summary
        found.history.append(summary)
        return found

    # What must hold at every moment.

    @invariant()
    def each_card_is_one_message(self) -> None:
        keys = [message.key for message in self.channel]
        assert len(keys) == len(set(keys))

    @invariant()
    def a_reply_stands_in_its_parents_thread(self) -> None:
        by_key = {message.key: message for message in self.channel}
        for message in self.channel:
            parent = REPLIES.get(message.key)
            assert message.thread == (None if parent is None else by_key[parent].ts)

    @invariant()
    def a_thread_reads_in_the_order_of_what_happened(self) -> None:
        for root in ROOTS:
            said = [key for key in self.newest if REPLIES.get(key) == root]
            shown = [message.key for message in self.channel if REPLIES.get(message.key) == root]
            assert shown == said[: len(shown)]

    @invariant()
    def a_message_never_goes_back_to_an_older_page(self) -> None:
        for message in self.channel:
            numbers = [int(page.split()[1]) for page in message.history]
            assert numbers == sorted(numbers)

    @invariant()
    def nothing_is_forgotten(self) -> None:
        shows = {message.key: message.shows for message in self.channel}
        behind = [key for key, page in self.newest.items() if shows.get(key) != page]
        assert pending_count(self.db) >= len(behind)
        assert (oldest_age(self.db, self.now) is None) == (pending_count(self.db) == 0)

    @rule()
    def in_quiet_times_everything_is_said(self) -> None:
        self.the_process_dies_and_starts_again(arrived=False)
        self.now += timedelta(hours=1)
        while ready := due(self.db, self.now):
            for delivery in ready:
                self.in_hand = claim(self.db, delivery.item.id, self.now)
                assert self.in_hand is not None
                self.slack_takes_it()
        assert pending_count(self.db) == 0
        assert {message.key: message.shows for message in self.channel} == self.newest
        for message in self.channel:
            shown = card(self.db, message.key)
            assert shown is not None
            assert shown.ts == message.ts


OutboxMachine.TestCase.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
TestOutboxSequences = OutboxMachine.TestCase
