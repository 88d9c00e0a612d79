"""`/ha silences`: who may, what is understood, what the channel sees, and that each ends by itself."""

from datetime import timedelta

import pytest

from commands.asked import Answer, FieldErrors, Form
from commands.command import Misunderstood
from commands.silencing.pages import END, NEW
from commands.silencing.wish import Wish, typed_wish
from ledger.alerts import Severity
from ledger.audit import AuditKind
from ledger.silences import Silence, silences
from tests.commands.conftest import Scene

FILLED = {"cluster": "shop", "rule": "disk*", "subject": "", "severity": "", "lasts": "2h", "reason": "new disks"}


async def holding(scene: Scene) -> list[Silence]:
    return await scene.ledger.read(lambda db: silences(db, scene.pair.now))


async def ask(scene: Scene, who: str, text: str) -> Answer:
    return await scene.dispatcher.ask(scene.asks(who, text))


def test_a_wish_is_understood_word_by_word() -> None:
    words = ["cluster=shop", "rule=disk*", "Subject=db1*", "severity=Warning", "for", "2h", "New", "Disks", "arrive"]
    lasts = timedelta(hours=2)
    assert typed_wish(words) == Wish("shop", "disk*", "db1*", Severity.WARNING, lasts, "New Disks arrive")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("for 2h because", "Silent about what"),
        ("host=db1 for 2h because", "is nothing to go by"),
        ("rule=disk because", "For how long"),
        ("rule=disk for ever because", "is no duration"),
        ("rule=disk for 90d because", "At most 30d"),
        ("rule=disk for 2h", "in a few words why"),
        ("rule=disk severity=bad for 2h because", "worst that is hidden"),
    ],
)
def test_what_is_missing_or_wrong_is_said_with_what_to_type(text: str, why: str) -> None:
    with pytest.raises(Misunderstood, match=why):
        typed_wish(text.split())


async def test_it_is_made_at_a_line_told_in_the_channel_listed_and_ended(scene: Scene) -> None:
    answer = await ask(scene, "alice", "silences add cluster=shop rule=disk for 2h New disks arrive")
    assert answer.page.title == "Silent until its end: disk on shop"
    (one,) = await holding(scene)
    assert (one.by.name, one.reason, one.until) == ("alice", "New disks arrive", scene.pair.now + timedelta(hours=2))
    channel = scene.world.clusters["shop"].channel
    card = await scene.card(f"silence/{one.id}/{channel}")
    assert [button.action for button in card.buttons] == [END]
    listed = await ask(scene, "guest", "silences")
    assert one.id in listed.page.summary
    assert "New disks arrive" in listed.page.summary
    ended = await ask(scene, "bob", f"silences end {one.id.lower()}")
    assert ended.page.title == "The silence has ended: disk on shop"
    assert await holding(scene) == []
    assert (await scene.card(f"silence/{one.id}/{channel}")).buttons == ()
    (made,), (over,) = await scene.records(AuditKind.SILENCE), await scene.records(AuditKind.SILENCE_ENDED)
    assert (made.entry.actor.name, over.entry.actor.name) == ("alice", "bob")
    assert (await ask(scene, "bob", f"silences end {one.id}")).page.summary == f"Silence {one.id} is over already."


async def test_it_ends_by_itself_with_a_record(scene: Scene) -> None:
    await ask(scene, "alice", "silences add rule=disk for 30m New disks arrive")
    (one,) = await holding(scene)
    scene.pair.now += timedelta(minutes=31)
    for _ in range(2):
        await scene.dispatcher.tick(scene.pair.now)
    (over,) = await scene.records(AuditKind.SILENCE_ENDED)
    assert (over.entry.actor.face, over.entry.details["silence"]) == ("process", one.id)


async def test_without_the_right_nothing_is_silenced_and_nothing_ended(scene: Scene) -> None:
    await ask(scene, "alice", "silences add rule=disk for 2h New disks arrive")
    (one,) = await holding(scene)
    for text in ("silences add rule=* for 2h because", f"silences end {one.id}"):
        assert (await ask(scene, "guest", text)).page.title == "Not allowed"
    assert await holding(scene) == [one]
    assert len(await scene.records(AuditKind.REFUSAL)) == 2


async def test_without_words_it_is_a_form_and_the_form_makes_it(scene: Scene) -> None:
    assert scene.dispatcher.needs_form("silences add")
    assert not scene.dispatcher.needs_form("silences add rule=disk for 2h because")
    shown = await scene.dispatcher.prepare(scene.asks("alice", "silences add"))
    assert isinstance(shown, Form)
    wrong = await scene.dispatcher.submit(scene.asks("alice"), shown.draft, {**FILLED, "lasts": "long", "reason": ""})
    assert isinstance(wrong, FieldErrors)
    assert set(wrong.errors) == {"lasts", "reason"}
    filled = scene.asks("alice")
    done = await scene.dispatcher.submit(filled, shown.draft, FILLED)
    assert isinstance(done, Answer)
    assert done.page.title == "Silent until its end: disk* on shop"
    again = await scene.dispatcher.submit(filled, shown.draft, FILLED)
    assert isinstance(again, Answer)
    assert again.page.title == "This was done already"
    assert len(await holding(scene)) == 1


async def test_the_forms_right_is_looked_up_when_it_comes_back(scene: Scene) -> None:
    done = await scene.dispatcher.submit(scene.asks("guest"), "silences add", FILLED)
    assert isinstance(done, Answer)
    assert done.page.title == "Not allowed"
    assert await holding(scene) == []


async def test_an_empty_list_offers_the_form(scene: Scene) -> None:
    page = (await ask(scene, "guest", "silences")).page
    assert page.title == "No silences"
    assert [button.action for button in page.buttons] == [NEW]


async def test_something_else_behind_it_is_answered_with_what_there_is(scene: Scene) -> None:
    assert "silences add" in (await ask(scene, "alice", "silences stop")).page.summary
