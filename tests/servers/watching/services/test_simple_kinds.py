"""Ports, names and Route 53's health checks; and that a look at many services is spoilt by none of them."""

import asyncio
import socket
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from servers.errors import ServerUnreachable
from servers.state import Outcome
from servers.watching.services.dns_name import DnsName
from servers.watching.services.looks import ServiceLooks
from servers.watching.services.route53_health import Route53Health, check_measure
from servers.watching.services.tcp_port import TcpPort
from servers.watching.services.view import UP, Seen, ServiceDown, WatchedPlace
from tests.alerts.looks import CLUSTER


async def test_a_port_is_open_or_refused_and_a_network_of_ours_that_is_gone_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert (await TcpPort("127.0.0.1", port).look(5)).problems == ()
    server.close()
    await server.wait_closed()
    with pytest.raises(ServiceDown, match="port"):
        await TcpPort("127.0.0.1", port).look(5)

    async def nowhere(*_: Any) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr("asyncio.open_connection", nowhere)
    with pytest.raises(ServerUnreachable, match="Network is unreachable"):
        await TcpPort("127.0.0.1", port).look(5)


ADDRESSES = {
    "db.example": ["10.0.0.11"],
    "both.example": ["10.0.0.11", "10.0.0.12"],
    "else.example": ["10.9.9.9"],
    "db1": ["10.0.0.11"],
    "db2": ["10.0.0.12"],
}


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(host: str, *_: Any, **__: Any) -> list[Any]:
        if host == "slow.example":
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        if host not in ADDRESSES:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 0)) for one in ADDRESSES[host]]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


SERVERS = {"db1": "db1", "db2": "db2", "db3": "unknown.example"}


@pytest.mark.usefixtures("resolver")
@pytest.mark.parametrize(
    ("name", "leads_to"), [("db.example", "db1"), ("both.example", ""), ("else.example", ""), ("db2", "db2")]
)
async def test_a_name_leads_to_the_server_that_has_all_of_its_addresses(name: str, leads_to: str) -> None:
    assert (await DnsName(name, servers=SERVERS).look(5)).leads_to == leads_to


@pytest.mark.usefixtures("resolver")
async def test_a_name_has_the_addresses_that_it_should_have_and_no_more() -> None:
    assert (await DnsName("db.example", ("10.0.0.11",)).look(5)).problems == ()
    assert (await DnsName("both.example", ("10.0.0.11",)).look(5)).problems == (
        "it resolves to 10.0.0.11, 10.0.0.12, not to 10.0.0.11",
    )
    with pytest.raises(ServiceDown, match="Name or service not known"):
        await DnsName("gone.example").look(5)
    with pytest.raises(ServerUnreachable, match="Temporary failure"):
        await DnsName("slow.example").look(5)


def said(*texts: str) -> list[dict[str, Any]]:
    return [{"Region": "eu-west-1", "StatusReport": {"Status": text} if text else {}} for text in texts]


WELL, ILL = "Success: HTTP Status Code 200, OK", "Failure: Connection timed out"


@pytest.mark.parametrize(
    ("observations", "expected"),
    [
        (said(WELL, WELL), 1.0),
        (said(ILL, WELL, ILL, ILL), 1.0),  # a quarter, which is more than 18 %
        (said(ILL, ILL, ILL, ILL, ILL, WELL), 0.0),
        (said(ILL), 0.0),
        (said(""), None),
        ([], None),
    ],
)
def test_a_health_check_is_judged_as_route_53_judges_it(observations: list[dict[str, Any]], expected: float) -> None:
    assert check_measure("web", observations).value == expected


async def test_route_53_is_asked_for_its_health_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "practice")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        endpoint = f"http://{host}:{port}"
        client = boto3.client("route53", region_name="us-east-1", endpoint_url=endpoint)
        made = client.create_health_check(
            CallerReference="one", HealthCheckConfig={"Type": "HTTP", "IPAddress": "127.0.0.1", "Port": 80}
        )
        known = Route53Health({"web": made["HealthCheck"]["Id"]}, "us-east-1", endpoint)
        (measure,) = (await known.look(5)).measures
        assert (measure.name, measure.part, measure.value) == (UP, "web", 1.0)
        with pytest.raises(ServerUnreachable, match="Route 53"):
            await Route53Health({"web": "nobody"}, "us-east-1", endpoint).look(5)
    finally:
        server.stop()


class Odd:
    """A service that does as it is told."""

    kind = "odd"

    def __init__(self, does: Exception | None = None, hangs: bool = False) -> None:
        self.does = does
        self.hangs = hangs

    async def look(self, timeout: float) -> Seen:
        if self.hangs:
            await asyncio.sleep(60)
        if self.does is not None:
            raise self.does
        return Seen()


async def test_each_service_is_seen_by_itself() -> None:
    odd = {
        "well": Odd(),
        "down": Odd(ServiceDown("it is not there")),
        "unseen": Odd(ServerUnreachable(Outcome.DENIED, "no right")),
        "broken": Odd(ZeroDivisionError()),
        "hangs": Odd(hangs=True),
    }
    places = [WatchedPlace(name, service, server="db1") for name, service in odd.items()]
    looks = ServiceLooks({"shop": places}, lambda: datetime.now(UTC), timeout=0.05)
    assert [view.up for view in looks.not_yet(CLUSTER)] == [None] * 5
    views = await looks.look(CLUSTER)
    assert [view.up for view in views] == [True, False, None, None, None]
    assert [view.answer.outcome for view in views[2:]] == [Outcome.DENIED, Outcome.FAILED, Outcome.TIMED_OUT]
    assert views[0].subject == "db1 well"
