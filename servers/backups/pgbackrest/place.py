"""Where a cluster's pgBackRest is, as the settings have it."""

from dataclasses import dataclass

from servers.inventory import SshTarget

DEFAULT_STATE = "/var/lib/pgbackrest/understudy"


@dataclass(frozen=True, slots=True)
class PgBackRestPlace:
    """A stanza, and where pgBackRest runs.

    `configuration` is its file, at the same path on every host; None: where pgBackRest looks by itself. `host` is a
    repository host of its own; without one it runs on the servers' hosts. `state` is a path on that host, beside which
    the state of jobs is kept (`<state>.understudy`).
    """

    stanza: str
    configuration: str | None = None
    host: SshTarget | None = None
    state: str = DEFAULT_STATE
