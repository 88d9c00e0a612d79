"""The settings of backup tools that are programs of others: [clusters.NAME.backups] with their kind."""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from bot.settings_mistakes import Mistake
from bot.settings_types import Name, Section, SshSettings
from servers.backups.barman.place import DEFAULT_STATE as BARMAN_STATE
from servers.backups.barman.place import BarmanPlace
from servers.backups.pgbackrest.place import DEFAULT_STATE as PGBACKREST_STATE
from servers.backups.pgbackrest.place import PgBackRestPlace
from servers.inventory import BackupPlace, BackupTool, SshTarget

# Both stand in commands on other hosts too: what no shell takes for anything else.
PlainName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$")]
PlainPath = Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9_./@+-]*$")]
# The first words of a command, "ssh -q postgres@10.0.0.11": split at blanks, by no shell.
Words = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_./@:=,+-]+( [A-Za-z0-9_./@:=,+-]+)*$")]

SshTargetOf = Callable[[SshSettings], SshTarget]


class PgBackRestSettings(Section):
    """`configuration` is pgBackRest's file, at the same path on every host. `ssh` is a repository host, where there is
    one; `server` the one whose host runs it. With neither, it runs on the host of the server that is copied from."""

    kind: Literal["pgbackrest"]
    stanza: PlainName
    configuration: PlainPath | None = None
    server: str | None = None
    ssh: SshSettings | None = None
    state: PlainPath = PGBACKREST_STATE


class BarmanSettings(Section):
    """`name` is Barman's name for the cluster. It runs on the host that `ssh` names, or on that of `server`."""

    kind: Literal["barman"]
    name: PlainName
    configuration: PlainPath | None = None
    server: str | None = None
    ssh: SshSettings | None = None
    state: PlainPath = BARMAN_STATE
    to_servers: dict[Name, Words] = Field(default_factory=dict)
    to_barman: Words | None = None


def pgbackrest_place(section: PgBackRestSettings, ssh_target: SshTargetOf) -> BackupPlace:
    """The value that the other packages know."""
    host = ssh_target(section.ssh) if section.ssh else None
    place = PgBackRestPlace(section.stanza, section.configuration, host, section.state)
    return BackupPlace(BackupTool.PGBACKREST, "", server=section.server, pgbackrest=place)


def barman_place(section: BarmanSettings, ssh_target: SshTargetOf) -> BackupPlace:
    """The value that the other packages know."""
    place = BarmanPlace(
        name=section.name,
        configuration=section.configuration,
        host=ssh_target(section.ssh) if section.ssh else None,
        state=section.state,
        to_servers=tuple(section.to_servers.items()),
        to_barman=section.to_barman,
    )
    return BackupPlace(BackupTool.BARMAN, "", server=section.server, barman=place)


def mistakes_in_backup_tool(key: str, backups: Mapping[str, Any], servers: tuple[str, ...]) -> Iterator[Mistake]:
    """What the shape cannot say; `key` is where the section stands."""
    kind = backups.get("kind")
    here, elsewhere = "server" in backups, "ssh" in backups
    if here and elsewhere:
        yield Mistake(f"{key}.ssh", "is given beside server", "name the one host where it runs: remove either")
    if kind == "barman" and not here and not elsewhere:
        right = "name the server whose host it runs on, or add an ssh section for a host of its own"
        yield Mistake(f"{key}.server", "is missing: nothing says where Barman runs", right)
    ways = backups.get("to_servers")
    for name in ways if kind == "barman" and isinstance(ways, Mapping) else ():
        if name not in servers:
            yield Mistake(f"{key}.to_servers.{name}", "is no server of this cluster", f"known are {', '.join(servers)}")
