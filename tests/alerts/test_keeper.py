"""The keeper on a real ledger: what is written, what is said, and what a restart remembers."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlite_utils import Database

from alerts.keeper import AlertKeeper
from alerts.lifecycle import Change
from alerts.observation import Look
from alerts.thresholds import Thresholds
from ledger import locks, outbox
from ledger.alerts import AlertState, get, history, save
from ledger.audit import Actor, AuditKind, AuditRecord, recent
from ledger.audit_chain import verify
from ledger.ledger import Ledger
from ledger.maintenance import begin
from ledger.operations import OperationState, create, transition
from ledger.outbox import OutboxItem
from ledger.page import Items, Mention, Note, Page, Tone
from ledger.who import Who
from servers.state import DiskUse
from servers.verdict import Verdict
from tests.alerts.looks import (
    CLUSTER,
    DB1,
    DB2,
    HOST,
    MIB,
    NOW,
    failed_over,
    gone,
    look,
    nothing_known,
    primary_down,
    verdict,
)

ALICE = Actor("U0ALICE", "Alice", "slack")
BOB = Actor("U0BOB", "Bob", "slack")


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Scene:
    """A keeper on a ledger, and what can be seen of its doings."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.clock = Clock()
        self.thresholds = Thresholds()
        self.keeper = self._keeper()

    def _keeper(self) -> AlertKeeper:
        return AlertKeeper(self.ledger, [CLUSTER], self.thresholds, self.clock)

    async def restart(self) -> None:
        self.keeper = self._keeper()
        await self.keeper.start()

    async def take(self, seen: Look, after: float = 0.0) -> list[tuple[str, Change]]:
        """What changed by this look, taken so many seconds later: rule and change."""
        self.clock.now += timedelta(seconds=after)
        state = replace(seen.state, at=self.clock.now)
        changed = await self.keeper.take(seen.cluster, state, seen.judgement)
        return [(each.after.rule, each.change) for each in changed]

    async def outbox(self) -> list[OutboxItem]:
        """What waits to be sent, in order."""
        due = await self.ledger.read(lambda db: outbox.due(db, self.clock.now))
        return [delivery.item for delivery in due]

    async def send(self) -> list[OutboxItem]:
        """Plays the sender: everything is posted, replies after their parents."""
        sent: list[OutboxItem] = []
        while items := await self.outbox():
            for item in items:
                await self.ledger.write(partial(self._post, item=item))
                sent.append(item)
        return sent

    def _post(self, db: Database, item: OutboxItem) -> None:
        outbox.claim(db, item.id, self.clock.now)
        outbox.delivered(db, [item.id], item.channel, f"{item.id}.0", self.clock.now)

    async def audit(self) -> list[AuditRecord]:
        return list(reversed(await self.ledger.read(lambda db: recent(db, 1000))))

    async def card(self, rule: str) -> Page:
        """The newest page of the card of the open (or last) alert of that rule."""
        alert_id = await self.alert_id(rule)
        return [item.page for item in await self.send() if item.card == f"alert/{alert_id}"][-1]

    async def alert_id(self, rule: str) -> str:
        rows = await self.ledger.read(lambda db: history(db))
        return next(row.id for row in rows if row.rule == rule)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with await Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        yield Scene(ledger)


async def test_a_dead_primary_is_told_at_once_with_evidence_and_a_way_out(scene: Scene) -> None:
    assert await scene.take(look()) == []
    assert await scene.take(primary_down(), 2) == [("primary_down", Change.FIRED)]
    (item,) = await scene.outbox()
    page = item.page
    assert (item.channel, item.parent, page.tone) == ("C0OPS", None, Tone.CRITICAL)
    assert page.title == "shop: primary db1 is down"
    evidence = next(part for part in page.parts if isinstance(part, Items))
    assert [line.title for line in evidence.items] == [
        "by SQL from here: refused",
        "by SSH on db1: no postmaster",
        "from db2: no response",
    ]
    assert [(button.action, button.value, button.style) for button in page.buttons[:1]] == [
        ("promote.open", "shop db2", "danger")
    ]
    assert [button.action for button in page.buttons[1:]] == ["alert.acknowledge", "alert.silence"]


