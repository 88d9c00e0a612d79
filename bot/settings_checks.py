"""What the shape of the settings cannot say: names that must stand elsewhere, files that must exist.

These checks read the raw values and step over whatever has the wrong shape (`bot.settings` reports that), so that all
mistakes are found in one go.
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from bot.audit_settings import mistakes_in_audit
from bot.backup_settings import mistakes_in_backups, mistakes_in_shared_backups
from bot.drill_settings import mistakes_in_drills
from bot.dump_settings import mistakes_in_dumps
from bot.fence_settings import mistakes_in_fence
from bot.ledger_settings import mistakes_in_ledger
from bot.on_call_settings import mistakes_in_on_call
from bot.paging_settings import mistakes_in_paging
from bot.patroni_settings import mistakes_in_patroni
from bot.policy_settings import mistakes_in_names
from bot.ports_settings import mistakes_in_ports
from bot.routes_settings import mistakes_in_routes
from bot.rules_settings import mistakes_in_rules, rule_names
from bot.runbooks_settings import mistakes_in_runbooks
from bot.schedule_settings import mistakes_in_schedule
from bot.services_settings import mistakes_in_services
from bot.settings_mistakes import Mistake, nearest
from bot.thresholds_settings import mistakes_in_thresholds
from bot.traffic_settings import mistakes_in_traffic
from bot.watch_settings import mistakes_in_watch
from bot.watchdog_settings import mistakes_in_watchdog
from commands.registry import ORDERS, RIGHTS

EVERYONE = "everyone"
LEAST_IN_PLACE = 2  # who approve a restore in place
_SERVICE_KEYS = {
    "pg_ctl": (),
    "systemd": ("unit",),
    "pg_ctlcluster": ("version", "name"),
    "docker": ("container",),
}


def check_references(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    """Every mistake of reference in the raw settings."""
    directory = Path(raw.get("directory") or ".")
    known = frozenset(chain(_table(raw, "people"), _table(raw, "groups")))
    yield from mistakes_in_audit(raw, directory)
    yield from mistakes_in_ledger(raw)
    yield from mistakes_in_watchdog(raw)
    yield from _people(raw)
    yield from _groups(raw)
    yield from _rights(raw, known)
    yield from _policies(raw, known)
    yield from mistakes_in_rules(raw.get("rules"))
    yield from mistakes_in_runbooks(raw.get("runbooks"), raw.get("http"), rule_names(raw.get("rules")))
    yield from mistakes_in_on_call(raw.get("on_call"), tuple(_table(raw, "people")), tuple(_table(raw, "groups")))
    yield from mistakes_in_paging(raw.get("paging"))
    called = known | frozenset(_table(raw, "on_call"))
    yield from mistakes_in_routes(raw.get("routes"), called, _table(raw, "clusters"), rule_names(raw.get("rules")))
    yield from mistakes_in_thresholds("thresholds", raw.get("thresholds"))
    for cluster, section in _tables(raw, "clusters"):
        yield from mistakes_in_thresholds(f"clusters.{cluster}.thresholds", section.get("thresholds"))
        yield from _cluster(f"clusters.{cluster}", section, directory)
        yield from mistakes_in_services(f"clusters.{cluster}", section)
        yield from mistakes_in_ports(f"clusters.{cluster}", section)
        yield from mistakes_in_watch(f"clusters.{cluster}", section)
        yield from mistakes_in_patroni(f"clusters.{cluster}", section)
        yield from mistakes_in_drills(f"clusters.{cluster}", section)
        yield from mistakes_in_schedule(f"clusters.{cluster}", section, _table(raw, "people"))
    yield from mistakes_in_shared_backups(_table(raw, "clusters"))


def _people(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    for field in ("slack", "operating_system_user", "email"):
        seen: dict[str, str] = {}
        for key, section in _tables(raw, "people"):
            value = section.get(field)
            if isinstance(value, str) and value in seen:
                wrong = f"is the same as people.{seen[value]}.{field}"
                yield Mistake(f"people.{key}.{field}", wrong, "one human is one person: merge the two, or correct one")
            elif isinstance(value, str):
                seen[value] = key


def _groups(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    people = frozenset(_table(raw, "people"))
    for key, section in _tables(raw, "groups"):
        if key in people:
            yield Mistake(f"groups.{key}", "has the name of a person", "give the group a name of its own")
        for name in _names(section.get("people")):
            if name not in people:
                yield Mistake(
                    f"groups.{key}.people", f"names {name!r}, who is not in people", _did_you_mean(name, people)
                )


def _rights(raw: Mapping[str, Any], known: frozenset[str]) -> Iterator[Mistake]:
    for right, holders in _table(raw, "rights").items():
        if right not in RIGHTS:
            yield Mistake(f"rights.{right}", "is not a right", f"rights are {', '.join(RIGHTS)}")
            continue
        for name in _names(holders):
            if name == EVERYONE and right != "view":
                yield Mistake(f"rights.{right}", "may not be given to everyone", "name the groups or people")
            elif name != EVERYONE and name not in known:
                yield Mistake(f"rights.{right}", f"names {name!r}, no group or person", _did_you_mean(name, known))


def _policies(raw: Mapping[str, Any], known: frozenset[str]) -> Iterator[Mistake]:
    policies = _table(raw, "policies")
    for order in ORDERS:
        if order in _table(raw, "rights") and order not in policies:
            yield Mistake(f"policies.{order}", "is missing", f"say who approves: [policies.{order}] approvers = [...]")
    for order, section in _tables(raw, "policies"):
        if order not in ORDERS:
            yield Mistake(f"policies.{order}", "is not an order", f"orders are {', '.join(ORDERS)}")
        yield from mistakes_in_names(f"policies.{order}", section, known, _table(raw, "clusters"))
        yield from _enough_approvers(raw, order, f"policies.{order}", section, section)
        yield from _two_in_place(order, f"policies.{order}", section)
        whens = section.get("when")
        for number, when in enumerate(whens if isinstance(whens, list | tuple) else ()):
            if isinstance(when, Mapping):
                yield from _two_in_place(order, f"policies.{order}.when.{number}", when)
            if isinstance(when, Mapping) and {"approvers", "approvals", "risk_approvals", "askers"} & when.keys():
                yield from _enough_approvers(raw, order, f"policies.{order}.when.{number}", {**section, **when}, when)


def _enough_approvers(
    raw: Mapping[str, Any], order: str, key: str, section: Mapping[str, Any], given: Mapping[str, Any]
) -> Iterator[Mistake]:
    """A policy that nobody can ever meet would only be found at night. Slack's groups cannot be counted here."""
    groups = _table(raw, "groups")
    people: set[str] = set()
    for name in _names(section.get("approvers")):
        group = groups.get(name)
        if isinstance(group, Mapping):
            if group.get("slack"):
                return
            people.update(_names(group.get("people")))
        else:
            people.add(name)
    askers = _people_behind(raw, _names(section.get("askers", _table(raw, "rights").get(order))))
    # A requester never approves: the worst case is an approver asking.
    available = len(people) - (1 if people & askers else 0)
    for field, default in (("approvals", 1), ("risk_approvals", 2)):
        needed = section.get(field, default)
        if isinstance(needed, int) and needed > available and (field in section or field == "approvals"):
            wrong = f"asks for {needed}, but only {available} could approve what one of the approvers asks for"
            named = field if field in given or given is section else "approvers"
            fixed = order == "restore" and field == "risk_approvals" and needed <= LEAST_IN_PLACE
            yield Mistake(
                f"{key}.{named}", wrong, "add approvers" if fixed else "add approvers, or ask for fewer approvals"
            )


