"""A step that takes long, and a server that stops answering meanwhile."""

import asyncio

import pytest

from commands.answering import while_it_answers
from commands.command import StepFailed
from commands.rejoining import actions as rejoining
from tests.commands.conftest import Scene
from tests.commands.test_promotion_actions import context


async def test_a_server_that_answers_is_waited_for_however_long_it_takes(scene: Scene) -> None:
    looks, work = scene.pair.looks, asyncio.Event()
    waiting = asyncio.create_task(while_it_answers(await context(scene), work.wait(), silence=0.02, pause=0.005))
    while scene.pair.looks < looks + 12:  # many times the silence that would end it
        await asyncio.sleep(0.005)
    work.set()
    assert await waiting


async def test_a_server_that_falls_silent_is_given_up_and_what_was_asked_of_it_is_left(scene: Scene) -> None:
    step, work = await context(scene), asyncio.get_running_loop().create_future()
    scene.pair.out_of_reach.add("db1")
    with pytest.raises(StepFailed, match="db1 has not answered by SQL for 20 ms"):
        await while_it_answers(step, work, silence=0.02, pause=0.005)
    assert work.cancelled()


async def test_one_that_answers_in_between_is_not_given_up(scene: Scene) -> None:
    step, work = await context(scene), asyncio.Event()
    waiting = asyncio.create_task(while_it_answers(step, work.wait(), silence=0.2, pause=0.005))
    for _ in range(3):
        scene.pair.out_of_reach.add("db1")
        await asyncio.sleep(0.1)
        scene.pair.out_of_reach.clear()
        looks = scene.pair.looks
        while scene.pair.looks < looks + 2:
            await asyncio.sleep(0.005)
    assert not waiting.done()
    work.set()
    assert await waiting


async def test_what_fails_by_itself_fails_with_its_own_words(scene: Scene) -> None:
    scene.pair.fails["checkpoint"] = "could not write a checkpoint"
    with pytest.raises(StepFailed, match="could not write a checkpoint"):
        await rejoining.checkpoint(await context(scene))