async def test_an_alert_during_maintenance_is_marked_and_not_hidden(scene: Scene) -> None:
    until = NOW + timedelta(hours=2)
    await scene.ledger.write(
        lambda db: begin(db, "shop", Who("U0BOB", "Bob"), "kernel update", channel="C0OPS", since=NOW, until=until)
    )
    await scene.take(look())
    await scene.take(primary_down(), 2)
    page = await scene.card("primary_down")
    assert (page.title, page.tone) == ("shop: primary db1 is down (in maintenance)", Tone.CRITICAL)
    assert mentions(page) == ["Bob"]
    assert "kernel update" in str(page)


async def test_an_open_card_follows_when_maintenance_begins_and_when_it_runs_out(scene: Scene) -> None:
    await scene.take(look())
    await scene.take(primary_down(), 2)
    assert "maintenance" not in (await scene.card("primary_down")).title
    until = scene.clock.now + timedelta(minutes=5)
    await scene.ledger.write(
        lambda db: begin(db, "shop", Who("U0BOB", "Bob"), "disk", channel="C0OPS", since=scene.clock.now, until=until)
    )
    assert await scene.take(primary_down(), 2) == []
    assert (await scene.card("primary_down")).title.endswith("(in maintenance)")
    await scene.take(primary_down(), 2)
    assert await scene.outbox() == []
    await scene.take(primary_down(), 301)
    assert not (await scene.card("primary_down")).title.endswith("(in maintenance)")


async def test_fail_over_gives_way_to_the_order_that_waits_and_comes_back_when_that_is_over(scene: Scene) -> None:
    """One order at a time: the button could do nothing meanwhile."""
    await scene.take(look())
    await scene.take(primary_down(), 2)
    until, waits = scene.clock.now + timedelta(minutes=5), OperationState.AWAITING_APPROVAL

    def ask(db: Database) -> str:
        asked_for = create(
            db, kind="failover", cluster="shop", plan="{}", plan_hash="0", requester=Who("U0ALICE", "Alice"),
            reason="", channel="C0OPS", created_at=scene.clock.now, expires_at=until,
        )  # fmt: skip
        return transition(db, asked_for.id, waits, at=scene.clock.now).id

    operation = await scene.ledger.write(ask)
    assert await scene.take(primary_down(), 2) == []
    page = await scene.card("primary_down")
    assert [button.action for button in page.buttons] == ["alert.acknowledge", "alert.silence"]
    assert f"waits for approval: operation {operation}" in str(page)
    await scene.take(primary_down(), 2)
    assert await scene.outbox() == []

    await scene.take(primary_down(), 301)  # it has expired
    assert (await scene.card("primary_down")).buttons[0].action == "promote.open"


async def test_a_change_is_written_once_and_a_tick_without_one_writes_nothing(scene: Scene) -> None:
    await scene.take(look())
    await scene.take(primary_down(), 2)
    before = await scene.ledger.read(lambda db: (outbox.last_put(db), len(recent(db, 100))))
    for _ in range(5):
        assert await scene.take(primary_down(), 2) == []
    assert await scene.ledger.read(lambda db: (outbox.last_put(db), len(recent(db, 100)))) == before
    (record,) = await scene.audit()
    assert (record.entry.kind, record.entry.details["change"]) == (AuditKind.ALERT_CHANGE, "fired")


async def test_it_resolves_when_another_server_has_taken_over(scene: Scene) -> None:
    await scene.take(primary_down())
    await scene.send()
    assert await scene.take(failed_over(), 20) == [("primary_down", Change.RESOLVED)]
    card, line = await scene.send()
    assert card.page.tone is Tone.GOOD
    assert [button.label for button in card.page.buttons] == ["Timeline"]
    assert line.parent == card.card
    assert not line.broadcast
    assert "20 s" in line.page.summary
    assert await scene.take(failed_over(), 5) == [("standby_down", Change.FIRED)]