def _two_in_place(order: str, key: str, given: Mapping[str, Any]) -> Iterator[Mistake]:
    """In place a restore takes from clients what they have written since: two people approve that, everywhere."""
    needed = given.get("risk_approvals")
    if order == "restore" and isinstance(needed, int) and needed < LEAST_IN_PLACE:
        wrong = f"is {needed}: a restore in place takes away from clients what they have written since"
        yield Mistake(f"{key}.risk_approvals", wrong, f"ask for {LEAST_IN_PLACE} or more; break_glass is for one alone")


def _people_behind(raw: Mapping[str, Any], names: tuple[str, ...]) -> set[str]:
    groups = _table(raw, "groups")
    people: set[str] = set()
    for name in names:
        group = groups.get(name)
        people.update(_names(group.get("people")) if isinstance(group, Mapping) else (name,))
    return people


def _cluster(key: str, section: Mapping[str, Any], directory: Path) -> Iterator[Mistake]:
    servers = _table(section, "servers")
    seen: dict[tuple[str, str], str] = {}
    for name, server in _tables(section, "servers"):
        yield from _server(f"{key}.servers.{name}", server, directory)
        address = _address(server.get("conninfo"))
        if address in seen:
            wrong = f"leads to the same host and port as server {seen[address]}"
            yield Mistake(f"{key}.servers.{name}.conninfo", wrong, "give each server its own")
        elif address is not None:
            seen[address] = name
    yield from _ssh(f"{key}.witness", _table(section, "witness"), directory)
    yield from _ssh(f"{key}.backups", _table(section, "backups"), directory)
    for name, target in _tables(section, "traffic"):
        yield from _ssh(f"{key}.traffic.{name}", target, directory)
        yield from mistakes_in_traffic(f"{key}.traffic.{name}", target, frozenset(servers))
    for name, service in _tables(section, "watch"):
        yield from _ssh(f"{key}.watch.{name}", service, directory)
        yield from _file(f"{key}.watch.{name}.ca_file", service.get("ca_file"), directory)
    yield from mistakes_in_backups(key, section)
    yield from mistakes_in_dumps(key, section)


