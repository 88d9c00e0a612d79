"""`/ha maintenance`: who may, what it says, and that it ends by itself and says so."""

from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.command import Misunderstood
from commands.maintenance import LONGEST, UNLESS_SAID, Wanted, understand
from commands.world import World
from ledger.audit import AuditKind
from ledger.maintenance import Maintenance, in_maintenance
from tests.commands.conftest import Scene
from tests.commands.inventory import SHOP

USAGE = "maintenance on|off …"


async def in_force(scene: Scene) -> Maintenance | None:
    return await scene.ledger.read(lambda db: in_maintenance(db, "shop", scene.pair.now))


def wanted(scene: Scene, text: str) -> Wanted:
    return understand(text.split(), scene.world, USAGE)


async def test_it_is_turned_on_with_a_reason_and_told_in_the_channel(scene: Scene) -> None:
    answer = await scene.dispatcher.ask(scene.asks("alice", "maintenance on shop for 2h Replacing the Disk of db1"))
    assert answer.page.title == "shop is in maintenance"
    one = await in_force(scene)
    assert one is not None
    assert (one.by.name, one.reason) == ("alice", "Replacing the Disk of db1")
    assert one.until - one.since == timedelta(hours=2)
    card = await scene.card(f"maintenance/{one.id}")
    assert card.title == "shop is in maintenance"
    assert "Replacing the Disk of db1" in card.summary
    (record,) = await scene.records(AuditKind.MAINTENANCE_BEGUN)
    assert (record.entry.actor.name, record.entry.details["reason"]) == ("alice", "Replacing the Disk of db1")


async def test_who_has_not_the_right_turns_nothing_on(scene: Scene) -> None:
    answer = await scene.dispatcher.ask(scene.asks("guest", "maintenance on shop because I say so"))
    assert answer.page.title == "Not allowed"
    assert await in_force(scene) is None
    assert len(await scene.records(AuditKind.REFUSAL)) == 1


async def test_a_second_delivery_changes_nothing(scene: Scene) -> None:
    asked = scene.asks("alice", "maintenance on shop because of work")
    await scene.dispatcher.ask(asked)
    answer = await scene.dispatcher.ask(asked)
    assert answer.page.title == "This was done already"
    assert len(await scene.records(AuditKind.MAINTENANCE_BEGUN)) == 1


async def test_it_ends_by_itself_and_says_so_once(scene: Scene) -> None:
    await scene.dispatcher.ask(scene.asks("alice", "maintenance on for 30m kernel update"))
    one = await in_force(scene)
    assert one is not None
    scene.pair.now += timedelta(minutes=31)
    assert await in_force(scene) is None
    for _ in range(2):
        await scene.dispatcher.tick(scene.pair.now)
    assert (await scene.card(f"maintenance/{one.id}")).title == "shop: maintenance has ended"
    assert "Its time is over" in (await scene.card(f"maintenance/{one.id}/end")).summary
    (record,) = await scene.records(AuditKind.MAINTENANCE_ENDED)
    assert record.entry.actor.face == "process"


async def test_it_is_turned_off_by_somebody_and_the_channel_hears_who(scene: Scene) -> None:
    await scene.dispatcher.ask(scene.asks("alice", "maintenance on kernel update"))
    one = await in_force(scene)
    assert one is not None
    await scene.dispatcher.ask(scene.asks("bob", "maintenance off"))
    assert await in_force(scene) is None
    assert "Ended by bob" in (await scene.card(f"maintenance/{one.id}/end")).summary


async def test_turning_it_on_again_replaces_it(scene: Scene) -> None:
    await scene.dispatcher.ask(scene.asks("alice", "maintenance on for 30m kernel update"))
    await scene.dispatcher.ask(scene.asks("bob", "maintenance on for 3h it takes longer"))
    one = await in_force(scene)
    assert one is not None
    assert (one.by.name, one.until - one.since) == ("bob", timedelta(hours=3))


async def test_what_is_not_on_cannot_be_turned_off(scene: Scene) -> None:
    answer = await scene.dispatcher.ask(scene.asks("alice", "maintenance off shop"))
    assert answer.page.summary == "shop is not in maintenance."


async def test_a_plan_warns_of_it_and_names_who_is_at_work(scene: Scene) -> None:
    await scene.dispatcher.ask(scene.asks("alice", "maintenance on replacing a disk"))
    form = await scene.dispatcher.prepare(scene.asks("bob", "promote shop"))
    assert "alice is at work" in str(form.page)
    assert "replacing a disk" in str(form.page)
    assert getattr(form, "submit_label", None) == "Ask for approval"


async def test_status_says_who_is_at_work_until_when(scene: Scene) -> None:
    await scene.dispatcher.ask(scene.asks("alice", "maintenance on for 2h replacing a disk"))
    page = (await scene.dispatcher.ask(scene.asks("guest", "status"))).page
    assert "In maintenance by alice." in page.summary
    assert "replacing a disk" in str(page.parts)
    scene.pair.now += timedelta(hours=3)
    assert "maintenance" not in str((await scene.dispatcher.ask(scene.asks("guest", "status"))).page)


async def test_what_may_be_left_out(scene: Scene) -> None:
    assert wanted(scene, "on a reason").lasts == UNLESS_SAID
    assert wanted(scene, "ON Shop For 2H A Reason").reason == "A Reason"
    assert wanted(scene, "off").reason == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "On or off?"),
        ("maybe", "On or off?"),
        ("on", "Say in a few words why"),
        ("on shop for 2h", "Say in a few words why"),
        ("on for ever work", "is no duration"),
        ("on for -2h work", "is no duration"),
        (f"on for {LONGEST.days + 1}d work", "too long"),
        ("on for 99999999999999999999d work", "is no duration"),
        (f"on {'long ' * 80}", "are enough"),
    ],
)
async def test_what_is_not_understood_is_said(scene: Scene, text: str, words: str) -> None:
    with pytest.raises(Misunderstood, match=words.replace("?", r"\?")):
        wanted(scene, text)


WORDS = st.sampled_from(["on", "off", "for", "2h", "shop", "db1", "9e9d", "0s", "1.5h", "\u0662h", "why", "FOR", "--"])


@given(st.lists(WORDS | st.text(min_size=1, max_size=8), max_size=12))
def test_whatever_is_typed_it_lasts_no_longer_than_it_may_and_has_a_reason(words: list[str]) -> None:
    world = cast(World, SimpleNamespace(clusters={"shop": SHOP}))
    try:
        found = understand(" ".join(words).split(), world, USAGE)
    except Misunderstood:
        return
    assert timedelta(0) < found.lasts <= LONGEST
    assert found.reason.isprintable()
    assert found.reason or not found.on