async def test_blindness_neither_fires_nor_resolves_anything_but_itself(scene: Scene) -> None:
    await scene.take(primary_down())
    assert await scene.take(nothing_known(), 10) == []
    changes = await scene.take(nothing_known(), 30)
    # db1's own blindness is a consequence of its being down: held back, and shown with it.
    assert changes == [("cannot_see", Change.FIRED)] * 3
    assert await scene.take(look(), 10) == [("primary_down", Change.RESOLVED), *[("cannot_see", Change.RESOLVED)] * 3]


async def test_consequences_are_held_back_and_listed_on_the_card_of_their_cause(scene: Scene) -> None:
    await scene.take(primary_down())
    await scene.take(nothing_known(), 1)
    await scene.take(nothing_known(), 30)
    cards = {item.page.title: item.page for item in await scene.send()}
    assert "shop: Understudy cannot see db1" not in cards
    held = next(
        part
        for part in cards["shop: primary db1 is down"].parts
        if isinstance(part, Items) and part.title.startswith("Held back")
    )
    assert [item.title for item in held.items] == ["shop: Understudy cannot see db1"]


async def test_a_restart_loses_nothing_and_repeats_nothing(scene: Scene) -> None:
    await scene.take(primary_down())
    alert_id = await scene.alert_id("primary_down")
    await scene.keeper.acknowledge(alert_id, ALICE, place="C0OPS", delivery="d1")
    await scene.send()
    await scene.restart()
    assert await scene.take(primary_down(), 60) == []
    assert await scene.outbox() == []
    (row,) = scene.keeper.firing("shop")
    assert row.acknowledged_by == Who("U0ALICE", "Alice")
    assert await scene.take(look(), 5) == [("primary_down", Change.RESOLVED)]


async def test_a_restart_remembers_what_may_fire_again(scene: Scene) -> None:
    await scene.take(primary_down())
    await scene.take(look(), 10)
    await scene.restart()
    assert await scene.take(primary_down(), 60) == [("primary_down", Change.FIRED_AGAIN)]
    assert len(await scene.ledger.read(lambda db: history(db))) == 1


async def test_a_critical_alert_that_is_back_is_not_missed(scene: Scene) -> None:
    await scene.take(primary_down())
    await scene.take(look(), 10)
    await scene.send()
    await scene.take(primary_down(), 60)
    card, line = await scene.send()
    assert card.card == line.parent
    assert line.broadcast
    assert line.page.title.startswith("Fired again")


async def test_alerts_of_a_cluster_that_is_no_longer_watched_end(scene: Scene) -> None:
    await scene.take(primary_down())
    await scene.send()
    keeper = AlertKeeper(scene.ledger, [], scene.thresholds, scene.clock)
    await keeper.start()
    assert keeper.firing() == ()
    (item,) = await scene.outbox()
    assert item.page.tone is Tone.GOOD


async def test_an_alert_of_a_rule_that_is_no_more_ends(scene: Scene) -> None:
    await scene.take(primary_down())
    await scene.send()
    (row,) = scene.keeper.firing()
    await scene.ledger.write(lambda db: save(db, replace(row, id="A0", rule="of_old", subject="db9")))
    await scene.restart()
    assert [row.rule for row in scene.keeper.firing()] == ["primary_down"]
    ended = await scene.ledger.read(lambda db: get(db, "A0"))
    assert ended is not None
    assert ended.state is AlertState.RESOLVED


