"""The settings of services that are watched."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from bot.watch_settings import Makings, WatchSettings, mistakes_in_watch, watch_secrets, watched_places
from servers.ssh import Shells
from servers.watching.services.dns_name import DnsName
from servers.watching.services.http_health import HttpHealth
from servers.watching.services.redis_connection import RedisAddress
from servers.watching.services.redis_sentinel import RedisSentinel
from servers.watching.services.redis_server import RedisServer
from servers.watching.services.tcp_port import TcpPort
from servers.watching.services.view import WatchedPlace
from tests.alerts.looks import CLUSTER

SECTION: TypeAdapter[WatchSettings] = TypeAdapter(WatchSettings)

MAKINGS = Makings(CLUSTER, lambda path: Path("/etc") / path, lambda _: CLUSTER.server("db1").ssh, Shells())


def section(**raw: Any) -> WatchSettings:
    return SECTION.validate_python(raw)


def place(**raw: Any) -> WatchedPlace:
    (made,) = watched_places({"web": section(**raw)}, MAKINGS)
    return made


def mistakes(**watch: dict[str, Any]) -> dict[str, str]:
    raw = {"servers": {"db1": {}, "db2": {}}, "traffic": {"pool": {}}, "watch": watch}
    found = mistakes_in_watch("clusters.shop", raw)
    return {one.key.removeprefix("clusters.shop."): f"{one.wrong}; {one.right}" for one in found}


def test_what_each_kind_becomes() -> None:
    made = place(kind="http", url="https://app/health", token="hush", allow=("sso",), ca_file="ca.pem", server="db1")
    assert (made.subject, made.critical) == ("db1 web", True)
    assert isinstance(made.service, HttpHealth)
    assert made.service.web.allowed == ("sso",)
    assert made.service.web.ca_file == Path("/etc/ca.pem")
    assert "hush" not in repr(made)
    assert place(kind="tcp", host="10.0.0.30", port=6379).service == TcpPort("10.0.0.30", 6379)
    assert place(kind="dns", host="db.example", to=["10.0.0.11"]).service == DnsName("db.example", ("10.0.0.11",))
    assert place(kind="redis", host="cache", password="hush", role="master").service == RedisServer(
        RedisAddress("cache", 6379, password="hush"), "master"
    )
    assert place(kind="sentinel", host="cache", masters=["main"]).service == RedisSentinel(
        RedisAddress("cache", 26379), ("main",)
    )
    coolify = place(kind="coolify", url="https://coolify/").service
    assert isinstance(coolify, HttpHealth)
    assert (coolify.url, coolify.body) == ("https://coolify/api/health", "OK")
    led = {"db1": "db1", "db2": "10.9.9.9"}
    assert place(kind="dns", host="db", to="primary", servers={"db2": "10.9.9.9"}).service == DnsName("db", (), led)


def test_each_mistake_names_its_key_and_what_would_be_right() -> None:
    assert mistakes(web={"kind": "tcp", "server": "db1"}, name={"kind": "dns", "to": "primary"}) == {}
    assert mistakes(
        pool={"kind": "tcp"},
        web={"kind": "http", "server": "db3"},
        name={"kind": "dns", "to": ["db1.example"]},
        box={"kind": "docker"},
    ) == {
        "watch.pool": "is called like a server or a traffic target of the cluster; give the service a name of its own",
        "watch.box.server": "or ssh says where the containers run, one of the two; servers are db1, db2",
        "watch.web.server": "names 'db3', no server of this cluster; servers are db1, db2",
        "watch.name.to": 'has \'db1.example\', no address; write "primary", or addresses such as "10.0.0.11"',
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "http"},
        {"kind": "http", "url": "ftp://app/"},
        {"kind": "http", "url": "http://user:hush@app/"},
        {"kind": "tcp", "host": "-x", "port": 1},
        {"kind": "smtp", "host": "app"},
        {"kind": "route53", "checks": {}},
    ],
)
def test_what_is_no_service_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        section(**wrong)


def test_tokens_and_what_a_url_asks_with_are_secrets() -> None:
    found = watch_secrets([section(kind="http", url="https://app/health?key=hush", token="secret")])
    assert set(found) == {"secret", "key=hush"}
