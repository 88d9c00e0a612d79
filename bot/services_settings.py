"""The settings of services beside PostgreSQL that `/ha service restart` may restart."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import StringConstraints

from bot.settings_mistakes import Mistake
from bot.settings_types import Port, Seconds, Section, SshSettings
from servers.inventory import SshTarget
from servers.managed_service import ManagedService, ManagerKind

_KEYS = {"systemd": ("unit",), "compose": ("directory", "service")}
_USER_IN_URL = re.compile(r"[^/]*//[^/?#]*@")
# A word that no program takes for an option.
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.@:\\/][A-Za-z0-9_.@:\\/-]{0,199}$")]


class ServicesSettings(Section):
    """One service. It runs on `server`'s host, or on one of its own (`ssh`)."""

    kind: ManagerKind
    unit: Word | None = None
    directory: Word | None = None
    service: Word | None = None
    server: str | None = None
    ssh: SshSettings | None = None
    sudo: bool = False
    url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")] | None = None
    port: Port | None = None
    ready_within: Seconds = 60.0


def mistakes_in_services(key: str, section: Mapping[str, Any]) -> Iterator[Mistake]:
    """What the shape cannot say; `section` is the cluster's, `key` where it stands."""
    services, servers = section.get("services"), section.get("servers")
    names = tuple(servers) if isinstance(servers, Mapping) else ()
    for name, service in services.items() if isinstance(services, Mapping) else ():
        if isinstance(service, Mapping):
            yield from _mistakes(f"{key}.services.{name}", service, names)


def _mistakes(key: str, service: Mapping[str, Any], servers: tuple[str, ...]) -> Iterator[Mistake]:
    kind = str(service.get("kind"))
    for field in _KEYS.get(kind, ()):
        if not service.get(field):
            yield Mistake(f"{key}.{field}", f"is missing for kind = {kind!r}", "add it")
    for field in sorted({one for keys in _KEYS.values() for one in keys} - set(_KEYS.get(kind, ()))):
        if kind in _KEYS and field in service:
            yield Mistake(f"{key}.{field}", f"has no meaning for kind = {kind!r}", "remove it, or correct the kind")
    if _USER_IN_URL.match(str(service.get("url") or "")):
        wrong = "has a user or password in it, which plans and audit would show"
        yield Mistake(f"{key}.url", wrong, "give an address that answers without one, or only a port")
    if ("server" in service) == ("ssh" in service):
        yield Mistake(f"{key}.server", "or ssh says where it runs, one of the two", f"servers are {', '.join(servers)}")
    elif "server" in service and service["server"] not in servers:
        wrong = f"names {service['server']!r}, no server of this cluster"
        yield Mistake(f"{key}.server", wrong, f"servers are {', '.join(servers)}")


def managed_service(name: str, section: ServicesSettings, place: str, ssh: SshTarget) -> ManagedService:
    """The value that the other packages know."""
    return ManagedService(
        name=name,
        place=place,
        ssh=ssh,
        kind=section.kind,
        unit=section.unit or "",
        directory=section.directory or "",
        service=section.service or "",
        use_sudo=section.sudo,
        url=section.url,
        port=section.port,
        ready_within=section.ready_within,
    )