async def test_a_server_that_left_the_settings_leaves_no_alert_behind(scene: Scene) -> None:
    full = replace(DB2, host=replace(HOST, disks=(DiskUse("/data", "/data", 100 * MIB, 95 * MIB, 5 * MIB),)))
    await scene.take(look(DB1, full))
    await scene.restart()
    smaller = replace(look(), cluster=replace(CLUSTER, servers=CLUSTER.servers[:1]))
    smaller = replace(smaller, state=replace(smaller.state, servers=(DB1,)))
    assert await scene.take(smaller, 2) == [("disk", Change.RESOLVED)]


async def test_one_disk_is_one_alert_that_changes_severity(scene: Scene) -> None:
    def filled(share: float) -> Look:
        used = int(100 * MIB * share)
        disk = DiskUse("/data", "/data", 100 * MIB, used, 100 * MIB - used)
        return look(replace(DB1, host=replace(HOST, disks=(disk,))))

    assert await scene.take(filled(0.85)) == [("disk", Change.FIRED)]
    await scene.send()
    assert await scene.take(filled(0.95), 10) == [("disk", Change.ESCALATED)]
    card, line = await scene.send()
    assert (card.page.tone, line.broadcast) == (Tone.CRITICAL, True)
    assert await scene.take(filled(0.85), 10) == [("disk", Change.EASED)]
    assert await scene.take(look(replace(DB1, host=None)), 10) == []
    assert await scene.take(filled(0.5), 10) == [("disk", Change.RESOLVED)]
    assert len(await scene.ledger.read(lambda db: history(db))) == 1


async def test_a_file_system_that_is_gone_ends_its_alert(scene: Scene) -> None:
    full = DiskUse("/mnt", "/mnt", 100 * MIB, 95 * MIB, 5 * MIB)
    await scene.take(look(replace(DB1, host=replace(HOST, disks=(*HOST.disks, full)))))
    assert await scene.take(look(replace(DB1, host=None)), 10) == []
    assert await scene.take(look(), 10) == [("disk", Change.RESOLVED)]


def mentions(page: Page) -> list[str]:
    notes = [part for part in page.parts if isinstance(part, Note)]
    return [span.name for each in notes for span in each.spans if isinstance(span, Mention) and not span.notify]


async def test_who_acknowledged_stands_on_the_card_and_the_button_is_gone(scene: Scene) -> None:
    await scene.take(primary_down())
    await scene.send()
    alert_id = await scene.alert_id("primary_down")
    answer = await scene.keeper.acknowledge(alert_id, ALICE, place="C0OPS", delivery="d1")
    assert answer.tone is Tone.GOOD
    card, line = await scene.send()
    assert mentions(card.page) == ["Alice"]
    assert [button.action for button in card.page.buttons] == ["promote.open", "alert.silence"]
    assert line.parent == card.card


async def test_the_second_click_says_who_was_first_and_leaves_no_trace(scene: Scene) -> None:
    await scene.take(primary_down())
    alert_id = await scene.alert_id("primary_down")
    await scene.keeper.acknowledge(alert_id, ALICE, place="C0OPS", delivery="d1")
    again = await scene.keeper.acknowledge(alert_id, ALICE, place="C0OPS", delivery="d1")
    other = await scene.keeper.acknowledge(alert_id, BOB, place="C0OPS", delivery="d2")
    assert "already by Alice" in again.summary
    assert "already by Alice" in other.summary
    acknowledgements = [record for record in await scene.audit() if record.entry.kind is AuditKind.ACKNOWLEDGEMENT]
    assert [(record.entry.actor, record.entry.key) for record in acknowledgements] == [(ALICE, "d1")]


async def test_two_clicks_at_once_count_once(scene: Scene) -> None:
    await scene.take(primary_down())
    alert_id = await scene.alert_id("primary_down")
    answers = await asyncio.gather(
        *(scene.keeper.acknowledge(alert_id, who, place=None, delivery=who.id) for who in (ALICE, BOB))
    )
    assert sorted(answer.title for answer in answers) == ["Acknowledged", "Acknowledged already"]
    assert [record.entry.kind for record in await scene.audit()].count(AuditKind.ACKNOWLEDGEMENT) == 1


