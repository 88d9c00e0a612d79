"""The settings of what leads clients to the primary: [clusters.NAME.traffic.NAME].

Adding a kind: its section here, its name in `TrafficSettings`, and a `case` in `_target`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import Field, SecretStr, StringConstraints

from bot.settings_mistakes import Mistake
from bot.settings_types import Name, Seconds, Section, SshSettings
from servers.errors import ServerUnreachable
from servers.inventory import Cluster, Server, SshTarget
from servers.knock import Endpoint
from servers.sql import Sessions
from servers.ssh import Shells
from servers.traffic.command import CommandPlace, CommandTarget
from servers.traffic.haproxy import Haproxy, HaproxyPlace
from servers.traffic.landing import Landing
from servers.traffic.pgbouncer import PgBouncer, PgBouncerPlace
from servers.traffic.route53 import Route53, Route53Place
from servers.traffic.target import Address, Addresses, TrafficTarget

# "10.0.0.1:5432", "[2001:db8::1]:5432", "db1.example:5432"
HostAndPort = Annotated[str, StringConstraints(pattern=r"^(\[[0-9A-Fa-f:.]+\]|[^\s:\[\]]+):[0-9]{1,5}$")]
# What stands in a line of HAProxy's runtime API must be one word there: the characters that its names may have.
HaproxyName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]+$")]
Argv = Annotated[tuple[str, ...], Field(min_length=1)]


class PgBouncerSettings(Section):
    """`admin` is libpq's way to the admin console, `file` has the entries of `databases`, on the host that `ssh` names.

    `landing` is libpq's way through it: a connection that proves where clients land.
    """

    kind: Literal["pgbouncer"]
    admin: str
    admin_password: SecretStr | None = None
    file: str = "/etc/pgbouncer/pgbouncer.ini"
    databases: Annotated[tuple[str, ...], Field(min_length=1)]
    ssh: SshSettings
    addresses: dict[Name, HostAndPort] = Field(default_factory=dict)
    landing: str | None = None
    landing_password: SecretStr | None = None
    hold: Seconds = 5.0


class HaproxySettings(Section):
    """`servers` has HAProxy's name, in `backend`, of each server of the cluster, `parking` that of one at which nobody
    listens."""

    kind: Literal["haproxy"]
    ssh: SshSettings
    socket: str = "/run/haproxy/admin.sock"
    backend: HaproxyName
    servers: Annotated[dict[Name, HaproxyName], Field(min_length=2)]
    parking: HaproxyName | None = None
    landing: str | None = None
    landing_password: SecretStr | None = None


class Route53Settings(Section):
    """`values` has what `record` says for each server; `weighted` the set identifiers of weighted records instead."""

    kind: Literal["route53"]
    zone: str
    record: str
    type: Literal["A", "AAAA", "CNAME"] = "CNAME"
    values: dict[Name, str] = Field(default_factory=dict)
    weighted: dict[Name, str] = Field(default_factory=dict)
    set_identifier: str | None = None
    region: str | None = None
    endpoint_url: str | None = None


class CommandSettings(Section):
    """Commands as argument lists, on the host that `ssh` names, else beside the bot."""

    kind: Literal["command"]
    redirect: Argv
    look: tuple[str, ...] = ()
    verify: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()
    hold: tuple[str, ...] = ()
    release: tuple[str, ...] = ()
    ssh: SshSettings | None = None
    addresses: dict[Name, HostAndPort] = Field(default_factory=dict)
    hold_timeout: Seconds = 10.0
    redirect_timeout: Seconds = 60.0


TrafficSettings = Annotated[
    PgBouncerSettings | HaproxySettings | Route53Settings | CommandSettings, Field(discriminator="kind")
]


@dataclass(frozen=True, slots=True)
class _Makings:
    """What every target may be made of."""

    cluster: Cluster
    ssh: Callable[[SshSettings], SshTarget]
    shells: Shells
    landing: Landing


def traffic_targets(
    cluster: Cluster,
    sections: Mapping[str, TrafficSettings],
    ssh: Callable[[SshSettings], SshTarget],
    shells: Shells,
    sessions: Sessions,
) -> tuple[TrafficTarget, ...]:
    """The cluster's targets, in the order of the settings."""
    makings = _Makings(cluster, ssh, shells, Landing(sessions, cluster))
    return tuple(_target(name, section, makings) for name, section in sections.items())


def _target(name: str, section: TrafficSettings, makings: _Makings) -> TrafficTarget:
    match section:
        case PgBouncerSettings():
            return PgBouncer(_pgbouncer(name, section, makings), makings.shells, makings.landing)
        case HaproxySettings():
            landing = _with_password(section.landing, section.landing_password)
            host, servers = makings.ssh(section.ssh), section.servers
            place = HaproxyPlace(name, host, section.socket, section.backend, servers, section.parking, landing)
            return Haproxy(place, makings.shells, makings.landing)
        case Route53Settings():
            return Route53(
                Route53Place(
                    name=name,
                    zone=section.zone,
                    record=section.record,
                    type=section.type,
                    values=section.values,
                    set_identifier=section.set_identifier,
                    weighted=section.weighted,
                    region=section.region,
                    endpoint_url=section.endpoint_url,
                )
            )
        case CommandSettings():
            return CommandTarget(_command(name, section, makings), makings.shells)


