"""Every page reaches its channel, shows once and in order, whatever Slack does meanwhile."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.plots.plotter import Plotter
from bot.slack.client import SlackClients
from bot.slack.courier import Courier
from bot.slack.pace import Limits
from bot.slack.patience import Pauses
from bot.slack.pictures import Pictures
from bot.slack.poster import Poster
from lab.slack import Faults, PracticeSlack
from ledger import outbox
from ledger.ledger import Ledger
from ledger.outbox import OutboxItem
from ledger.page import Page, Table, Text, Tone

SHORT = Pauses(settle=0.1, first=0.1, longest=0.3, refused=0.2)
QUICK = Limits(posts_per_second=20.0, updates_per_second=20.0, card_seconds=0.1)
Start = Callable[[], Any]


@pytest.fixture
def running(ledger: Ledger, clients: SlackClients) -> Start:
    @asynccontextmanager
    async def start() -> AsyncIterator[Courier]:
        courier = Courier(ledger, clients.sender, Pictures(clients.sender, Plotter()), pauses=SHORT, limits=QUICK)
        task = asyncio.create_task(courier.run())
        try:
            yield courier
        finally:
            task.cancel()
            await asyncio.wait([task])

    return start


def page(title: str, tone: Tone = Tone.INFO) -> Page:
    return Page(title, tone, title)


async def put(
    ledger: Ledger,
    card: str,
    shown: Page | str,
    *,
    channel: str = "C0OPS",
    parent: str | None = None,
    broadcast: bool = False,
) -> None:
    content = page(shown) if isinstance(shown, str) else shown
    item = OutboxItem(datetime.now(UTC), channel, card, content, parent, broadcast)
    await ledger.write(lambda db: outbox.put(db, item))


def titles(slack: PracticeSlack, channel: str = "C0OPS", thread_ts: str | None = None) -> list[str]:
    return [title(message) for message in slack.messages(channel, thread_ts)]


def title(message: dict[str, Any]) -> str:
    header = next((block for block in message.get("blocks", ()) if block["type"] == "header"), None)
    text = str(header["text"]["text"]) if header else str(message["text"])
    return text.split(" ", 1)[1]


async def emptied(slack: PracticeSlack, ledger: Ledger) -> None:
    async with asyncio.timeout(20):
        while await ledger.read(outbox.pending_count):
            await asyncio.sleep(0.02)


async def test_a_page_is_posted_and_then_updated_in_place(slack: PracticeSlack, ledger: Ledger, running: Start) -> None:
    async with running():
        await put(ledger, "alert/1", page("db1 is down", Tone.CRITICAL))
        await slack.wait_for_message("C0OPS", lambda message: title(message) == "Critical: db1 is down")
        await put(ledger, "alert/1", page("db1 is back", Tone.GOOD))
        await slack.wait_for_message("C0OPS", lambda message: title(message) == "db1 is back")
        await emptied(slack, ledger)
    assert len(slack.messages("C0OPS")) == 1


async def test_what_another_process_puts_is_found_by_looking(
    slack: PracticeSlack, ledger: Ledger, running: Start
) -> None:
    async with await Ledger.open(ledger.path) as other, running():
        await put(other, "alert/1", "from elsewhere")
        await slack.wait_for_message("C0OPS")


async def test_replies_follow_their_parent_in_order(slack: PracticeSlack, ledger: Ledger, running: Start) -> None:
    await put(ledger, "operation/1", page("failover", Tone.RUNNING))
    for number in range(1, 4):
        await put(ledger, f"operation/1/{number}", f"step {number}", parent="operation/1")
    await put(ledger, "operation/1/4", "last step", parent="operation/1", broadcast=True)
    async with running():
        await emptied(slack, ledger)
    (parent, _) = slack.messages("C0OPS")  # the last one shows in the channel as well
    assert titles(slack, thread_ts=parent["ts"]) == ["Running: failover", "step 1", "step 2", "step 3", "last step"]


async def test_urgent_pages_leave_before_chatter(slack: PracticeSlack, ledger: Ledger, running: Start) -> None:
    for number in range(3):
        await put(ledger, f"chatter/{number}", f"chatter {number}")
    await put(ledger, "operation/1", page("failover", Tone.RUNNING))
    await put(ledger, "alert/1", page("down", Tone.CRITICAL))
    async with running():
        await emptied(slack, ledger)
    assert titles(slack) == ["Critical: down", "Running: failover", "chatter 0", "chatter 1", "chatter 2"]


async def test_a_burst_of_changes_shows_the_last_one_and_few_between(
    slack: PracticeSlack, ledger: Ledger, running: Start
) -> None:
    async with running():
        for number in range(30):
            await put(ledger, "operation/1", f"{number} of 30 rows")
        await slack.wait_for_message("C0OPS", lambda message: title(message) == "29 of 30 rows")
    assert len([call for call in slack.calls if call.method == "chat.update"]) < 5


FAULTS: dict[str, Callable[[Faults], object]] = {
    "429": lambda faults: faults.rate_limit("chat.postMessage", retry_after=1, calls=1),
    "500": lambda faults: faults.server_error("chat.postMessage", calls=2),
    "500 as JSON": lambda faults: faults.server_error("chat.postMessage", html=False, calls=1),
    "no answer": lambda faults: faults.hang("chat.postMessage", calls=1),
    "lost answer": lambda faults: faults.lose_answer("chat.postMessage", calls=3),
    "late answer": lambda faults: faults.slow("chat.postMessage", milliseconds=700, calls=1),
    "lost answers and a history that fails": lambda faults: (
        faults.lose_answer("chat.postMessage", calls=2),
        faults.server_error("conversations.history", calls=2),
    ),
    "everything fails for a while": lambda faults: faults.server_error(calls=8),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_nothing_is_lost_and_nothing_shows_twice(
    fault: str, slack: PracticeSlack, ledger: Ledger, running: Start
) -> None:
    FAULTS[fault](slack.faults)
    expected = [f"page {number}" for number in range(5)]
    for number, shown in enumerate(expected):
        await put(ledger, f"card/{number}", shown)
    async with running():
        await emptied(slack, ledger)
    assert titles(slack) == expected


async def test_lost_answers_in_a_thread_show_once_too(slack: PracticeSlack, ledger: Ledger, running: Start) -> None:
    async with running():
        await put(ledger, "operation/1", "parent")
        parent = await slack.wait_for_message("C0OPS")
        slack.faults.lose_answer("chat.postMessage", calls=2)
        for number in range(3):
            await put(ledger, f"operation/1/{number}", f"step {number}", parent="operation/1")
        await emptied(slack, ledger)
    assert titles(slack, thread_ts=parent["ts"]) == ["parent", "step 0", "step 1", "step 2"]


async def test_a_message_found_again_is_brought_up_to_date(
    slack: PracticeSlack, ledger: Ledger, running: Start
) -> None:
    slack.faults.lose_answer("chat.postMessage", calls=1)
    async with running():
        await put(ledger, "alert/1", page("down", Tone.CRITICAL))
        await slack.wait_for_message("C0OPS")
        await put(ledger, "alert/1", page("up", Tone.GOOD))
        await emptied(slack, ledger)
    assert titles(slack) == ["up"]


async def test_a_lost_answer_to_an_update_is_simply_repeated(
    slack: PracticeSlack, ledger: Ledger, running: Start
) -> None:
    async with running():
        await put(ledger, "alert/1", "first")
        await emptied(slack, ledger)
        slack.faults.lose_answer("chat.update", calls=2)
        await put(ledger, "alert/1", "second")
        await emptied(slack, ledger)
    assert titles(slack) == ["second"]


async def test_a_crash_after_the_post_shows_once(
    slack: PracticeSlack, clients: SlackClients, ledger: Ledger, running: Start
) -> None:
    """The process ends after Slack took the message and before the ledger knows."""
    await put(ledger, "alert/1", "down")
    now = datetime.now(UTC)
    (due,) = await ledger.read(lambda db: outbox.due(db, now))
    claimed = await ledger.write(lambda db: outbox.claim(db, due.item.id, now))
    assert claimed is not None
    await Poster(clients.sender, Pictures(clients.sender, Plotter())).show(claimed)
    async with running():
        await emptied(slack, ledger)
    assert titles(slack) == ["down"]


async def test_an_outage_delays_everything_and_loses_nothing(
    slack: PracticeSlack, ledger: Ledger, running: Start
) -> None:
    outage = slack.faults.server_error()
    async with running() as courier:
        await put(ledger, "alert/1", page("down", Tone.CRITICAL))
        await put(ledger, "alert/1/1", "still down", parent="alert/1")
        await put(ledger, "alert/2", "disk is filling")
        await put(ledger, "alert/2", "disk is full")
        await slack.wait_until(lambda: len(list(slack.calls)) >= 3)
        during = await courier.health()
        outage.heal()
        await emptied(slack, ledger)
        after = await courier.health()
    assert (during.pending, after.pending) == (3, 0)
    assert during.oldest_seconds is not None
    assert after.last_success is not None
    assert titles(slack) == ["Critical: down", "disk is full"]


async def test_the_app_joins_a_channel_that_it_is_not_in(ledger: Ledger, running: Start, slack: PracticeSlack) -> None:
    slack.remove_from_channel("C0OPS", slack.workspace.app.bot_user_id)
    async with running():
        await put(ledger, "alert/1", "down")
        await slack.wait_for_message("C0OPS")


async def test_a_channel_that_does_not_exist_is_reported_and_holds_up_no_other(
    slack: PracticeSlack, ledger: Ledger, running: Start
) -> None:
    async with running() as courier:
        await put(ledger, "alert/1", page("nobody hears this", Tone.CRITICAL), channel="C0NOWHERE")
        await put(ledger, "alert/2", "everybody hears this")
        await slack.wait_for_message("C0OPS")
        async with asyncio.timeout(5):
            while (health := await courier.health()).pending > 1 or not health.troubles:
                await asyncio.sleep(0.02)
    assert health.pending == 1
    assert not health.healthy
    assert health.troubles[0].startswith("C0NOWHERE: channel_not_found")


async def test_a_message_that_somebody_deleted_is_posted_anew(
    slack: PracticeSlack, clients: SlackClients, ledger: Ledger, running: Start
) -> None:
    async with running():
        await put(ledger, "alert/1", "down")
        first = await slack.wait_for_message("C0OPS")
        await emptied(slack, ledger)
        await clients.web.chat_delete(channel="C0OPS", ts=first["ts"])
        await put(ledger, "alert/1", "still down")
        await emptied(slack, ledger)
    assert titles(slack) == ["still down"]


async def test_long_output_is_cut_and_the_rest_attached_in_the_thread(
    slack: PracticeSlack, ledger: Ledger, running: Start
) -> None:
    log = "\n".join(f"line {number}" for number in range(2_000))
    async with running():
        await put(ledger, "operation/1", Page("Log", Tone.INFO, "", (Text((log,), literal=True),)))
        parent = await slack.wait_for_message("C0OPS")
        reply = await slack.wait_for_message("C0OPS", lambda message: bool(message.get("files")))
    assert reply["thread_ts"] == parent["ts"]
    assert reply["files"][0]["name"] == "full-text.txt"


async def test_without_blocks_the_text_still_says_everything(
    slack: PracticeSlack, ledger: Ledger, running: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack refuses the blocks: the page comes as plain text, with no markup in it."""
    monkeypatch.setattr("bot.slack.draw.HEADER", 10_000)
    content = Page("x" * 200, Tone.WARNING, "<!channel> *look*", (Table(("a", "b"), (("1", "2"),)),))
    async with running():
        await put(ledger, "alert/1", content)
        message = await slack.wait_for_message("C0OPS")
    assert message.get("blocks", []) == []
    assert message["text"].startswith("⚠️ Warning: &lt;!channel&gt; \u2217look\u2217")


