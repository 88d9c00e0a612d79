"""The settings of a cluster that Patroni runs: where its REST API is, and how it is spoken to."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, StringConstraints

from bot.settings_mistakes import Mistake
from bot.settings_types import Name, Section
from servers.inventory import PatroniPlace

Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#@]+/?$")]


class PatroniSettings(Section):
    """`members` has the address of each member's REST API; a member is called like its server."""

    members: Annotated[dict[Name, Url], Field(min_length=1)]
    ca_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    user: str | None = None
    password: SecretStr | None = None


def patroni_place(section: PatroniSettings, path: Callable[[Path], Path]) -> PatroniPlace:
    """The value that the other packages know; `path` takes paths from the directory of the settings file."""

    def placed(file: Path | None) -> Path | None:
        return path(file) if file else None

    return PatroniPlace(
        members=tuple(section.members.items()),
        ca_file=placed(section.ca_file),
        certificate=placed(section.certificate),
        key=placed(section.key),
        user=section.user,
        password=section.password.get_secret_value() if section.password else None,
    )


def mistakes_in_patroni(key: str, section: Mapping[str, Any]) -> Iterator[Mistake]:
    """What the shape cannot say; `section` is the cluster's, `key` where it stands."""
    patroni = section.get("patroni")
    if not isinstance(patroni, Mapping):
        return
    servers, members = _names(section.get("servers")), _names(patroni.get("members"))
    for name in members:
        if name not in servers:
            wrong = f"names {name!r}, no server of this cluster"
            yield Mistake(f"{key}.patroni.members", wrong, f"servers are {', '.join(servers)}")
    for name in servers if members else ():
        if name not in members:
            wrong = f"has no address for {name!r}"
            yield Mistake(f"{key}.patroni.members", wrong, f'add {name} = "https://…:8008"')
    yield from _pairs(f"{key}.patroni", patroni)
    automatic = section.get("automatic_failover")
    if isinstance(automatic, Mapping) and automatic.get("enabled") is True:
        wrong = "cannot be with Patroni, which fails over by itself"
        yield Mistake(f"{key}.automatic_failover.enabled", wrong, "remove it, or set it to false")
    if section.get("fence_returning_primary") is True:
        wrong = "cannot be with Patroni, which sees to old primaries itself"
        yield Mistake(f"{key}.fence_returning_primary", wrong, "remove it, or set it to false")


def _pairs(key: str, patroni: Mapping[str, Any]) -> Iterator[Mistake]:
    for one, other in (("certificate", "key"), ("key", "certificate"), ("password", "user")):
        if patroni.get(one) and not patroni.get(other):
            yield Mistake(f"{key}.{other}", f"is missing, but {one} is there", f"add {other}, or remove {one}")


def _names(table: object) -> tuple[str, ...]:
    return tuple(table) if isinstance(table, Mapping) else ()
