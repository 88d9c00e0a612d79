"""The settings of what leads clients to the primary: [clusters.NAME.traffic.NAME].

Adding a kind: its section here, one line in `TrafficSettings`, and a `case` in `_target`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
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
from servers.traffic.landing import Landing
from servers.traffic.pgbouncer import PgBouncer, PgBouncerPlace
from servers.traffic.target import Address, Addresses, TrafficTarget

# "10.0.0.1:5432", "[2001:db8::1]:5432", "db1.example:5432"
HostAndPort = Annotated[str, StringConstraints(pattern=r"^(\[[0-9A-Fa-f:.]+\]|[^\s:\[\]]+):[0-9]{1,5}$")]


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


TrafficSettings = PgBouncerSettings


def traffic_targets(
    cluster: Cluster,
    sections: Mapping[str, TrafficSettings],
    ssh: Callable[[SshSettings], SshTarget],
    shells: Shells,
    sessions: Sessions,
) -> tuple[TrafficTarget, ...]:
    """The cluster's targets, in the order of the settings."""
    landing = Landing(sessions, cluster)
    return tuple(_target(name, section, cluster, ssh, shells, landing) for name, section in sections.items())


def _target(
    name: str,
    section: TrafficSettings,
    cluster: Cluster,
    ssh: Callable[[SshSettings], SshTarget],
    shells: Shells,
    landing: Landing,
) -> TrafficTarget:
    match section:
        case PgBouncerSettings():
            place = PgBouncerPlace(
                name=name,
                admin=_with_password(section.admin, section.admin_password),
                host=ssh(section.ssh),
                file=section.file,
                databases=section.databases,
                addresses=_addresses(cluster, section.addresses),
                landing=_with_password(section.landing, section.landing_password) if section.landing else None,
                hold_seconds=section.hold,
            )
            return PgBouncer(place, shells, landing)


def traffic_secrets(sections: Iterable[TrafficSettings]) -> Iterator[str]:
    """Every secret of these sections."""
    for section in sections:
        for secret in (section.admin_password, section.landing_password):
            if secret is not None:
                yield secret.get_secret_value()
        for conninfo in (section.admin, section.landing):
            if conninfo and (password := conninfo_to_dict(conninfo).get("password")):
                yield str(password)


def mistakes_in_traffic(key: str, raw: Mapping[str, Any], servers: frozenset[str]) -> Iterator[Mistake]:
    """Connection strings that are none, addresses of strangers, and names that would be taken for a server's."""
    name = key.rpartition(".")[2]
    if name in servers:
        yield Mistake(key, "is called like a server of the cluster", "give the target a name of its own")
    for field in ("admin", "landing"):
        value = raw.get(field)
        if isinstance(value, str) and not _is_conninfo(value):
            yield Mistake(f"{key}.{field}", "is no libpq connection string", "write host=… port=… user=… as libpq does")
    addresses = raw.get("addresses")
    for server in sorted(set(addresses if isinstance(addresses, Mapping) else ()) - servers):
        yield Mistake(f"{key}.addresses.{server}", "names no server of this cluster", "use the servers' names")


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


def _with_password(conninfo: str, password: SecretStr | None) -> str:
    return make_conninfo(conninfo, password=password.get_secret_value()) if password else conninfo


def _is_conninfo(text: str) -> bool:
    try:
        conninfo_to_dict(text)
    except ProgrammingError:
        return False
    return True
