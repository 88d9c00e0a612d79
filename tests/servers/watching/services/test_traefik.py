"""Traefik by its API, as a server that speaks it answers, and what its answers mean."""

import json
from typing import Any

from servers.watching.services.traefik import ALIKE, CONFIGURED, SERVERS_UP, Instance, Traefik, traefik_measures
from servers.watching.services.view import UP, Measure
from tests.servers.watching.services.websites import Reply, website

ROUTER: dict[str, Any] = {
    "entryPoints": ["web"],
    "service": "shop",
    "rule": "Host(`shop.example`)",
    "status": "enabled",
    "using": ["web"],
    "name": "shop@docker",
    "provider": "docker",
}
OWN = {**ROUTER, "name": "ping@internal", "provider": "internal"}
SERVICE: dict[str, Any] = {
    "loadBalancer": {"servers": [{"url": "http://10.0.0.1:80"}]},
    "status": "enabled",
    "serverStatus": {"http://10.0.0.1:80": "UP"},
    "name": "shop@docker",
    "provider": "docker",
}


def measured(*instances: Instance) -> dict[tuple[str, str], Measure]:
    return {(one.name, one.part): one for one in traefik_measures(instances)}


def instance(name: str, *routers: dict[str, Any], service: dict[str, Any] | None = None) -> Instance:
    return Instance(name, routers=routers, services=(service or SERVICE,))


def test_instances_with_the_same_routers_are_alike_whatever_is_their_own() -> None:
    found = measured(instance("one", ROUTER, OWN), instance("two", ROUTER))
    assert {key: one.value for key, one in found.items()} == {
        **{(name, part): 1.0 for part in ("one", "two") for name in (UP, CONFIGURED, SERVERS_UP)},
        (ALIKE, ""): 1.0,
    }


def test_routers_that_differ_are_named() -> None:
    other = {**ROUTER, "name": "new@docker"}
    drift = measured(instance("one", ROUTER, other), instance("two", {**ROUTER, "rule": "Host(`x`)"}))[ALIKE, ""]
    assert (drift.value, drift.evidence) == (
        0.0,
        (
            "router new@docker: one has it, two does not",
            "router shop@docker differs between one and two",
        ),
    )


def test_of_an_instance_that_is_down_nobody_knows_whether_it_is_alike() -> None:
    found = measured(instance("one", ROUTER), Instance("two", "/ping answered 503"))
    assert (found[UP, "two"].value, found[ALIKE, ""].value) == (0.0, None)
    assert (CONFIGURED, "two") not in found


def test_errors_and_servers_that_are_down_are_named() -> None:
    broken = {**ROUTER, "status": "disabled", "error": ['the service "shop@docker" does not exist']}
    found = measured(instance("one", broken, service={**SERVICE, "serverStatus": {"http://10.0.0.1:80": "DOWN"}}))
    assert found[CONFIGURED, "one"].evidence == (
        'router shop@docker is disabled: the service "shop@docker" does not exist',
    )
    assert found[SERVERS_UP, "one"].evidence == ("shop@docker: http://10.0.0.1:80 is DOWN",)


async def test_it_is_asked_over_its_api() -> None:
    pages = {
        "/ping": Reply("OK"),
        "/api/http/routers": Reply(json.dumps([ROUTER, OWN])),
        "/api/http/services": Reply(json.dumps([SERVICE])),
    }
    async with website(pages) as one, website({**pages, "/api/http/routers": Reply("<html>")}) as two:
        instances = {"one": one.url(""), "two": two.url("/")}
        seen = await Traefik(instances).look(5)
    assert {(each.name, each.part): each.value for each in seen.measures} == {
        (UP, "one"): 1.0,
        (CONFIGURED, "one"): 1.0,
        (SERVERS_UP, "one"): 1.0,
        (UP, "two"): 0.0,
        (ALIKE, ""): None,
    }