def _server(key: str, server: Mapping[str, Any], directory: Path) -> Iterator[Mistake]:
    for field in ("conninfo", "replication"):
        value = server.get(field)
        if isinstance(value, str) and _parsed(value) is None:
            right = "write it as libpq does: host=db1 port=5432 dbname=postgres user=understudy"
            yield Mistake(f"{key}.{field}", "is no libpq connection string", right)
    yield from _file(f"{key}.password_file", server.get("password_file"), directory)
    yield from _ssh(key, server, directory)
    service = server.get("service")
    if isinstance(service, Mapping):
        yield from _service(f"{key}.service", service)
    yield from mistakes_in_fence(f"{key}.fence", server.get("fence"))


def _ssh(key: str, host: Mapping[str, Any], directory: Path) -> Iterator[Mistake]:
    for name in ("key_file", "known_hosts"):
        yield from _file(f"{key}.ssh.{name}", _table(host, "ssh").get(name), directory)


def _service(key: str, service: Mapping[str, Any]) -> Iterator[Mistake]:
    kind = str(service.get("kind"))
    if kind not in _SERVICE_KEYS:
        return
    for field in _SERVICE_KEYS[kind]:
        if not service.get(field):
            yield Mistake(f"{key}.{field}", f"is missing for kind = {kind!r}", "add it")
    for field in sorted(set(chain.from_iterable(_SERVICE_KEYS.values())) - set(_SERVICE_KEYS[kind])):
        if field in service:
            yield Mistake(f"{key}.{field}", f"has no meaning for kind = {kind!r}", "remove it, or correct the kind")


def _file(key: str, value: object, directory: Path) -> Iterator[Mistake]:
    if isinstance(value, str | Path) and not (directory / value).is_file():
        yield Mistake(key, "names a file that is not there", f"put it there, or correct the path ({directory / value})")


def _parsed(conninfo: str) -> dict[str, Any] | None:
    try:
        return dict(conninfo_to_dict(conninfo))
    except psycopg.ProgrammingError:
        return None


def _address(conninfo: object) -> tuple[str, str] | None:
    parsed = _parsed(conninfo) if isinstance(conninfo, str) else None
    return (str(parsed.get("host")), str(parsed.get("port", "5432"))) if parsed else None


def _did_you_mean(name: str, known: frozenset[str]) -> str:
    found = nearest(name, tuple(sorted(known)))
    if found:
        return f"did you mean {found!r}?"
    return f"known are {', '.join(sorted(known))}" if known else "add it first"


def _table(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = raw.get(key)
    return value if isinstance(value, Mapping) else {}


def _tables(raw: Mapping[str, Any], key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, value in _table(raw, key).items():
        if isinstance(value, Mapping):
            yield str(name), value


def _names(value: object) -> tuple[str, ...]:
    return tuple(name for name in value if isinstance(name, str)) if isinstance(value, list | tuple) else ()
