"""Maintenance pauses Patroni and its end resumes it: only what was paused by us, with records, until it holds."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from commands.dispatcher import Dispatcher
from commands.pausing.decision import IN_FLIGHT, Ask, End, Hindered, Move, Settle, Wait, decide
from commands.registry import COMMANDS
from ledger.audit import AuditKind
from ledger.patroni_pauses import PatroniPause, PauseState, open_pause
from servers.patroni_state import PatroniState
from servers.state import Answer, Outcome
from servers.verdict import judge
from tests.commands.conftest import Scene, open_scene
from tests.commands.practice import NOW
from tests.commands.practice_patroni import MANAGED, PracticePatroni

ACTIVE = PatroniState(Answer(Outcome.ANSWERED, NOW, 0.01))
PAUSED = replace(ACTIVE, paused=True)
SILENT = PatroniState(Answer(Outcome.UNREACHABLE, NOW, 0.1, "connection refused"))
WANTED, PAUSING, HELD, LEFT, RESUMING = PauseState


@dataclass
class Managed:
    """A scene in which Patroni runs the pair."""

    scene: Scene
    patroni: PracticePatroni

    async def say(self, who: str, text: str) -> str:
        return str((await self.scene.dispatcher.ask(self.scene.asks(who, text))).page)

    async def looks(self) -> None:
        """One look of the monitor, and the end of what follows from it."""
        state = await self.patroni.state(MANAGED)
        await self.scene.dispatcher.see(MANAGED, state, judge(MANAGED, state))
        for task in list(self.scene.dispatcher._overseer._pauses._tasks.values()):
            await task

    async def pause(self) -> PatroniPause | None:
        return await self.scene.ledger.read(lambda db: open_pause(db, "shop"))

    async def records(self) -> list[str]:
        return [str(one.entry.details["what"]) for one in await self.scene.records(AuditKind.PATRONI_PAUSE)]


@pytest.fixture
async def managed(tmp_path: Path) -> AsyncIterator[Managed]:
    async with open_scene(tmp_path) as scene:
        patroni = PracticePatroni(scene.pair)
        world = replace(scene.world, clusters={"shop": MANAGED}, patroni={"shop": patroni.engine()})
        scene = replace(scene, world=world, dispatcher=Dispatcher(world, COMMANDS))
        yield Managed(scene, patroni)
        await scene.dispatcher.shutdown(1.0)


def pause(state: PauseState, **changes: object) -> PatroniPause:
    return replace(PatroniPause(1, "shop", state, "", None, 0, NOW), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "at_work", "said", "move"),
    [
        (None, False, PAUSED, Wait),
        (None, True, ACTIVE, Ask),
        (None, True, SILENT, Hindered),
        (WANTED, True, PAUSED, Settle),
        (PAUSING, True, PAUSED, Settle),
        (HELD, True, PAUSED, Wait),
        (HELD, True, ACTIVE, Settle),
        (HELD, True, SILENT, Wait),
        (LEFT, True, ACTIVE, Wait),
        (RESUMING, True, ACTIVE, Ask),
        (WANTED, False, PAUSED, End),
        (PAUSING, False, PAUSED, Ask),
        (HELD, False, PAUSED, Ask),
        (HELD, False, ACTIVE, End),
        (HELD, False, SILENT, Hindered),
        (LEFT, False, PAUSED, End),
        (RESUMING, False, ACTIVE, End),
    ],
)
def test_what_is_to_be_done(state: PauseState | None, at_work: bool, said: PatroniState, move: type[Move]) -> None:
    found = decide(None if state is None else pause(state), at_work, said, NOW)
    assert isinstance(found, move), found
    if isinstance(found, Ask):
        assert found.pause is at_work


def test_what_is_under_way_is_left_alone_and_what_failed_rests_longer_each_time() -> None:
    asked = pause(PAUSING, tried_at=NOW, tries=3)
    assert isinstance(decide(asked, True, ACTIVE, NOW + IN_FLIGHT / 2), Wait)
    assert isinstance(decide(asked, True, ACTIVE, NOW + IN_FLIGHT * 3), Wait)
    assert isinstance(decide(asked, True, ACTIVE, NOW + IN_FLIGHT * 4), Ask)
    assert isinstance(decide(asked, False, PAUSED, NOW + IN_FLIGHT), Ask)  # an end does not rest


async def test_it_is_paused_with_intent_and_result_and_resumed_at_the_end(managed: Managed) -> None:
    answer = await managed.say("alice", "maintenance on for 2h kernel update")
    assert "Patroni is paused until the end" in answer
    assert managed.patroni.paused
    records = await managed.records()
    assert [line.split(":")[0] for line in records] == ["intent", "result"]
    card = await managed.scene.card("maintenance/1")
    assert "Patroni is paused until the end" in card.summary
    status = await managed.say("guest", "status")
    assert "Patroni is paused until the end" in status
    assert "db1, timeline 1 has ended" in status
    assert "Patroni: it acts by itself again" in await managed.say("bob", "maintenance off")
    assert not managed.patroni.paused
    assert managed.patroni.asked == ["pause", "resume"]
    assert "it acts by itself again" in (await managed.scene.card("maintenance/1/end")).summary
    assert await managed.pause() is None


async def test_the_intent_is_committed_before_patroni_is_asked(managed: Managed) -> None:
    seen: list[list[str]] = []

    async def committed() -> None:
        seen.append(await managed.records())

    managed.patroni.before = committed
    await managed.say("alice", "maintenance on kernel update")
    assert [[line.split(":")[0] for line in lines] for lines in seen] == [["intent"]]


async def test_when_its_time_is_over_the_next_look_resumes_it(managed: Managed) -> None:
    await managed.say("alice", "maintenance on for 30m kernel update")
    await managed.looks()
    assert managed.patroni.asked == ["pause"]
    managed.scene.pair.now += timedelta(minutes=31)
    await managed.scene.dispatcher.tick(managed.scene.pair.now)
    assert "Patroni is being resumed" in (await managed.scene.card("maintenance/1/end")).summary
    await managed.looks()
    await managed.looks()
    assert managed.patroni.asked == ["pause", "resume"]
    assert "it acts by itself again" in (await managed.scene.card("maintenance/1/end")).summary


async def test_what_somebody_paused_before_stays_paused_and_it_is_said(managed: Managed) -> None:
    managed.patroni.paused = True
    assert "it was paused before, by somebody else" in await managed.say("alice", "maintenance on kernel update")
    assert "stays so" in await managed.say("alice", "maintenance off")
    assert managed.patroni.asked == []
    assert managed.patroni.paused
    assert await managed.pause() is None


async def test_what_somebody_resumes_meanwhile_is_left_to_them(managed: Managed) -> None:
    await managed.say("alice", "maintenance on kernel update")
    managed.patroni.paused = False
    await managed.looks()
    assert "somebody resumed it" in (await managed.scene.card("maintenance/1")).summary
    await managed.looks()
    await managed.say("alice", "maintenance off")
    assert managed.patroni.asked == ["pause"]


async def test_maintenance_stands_where_patroni_is_silent_and_the_pause_is_tried_until_it_holds(
    managed: Managed,
) -> None:
    managed.patroni.silent = True
    answer = await managed.say("alice", "maintenance on kernel update")
    assert "shop is in maintenance" in answer
    assert "Patroni is not known to be paused, and may fail over by itself: unreachable" in answer
    for _ in range(3):
        await managed.looks()
    assert managed.patroni.asked == []
    assert len(await managed.records()) == 1  # told once, not at each look
    assert "could not be paused" in (await managed.scene.card("patroni-pause/1")).title
    managed.patroni.silent = False
    await managed.looks()
    assert managed.patroni.paused
    assert "as it should be" in (await managed.scene.card("patroni-pause/1")).title
    assert "paused until the end" in (await managed.scene.card("maintenance/1")).summary


async def test_a_refusal_is_told_and_asked_for_again_after_a_rest(managed: Managed) -> None:
    managed.patroni.refuses = "Patroni on db1 refused PATCH /config: not authenticated (HTTP 401)."
    assert "HTTP 401" in await managed.say("alice", "maintenance on kernel update")
    await managed.looks()
    assert managed.patroni.asked == ["pause"]
    managed.patroni.refuses = ""
    managed.scene.pair.now += IN_FLIGHT
    await managed.looks()
    assert managed.patroni.paused
    assert [line.split(":")[0] for line in await managed.records()] == ["intent", "result", "intent", "result"]


async def test_a_lost_answer_is_found_out_by_looking_and_still_is_ours(managed: Managed) -> None:
    managed.patroni.loses_answers = True
    await managed.say("alice", "maintenance on kernel update")
    managed.patroni.loses_answers = False
    managed.scene.pair.now += IN_FLIGHT
    await managed.looks()
    found = await managed.pause()
    assert found is not None
    assert found.state is HELD
    await managed.say("alice", "maintenance off")
    assert managed.patroni.asked == ["pause", "resume"]
    assert not managed.patroni.paused


async def test_a_pause_that_outlives_its_process_is_ended_by_the_next(managed: Managed) -> None:
    await managed.say("alice", "maintenance on for 30m kernel update")
    await managed.scene.dispatcher.shutdown(1.0)
    managed.scene.dispatcher = Dispatcher(managed.scene.world, COMMANDS)
    managed.scene.pair.now += timedelta(minutes=31)
    await managed.scene.dispatcher.tick(managed.scene.pair.now)
    await managed.looks()
    assert managed.patroni.asked == ["pause", "resume"]


async def test_turned_on_again_it_stays_paused_by_us(managed: Managed) -> None:
    await managed.say("alice", "maintenance on for 30m kernel update")
    await managed.say("bob", "maintenance on for 3h it takes longer")
    assert "paused until the end" in (await managed.scene.card("maintenance/2")).summary
    await managed.say("bob", "maintenance off")
    assert managed.patroni.asked == ["pause", "resume"]


async def test_a_cluster_that_patroni_does_not_run_has_no_word_of_it(scene: Scene) -> None:
    answer = await scene.dispatcher.ask(scene.asks("alice", "maintenance on kernel update"))
    assert "Patroni" not in str(answer.page)
    assert await scene.records(AuditKind.PATRONI_PAUSE) == []
