"""The settings of partial backups: dumps of databases, and the files of services.

[clusters.NAME.dumps.NAME] and [clusters.NAME.volumes.NAME].
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from bot.backup_settings import AbsolutePath, EncryptionSettings
from bot.settings_mistakes import Mistake, nearest
from bot.settings_types import Seconds, Section
from servers.backups.partial.place import DumpPlace, PartRetention, VolumePlace
from servers.backups.tool_host import separate_host
from servers.inventory import Encryption, SshTarget
from servers.managed_service import ManagedService

_DAY = 26 * 3600.0  # a daily one, and two hours to take it

DatabaseName = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{1,63}$")]
# As Docker allows them: https://docs.docker.com/reference/cli/docker/volume/create/
VolumeName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,199}$")]
# The files of a whole host are no service's.
ServicePath = Annotated[str, StringConstraints(pattern=r"^/[^/\x00-\x1f][^\x00-\x1f]*$")]


class KeepSettings(Section):
    """What is kept at least. One goes once neither keeps it."""

    newest: Annotated[int, Field(ge=1)] = 1
    age: Seconds | None = None


class DumpSettings(Section):
    """Without `databases` every one is dumped; without `server`, from a standby that does not lag."""

    directory: AbsolutePath
    databases: tuple[DatabaseName, ...] = ()
    server: str | None = None
    max_age: Seconds = _DAY
    keep: KeepSettings | None = None
    encryption: EncryptionSettings | None = None


class VolumeSettings(Section):
    """On the host of `server`, or on that of `service`, which is stopped while they are restored."""

    directory: AbsolutePath
    directories: tuple[ServicePath, ...] = ()
    docker_volumes: tuple[VolumeName, ...] = ()
    server: str | None = None
    service: str | None = None
    max_age: Seconds = _DAY
    keep: KeepSettings | None = None
    encryption: EncryptionSettings | None = None


def dump_place(name: str, section: DumpSettings) -> DumpPlace:
    """The value that the other packages know."""
    return DumpPlace(
        name,
        section.directory,
        section.databases,
        section.server,
        _keys(section.encryption),
        section.max_age,
        _kept(section.keep),
    )


def volume_place(
    name: str, section: VolumeSettings, services: tuple[ManagedService, ...], ssh_of: Callable[[str], SshTarget]
) -> VolumePlace:
    """The value that the other packages know. `ssh_of` says how a server's host is reached."""
    service = next((one for one in services if one.name == section.service), None)
    if section.server is not None or service is None:
        place, ssh = str(section.server), ssh_of(str(section.server))
    else:
        place, ssh = service.place, service.ssh
    return VolumePlace(
        name=name,
        directory=section.directory,
        host=separate_host(place, ssh, section.directory),
        place=place,
        directories=section.directories,
        docker_volumes=section.docker_volumes,
        service=section.service,
        encryption=_keys(section.encryption),
        max_age=section.max_age,
        keep=_kept(section.keep),
    )


def mistakes_in_dumps(key: str, cluster: Mapping[str, Any]) -> Iterator[Mistake]:
    """What the shape cannot say; `cluster` is the cluster's section, `key` where it stands."""
    servers, services = _names(cluster, "servers"), _names(cluster, "services")
    backups = cluster.get("backups")
    paths = backups if isinstance(backups, Mapping) else {}
    fields = ("directory", "archive_directory")
    seen = {str(paths[field]).rstrip("/"): f"backups.{field}" for field in fields if paths.get(field)}
    for kind in ("dumps", "volumes"):
        for name, section in _sections(cluster, kind):
            here = f"{key}.{kind}.{name}"
            yield from _known(f"{here}.server", section.get("server"), servers, "server")
            directory = section.get("directory")
            if isinstance(directory, str) and directory.rstrip("/") in seen:
                wrong = f"is that of {seen[directory.rstrip('/')]} too"
                yield Mistake(f"{here}.directory", wrong, "give each a directory of its own")
            elif isinstance(directory, str):
                seen[directory.rstrip("/")] = f"{kind}.{name}"
            if kind == "volumes":
                yield from _known(f"{here}.service", section.get("service"), services, "service")
                yield from _volume(here, section)
                yield from _apart_from(here, section, _in_use(cluster, paths))


def _volume(key: str, section: Mapping[str, Any]) -> Iterator[Mistake]:
    if not section.get("directories") and not section.get("docker_volumes"):
        yield Mistake(f"{key}.directories", "is missing, and so is docker_volumes", "name what is to be backed up")
    if not section.get("server") and not section.get("service"):
        yield Mistake(f"{key}.server", "is missing, and so is service: nothing says where they are", "name either")
    directory = section.get("directory")
    for path in section.get("directories") or ():
        if isinstance(path, str) and isinstance(directory, str) and _within(directory, path):
            wrong = f"lies within {path}, which is backed up there"
            yield Mistake(f"{key}.directory", wrong, "keep backups elsewhere than what they are of")


def _in_use(cluster: Mapping[str, Any], backups: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What no restore of a volume may move aside, each with what it is."""
    for name, server in _sections(cluster, "servers"):
        service = server.get("service")
        data = service.get("data_directory") if isinstance(service, Mapping) else None
        if isinstance(data, str):
            yield f"the data directory of {name}", data
    for field, what in (("directory", "the backups"), ("archive_directory", "the WAL archive")):
        path = backups.get(field)
        if isinstance(path, str):
            yield what, path


def _apart_from(key: str, section: Mapping[str, Any], in_use: Iterator[tuple[str, str]]) -> Iterator[Mistake]:
    directories = [path for path in section.get("directories") or () if isinstance(path, str)]
    for what, path in in_use:
        for directory in directories:
            if _within(path, directory) or _within(directory, path):
                right = "a restore would move it aside: name directories of a service alone"
                yield Mistake(f"{key}.directories", f"names {directory}, in or around {what}", right)


def _known(key: str, name: object, names: tuple[str, ...], what: str) -> Iterator[Mistake]:
    if isinstance(name, str) and name not in names:
        found = nearest(name, names)
        right = f"did you mean {found!r}?" if found else f"known are {', '.join(names) or 'none'}"
        yield Mistake(key, f"names {name!r}, no {what} of this cluster", right)


def _within(path: str, directory: str) -> bool:
    return f"{path.rstrip('/')}/".startswith(f"{directory.rstrip('/')}/")


def _names(cluster: Mapping[str, Any], key: str) -> tuple[str, ...]:
    table = cluster.get(key)
    return tuple(sorted(map(str, table))) if isinstance(table, Mapping) else ()


def _sections(cluster: Mapping[str, Any], key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    table = cluster.get(key)
    for name, section in table.items() if isinstance(table, Mapping) else ():
        if isinstance(section, Mapping):
            yield str(name), section


def _keys(section: EncryptionSettings | None) -> Encryption | None:
    return Encryption(section.recipients, section.gpg_home, section.passphrase_file) if section else None


def _kept(section: KeepSettings | None) -> PartRetention | None:
    return PartRetention(section.newest, section.age) if section else None
