"""What takes longer than a look may wait goes on in the background, and what was last known serves meanwhile."""

import asyncio
from dataclasses import dataclass, field

import pytest

from servers import slow_looks
from servers.inventory import Cluster
from servers.slow_looks import SlowLooks

SHOP, BOOKS = Cluster("shop", "C0OPS", ()), Cluster("books", "C0OPS", ())


@dataclass
class Repository:
    """Answers with the number of the question, once it is let; a bad answer is below zero."""

    open: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[str] = field(default_factory=list)
    bad: bool = False

    async def ask(self, cluster: Cluster) -> int:
        self.asked.append(cluster.name)
        number = len(self.asked)
        await self.open.wait()
        return -number if self.bad else number

    def looks(self) -> SlowLooks[int]:
        return SlowLooks(self.ask, lambda answer: answer > 0)


async def test_whoever_cannot_wait_gets_nothing_and_the_question_goes_on() -> None:
    repository = Repository()
    looks = repository.looks()

    assert await looks.get(SHOP, 60.0, 0.0) is None
    assert await looks.get(SHOP, 60.0, 0.0) is None
    repository.open.set()
    assert await looks.get(SHOP, 60.0, 5.0) == 1
    assert repository.asked == ["shop"]


async def test_an_answer_is_kept_for_as_long_as_it_may_be_old() -> None:
    repository = Repository()
    repository.open.set()
    looks = repository.looks()

    assert [await looks.get(SHOP, age, 5.0) for age in (60.0, 60.0, 0.0, 60.0)] == [1, 1, 2, 2]


async def test_while_the_next_one_is_waited_for_the_last_good_one_serves() -> None:
    repository = Repository()
    repository.open.set()
    looks = repository.looks()
    await looks.get(SHOP, 60.0, 5.0)
    repository.open.clear()

    assert await looks.get(SHOP, 0.0, 0.0) == 1


async def test_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    repository = Repository()
    repository.open.set()
    looks = repository.looks()
    await looks.get(SHOP, 60.0, 5.0)
    repository.open.clear()
    monkeypatch.setattr(slow_looks, "LONGEST_USE", -1.0)

    assert await looks.get(SHOP, 0.0, 0.0) is None


async def test_a_bad_answer_is_told_and_not_kept() -> None:
    repository = Repository(bad=True)
    repository.open.set()
    looks = repository.looks()

    assert await looks.get(SHOP, 60.0, 5.0) == -1
    repository.bad = False
    assert await looks.get(SHOP, 60.0, 5.0) == 2


async def test_one_cluster_does_not_wait_for_another() -> None:
    repository = Repository()
    looks = repository.looks()
    await looks.get(SHOP, 60.0, 0.0)
    await looks.get(BOOKS, 60.0, 0.0)

    assert repository.asked == ["shop", "books"]
    repository.open.set()
    assert await looks.get(BOOKS, 60.0, 5.0) == 2
