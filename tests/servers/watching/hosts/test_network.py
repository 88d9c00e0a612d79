"""What a host says of its network: ports that were tried, ways that were measured, Tailscale."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.inventory import Cluster, RequiredPort
from servers.knock import Endpoint
from servers.watching.hosts.answers import Printed
from servers.watching.hosts.facts import Found, PortReply, PortTry, Tailnet, TailnetPeer, Way
from servers.watching.hosts.memory import HostMemory
from servers.watching.hosts.ports import PortTarget, WayEnd, port_tries, required_ports, ssh_ports, way_ends, ways
from servers.watching.hosts.tailscale import tailnet
from tests.alerts.looks import NOW, server

DB1, DB2, DB3 = (replace(server(name), replication=f"host={name}.internal port=5432") for name in ("db1", "db2", "db3"))
SHOP = Cluster(
    "shop",
    "C0OPS",
    (DB1, DB2, DB3),
    ports=(
        RequiredPort(8080, "health check"),
        RequiredPort(6379, sources=("db1",), targets=("db3",)),
        RequiredPort(443, host="10.0.0.30"),
    ),
)


def test_each_server_tries_what_is_required_of_it() -> None:
    assert required_ports(SHOP, DB1) == (
        PortTarget("db2", Endpoint("db2.internal", 8080), True, "health check"),
        PortTarget("db3", Endpoint("db3.internal", 8080), True, "health check"),
        PortTarget("db3", Endpoint("db3.internal", 6379), True),
        PortTarget("10.0.0.30", Endpoint("10.0.0.30", 443), True),
    )
    assert [(one.name, one.endpoint.port) for one in required_ports(SHOP, DB2)] == [
        ("db1", 8080),
        ("db3", 8080),
        ("10.0.0.30", 443),
    ]


def test_ssh_is_tried_without_being_required_and_once_where_it_is() -> None:
    assert ssh_ports(SHOP, DB1) == (
        PortTarget("db2", Endpoint("db2.internal", 22), False, "SSH"),
        PortTarget("db3", Endpoint("db3.internal", 22), False, "SSH"),
    )
    assert ssh_ports(replace(SHOP, ports=(RequiredPort(22),)), DB1) == ()


@pytest.mark.parametrize("replication", ["host=/run/postgresql", "host=-oProxyCommand=x", "host=@abstract"])
def test_what_is_no_host_is_not_asked_for(replication: str) -> None:
    odd = replace(DB2, replication=replication)
    assert way_ends(Cluster("shop", "C0OPS", (DB1, odd)), DB1) == ()


END = WayEnd("db2", Endpoint("db2.internal", 5432))
TARGETS = tuple(PortTarget("db2", Endpoint("db2.internal", port), True) for port in (1, 2, 3, 4, 5))


def test_what_came_of_each_try() -> None:
    lines = ("3 failed No route to host", "0 open", "1 refused", "2 silent", "9 open", "nonsense")
    assert [one.reply for one in port_tries(lines, TARGETS)] == [
        PortReply.OPEN,
        PortReply.REFUSED,
        PortReply.SILENT,
        PortReply.FAILED,
        PortReply.UNTRIED,
    ]
    assert port_tries(lines, TARGETS)[3].detail == "No route to host"
    assert port_tries(("0 untried",), TARGETS[:1])[0].detail == "none of perl, python3 and nc could try it"


IPUTILS = (
    "0 --- db2 ping statistics --- 10 packets transmitted, 9 received, 10% packet loss, time 1810ms "
    "rtt min/avg/max/mdev = 0.426/0.500/0.702/0.091 ms "
)
BUSYBOX = (
    "0 --- db2 ping statistics --- 10 packets transmitted, 10 packets received, 0% packet loss "
    "round-trip min/avg/max = 0.100/1.200/9.000 ms "
)
LOST = "0 --- db2 ping statistics --- 10 packets transmitted, 0 received, 100% packet loss, time 1837ms "


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (IPUTILS, Found(Way("db2", 10, 9, 0.0005), "")),
        (BUSYBOX, Found(Way("db2", 10, 10, 0.0012), "")),
        (LOST, Found(Way("db2", 10, 0, None), "")),
        ("0 connect 0.421", Found(Way("db2", 0, 0, 0.000421), "")),
        ("0 connect ...", Found(None, "connect ...")),
        ("0 ping is not installed", Found(None, "ping is not installed", absent=True)),
        ("0 ping: socket: Operation not permitted ", Found(None, "ping: socket: Operation not permitted")),
        ("", Found(None, "it was not measured")),
    ],
)
def test_ways_as_ping_measures_them(line: str, expected: Found[Way]) -> None:
    assert ways((line,), (END,)) == (("db2", expected),)


def test_ways_are_told_over_the_last_looks() -> None:
    memory = HostMemory()
    for _ in range(20):
        ((_, way),) = memory.with_ways(ways((IPUTILS,), (END,)))
    assert way.value == Way("db2", 100, 90, 0.0005)


def test_a_port_that_was_open_is_known_to_have_been() -> None:
    memory = HostMemory()
    tried = PortTry("db2", 22, PortReply.OPEN, False)
    assert memory.wants_ssh(0.0)
    assert memory.keep_ports((), (tried,), 0.0) == (tried,)
    assert not memory.wants_ssh(599.0)
    assert memory.keep_ports((), (), 60.0) == (replace(tried, was_open=True),)
    assert memory.untried() == (
        replace(tried, was_open=True, reply=PortReply.UNTRIED, detail="the host did not answer"),
    )
    closed = replace(tried, reply=PortReply.SILENT)
    assert memory.keep_ports((), (closed,), 600.0) == (replace(closed, was_open=True),)
    # One try is no evidence: the next look tries again.
    assert memory.wants_ssh(660.0)


def test_ssh_that_was_never_open_is_tried_seldom() -> None:
    memory = HostMemory()
    memory.keep_ports((), (PortTry("db2", 22, PortReply.REFUSED, False),), 0.0)
    assert not memory.wants_ssh(60.0)


ADDRESSES = {"db1": "100.101.1.1", "db2": "100.101.1.2", "db3": "db3.tail1234.ts.net"}
STATUS = {
    "Version": "1.76.1",
    "BackendState": "Running",
    "TailscaleIPs": ["100.101.1.1", "fd7a:115c:a1e0::1"],
    "Self": {"HostName": "db1", "KeyExpiry": "2026-03-02T03:12:00Z", "Online": True},
    "Peer": {
        "nodekey:aa": {
            "HostName": "db2", "DNSName": "db2.tail1234.ts.net.", "TailscaleIPs": ["100.101.1.2"],
            "CurAddr": "203.0.113.7:41641", "Relay": "fra", "Online": True, "Active": True,
        },
        "nodekey:bb": {
            "HostName": "db3", "DNSName": "db3.tail1234.ts.net.", "TailscaleIPs": ["100.101.1.3"],
            "CurAddr": "", "Relay": "nyc", "Online": True, "Active": True,
        },
        "nodekey:cc": {"HostName": "laptop", "TailscaleIPs": ["100.101.9.9"], "Online": False},
    },
}  # fmt: skip


def said(status: object) -> Found[Tailnet]:
    return tailnet(Printed(json.dumps(status, indent=2), 0), ADDRESSES, NOW)


def test_the_clusters_own_servers_alone_are_looked_at() -> None:
    assert said(STATUS).value == Tailnet(
        "Running",
        30 * 86_400.0,
        (TailnetPeer("db2", online=True, active=True), TailnetPeer("db3", online=True, active=True, relay="nyc")),
    )


def test_a_key_that_never_expires_and_one_that_has() -> None:
    endless = said({**STATUS, "Self": {"HostName": "db1"}}).value
    assert endless is not None
    assert endless.key_left is None
    assert said({"BackendState": "NeedsLogin", "Peer": None}).value == Tailnet("NeedsLogin", None, ())


def test_where_it_does_not_connect_the_servers_it_is_absent() -> None:
    plain = {"db1": "10.0.0.1", "db2": "10.0.0.2"}
    assert tailnet(Printed(json.dumps(STATUS), 0), plain, NOW).absent
    assert tailnet(Printed("failed to connect to local tailscaled", 1), plain, NOW).absent
    assert tailnet(None, ADDRESSES, NOW).absent
    refused = tailnet(Printed("failed to connect to local tailscaled", 1), ADDRESSES, NOW)
    assert (refused.absent, refused.why) == (False, "failed to connect to local tailscaled")
    assert not tailnet(Printed(json.dumps(STATUS)[:200], None), ADDRESSES, NOW).absent


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("Peer", "Self", "KeyExpiry", "TailscaleIPs", "DNSName", "Relay")), inner)
    ),
)


@given(JSON, st.text())
def test_no_answer_whatever_makes_it_raise(status: object, text: str) -> None:
    assert isinstance(said(status), Found)
    assert isinstance(tailnet(Printed(text, 0), ADDRESSES, NOW), Found)


@given(st.lists(st.text(max_size=60)))
def test_no_lines_whatever_make_ports_or_ways_raise(lines: list[str]) -> None:
    numbered = [f"{number} {line}" for number, line in enumerate(lines)]
    assert len(port_tries((*lines, *numbered), TARGETS)) == len(TARGETS)
    assert len(ways((*lines, *numbered), (END,))) == 1
