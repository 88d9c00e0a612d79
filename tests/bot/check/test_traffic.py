"""`understudy check` of traffic targets: where clients are led, and what would keep them from following."""

from dataclasses import dataclass
from typing import Any, cast

import pytest

from bot.check.finding import Outcome
from bot.check.traffic import check_traffic
from servers.engines.engine import ActionFailed
from servers.observe import Observer
from servers.state import ClusterState
from servers.traffic.target import Pointing, TrafficTarget
from tests.bot.check.test_servers import HEALTHY
from tests.servers.seen import PAIR


@dataclass
class Target:
    """Where it says that it leads, or why it does not say."""

    answer: Pointing | Exception
    name: str = "pool"
    kind: str = "pgbouncer"

    async def look(self, *, timeout: float) -> Pointing:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Look:
    async def observe(self, cluster: object) -> ClusterState:
        return HEALTHY


@pytest.mark.parametrize(
    ("answer", "outcome", "mend"),
    [
        (Pointing("db1", "app leads to db1"), Outcome.WORKS, ""),
        (Pointing("db2", "app leads to db2"), Outcome.BROKEN, "lead it to db1"),
        (Pointing(None, "app leads to elsewhere"), Outcome.WARNING, "see that it leads to the primary"),
        (Pointing("db1", "clients of app wait (PAUSE)", held=True), Outcome.BROKEN, "let them go"),
        (ActionFailed("pool: its host could not be asked"), Outcome.BROKEN, "clients would not follow"),
    ],
)
async def test_each_answer_says_what_to_do(answer: Pointing | Exception, outcome: Outcome, mend: str) -> None:
    target: Any = Target(answer)
    (found,) = await check_traffic(PAIR, [cast(TrafficTarget, target)], cast(Observer, Look()))
    assert (found.subject, found.outcome) == ("shop/pool", outcome)
    assert mend in found.mend
    assert bool(mend) == bool(found.mend)
    assert found.seen == (answer.detail if isinstance(answer, Pointing) else str(answer))


async def test_without_targets_nobody_is_asked() -> None:
    assert await check_traffic(PAIR, (), cast(Observer, None)) == []