def _pgbouncer(name: str, section: PgBouncerSettings, makings: _Makings) -> PgBouncerPlace:
    return PgBouncerPlace(
        name=name,
        admin=_with_password(section.admin, section.admin_password) or section.admin,
        host=makings.ssh(section.ssh),
        file=section.file,
        databases=section.databases,
        addresses=_addresses(makings.cluster, section.addresses),
        landing=_with_password(section.landing, section.landing_password),
        hold_seconds=section.hold,
    )


def _command(name: str, section: CommandSettings, makings: _Makings) -> CommandPlace:
    return CommandPlace(
        name=name,
        redirect=section.redirect,
        addresses=_addresses(makings.cluster, section.addresses),
        host=makings.ssh(section.ssh) if section.ssh else None,
        look=section.look,
        verify=section.verify,
        undo=section.undo,
        hold=section.hold,
        release=section.release,
        hold_seconds=section.hold_timeout,
        redirect_seconds=section.redirect_timeout,
    )


def traffic_secrets(sections: Iterable[TrafficSettings]) -> Iterator[str]:
    """Every secret of these sections."""
    for section in sections:
        for name in ("admin", "landing"):
            secret: SecretStr | None = getattr(section, f"{name}_password", None)
            if secret is not None:
                yield secret.get_secret_value()
            conninfo: str | None = getattr(section, name, None)
            if conninfo and (password := conninfo_to_dict(conninfo).get("password")):
                yield str(password)


def mistakes_in_traffic(key: str, raw: Mapping[str, Any], servers: frozenset[str]) -> Iterator[Mistake]:
    """Connection strings that are none, strangers among the servers, and what belongs together and is not."""
    name = key.rpartition(".")[2]
    if name in servers:
        yield Mistake(key, "is called like a server of the cluster", "give the target a name of its own")
    for field in ("admin", "landing"):
        value = raw.get(field)
        if isinstance(value, str) and not _is_conninfo(value):
            yield Mistake(f"{key}.{field}", "is no libpq connection string", "write host=… port=… user=… as libpq does")
    for field in ("addresses", "servers", "values", "weighted"):
        given = raw.get(field)
        for server in sorted(set(given if isinstance(given, Mapping) else ()) - servers):
            yield Mistake(f"{key}.{field}.{server}", "names no server of this cluster", "use the servers' names")
    if raw.get("kind") == "haproxy":
        yield from _all_named(f"{key}.servers", raw.get("servers"), servers)
        given = raw.get("servers")
        if isinstance(given, Mapping) and raw.get("parking") in given.values():
            yield Mistake(f"{key}.parking", "is where clients are led, too", "name a server at which nobody listens")
    if raw.get("kind") == "route53":
        which = "weighted" if raw.get("weighted") else "values"
        yield from _all_named(f"{key}.{which}", raw.get(which), servers)
    if bool(raw.get("hold")) != bool(raw.get("release")) and raw.get("kind") == "command":
        missing = "release" if raw.get("hold") else "hold"
        yield Mistake(f"{key}.{missing}", "is missing", "hold and release go together")


def _all_named(key: str, given: object, servers: frozenset[str]) -> Iterator[Mistake]:
    for server in sorted(servers - set(given if isinstance(given, Mapping) else ())):
        yield Mistake(f"{key}.{server}", "is missing", f"say what leads clients to {server}")


def _addresses(cluster: Cluster, given: Mapping[str, str]) -> Addresses:
    """Where the target finds each server: as the settings say, else where the other servers find it."""
    return {server.name: _address(server, given.get(server.name)) for server in cluster.servers}


def _address(server: Server, given: str | None) -> Address:
    if given is not None:
        host, _, port = given.rpartition(":")
        return Address(host.strip("[]"), int(port))
    endpoint = _endpoint(server.replication) or _endpoint(server.conninfo)
    return Address(endpoint.host, endpoint.port) if endpoint else Address(server.name, 5432)


def _endpoint(conninfo: str | None) -> Endpoint | None:
    if conninfo is None:
        return None
    try:
        return Endpoint.of(conninfo)
    except ServerUnreachable:
        return None


def _with_password(conninfo: str | None, password: SecretStr | None) -> str | None:
    if conninfo is None or password is None:
        return conninfo
    return make_conninfo(conninfo, password=password.get_secret_value())


def _is_conninfo(text: str) -> bool:
    try:
        conninfo_to_dict(text)
    except ProgrammingError:
        return False
    return True
