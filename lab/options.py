"""How a practice world shall be."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


def _silent(line: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class LabOptions:
    """What can be chosen for a practice world.

    `postgresql` is "18", "16" or "system". `account` runs PostgreSQL where we are root (default: postgres or nobody).
    `own_disks` puts each server on a small file system of its own, so that it can be filled; only root can mount one.
    True: LabError where it cannot be; None: where it can. `base_backup` false leaves the first base backup out.
    `reuse_template` false means a cluster initialised for this world alone, with a system identifier of its own.
    `base` is where labs live, by default below the directory for temporary files. `settings` go into both servers'
    configuration. `progress` is told, in one line, what happens now.
    """

    postgresql: str = "18"
    cluster: str = "shop"
    primary: str = "db1"
    standby: str = "db2"
    account: str | None = None
    own_disks: bool | None = False
    base_backup: bool = True
    reuse_template: bool = True
    base: Path | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    progress: Callable[[str], None] = _silent
