"""The settings of services that are watched: [clusters.NAME.watch.NAME].

Adding a kind: its section here, its name in `WatchSettings`, and a `case` in `_service`.
"""

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, StringConstraints

from bot.ports_settings import Host
from bot.services_settings import Word
from bot.settings_mistakes import Mistake
from bot.settings_types import Name, Port, Seconds, Section, SshSettings
from servers.errors import ServerUnreachable
from servers.inventory import Cluster, Server, SshTarget
from servers.knock import Endpoint
from servers.sentinels import SentinelPlace, Sentinels
from servers.ssh import Shells
from servers.watching.services.dns_name import DnsName
from servers.watching.services.docker_containers import DockerContainers, DockerPlace
from servers.watching.services.http_health import HttpHealth
from servers.watching.services.redis_connection import RedisAddress
from servers.watching.services.redis_sentinel import RedisSentinel
from servers.watching.services.redis_server import RedisServer
from servers.watching.services.route53_health import Route53Health
from servers.watching.services.tcp_port import TcpPort
from servers.watching.services.traefik import Traefik
from servers.watching.services.view import WatchedPlace, WatchedService
from servers.watching.services.web import Web

Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#@]+([/?][^\s#]*)?$")]
Status = Annotated[int, Field(ge=100, le=599)]


class _Watch(Section):
    """`server`: it runs on that server's host. `critical` false: it only warns."""

    server: Name | None = None
    critical: bool = True


class _OverTheWeb(_Watch):
    """`token` goes as bearer to the URL's own host alone. `allow`: hosts inside to which redirects may lead."""

    url: Url
    token: SecretStr | None = None
    allow: tuple[Host, ...] = ()
    verify: bool = True
    ca_file: Path | None = None
    slow_after: Seconds | None = None


class HttpWatchSettings(_OverTheWeb):
    kind: Literal["http"]
    status: Status = 200
    body: Annotated[str, StringConstraints(max_length=200)] = ""


class TcpWatchSettings(_Watch):
    kind: Literal["tcp"]
    host: Host
    port: Port


class DnsWatchSettings(_Watch):
    """`to`: "primary", or the addresses that the name has. `servers`: where the name leads for a server, where that is
    not the host by which the others reach it."""

    kind: Literal["dns"]
    host: Host
    to: Literal["primary"] | tuple[str, ...] = ()
    servers: dict[Name, Host] = Field(default_factory=dict)


class Route53WatchSettings(_Watch):
    """`checks` has the identifiers of health checks by names of your own."""

    kind: Literal["route53"]
    checks: Annotated[dict[Name, str], Field(min_length=1)]
    region: str | None = None
    endpoint_url: str | None = None


class CoolifyWatchSettings(_OverTheWeb):
    """`url` without a path: /api/health is asked."""

    kind: Literal["coolify"]


class DockerWatchSettings(_Watch):
    """On `server`'s host, or on one of its own (`ssh`)."""

    kind: Literal["docker"]
    containers: Annotated[tuple[Word, ...], Field(min_length=1)]
    ssh: SshSettings | None = None
    sudo: bool = False


class _RedisWatch(_Watch):
    host: Host
    port: Port
    user: str | None = None
    password: SecretStr | None = None
    tls: bool = False
    ca_file: Path | None = None


class RedisWatchSettings(_RedisWatch):
    kind: Literal["redis"]
    port: Port = 6379
    role: Literal["master", "replica", ""] = ""
    replicas: Annotated[int, Field(ge=0)] = 0


class SentinelWatchSettings(_RedisWatch):
    """`redis_user` and `redis_password`: with which a new master is asked for its role after a failover."""

    kind: Literal["sentinel"]
    port: Port = 26379
    masters: tuple[Word, ...] = ()
    redis_user: str | None = None
    redis_password: SecretStr | None = None


class TraefikWatchSettings(_Watch):
    """`instances` has the addresses of the API and of /ping by names of your own."""

    kind: Literal["traefik"]
    instances: Annotated[dict[Name, Url], Field(min_length=1)]
    verify: bool = True
    ca_file: Path | None = None


WatchSettings = Annotated[
    HttpWatchSettings
    | TcpWatchSettings
    | DnsWatchSettings
    | Route53WatchSettings
    | CoolifyWatchSettings
    | DockerWatchSettings
    | RedisWatchSettings
    | SentinelWatchSettings
    | TraefikWatchSettings,
    Field(discriminator="kind"),
]


@dataclass(frozen=True, slots=True)
class Makings:
    """What services may be made of; `path` takes paths from the directory of the settings file."""

    cluster: Cluster
    path: Callable[[Path], Path]
    ssh: Callable[[SshSettings], SshTarget]
    shells: Shells


def watched_places(sections: Mapping[str, WatchSettings], makings: Makings) -> tuple[WatchedPlace, ...]:
    """The cluster's services, in the order of the settings."""
    return tuple(
        WatchedPlace(name, _service(section, makings), section.server, section.critical)
        for name, section in sections.items()
    )


