"""Patroni's REST API as a member speaks it: TLS by an authority of one's own, a password, words that come too early."""

import base64
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web

from lab.certificates import make_certificates
from servers.engines.engine import ActionFailed
from servers.engines.patroni.engine import PatroniEngine
from servers.inventory import PatroniPlace
from servers.state import Outcome

USER, PASSWORD = "understudy", "pass:wörd"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Member:
    """One member, db2, that is asked to take over from db1. Promoted after so many looks at /patroni."""

    place: PatroniPlace
    promoted_after: int = 0
    asked: list[str] = field(default_factory=list)
    leads: bool = False

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path}")
        match request.method, request.path:
            case "GET", "/cluster":
                old, new = ("replica", "leader") if self.leads else ("leader", "replica")
                members = [
                    {"name": "db1", "role": old, "state": "running", "timeline": 1},
                    {"name": "db2", "role": new, "state": "running", "timeline": 1, "lag": 0},
                ]
                return web.json_response({"members": members, "scope": "shop"})
            case "GET", "/config":
                return web.json_response({"ttl": 20, "loop_wait": 1})
            case "GET", "/patroni":
                looks = self.asked.count("GET /patroni")
                role = "primary" if self.leads and looks > self.promoted_after else "replica"
                return web.json_response({"state": "running", "role": role})
            case "POST", "/switchover":
                self.leads = True
                return web.Response(text='Successfully switched over to "db2"')
        return web.Response(status=404, text="no such thing")

    @web.middleware
    async def authorised(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """As Patroni does: whoever only looks needs no password."""
        wanted = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.method != "GET" and request.headers.get("Authorization") != f"Basic {wanted}":
            return web.Response(status=401, text="not authenticated")
        return await handler(request)


@asynccontextmanager
async def member(directory: Path) -> AsyncIterator[Member]:
    authority, certificate, key = make_certificates(directory)
    made = Member(PatroniPlace((), ca_file=authority, user=USER, password=PASSWORD))
    application = web.Application(middlewares=[made.authorised])
    application.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        port = runner.addresses[0][1]
        made.place = replace(made.place, members=(("db2", f"https://127.0.0.1:{port}"),))
        yield made
    finally:
        await runner.cleanup()


def engine(place: PatroniPlace) -> PatroniEngine:
    return PatroniEngine(place, lambda: datetime.now(UTC))


async def test_it_is_asked_over_tls_and_with_the_password(tmp_path: Path) -> None:
    async with member(tmp_path) as there:
        state = await engine(there.place).look()
        assert state.answer.ok, state.answer
        assert state.leader is not None
        assert state.leader.name == "db1"
        await engine(there.place).switchover("db1", "db2", timeout=5.0)
        assert there.leads


async def test_a_wrong_password_changes_nothing_and_is_said_to(tmp_path: Path) -> None:
    async with member(tmp_path) as there:
        with pytest.raises(ActionFailed, match=r"Correct patroni\.user and patroni\.password"):
            await engine(replace(there.place, password="wrong")).switchover("db1", "db2", timeout=2.0)
        assert not there.leads


async def test_a_certificate_that_nobody_vouches_for_is_no_answer(tmp_path: Path) -> None:
    """A look is unknown then, and no password goes out."""
    async with member(tmp_path) as there:
        blind = replace(there.place, ca_file=None)
        state = await engine(blind).look()
        assert state.answer.outcome is Outcome.UNREACHABLE
        assert "certificate" in state.answer.detail
        with pytest.raises(ActionFailed, match="nothing was done"):
            await engine(blind).switchover("db1", "db2", timeout=2.0)
        assert there.asked == []


async def test_what_is_wrong_with_all_members_alike_is_said_once(tmp_path: Path) -> None:
    async with member(tmp_path) as there:
        ((_, url),) = there.place.members
        place = replace(there.place, ca_file=None, members=tuple((name, url) for name in ("db1", "db2", "db3")))
        with pytest.raises(ActionFailed) as refused:
            await engine(place).switchover("db1", "db2", timeout=2.0)
    line = str(refused.value)
    assert line.startswith(
        "Patroni was not reached, so nothing was done: db1, db2, db3: its certificate is not accepted"
    )
    assert line.endswith("Correct patroni.ca_file, or its address.")
    assert line.count("certificate is not") == 1


async def test_a_leader_whose_postgresql_is_not_promoted_yet_is_waited_for(tmp_path: Path) -> None:
    """Seen on the real one: who has the leader key is “leader, running” at /cluster, and still in recovery."""
    async with member(tmp_path) as there:
        there.promoted_after = 2
        await engine(there.place).switchover("db1", "db2", timeout=5.0)
        assert there.asked.count("GET /patroni") == 3
        there.leads, there.promoted_after = False, 10_000
        with pytest.raises(ActionFailed, match="its PostgreSQL is no primary yet"):
            await engine(there.place).switchover("db1", "db2", timeout=1.0)
