"""Where a cluster's Barman is, as the settings have it."""

from dataclasses import dataclass

from servers.inventory import SshTarget

DEFAULT_STATE = "/var/lib/barman/understudy"


@dataclass(frozen=True, slots=True)
class BarmanPlace:
    """Barman, and its own name for the cluster.

    `host` is where it runs; None: on the host of the server that `BackupPlace.server` names. `state` is a path there,
    beside which the state of jobs is kept, in `<state>-<cluster>.understudy`.

    `to_servers` has, by server, the words that run a command on its host from Barman's ("ssh postgres@10.0.0.11"),
    `to_barman` those the other way; None: it is the same host and the same user.
    """

    name: str
    configuration: str | None = None
    host: SshTarget | None = None
    state: str = DEFAULT_STATE
    to_servers: tuple[tuple[str, str], ...] = ()
    to_barman: str | None = None