async def test_a_click_on_a_resolved_alert_says_so(scene: Scene) -> None:
    await scene.take(primary_down())
    alert_id = await scene.alert_id("primary_down")
    await scene.take(look(), 10)
    answer = await scene.keeper.silence(alert_id, "1h", ALICE, place=None, delivery="d1")
    assert "resolved already" in answer.summary
    assert (await scene.keeper.acknowledge("NONE", ALICE, place=None, delivery="d2")).title == "No such alert"


async def test_a_silenced_alert_keeps_its_card_right_and_posts_nothing(scene: Scene) -> None:
    await scene.take(primary_down())
    alert_id = await scene.alert_id("primary_down")
    answer = await scene.keeper.silence(alert_id, "resolved", ALICE, place=None, delivery="d1")
    assert answer.title == "Silenced"
    await scene.send()
    assert await scene.take(look(), 10) == [("primary_down", Change.RESOLVED)]
    (card,) = await scene.send()
    assert card.card == f"alert/{alert_id}"
    assert (await scene.audit())[-1].entry.details["change"] == "resolved"


async def test_the_silence_menu_goes_when_nothing_longer_is_left(scene: Scene) -> None:
    await scene.take(primary_down())
    alert_id = await scene.alert_id("primary_down")
    await scene.keeper.silence(alert_id, "15m", ALICE, place=None, delivery="d1")
    card = await scene.card("primary_down")
    assert "alert.silence" in [button.action for button in card.buttons]
    await scene.keeper.silence(alert_id, "resolved", BOB, place=None, delivery="d2")
    card = await scene.card("primary_down")
    assert "alert.silence" not in [button.action for button in card.buttons]
    shorter = await scene.keeper.silence(alert_id, "1h", ALICE, place=None, delivery="d3")
    assert "already by Bob" in shorter.summary


async def test_an_unknown_silence_is_refused(scene: Scene) -> None:
    with pytest.raises(ValueError, match="15m, 1h, resolved"):
        await scene.keeper.silence("A0", "for ever", ALICE, place=None, delivery=None)


async def run_operation(scene: Scene) -> tuple[str, int]:
    now = scene.clock.now

    def start(db: Database) -> tuple[str, int]:
        operation = create(
            db,
            kind="failover",
            cluster="shop",
            plan="{}",
            plan_hash="0",
            requester=Who("U0ALICE", "Alice"),
            reason="",
            channel="C0OPS",
            created_at=now,
            expires_at=now + timedelta(hours=1),
        )
        fencing = locks.acquire(db, "shop", operation.id, "test", at=now)
        transition(db, operation.id, OperationState.APPROVED, at=now)
        transition(db, operation.id, OperationState.RUNNING, at=now, fencing=fencing)
        return operation.id, fencing

    return await scene.ledger.write(start)


async def end_operation(scene: Scene, operation: str, fencing: int) -> None:
    def end(db: Database) -> None:
        transition(db, operation, OperationState.SUCCEEDED, at=scene.clock.now)
        locks.release(db, "shop", fencing)

    await scene.ledger.write(end)


async def test_what_an_operation_causes_is_held_back_and_not_lost(scene: Scene) -> None:
    await scene.take(look())
    operation, fencing = await run_operation(scene)
    assert await scene.take(primary_down(), 1) == [("primary_down", Change.FIRED)]
    assert await scene.outbox() == []
    assert (await scene.audit())[-1].entry.details["held back by"] == f"operation/{operation}"
    await end_operation(scene, operation, fencing)
    assert await scene.take(primary_down(), 2) == []
    assert await scene.take(primary_down(), 10) == [("primary_down", Change.RELEASED)]
    (item,) = await scene.outbox()
    assert item.page.tone is Tone.CRITICAL


