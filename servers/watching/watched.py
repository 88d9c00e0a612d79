"""What the slower watches saw: one field a topic, which probes read."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from servers.heartbeat import Beats
    from servers.watching.hosts.facts import HostWatches
    from servers.watching.postgresql.watched import PostgresqlWatched
    from servers.watching.services.view import ServiceView


@dataclass(frozen=True, slots=True)
class Watched:
    """The last answers, each None until there is one, and where nothing is to be watched."""

    hosts: "HostWatches | None" = None
    postgresql: "tuple[PostgresqlWatched, ...] | None" = None
    beats: "Beats | None" = None  # the heartbeat as every server has it, where the settings want one
    services: "tuple[ServiceView, ...]" = ()  # every one that the settings have watched, seen or not


NOTHING_WATCHED = Watched()
