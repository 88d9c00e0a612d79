"""`/ha note`: what somebody changed elsewhere stands in the audit log, for who may answer alerts."""

import pytest

from commands.command import Misunderstood
from commands.note import Written, understand
from ledger.audit import AuditKind
from tests.commands.conftest import Scene


async def test_it_leaves_one_record_however_often_it_is_delivered(scene: Scene) -> None:
    asked = scene.asks("alice", "note Shop Deploy 214 of the API")
    answer = await scene.dispatcher.ask(asked)
    assert answer.page.title == "Noted for shop"
    await scene.dispatcher.ask(asked)
    (record,) = await scene.records(AuditKind.NOTE)
    assert (record.entry.cluster, record.entry.actor.name) == ("shop", "alice")
    assert record.entry.details == {"note": "Deploy 214 of the API"}


async def test_to_look_is_not_enough_to_write(scene: Scene) -> None:
    answer = await scene.dispatcher.ask(scene.asks("guest", "note it was not me"))
    assert answer.page.title == "Not allowed"
    assert await scene.records(AuditKind.NOTE) == []


def test_without_a_cluster_it_concerns_all_or_the_only_one() -> None:
    assert understand(["Kernel", "update"], ("shop", "stock")) == Written(None, "Kernel update")
    assert understand(["Kernel", "update"], ("shop",)) == Written("shop", "Kernel update")


@pytest.mark.parametrize("words", [[], ["shop"], ["\x1b", "\u202e"], ["x" * 301]])
def test_a_note_needs_words_and_not_too_many(words: list[str]) -> None:
    with pytest.raises(Misunderstood):
        understand(words, ("shop", "stock"))