def _service(section: WatchSettings, makings: Makings) -> WatchedService:
    match section:
        case HttpWatchSettings():
            web = _web(section, makings)
            return HttpHealth(section.url, web, section.status, section.body, section.slow_after)
        case TcpWatchSettings():
            return TcpPort(section.host, section.port)
        case DnsWatchSettings(to="primary"):
            return DnsName(section.host, servers=_hosts(makings.cluster, section.servers))
        case DnsWatchSettings():
            return DnsName(section.host, tuple(section.to))
        case Route53WatchSettings():
            return Route53Health(section.checks, section.region, section.endpoint_url)
        case CoolifyWatchSettings():
            url = f"{section.url.rstrip('/')}/api/health"
            return HttpHealth(url, _web(section, makings), body="OK", slow_after=section.slow_after, kind="coolify")
        case DockerWatchSettings():
            ssh = makings.ssh(section.ssh) if section.ssh else makings.cluster.server(section.server or "").ssh
            return DockerContainers(DockerPlace(ssh, section.containers, section.sudo), makings.shells)
        case RedisWatchSettings():
            return RedisServer(_redis(section, makings), section.role, section.replicas)
        case SentinelWatchSettings():
            return RedisSentinel(_redis(section, makings), section.masters)
        case TraefikWatchSettings():
            ca_file = makings.path(section.ca_file) if section.ca_file else None
            return Traefik(section.instances, Web(verify=section.verify, ca_file=ca_file))


def _web(section: _OverTheWeb, makings: Makings) -> Web:
    bearer = {"Authorization": f"Bearer {section.token.get_secret_value()}"} if section.token else {}
    ca_file = makings.path(section.ca_file) if section.ca_file else None
    return Web(bearer, section.allow, section.verify, ca_file)


def sentinels(sections: Mapping[str, WatchSettings], makings: Makings) -> Sentinels:
    """The cluster's Sentinels, as the order to fail over knows them."""
    return Sentinels(
        [
            SentinelPlace(
                name=name,
                address=_redis(section, makings),
                masters=section.masters,
                user=section.redis_user,
                password=section.redis_password.get_secret_value() if section.redis_password else None,
            )
            for name, section in sections.items()
            if isinstance(section, SentinelWatchSettings)
        ]
    )


def _redis(section: _RedisWatch, makings: Makings) -> RedisAddress:
    return RedisAddress(
        host=section.host,
        port=section.port,
        user=section.user,
        password=section.password.get_secret_value() if section.password else None,
        tls=section.tls,
        ca_file=makings.path(section.ca_file) if section.ca_file else None,
    )


def _hosts(cluster: Cluster, given: Mapping[str, str]) -> dict[str, str]:
    return {server.name: given.get(server.name) or _host(server) for server in cluster.servers}


def _host(server: Server) -> str:
    for conninfo in (server.replication, server.conninfo):
        try:
            if conninfo is not None:
                return Endpoint.of(conninfo).host
        except ServerUnreachable:
            continue
    return server.name


def watch_secrets(sections: Iterable[WatchSettings]) -> Iterator[str]:
    """Every secret of these sections. A URL may hold one in what follows the question mark."""
    for section in sections:
        for field in ("token", "password", "redis_password"):
            secret: SecretStr | None = getattr(section, field, None)
            if secret is not None:
                yield secret.get_secret_value()
        query = str(getattr(section, "url", "")).partition("?")[2]
        if query:
            yield query


def mistakes_in_watch(key: str, section: Mapping[str, Any]) -> Iterator[Mistake]:
    """What the shape cannot say; `section` is the cluster's, `key` where it stands."""
    watch, servers, traffic = section.get("watch"), section.get("servers"), section.get("traffic")
    names = tuple(servers) if isinstance(servers, Mapping) else ()
    taken = {*names, *(traffic if isinstance(traffic, Mapping) else ())}
    for name, service in watch.items() if isinstance(watch, Mapping) else ():
        where = f"{key}.watch.{name}"
        if name in taken:
            wrong = "is called like a server or a traffic target of the cluster"
            yield Mistake(where, wrong, "give the service a name of its own")
        if isinstance(service, Mapping):
            yield from _mistakes(where, service, names)


def _mistakes(key: str, service: Mapping[str, Any], servers: tuple[str, ...]) -> Iterator[Mistake]:
    strangers = [("server", service["server"])] if "server" in service else []
    led = service.get("servers")
    strangers += [("servers", name) for name in (led if isinstance(led, Mapping) else ())]
    for field, name in strangers:
        if name not in servers:
            wrong = f"names {name!r}, no server of this cluster"
            yield Mistake(f"{key}.{field}", wrong, f"servers are {', '.join(servers)}")
    if service.get("kind") == "docker" and ("server" in service) == ("ssh" in service):
        wrong = "or ssh says where the containers run, one of the two"
        yield Mistake(f"{key}.server", wrong, f"servers are {', '.join(servers)}")
    wanted = service.get("to")
    for one in wanted if service.get("kind") == "dns" and isinstance(wanted, list | tuple) else ():
        if not _is_address(one):
            yield Mistake(f"{key}.to", f"has {one!r}, no address", 'write "primary", or addresses such as "10.0.0.11"')


def _is_address(text: object) -> bool:
    try:
        ipaddress.ip_address(str(text))
    except ValueError:
        return False
    return True