async def test_what_an_operation_causes_and_mends_is_never_shown(scene: Scene) -> None:
    await scene.take(look())
    operation, fencing = await run_operation(scene)
    await scene.take(primary_down(), 1)
    assert await scene.take(look(), 3) == [("primary_down", Change.RESOLVED)]
    await end_operation(scene, operation, fencing)
    assert await scene.take(look(), 20) == []
    assert await scene.outbox() == []
    assert [record.entry.details["change"] for record in await scene.audit()] == ["fired", "resolved"]


async def test_what_comes_back_during_an_operation_is_an_alert_with_an_id_of_its_own(scene: Scene) -> None:
    """Nothing fires by then, so only the second look at it, with what stands around it, finds that it is held back."""
    await scene.take(primary_down())
    await scene.take(look(), 10)
    operation, _ = await run_operation(scene)
    assert await scene.take(primary_down(), 1) == [("primary_down", Change.FIRED)]
    earlier, held_back = sorted(await scene.ledger.read(lambda db: history(db)), key=lambda row: row.since)
    assert held_back.group == f"operation/{operation}"
    assert len(held_back.id) == len(earlier.id)
    assert held_back.id.isalnum()


async def test_an_operation_never_excuses_two_primaries(scene: Scene) -> None:
    await run_operation(scene)
    split = look(DB1, replace(DB2, sql=DB1.sql), verdict(Verdict.SPLIT_BRAIN, None))
    assert await scene.take(split, 1) == [("split_brain", Change.FIRED)]
    assert len(await scene.outbox()) == 1


async def test_a_look_that_was_overtaken_is_left_aside(scene: Scene) -> None:
    await scene.take(look(), 10)
    old = replace(primary_down().state, at=scene.clock.now - timedelta(seconds=1))
    assert await scene.keeper.take(CLUSTER, old, primary_down().judgement) == ()


async def test_a_clock_that_is_set_back_makes_nobody_blind(scene: Scene) -> None:
    """What comes next looks older than what came last, and is not."""
    await scene.take(look(), 10)
    scene.clock.now -= timedelta(hours=1)
    assert await scene.take(primary_down(), 1) == [("primary_down", Change.FIRED)]


async def test_a_look_that_fails_altogether_is_an_alert_of_its_own(scene: Scene) -> None:
    await scene.take(look())
    assert await scene.keeper.take_failure(CLUSTER, TimeoutError()) == ()
    scene.clock.now += timedelta(seconds=30)
    (change,) = await scene.keeper.take_failure(CLUSTER, TimeoutError())
    assert change.after.rule == "cannot_see"
    assert await scene.take(look(), 5) == [("cannot_see", Change.RESOLVED)]


async def test_nothing_is_believed_that_the_ledger_did_not_take(scene: Scene, tmp_path: Path) -> None:
    await scene.take(look())
    await scene.ledger.close()
    with pytest.raises(Exception, match="closed"):
        await scene.take(primary_down(), 2)
    async with await Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        scene.keeper._ledger = ledger
        scene.ledger = ledger
        assert await scene.take(primary_down(), 2) == [("primary_down", Change.FIRED)]


async def test_a_secret_or_markup_in_what_a_server_says_stays_plain_text(scene: Scene) -> None:
    hostile = replace(primary_down().judgement, evidence=("<!channel> `rm -rf /` *bold*",))
    state = primary_down().state
    await scene.keeper.take(CLUSTER, state, hostile)
    (item,) = await scene.outbox()
    evidence = next(part for part in item.page.parts if isinstance(part, Items))
    assert evidence.items[0].title == "<!channel> `rm -rf /` *bold*"


async def test_the_whole_is_clean_at_the_end(scene: Scene) -> None:
    await scene.take(primary_down())
    await scene.take(look(DB1, gone(DB2), verdict(Verdict.STANDBY_DOWN)), 5)
    await scene.take(look(), 60)
    assert (await scene.ledger.read(verify)).ok
    rows = await scene.ledger.read(lambda db: history(db))
    assert {row.state for row in rows} == {AlertState.RESOLVED}
    assert await scene.ledger.read(lambda db: get(db, "nobody")) is None
