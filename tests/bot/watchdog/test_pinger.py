"""Pings to a dead man's switch: sent while all works, and nothing of a secret URL is told when they fail."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.http.health import Readiness
from bot.watchdog.pinger import Pinger

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class Switch:
    """Stands for a dead man's switch. `status` is what it answers."""

    status: int = 200
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(f"{request.method} {request.path}")
        headers = {"Location": "http://169.254.169.254/latest"} if self.status == 302 else {}
        return web.Response(status=self.status, headers=headers)


@pytest.fixture
async def switch() -> AsyncIterator[tuple[Switch, str]]:
    stands = Switch()
    app = web.Application()
    app.router.add_get("/{secret}", stands.answer)
    async with TestServer(app) as server:
        yield stands, str(server.make_url("/s3cret-key"))


def ready(*reasons: str) -> Callable[[], Awaitable[Readiness]]:
    async def answer() -> Readiness:
        return Readiness(reasons)

    return answer


async def test_while_all_works_it_is_pinged(switch: tuple[Switch, str]) -> None:
    stands, url = switch
    pinger = Pinger(url, 60, ready(), lambda: NOW)
    await pinger.ping()
    state = pinger.state()
    assert state is not None
    assert (state.answered_at, state.problem) == (NOW, "")
    assert stands.asked == ["GET /s3cret-key"]


async def test_while_something_does_not_work_it_is_left_to_call_people(switch: tuple[Switch, str]) -> None:
    stands, url = switch
    pinger = Pinger(url, 60, ready("shop was last looked at 90 s ago"), lambda: NOW)
    await pinger.ping()
    state = pinger.state()
    assert state is not None
    assert state.answered_at is None
    assert "shop was last looked at 90 s ago" in state.problem
    assert stands.asked == []


@pytest.mark.parametrize(("status", "said"), [(500, "it answered 500"), (302, "it answered 302")])
async def test_an_answer_that_is_no_yes_is_a_problem(switch: tuple[Switch, str], status: int, said: str) -> None:
    stands, url = switch
    stands.status = status
    pinger = Pinger(url, 60, ready(), lambda: NOW)
    await pinger.ping()
    state = pinger.state()
    assert state is not None
    assert state.problem == said
    assert len(stands.asked) == 1


async def test_what_it_says_of_a_failure_does_not_hold_the_url() -> None:
    pinger = Pinger("http://127.0.0.1:1/s3cret-key", 60, ready(), lambda: NOW, timeout=1)
    await pinger.ping()
    state = pinger.state()
    assert state is not None
    assert state.problem.startswith("no answer")
    assert "s3cret" not in state.problem


async def test_without_a_url_there_is_nothing_to_tell() -> None:
    assert Pinger(None, 60, ready(), lambda: NOW).state() is None
