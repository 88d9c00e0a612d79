"""Services beside PostgreSQL that people restart: a pooler, an exporter, the application itself. Plain values."""

from dataclasses import dataclass, field
from enum import StrEnum

from servers.identity import MANNER
from servers.inventory import SshTarget


class ManagerKind(StrEnum):
    """Who runs it."""

    SYSTEMD = "systemd"
    COMPOSE = "compose"


@dataclass(frozen=True, slots=True)
class ManagedService:
    """`place` is the host as people name it. `unit` belongs to systemd, `directory` and `service` to Docker Compose.

    Besides what its manager says it is healthy when `url` answers with 2xx and `port` (on the host) takes connections,
    where those are set; both are tried from here. `ready_within` is how long, in seconds, that may take.
    """

    name: str
    place: str
    ssh: SshTarget
    kind: ManagerKind
    unit: str = ""
    directory: str = ""
    service: str = ""
    use_sudo: bool = field(default=False, metadata=MANNER)
    url: str | None = None
    port: int | None = None
    ready_within: float = field(default=60.0, metadata=MANNER)

    @property
    def known_as(self) -> str:
        """“systemd unit pgbouncer on db1”."""
        what = (
            f"unit {self.unit}" if self.kind is ManagerKind.SYSTEMD else f"service {self.service} in {self.directory}"
        )
        return f"{self.kind} {what} on {self.place}"


@dataclass(frozen=True, slots=True)
class ServiceSeen:
    """How its manager sees it. `state` is the manager's own word; `since` differs for every start."""

    running: bool
    state: str
    since: str
