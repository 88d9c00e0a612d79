"""Silences by matcher, quiet hours, routes and storms over the keeper on a real ledger: what is said, where, and what a
restart remembers."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alerts.keeper import AlertKeeper
from alerts.lifecycle import Change
from alerts.observation import Look
from alerts.routes import Call, Route
from alerts.rules import RULES
from alerts.thresholds import Thresholds
from ledger.alerts import Severity
from ledger.audit import AuditKind
from ledger.hours import Window
from ledger.ledger import Ledger
from ledger.outbox import OutboxItem
from ledger.page import Items, Mention, Note, Page, Table, Text
from ledger.silences import Silence, save_silence
from ledger.who import Who
from servers.state import DiskUse
from servers.verdict import Verdict
from tests.alerts.looks import CLUSTER, DB1, DB2, HOST, MIB, NOW, gone, look, primary_down, verdict
from tests.alerts.test_keeper import ALICE, Scene

BOB = Who("U0BOB", "Bob")
DBA = Call("dba", (Mention("dba", "S0DBA", notify=True),))
LEAD = Call("lead", (Mention("lead", "U0LEAD", notify=True),))
NIGHT = Window(time(3), time(4), ZoneInfo("UTC"))  # the looks are taken at 03:12


class Told(Scene):
    """A scene with routes, and a look at what was said where."""

    def __init__(self, ledger: Ledger, routes: Sequence[Route] = (), thresholds: Thresholds | None = None) -> None:
        self._routes = routes
        super().__init__(ledger)
        self.thresholds = thresholds or Thresholds()
        self.keeper = self._keeper()

    def _keeper(self) -> AlertKeeper:
        return AlertKeeper(self.ledger, [CLUSTER], self.thresholds, self.clock, routes=lambda: self._routes)

    async def silenced(self, silence: Silence) -> None:
        await self.ledger.write(lambda db: save_silence(db, silence))


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with await Ledger.open(tmp_path / "ledger.sqlite3") as opened:
        yield opened


def disks(*names: str, used: float = 0.85) -> tuple[DiskUse, ...]:
    of_all = 100
    taken = int(used * of_all)
    return tuple(DiskUse(f"/{name}", f"/{name}", of_all * MIB, taken * MIB, (of_all - taken) * MIB) for name in names)


def full(*names: str, used: float = 0.85) -> Look:
    """A healthy pair with these file systems of db1 too full."""
    return look(replace(DB1, host=replace(HOST, disks=disks(*names, used=used) or HOST.disks)))


def silence(rule: str | None = None, *, minutes: float = 60, severity: Severity | None = None) -> Silence:
    until = NOW + timedelta(minutes=minutes)
    return Silence("S7K3F", "sh*", rule, None, "work on the rack", BOB, NOW, until, severity)


def two_primaries() -> Look:
    return look(DB1, replace(DB2, sql=DB1.sql), verdict(Verdict.SPLIT_BRAIN))


def titles(items: Sequence[OutboxItem]) -> list[str]:
    return [item.page.title for item in items]


def called(page: Page) -> list[str]:
    spans = (span for part in page.parts if isinstance(part, Text | Note) for span in part.spans)
    return [span.name for span in spans if isinstance(span, Mention) and span.notify]


async def test_a_silence_by_matcher_says_nothing_and_what_outlasts_it_is_told_then(ledger: Ledger) -> None:
    scene = Told(ledger)
    await scene.silenced(silence("disk*"))
    assert await scene.take(full("data"), 1) == [("disk", Change.FIRED)]
    assert await scene.send() == []
    await scene.restart()
    assert await scene.take(full("data"), 3590) == []
    assert await scene.take(full("data"), 9) == [("disk", Change.RELEASED)]
    assert titles(await scene.send()) == ["shop: disk db1 /data is filling up"]


async def test_what_is_shown_already_is_marked_with_who_silenced_it_until_when(ledger: Ledger) -> None:
    scene = Told(ledger)
    await scene.take(full("data"))
    await scene.send()
    await scene.silenced(silence())
    assert await scene.take(full("data"), 2) == [("disk", Change.SILENCED)]
    notes = [str(span) for part in (await scene.card("disk")).parts if isinstance(part, Note) for span in part.spans]
    assert any("Silenced by" in note for note in notes)
    await scene.silenced(replace(silence(), ended_at=scene.clock.now, ended_by=BOB))
    assert await scene.take(full("data"), 2) == [("disk", Change.SILENCE_ENDED)]


@pytest.mark.parametrize(
    ("matcher", "told"),
    [(None, True), ("*", True), ("split*", True), ("split_brain", False)],
)
async def test_two_primaries_are_told_unless_a_silence_names_them(
    ledger: Ledger, matcher: str | None, told: bool
) -> None:
    scene = Told(ledger)
    await scene.silenced(silence(matcher))
    assert await scene.take(two_primaries(), 1) == [("split_brain", Change.FIRED)]
    assert bool(await scene.send()) is told


async def test_a_silence_for_warnings_lets_what_is_critical_through(ledger: Ledger) -> None:
    scene = Told(ledger)
    await scene.silenced(silence(severity=Severity.WARNING))
    await scene.take(full("data"), 1)
    assert await scene.send() == []
    await scene.take(full("data", used=0.95), 1)
    await scene.take(full("data", used=0.95), 1)
    (item,) = await scene.send()
    assert item.page.title == "shop: disk db1 /data is filling up"


async def test_a_warning_waits_for_the_end_of_the_quiet_hours_and_what_is_critical_does_not(ledger: Ledger) -> None:
    scene = Told(ledger, [Route("night", window=NIGHT, hold=True)])
    await scene.take(full("data"), 1)
    await scene.take(primary_down(), 1)
    assert titles(await scene.send()) == ["shop: primary db1 is down"]
    await scene.take(full("data"), 60)
    await scene.send()
    assert await scene.take(full("data"), 3600) == [("disk", Change.RELEASED)]
    assert titles(await scene.send()) == ["shop: disk db1 /data is filling up"]


async def test_a_route_chooses_the_channel_and_calls_group_after_group(ledger: Ledger) -> None:
    critical = Route("critical", frozenset({Severity.CRITICAL}), channel="C0ALERT", calls=(DBA, LEAD))
    scene = Told(ledger, [critical])
    await scene.take(primary_down())
    (item,) = await scene.send()
    assert (item.channel, called(item.page)) == ("C0ALERT", ["dba"])
    await scene.restart()
    await scene.take(primary_down(), 900)
    (line,) = [item for item in await scene.send() if item.parent is not None]
    assert (line.channel, line.broadcast, called(line.page)) == ("C0ALERT", True, ["lead"])
    await scene.take(primary_down(), 1800)
    (line,) = [item for item in await scene.send() if item.parent is not None]
    assert called(line.page) == ["lead"]  # the last of them for ever
    await scene.take(look(), 60)
    assert [called(item.page) for item in await scene.send()] == [[], []]  # nobody is called for good news


async def test_a_warning_that_becomes_critical_is_told_where_what_is_critical_goes(ledger: Ledger) -> None:
    scene = Told(ledger, [Route("critical", frozenset({Severity.CRITICAL}), channel="C0ALERT", calls=(DBA,))])
    await scene.take(full("data"))
    assert [item.channel for item in await scene.send()] == ["C0OPS"]
    await scene.take(full("data", used=0.95), 5)
    sent = await scene.send()
    assert sorted((item.channel, item.parent is None, called(item.page)) for item in sent) == [
        ("C0ALERT", True, ["dba"]),
        ("C0OPS", False, []),
        ("C0OPS", True, ["dba"]),
    ]
    await scene.take(full(), 5)
    assert {item.channel for item in await scene.send() if item.page.title.startswith("Resolved")} == {
        "C0ALERT",
        "C0OPS",
    }


async def test_who_acknowledged_is_asked_in_the_thread_and_the_question_goes_with_its_answer(ledger: Ledger) -> None:
    scene = Told(ledger, [Route("all", calls=(DBA, LEAD))])
    await scene.take(primary_down())
    alert = await scene.alert_id("primary_down")
    await scene.keeper.acknowledge(alert, ALICE, place="C0OPS", delivery="d1")
    await scene.send()
    await scene.restart()
    await scene.take(primary_down(), 3600)
    (question,) = [item for item in await scene.send() if item.parent is not None]
    assert called(question.page) == ["Alice"]
    assert [button.label for button in question.page.buttons] == ["Still on it"]
    answer = await scene.keeper.still_on_it(alert, ALICE, place="C0OPS", delivery="d2")
    assert answer.title == "Still on it"
    (answered,) = [item for item in await scene.send() if item.parent is not None]
    assert (answered.card, answered.page.buttons) == (question.card, ())
    twice = await scene.keeper.still_on_it(alert, ALICE, place="C0OPS", delivery="d3")
    assert twice.title == "Answered already"


async def test_without_an_answer_the_next_group_is_called_and_it_says_who_was_on_it(ledger: Ledger) -> None:
    scene = Told(ledger, [Route("all", calls=(DBA, LEAD))])
    await scene.take(primary_down())
    await scene.keeper.acknowledge(await scene.alert_id("primary_down"), ALICE, place="C0OPS", delivery="d1")
    await scene.take(primary_down(), 3600)
    await scene.send()
    await scene.restart()
    assert await scene.take(primary_down(), 600) == [("primary_down", Change.LEFT)]
    answered, line = [item for item in await scene.send() if item.parent is not None]
    assert answered.page.buttons == ()
    assert "Alice acknowledged it and did not answer" in line.page.summary
    assert (line.broadcast, called(line.page)) == (True, ["lead"])


async def test_the_same_on_several_subjects_at_once_is_one_message_that_lists_them(ledger: Ledger) -> None:
    scene = Told(ledger)
    assert await scene.take(full("data", "wal"), 1) == [("disk", Change.FIRED)] * 2
    await scene.take(full("data", "wal", "log"), 20)
    (item,) = await scene.send()
    assert item.page.summary == "shop: disk db1 /data is filling up — 85 % used; 2 more like it"
    (others,) = [part for part in item.page.parts if isinstance(part, Items) and part.title.startswith("The same")]
    assert [one.title for one in others.items] == [f"shop: disk db1 /{name} is filling up" for name in ("wal", "log")]
    await scene.restart()
    assert await scene.take(full("wal", "log"), 60) == [("disk", Change.RESOLVED)]
    assert await scene.take(full("wal", "log"), 2) == [("disk", Change.RELEASED)] * 2
    assert len([item for item in await scene.send() if item.parent is None]) == 3


def test_rules_whose_alerts_have_nothing_in_common_say_so() -> None:
    assert [rule.name for rule in RULES if rule.stands_alone] == ["outside"]


async def test_what_comes_later_or_is_worse_or_after_somebody_took_it_up_has_its_own_message(ledger: Ledger) -> None:
    scene = Told(ledger)
    await scene.take(full("data"), 1)
    await scene.take(full("data", "log"), 31)
    assert len(await scene.send()) == 2
    worse = look(replace(DB1, host=replace(HOST, disks=(*disks("data", "log"), *disks("wal", used=0.95)))))
    await scene.take(worse, 1)
    assert titles(await scene.send()) == ["shop: disk db1 /wal is filling up"]
    await scene.keeper.acknowledge(await scene.alert_id("disk"), ALICE, place="C0OPS", delivery="d1")
    await scene.send()
    more = look(replace(DB1, host=replace(HOST, disks=(*disks("data", "log", "old"), *disks("wal", used=0.95)))))
    assert await scene.take(more, 31) == [("disk", Change.FIRED)]
    assert titles(await scene.send()) == ["shop: disk db1 /old is filling up"]


LIMITS = Thresholds(storm_alerts=5, storm_calm=120, group_within=0)
MANY = tuple(f"d{number}" for number in range(12))


async def storm(ledger: Ledger) -> Told:
    scene = Told(ledger, thresholds=LIMITS)
    await scene.take(full(*MANY), 1)
    return scene


async def test_above_so_many_a_minute_the_rest_is_told_in_one_table(ledger: Ledger) -> None:
    scene = await storm(ledger)
    sent = await scene.send()
    assert len(sent) == 6
    (summary,) = [item for item in sent if item.card.startswith("storm/")]
    assert summary.page.title == "Storm: 7 alerts at once"
    (table,) = [part for part in summary.page.parts if isinstance(part, Table)]
    assert len(table.rows) == 7


async def test_in_a_storm_what_is_critical_has_a_message_of_its_own_and_the_table_follows(ledger: Ledger) -> None:
    scene = await storm(ledger)
    await scene.send()
    await scene.restart()
    seen = full(*MANY).state.servers[0].host
    down = replace(gone(DB1), host=replace(seen or HOST, postmaster_pid=None))
    assert await scene.take(look(down, DB2, verdict(Verdict.PRIMARY_DOWN)), 1) == [("primary_down", Change.FIRED)]
    assert titles(await scene.send()) == ["shop: primary db1 is down"]
    await scene.take(full(*MANY[:8]), 1)
    sent = await scene.send()
    (summary,) = [item for item in sent if item.card.startswith("storm/")]
    assert summary.page.title == "Storm: 7 alerts at once"
    assert "3 of them fire now" in str(summary.page.parts)


async def test_a_storm_ends_by_itself_says_so_and_gives_what_still_fires_its_own_message(ledger: Ledger) -> None:
    scene = await storm(ledger)
    await scene.send()
    await scene.restart()
    assert await scene.take(full(*MANY), 60) == []
    released = await scene.take(full(*MANY), 61)
    assert released == [("disk", Change.RELEASED)] * 5  # no faster than alerts may begin
    sent = await scene.send()
    (over,) = [item for item in sent if item.card.endswith("/over")]
    assert over.page.title == "The storm is over: 7 alerts in 2 min 1 s"
    assert over.broadcast
    assert await scene.take(full(*MANY), 30) == []
    assert await scene.take(full(*MANY), 31) == [("disk", Change.RELEASED)] * 2
    kinds = [record.entry.kind for record in await scene.audit()]
    assert (kinds.count(AuditKind.STORM_BEGUN), kinds.count(AuditKind.STORM_ENDED)) == (1, 1)


async def test_a_storm_of_what_has_gone_by_itself_ends_too(ledger: Ledger) -> None:
    scene = await storm(ledger)
    await scene.take(full(), 1)
    await scene.send()
    assert await scene.take(full(), 130) == []
    sent = await scene.send()
    assert {item.page.title for item in sent} == {"The storm is over: 7 alerts in 2 min 11 s"}