async def test_what_was_said_last_still_leaves_when_the_bot_stops(
    slack: PracticeSlack, ledger: Ledger, running: Start
) -> None:
    async with running() as courier:
        await put(ledger, "operation/1", page("failover", Tone.RUNNING))
        await put(ledger, "operation/1/report", "interrupted at step 4", parent="operation/1")
        await courier.stop()
    assert await ledger.read(outbox.pending_count) == 0


async def test_stopping_does_not_wait_for_a_slack_that_is_away(
    slack: PracticeSlack, ledger: Ledger, running: Start
) -> None:
    slack.faults.server_error()
    async with running() as courier:
        await put(ledger, "alert/1", "down")
        await slack.wait_until(lambda: len(slack.calls) > 0)
        async with asyncio.timeout(3):
            await courier.stop(30)
    assert await ledger.read(outbox.pending_count) == 1


async def test_a_private_channel_without_the_app_is_kept_for_later(
    ledger: Ledger, slack: PracticeSlack, running: Start
) -> None:
    async with running() as courier:
        await put(ledger, "alert/1", "down", channel="C0SECRET")
        await slack.wait_until(lambda: len(slack.calls.of("chat.postMessage")) > 0)
        await courier.stop()
    assert await ledger.read(outbox.pending_count) == 1


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_slack_does_all_is_shown_once_and_in_order(
    seed: int, slack: PracticeSlack, ledger: Ledger, running: Start
) -> None:
    """Two channels, threads and changes, under faults that come and go; now and then the process ends too."""
    chance = random.Random(seed)  # noqa: S311 - to repeat what happened, not to keep a secret
    expected: dict[str, dict[str, list[str]]] = {"C0OPS": {}, "C0GENERAL": {}}
    for _ in range(4):
        async with running():
            for _ in range(6):
                _another_fault(chance, slack.faults)
                await _something_happens(chance, ledger, expected)
            await asyncio.sleep(chance.uniform(0, 0.4))
    slack.faults.heal()
    async with running():
        await emptied(slack, ledger)
    for channel, threads in expected.items():
        parents = {title(message): message["ts"] for message in slack.messages(channel)}
        assert sorted(parents) == sorted(threads), channel
        assert len(slack.messages(channel)) == len(threads)
        for parent, replies in threads.items():
            assert titles(slack, channel, parents[parent])[1:] == replies


def _another_fault(chance: random.Random, faults: Faults) -> None:
    method = chance.choice(("chat.postMessage", "chat.postMessage", "chat.update", "conversations.history", "*"))
    calls = chance.randint(1, 2)
    match chance.randrange(6):
        case 0:
            faults.lose_answer(method, calls=calls)
        case 1:
            faults.server_error(method, calls=calls)
        case 2:
            faults.slow(method, milliseconds=700, calls=1)  # longer than we wait for an answer
        case 3:
            faults.hang(method, calls=1)
        case 4:
            faults.server_error(method, html=False, calls=calls)


async def _something_happens(chance: random.Random, ledger: Ledger, expected: dict[str, dict[str, list[str]]]) -> None:
    """A new card, or a line in the thread of one. A card's title is its last one."""
    channel = chance.choice(tuple(expected))
    threads = expected[channel]
    if not threads or chance.random() < 0.3:
        card = f"card {channel} {len(threads)}"
        threads[card] = []
        await put(ledger, card, "not yet this", channel=channel)
        await put(ledger, card, card, channel=channel)
        return
    card = chance.choice(tuple(threads))
    line = f"line {len(threads[card])}"
    threads[card].append(line)
    await put(ledger, f"{card}/{line}", line, channel=channel, parent=card)
