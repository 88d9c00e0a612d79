"""`/ha timeline`: posted where the incident stands, printed at the terminal, from the audit log."""

from dataclasses import replace
from datetime import timedelta

import pytest

from commands.command import Misunderstood
from commands.people import Face
from commands.timeline.scope import LONGEST, Wish, understood
from ledger.audit import AuditKind
from ledger.page import File
from tests.commands.conftest import Scene


async def test_a_clusters_is_posted_with_its_file(scene: Scene) -> None:
    await scene.dispatcher.ask(scene.asks("alice", "note shop deploy 214"))
    asked = scene.asks("alice", "timeline shop 2h")
    answer = await scene.dispatcher.ask(asked)
    assert answer.page.title == "Timeline of shop"
    page = await scene.card(f"timeline/{asked.id}")
    (file,) = [part for part in page.parts if isinstance(part, File)]
    assert file.name == "timeline-shop.md"
    assert "Note: deploy 214 | alice" in file.text


async def test_an_operations_stands_in_its_thread(scene: Scene) -> None:
    operation = await scene.request()
    await scene.dispatcher.ask(scene.asks("alice", f"timeline {operation.lower()}"))
    page = await scene.card(f"operation/{operation}/timeline")
    (file,) = [part for part in page.parts if isinstance(part, File)]
    assert f"Approval asked for: promote ({operation})" in file.text


async def test_the_terminal_gets_the_markdown_and_posts_nothing(scene: Scene) -> None:
    asked = replace(scene.asks("alice", "timeline"), face=Face.TERMINAL)
    answer = await scene.dispatcher.ask(asked)
    (file,) = [part for part in answer.page.parts if isinstance(part, File)]
    assert file.text.startswith("# Timeline of shop")
    assert len(await scene.records(AuditKind.COMMAND)) == 1


async def test_what_is_nothing_is_said(scene: Scene) -> None:
    answer = await scene.dispatcher.ask(scene.asks("alice", "timeline mars"))
    assert answer.page.title == "Not understood"


def test_what_may_stand_after_it() -> None:
    assert understood(["A7K3F", "since", "3h"]) == Wish("A7K3F", timedelta(hours=3))
    assert understood([]) == Wish(None, None)
    for wrong in (["3h", "2h"], ["shop", "db1"], [f"{LONGEST.days + 1}d"]):
        with pytest.raises(Misunderstood):
            understood(wrong)
