"""Patroni's REST API as it is spoken to: TLS both ways by an authority of one's own, basic auth, errors."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from lab.certificates import make_certificates
from servers.engines.engine import ActionFailed
from servers.engines.patroni.answers import cluster_of, config_of, history_of
from servers.engines.patroni.api import NoMemberAnswers, PatroniApi
from servers.engines.patroni.engine import PatroniEngine
from servers.inventory import PatroniPlace
from servers.patroni_state import PatroniConfig
from servers.state import Outcome

NOBODY = ("db1", "http://127.0.0.1:1")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def member(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A member that answers so; its address."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        yield f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def greets_its_user(request: web.Request) -> web.Response:
    if request.headers.get("Authorization") != aiohttp.BasicAuth("understudy", "secret-word").encode():
        return web.Response(status=401, text="no auth header received")
    return web.Response(text="{}")


async def test_tls_both_ways_and_basic_auth(tmp_path: Path) -> None:
    authority, certificate, key = make_certificates(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority)
    tls.load_cert_chain(certificate, key)
    tls.verify_mode = ssl.CERT_REQUIRED
    async with member(greets_its_user, tls) as url:
        members = (("db2", url),)
        place = PatroniPlace(members, authority, certificate, key, "understudy", "secret-word")
        assert (await PatroniApi(place).act("POST", "/reload", timeout=5.0)).ok
        assert "secret-word" not in repr(place)
        stranger = PatroniPlace(members, authority, certificate, key, "understudy", "wrong")
        with pytest.raises(ActionFailed, match=r"HTTP 401\)\. Correct patroni\.user and patroni\.password"):
            await PatroniApi(stranger).act("POST", "/reload", timeout=5.0)
        with pytest.raises(ActionFailed):  # the machine's own authorities do not know it
            await PatroniApi(PatroniPlace(members)).ask("/cluster", timeout=5.0)
        with pytest.raises(ActionFailed):  # without the client's certificate
            await PatroniApi(PatroniPlace(members, authority)).ask("/cluster", timeout=5.0)


async def test_another_member_is_asked_where_one_is_not_reached() -> None:
    async def answers(_request: web.Request) -> web.Response:
        return web.Response(text="done")

    async with member(answers) as url:
        api = PatroniApi(PatroniPlace((NOBODY, ("db2", url))))
        assert (await api.act("POST", "/switchover", {}, timeout=5.0)).member == "db2"
        assert (await api.ask("/cluster", timeout=5.0)).member == "db2"
    with pytest.raises(NoMemberAnswers, match="so nothing was done"):
        await api.act("POST", "/switchover", {}, timeout=2.0)


async def test_what_was_asked_of_one_member_is_not_asked_of_another() -> None:
    asked = []

    async def refuses(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=412, text="leader name does not match")

    async with member(refuses) as url:
        api = PatroniApi(PatroniPlace((("db1", url), ("db2", url))))
        with pytest.raises(ActionFailed, match="leader name does not match"):
            await api.act("POST", "/switchover", {}, timeout=5.0)
    assert asked == ["/switchover"]


async def test_an_answer_that_makes_no_sense_is_unknown() -> None:
    async def babbles(_request: web.Request) -> web.Response:
        return web.Response(text="<html>")

    async with member(babbles) as url:
        state = await PatroniEngine(PatroniPlace((("db1", url),)), lambda: datetime.now(UTC)).look()
    assert (state.answer.outcome, state.members) == (Outcome.FAILED, ())
    assert "makes no sense" in state.answer.detail


def test_answers_become_values() -> None:
    cluster = cluster_of(
        '{"members": [{"name": "a", "role": "replica", "state": "streaming", "lag": "unknown", "timeline": 3,'
        ' "tags": {"nofailover": true}}], "pause": true,'
        ' "scheduled_switchover": {"at": "2026-11-25T03:00:00+00:00", "from": "b", "to": "a"}}'
    )
    (one,) = cluster.members
    assert (one.lag, one.may_lead, cluster.paused) == (None, False, True)
    assert cluster.scheduled is not None
    assert cluster.scheduled.at == datetime(2026, 11, 25, 3, tzinfo=UTC)
    assert config_of("{}") == PatroniConfig()
    assert config_of('{"synchronous_mode": "quorum"}').quorum_commit
    (entry,) = history_of('[[1, 25623960, "no recovery target specified", "2026-11-24T10:00:00+00:00", "a"]]')
    assert (entry.timeline, entry.new_leader) == (1, "a")
