"""What people said in the thread of a card, read for a timeline."""

from datetime import UTC, datetime, timedelta

from bot.slack.client import SlackClients
from bot.slack.directory import SlackDirectory
from bot.slack.identity import OwnIdentity
from bot.slack.threads import SlackThreads
from lab.slack import PracticeSlack
from ledger import outbox
from ledger.ledger import Ledger
from ledger.outbox import OutboxItem
from ledger.page import Page, Tone
from tests.bot.slack.conftest import ROSTER


async def test_people_are_told_by_name_and_robots_are_not(
    slack: PracticeSlack, clients: SlackClients, ledger: Ledger
) -> None:
    now = datetime.now(UTC)
    card = await clients.web.chat_postMessage(channel="C0OPS", text="alert")
    await clients.web.chat_postMessage(channel="C0OPS", text="by the bot", thread_ts=card["ts"])
    slack.person("U0ALICE").say("I look at db1", channel="C0OPS", thread_ts=card["ts"])
    item = await ledger.write(
        lambda db: outbox.put(db, OutboxItem(now, "C0OPS", "alert/A7K3F", Page("alert", Tone.INFO, "alert")))
    )
    await ledger.write(lambda db: outbox.claim(db, item.id, now))
    await ledger.write(lambda db: outbox.delivered(db, [item.id], "C0OPS", str(card["ts"]), now))
    threads = SlackThreads(clients.web, ledger, SlackDirectory(clients.web, ROSTER, OwnIdentity(clients.web)))
    span = now - timedelta(hours=1), now + timedelta(hours=1)
    said = await threads.said(["alert/A7K3F", "alert/NONE"], *span)
    assert said is not None
    assert [(one.by.lower(), one.text) for one in said] == [("alice", "I look at db1")]
