"""The settings of ports that must be open between the servers: [[clusters.NAME.ports]]."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from bot.settings_mistakes import Mistake
from bot.settings_types import Name, Port, Section
from servers.inventory import RequiredPort

# A word that no program takes for an option.
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9:][A-Za-z0-9.:-]{0,252}$")]


class PortSettings(Section):
    """One port. `from` and `to` name servers; without them, every one. `host` is somewhere else, in place of `to`."""

    port: Port
    for_: Annotated[str, Field(alias="for", max_length=60)] = ""
    from_: Annotated[tuple[Name, ...], Field(alias="from")] = ()
    to: tuple[Name, ...] = ()
    host: Host | None = None


def mistakes_in_ports(key: str, section: Mapping[str, Any]) -> Iterator[Mistake]:
    """What the shape cannot say; `section` is the cluster's, `key` where it stands."""
    ports, servers = section.get("ports"), section.get("servers")
    names = tuple(servers) if isinstance(servers, Mapping) else ()
    for number, port in enumerate(ports if isinstance(ports, list | tuple) else ()):
        if not isinstance(port, Mapping):
            continue
        where = f"{key}.ports.{number}"
        for field in ("from", "to"):
            named = port.get(field)
            for name in named if isinstance(named, list | tuple) else ():
                if name not in names:
                    yield Mistake(
                        f"{where}.{field}",
                        f"names {name!r}, no server of this cluster",
                        f"servers are {', '.join(names)}",
                    )
        if "host" in port and "to" in port:
            yield Mistake(f"{where}.host", "stands beside to", "give one of the two")


def required_port(section: PortSettings) -> RequiredPort:
    """The value that the other packages know."""
    return RequiredPort(section.port, section.for_, section.from_, section.to, section.host)
