"""The settings of ports that must be open between the servers."""

from typing import Any

import pytest
from pydantic import ValidationError

from bot.ports_settings import PortSettings, mistakes_in_ports, required_port
from servers.inventory import RequiredPort

SERVERS: dict[str, dict[str, str]] = {"db1": {}, "db2": {}}


def mistakes(*ports: dict[str, Any]) -> dict[str, str]:
    found = mistakes_in_ports("clusters.shop", {"servers": SERVERS, "ports": list(ports)})
    return {one.key.removeprefix("clusters.shop."): f"{one.wrong}; {one.right}" for one in found}


def test_what_a_port_becomes() -> None:
    assert required_port(PortSettings.model_validate({"port": 8080})) == RequiredPort(8080)
    named = {"port": 6379, "for": "Redis", "from": ["db1"], "to": ["db2"]}
    assert required_port(PortSettings.model_validate(named)) == RequiredPort(6379, "Redis", ("db1",), ("db2",))
    elsewhere = {"port": 443, "host": "10.0.0.30"}
    assert required_port(PortSettings.model_validate(elsewhere)) == RequiredPort(443, host="10.0.0.30")


def test_each_mistake_names_its_key_and_what_would_be_right() -> None:
    assert mistakes({"port": 8080}, {"port": 22, "from": ["db1"], "to": ["db2"]}) == {}
    assert mistakes({"port": 8080}, {"port": 22, "from": ["db3"], "to": ["db2"], "host": "web1"}) == {
        "ports.1.from": "names 'db3', no server of this cluster; servers are db1, db2",
        "ports.1.host": "stands beside to; give one of the two",
    }


@pytest.mark.parametrize(
    "wrong", [{}, {"port": 0}, {"port": 22, "host": "-oProxyCommand=x"}, {"port": 22, "host": "a b"}, {"ports": 22}]
)
def test_what_is_no_port_or_host_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PortSettings.model_validate(wrong)
