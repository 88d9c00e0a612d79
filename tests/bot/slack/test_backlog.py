"""Much that waits is not read anew for each message."""

from datetime import UTC, datetime

from bot.slack.backlog import MUCH, READ_EVERY, Backlog
from ledger.outbox import Delivery, OutboxItem
from ledger.page import Page, Tone


def waiting(count: int) -> list[Delivery]:
    page = Page("down", Tone.CRITICAL, "down")
    at = datetime(2026, 1, 31, tzinfo=UTC)
    items = (OutboxItem(at, "C0OPS", f"alert/A{number}", page, id=number) for number in range(count))
    return [Delivery(item, None, None, look_first=False) for item in items]


class Ledger:
    """Counts how often it is read."""

    def __init__(self, count: int) -> None:
        self.due, self.reads, self.now = waiting(count), 0, 100.0

    async def read(self) -> list[Delivery]:
        self.reads += 1
        return self.due


async def test_little_is_read_each_time() -> None:
    ledger = Ledger(3)
    backlog = Backlog(ledger.read, lambda: ledger.now)
    for _ in range(5):
        assert len(await backlog.due()) == 3
    assert ledger.reads == 5


async def test_of_much_what_is_taken_is_left_out_until_it_is_read_again() -> None:
    ledger = Ledger(MUCH + 50)
    backlog = Backlog(ledger.read, lambda: ledger.now)
    for left in range(MUCH + 50, MUCH, -1):
        due = await backlog.due()
        assert len(due) == left
        backlog.taken(due[0])
    assert ledger.reads == 1
    ledger.now += READ_EVERY
    assert len(await backlog.due()) == MUCH + 50
    assert ledger.reads == 2
