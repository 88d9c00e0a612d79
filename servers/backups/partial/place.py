"""What is backed up in part, and where that is kept. Plain values, made once from the settings."""

from dataclasses import dataclass, field
from enum import StrEnum

from servers.identity import MANNER
from servers.inventory import Encryption, Server


class PartKind(StrEnum):
    """What a partial backup has."""

    DUMP = "dump"
    VOLUME = "volume"


@dataclass(frozen=True, slots=True)
class PartRetention:
    """What is kept at least: so many of the newest, and whatever is younger than `age` seconds."""

    newest: int = 1
    age: float | None = None


@dataclass(frozen=True, slots=True)
class DumpPlace:
    """Databases that are dumped by themselves, into `directory` on the host of `server`.

    `databases` empty: every one that takes connections and is no template. `server` None: whichever server it is taken
    from keeps it. `max_age` in seconds: when the newest one is older, people are told. `keep` None: all are kept.
    """

    name: str
    directory: str
    databases: tuple[str, ...] = ()
    server: str | None = None
    encryption: Encryption | None = None
    max_age: float = field(default=26 * 3600.0, metadata=MANNER)
    keep: PartRetention | None = None

    @property
    def kind(self) -> PartKind:
        return PartKind.DUMP


@dataclass(frozen=True, slots=True)
class VolumePlace:
    """Directories and volumes of Docker on `host`, kept in `directory` there; `place` is the host as people name it.

    `service` is the one of the cluster's services that is stopped while they are restored.
    """

    name: str
    directory: str
    host: Server
    place: str
    directories: tuple[str, ...] = ()
    docker_volumes: tuple[str, ...] = ()
    service: str | None = None
    encryption: Encryption | None = None
    max_age: float = field(default=26 * 3600.0, metadata=MANNER)
    keep: PartRetention | None = None

    @property
    def kind(self) -> PartKind:
        return PartKind.VOLUME


Part = DumpPlace | VolumePlace


def mark_of(cluster: str, part: Part) -> str:
    """What each of its backups bears within, so that no other one is ever taken for it."""
    return f"{cluster} {part.kind} {part.name}"
