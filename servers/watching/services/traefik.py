"""Traefik instances: /ping, their routers and services by the API, and that all of them have the same routers.

https://doc.traefik.io/traefik/operations/api/, https://doc.traefik.io/traefik/operations/ping/
"""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from servers.watching.services.view import UP, Measure, Seen, ServiceDown, Unit
from servers.watching.services.web import Web, get_page

CONFIGURED = "traefik_configured"
SERVERS_UP = "traefik_servers_up"
ALIKE = "traefik_alike"

_LARGEST = 4 * 2**20
_ITEMS = 1000  # a page; more routers than that are said to be too many
_MOST_LINES = 8
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Instance:
    """What one instance answered. `problem`: why it is not up, and then nothing else is known."""

    name: str
    problem: str = ""
    routers: tuple[Row, ...] = ()
    services: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Traefik:
    """`instances` has the address of each one's API and ping by names of your own."""

    instances: Mapping[str, str] = field(repr=False)
    web: Web = field(default_factory=Web)
    kind: str = "traefik"

    async def look(self, timeout: float) -> Seen:
        found = await asyncio.gather(*(self._instance(name, url, timeout) for name, url in self.instances.items()))
        return Seen(measures=tuple(traefik_measures(found)))

    async def _instance(self, name: str, url: str, timeout: float) -> Instance:
        base = url.rstrip("/")
        try:
            ping = await get_page(f"{base}/ping", self.web, timeout=timeout)
            if ping.status != 200:
                return Instance(name, f"/ping answered {ping.status}")
            routers, services = await asyncio.gather(
                *(self._rows(f"{base}/api/http/{what}", timeout) for what in ("routers", "services"))
            )
        except ServiceDown as down:
            return Instance(name, str(down))
        return Instance(name, routers=routers, services=services)

    async def _rows(self, url: str, timeout: float) -> tuple[Row, ...]:
        page = await get_page(f"{url}?per_page={_ITEMS}", self.web, timeout=timeout, largest=_LARGEST)
        if page.status != 200:
            raise ServiceDown(f"its API answered {page.status}")
        try:
            rows = json.loads(page.body)
        except ValueError:
            raise ServiceDown("its API answered what is no JSON") from None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ServiceDown("its API answered what is no list")
        if len(rows) >= _ITEMS:
            raise ServiceDown(f"it has {_ITEMS} routers or services or more, and not all of them are seen")
        return tuple(rows)


def traefik_measures(instances: Sequence[Instance]) -> Iterator[Measure]:
    """What the instances' answers mean. Pure."""
    for one in instances:
        yield Measure(UP, float(not one.problem), Unit.YES_OR_NO, one.name, (one.problem,) if one.problem else ())
        if not one.problem:
            wrong = tuple(_wrong("router", one.routers)) + tuple(_wrong("service", one.services))
            yield Measure(CONFIGURED, float(not wrong), Unit.YES_OR_NO, one.name, wrong[:_MOST_LINES])
            down = tuple(_down(one.services))
            yield Measure(SERVERS_UP, float(not down), Unit.YES_OR_NO, one.name, down[:_MOST_LINES])
    known = [one for one in instances if not one.problem]
    if len(instances) > 1:
        lines = tuple(line for other in known[1:] for line in _drift(known[0], other))
        alike = float(not lines) if len(known) == len(instances) else None
        yield Measure(ALIKE, alike, Unit.YES_OR_NO, evidence=lines[:_MOST_LINES])


def _wrong(what: str, rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        if row.get("status") != "enabled":
            errors = row.get("error")
            why = "; ".join(str(one) for one in errors) if isinstance(errors, list) else ""
            yield f"{what} {row.get('name')} is {row.get('status')}{f': {why}' if why else ''}"[:300]


def _down(services: Sequence[Row]) -> Iterator[str]:
    for row in services:
        status = row.get("serverStatus")
        for server, state in status.items() if isinstance(status, dict) else ():
            if state != "UP":
                yield f"{row.get('name')}: {server} is {state}"[:300]


def _drift(one: Instance, other: Instance) -> Iterator[str]:
    """How the routers of two instances differ, Traefik's own left out."""
    first, second = _routes(one), _routes(other)
    for name in sorted(first.keys() | second.keys()):
        if name not in second:
            yield f"router {name}: {one.name} has it, {other.name} does not"
        elif name not in first:
            yield f"router {name}: {other.name} has it, {one.name} does not"
        elif first[name] != second[name]:
            yield f"router {name} differs between {one.name} and {other.name}"


def _routes(instance: Instance) -> dict[str, tuple[str, ...]]:
    keys = ("rule", "service", "entryPoints", "middlewares", "tls", "priority", "status")
    return {
        str(row.get("name")): tuple(json.dumps(row.get(key), sort_keys=True) for key in keys)
        for row in instance.routers
        if row.get("provider") != "internal"
    }
