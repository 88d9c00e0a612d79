"""Health endpoints as real servers answer them, and what a redirect may not do."""

import asyncio
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from lab.certificates import make_certificates
from servers.errors import ServerUnreachable
from servers.watching.services.http_health import HttpHealth
from servers.watching.services.view import CERTIFICATE, LATENCY, Seen, ServiceDown
from servers.watching.services.web import LARGEST_BODY, Web, get_page
from tests.servers.watching.services.websites import Reply, redirect, website

WELL = '{"status": "ok"}'
METADATA = "http://169.254.169.254/latest/meta-data/iam/"


def well(body: str = WELL) -> Reply:
    return Reply(body)


def names(monkeypatch: pytest.MonkeyPatch, known: dict[str, str]) -> None:
    """These names resolve to these addresses, whatever the machine's resolver says."""
    real = socket.getaddrinfo

    def resolve(host: str, *rest: Any, **more: Any) -> list[Any]:
        return list(real(known.get(host, host), *rest, **more))

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def value(seen: Seen, name: str) -> float | None:
    return next((one.value for one in seen.measures if one.name == name), None)


async def refusal(health: HttpHealth, timeout: float = 5) -> str:
    with pytest.raises(ServiceDown) as down:
        await health.look(timeout)
    return str(down.value)


async def test_status_body_and_latency_are_told() -> None:
    async with website({"/health": well(), "/broken": Reply(status=503)}) as site:
        seen = await HttpHealth(site.url(), body='"ok"').look(5)
        assert seen.problems == ()
        assert 0 < (value(seen, LATENCY) or 0) < 5
        wrong = await HttpHealth(site.url(), body="fine").look(5)
        assert wrong.problems == ("it answered 200, but “fine” is not in it",)
        broken = await HttpHealth(site.url("/broken")).look(5)
        assert broken.problems == ("it answered 503, not 200",)
        assert (await HttpHealth(site.url("/broken"), status=503).look(5)).problems == ()


@pytest.mark.parametrize(
    "target",
    [
        METADATA,
        "http://[::ffff:169.254.169.254]/latest/",
        "http://[::ffff:127.0.0.1]:{port}/secret",
        "http://localhost:{port}/secret",
        "http://127.0.0.1:{other}/secret",  # a neighbour of the one that was named
        "//localhost:{port}/secret",
        "http://inside.example:{port}/secret",  # a name that resolves inside
        "http://10.255.255.1/secret",
    ],
)
async def test_a_redirect_inside_is_refused(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, {"inside.example": "127.0.0.1"})
    async with website({"/secret": well()}) as other, website({"/secret": well()}) as site:
        site.pages = {"/health": redirect(target.format(port=site.port, other=other.port)), "/secret": well()}
        said = await refusal(HttpHealth(site.url()))
        assert said.startswith("refused: ")
        assert "leads inside" in said
        assert [one.path for one in (*site.asked, *other.asked)] == ["/health"]


@pytest.mark.parametrize("host", ["2130706433", "127.1", "0x7f.1"])  # 127.0.0.1, as C libraries read it
async def test_an_address_in_disguise_is_not_asked(host: str) -> None:
    async with website({"/secret": well()}) as site:
        site.pages = {**site.pages, "/health": redirect(f"http://{host}:{site.port}/secret")}
        await refusal(HttpHealth(site.url()))
        assert [one.path for one in site.asked] == ["/health"]


async def test_a_redirect_inside_is_followed_where_the_settings_allow_it() -> None:
    async with website({"/secret": well()}) as site:
        site.pages = {**site.pages, "/health": redirect(f"http://localhost:{site.port}/secret")}
        health = HttpHealth(site.url(), Web({"Authorization": "Bearer hush"}, allowed=("localhost",)))
        assert (await health.look(5)).problems == ()
        # What was meant for one is not shown to another.
        assert [one.headers.get("Authorization") for one in site.asked] == ["Bearer hush", None]


async def test_a_redirect_on_the_spot_is_followed_and_one_in_circles_is_not() -> None:
    async with website({"/health": redirect("/ready"), "/ready": well(), "/round": redirect("/round")}) as site:
        assert (await HttpHealth(site.url()).look(5)).problems == ()
        assert await refusal(HttpHealth(site.url("/round"))) == "it redirects more than 3 times"
        site.pages = {"/health": redirect("file:///etc/passwd")}
        assert await refusal(HttpHealth(site.url())) == "it redirects to something that is no web page"


async def test_a_name_of_the_settings_that_comes_to_lead_to_this_machine_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names(monkeypatch, {"app.example": "127.0.0.1", "meta.example": "169.254.169.254"})
    async with website({"/health": well()}) as site:
        assert "app.example leads inside" in await refusal(HttpHealth(site.url(host="app.example")))
        assert "meta.example leads inside" in await refusal(HttpHealth("http://meta.example/"))
        assert site.asked == []
        health = HttpHealth(site.url(host="app.example"), Web(allowed=("app.example",)))
        assert (await health.look(5)).problems == ()


async def test_an_answer_without_end_is_read_so_far_and_one_that_hangs_is_given_up() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)

    async def hangs(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"half an ans")
        await asyncio.sleep(60)
        return response

    async with website({"/health": endless, "/hangs": hangs}) as site:
        page = await get_page(site.url(), Web(), timeout=5)
        assert len(page.body) == LARGEST_BODY
        assert await refusal(HttpHealth(site.url("/hangs")), 0.2) == "no answer within 0.2 s"


async def test_who_is_not_there_and_who_talks_nonsense_is_down() -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\xff\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(nonsense, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert "breaks off or makes no sense" in await refusal(HttpHealth(f"http://127.0.0.1:{port}/"))
    server.close()
    await server.wait_closed()
    assert await refusal(HttpHealth(f"http://127.0.0.1:{port}/")) == "cannot be reached: Connection refused"


async def test_a_resolver_that_does_not_answer_says_nothing_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    with pytest.raises(ServerUnreachable, match="Temporary failure"):
        await HttpHealth("http://app.example/health").look(5)


async def test_the_certificate_is_verified_and_its_end_is_told(tmp_path: Path) -> None:
    authority, certificate, key = make_certificates(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    async with website({"/health": well("")}, tls=context) as site:
        trusting = Web(ca_file=authority)
        for _ in range(3):
            left = value(await HttpHealth(site.url(), trusting).look(5), CERTIFICATE)
            assert left is not None
            assert left > 0
        assert (await refusal(HttpHealth(site.url()))).startswith("its certificate is not trusted")
        unchecked = await HttpHealth(site.url(), Web(verify=False)).look(5)
        assert (unchecked.problems, value(unchecked, CERTIFICATE)) == ((), None)
