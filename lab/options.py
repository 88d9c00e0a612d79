"""How a practice world shall be."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


def _silent(line: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class LabOptions:
    """What can be chosen for a practice world.

    `postgresql` is "18", "16" or "system". `account` runs PostgreSQL where we are root (default: postgres or nobody).
    `own_disks` puts each server on a small file system of its own, so that it can be filled; only root can mount one.
    True: LabError where it cannot be; None: where it can. `base_backup` false leaves the first base backup out.
    `reuse_template` false means a cluster initialised for this world alone, with a system identifier of its own.
    `more_standbys` are further ones, each with the server that it streams from, in the order in which they start:
    {"db3": "db1", "db4": "db3"} is one of the primary and one behind that.
    `engine` "patroni" has Patroni run the servers, with an etcd of their own; take three or more then.
    `patroni_tls` has its REST API speak TLS and ask for a password.
    `base` is where labs live, by default below the directory for temporary files. `settings` go into every server's
    configuration. `progress` is told, in one line, what happens now.
    """

    postgresql: str = "18"
    engine: Literal["native", "patroni"] = "native"
    patroni_tls: bool = False
    cluster: str = "shop"
    primary: str = "db1"
    standby: str = "db2"
    more_standbys: Mapping[str, str] = field(default_factory=dict)
    account: str | None = None
    own_disks: bool | None = False
    base_backup: bool = True
    reuse_template: bool = True
    base: Path | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    progress: Callable[[str], None] = _silent

    @property
    def servers(self) -> tuple[str, ...]:
        """All of them; the primary first, and each after the one that it streams from."""
        return self.primary, *self.upstreams

    @property
    def upstreams(self) -> dict[str, str]:
        """Each standby with the server that it streams from."""
        return {self.standby: self.primary, **self.more_standbys}
