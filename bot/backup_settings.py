"""The settings of a cluster's base backups and WAL archive: [clusters.NAME.backups].

Adding a tool: its section here, its name in `BackupSettings`, and a `case` in `backup_place`.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag

from bot.backup_tool_settings import (
    BarmanSettings,
    PgBackRestSettings,
    SshTargetOf,
    barman_place,
    mistakes_in_backup_tool,
    pgbackrest_place,
)
from bot.offsite_settings import OffsiteSettings, mistakes_in_offsite, offsite_place
from bot.settings_mistakes import Mistake, nearest
from bot.settings_types import Seconds, Section
from servers.inventory import SCRIPT_PATH, BackupPlace, BackupTool, Encryption, Retention

# What GnuPG prints as a key's fingerprint, without its blanks: a short id could be somebody else's.
Fingerprint = Annotated[str, StringConstraints(pattern=r"^([0-9A-F]{40}|[0-9A-F]{64})$")]
AbsolutePath = Annotated[str, StringConstraints(pattern=r"^/[^\x00-\x1f]*$")]


class RetentionSettings(Section):
    """What is kept at least. A backup goes once neither keeps it."""

    full: Annotated[int, Field(ge=1)] = 1
    age: Seconds | None = None


class EncryptionSettings(Section):
    """Who can read backups and WAL: keys in the key ring of the hosts (`gpg_home`, else that of their users).

    `passphrase_file` lies on the hosts, where a secret key that is to restore has a passphrase.
    """

    recipients: Annotated[tuple[Fingerprint, ...], Field(min_length=1)]
    gpg_home: AbsolutePath | None = None
    passphrase_file: AbsolutePath | None = None


class NativeBackupSettings(Section):
    kind: Literal["native"] = "native"
    directory: AbsolutePath
    archive_directory: AbsolutePath | None = None
    archive_script: AbsolutePath = SCRIPT_PATH
    server: str | None = None
    keep: RetentionSettings | None = None
    encryption: EncryptionSettings | None = None
    offsite: OffsiteSettings | None = None


def _kind_of(section: Any) -> str:
    """Without a kind it is the native tool's."""
    kind = section.get("kind", "native") if isinstance(section, Mapping) else getattr(section, "kind", "native")
    return str(kind)


BackupSettings = Annotated[
    Annotated[NativeBackupSettings, Tag("native")]
    | Annotated[PgBackRestSettings, Tag("pgbackrest")]
    | Annotated[BarmanSettings, Tag("barman")],
    Discriminator(_kind_of),
]


def backup_place(section: BackupSettings, ssh_target: SshTargetOf) -> BackupPlace:
    """The value that the other packages know. `ssh_target` makes one of a section about SSH."""
    match section:
        case PgBackRestSettings():
            return pgbackrest_place(section, ssh_target)
        case BarmanSettings():
            return barman_place(section, ssh_target)
        case NativeBackupSettings():
            return native_place(section)


def native_place(section: NativeBackupSettings) -> BackupPlace:
    """The same for the native tool."""
    keep, keys = section.keep, section.encryption
    return BackupPlace(
        tool=BackupTool(section.kind),
        directory=section.directory,
        archive_directory=section.archive_directory,
        archive_script=section.archive_script,
        server=section.server,
        retention=Retention(keep.full, keep.age) if keep else None,
        encryption=Encryption(keys.recipients, keys.gpg_home, keys.passphrase_file) if keys else None,
        offsite=offsite_place(section.offsite) if section.offsite else None,
    )


def mistakes_in_backups(key: str, cluster: Mapping[str, Any]) -> Iterator[Mistake]:
    """What the shape cannot say; `cluster` is the cluster's section, `key` where it stands."""
    backups, servers = cluster.get("backups"), cluster.get("servers")
    if not isinstance(backups, Mapping):
        return
    names = tuple(sorted(servers)) if isinstance(servers, Mapping) else ()
    server = backups.get("server")
    if isinstance(server, str) and server not in names:
        found = nearest(server, names)
        right = f"did you mean {found!r}?" if found else f"known are {', '.join(names)}"
        yield Mistake(f"{key}.backups.server", f"names {server!r}, no server of this cluster", right)
    if backups.get("kind") in ("pgbackrest", "barman"):
        yield from mistakes_in_backup_tool(f"{key}.backups", backups, names)
        return
    yield from mistakes_in_offsite(f"{key}.backups", backups)
    directory, archive = backups.get("directory"), backups.get("archive_directory")
    if isinstance(directory, str) and isinstance(archive, str) and _within(archive, directory):
        right = "give the archive a directory of its own"
        yield Mistake(f"{key}.backups.archive_directory", "lies within the directory of the backups", right)
    for name, data in _data_directories(servers):
        for field, path in (("directory", directory), ("archive_directory", archive)):
            if isinstance(path, str) and (_within(path, data) or _within(data, path)):
                wrong = f"lies within the data directory of {name}, or around it"
                right = "give backups a place of their own, which no restore moves aside and no retention looks into"
                yield Mistake(f"{key}.backups.{field}", wrong, right)


def mistakes_in_shared_backups(clusters: Mapping[str, Any]) -> Iterator[Mistake]:
    """Each cluster's native backups and WAL lie by themselves: retention of one would remove what another one needs."""
    seen: dict[tuple[str, str], str] = {}
    for cluster, section in sorted(clusters.items()):
        if not isinstance(section, Mapping):
            continue
        for field, place in _native_places(section):
            other = seen.setdefault(place, cluster)
            if other != cluster:
                wrong = f"is the same directory on the same host as one of clusters.{other}.backups"
                right = "give each cluster its own: WAL of two has the same names"
                yield Mistake(f"clusters.{cluster}.backups.{field}", wrong, right)
                break


def _native_places(cluster: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Which setting, and the host and directory that it means there."""
    backups, servers = cluster.get("backups"), cluster.get("servers")
    if not isinstance(backups, Mapping) or not isinstance(servers, Mapping) or _kind_of(backups) != "native":
        return
    named = backups.get("server")
    for name, server in sorted(servers.items()):
        ssh = server.get("ssh") if isinstance(server, Mapping) else None
        ssh = ssh if isinstance(ssh, Mapping) else {}
        host = ssh.get("host")
        for field in ("directory", "archive_directory") if host and named in (None, name) else ():
            path = backups.get(field)
            if isinstance(path, str):
                yield field, (f"{host}:{ssh.get('port', 22)}", path.rstrip("/"))


def _data_directories(servers: object) -> Iterator[tuple[str, str]]:
    for name, server in servers.items() if isinstance(servers, Mapping) else ():
        service = server.get("service") if isinstance(server, Mapping) else None
        data = service.get("data_directory") if isinstance(service, Mapping) else None
        if isinstance(data, str):
            yield name, data


def _within(path: str, directory: str) -> bool:
    return f"{path.rstrip('/')}/".startswith(f"{directory.rstrip('/')}/")
