"""What was seen of partial backups. Plain values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from servers.backups.partial.place import Part, PartKind
from servers.inventory import Cluster
from servers.state import Answer, OffsiteState


@dataclass(frozen=True, slots=True)
class PartialBackup:
    """One that was found at `path` on the host that `place` names.

    `finished_at` is None for one that is not complete, and `failed` says that its job runs no more. `size` in bytes,
    where it lies. `verified_at`: when it was last read as a whole and could be restored; `doubtful`: when that was last
    tried, it could not. `ours`: a job of Understudy has made it of this part, as its own mark says.
    """

    kind: PartKind
    of: str
    name: str
    place: str
    path: str
    started_at: datetime | None
    finished_at: datetime | None
    size: int
    encrypted: bool = False
    verified_at: datetime | None = None
    failed: bool = False
    doubtful: bool = False
    ours: bool = False

    @property
    def good(self) -> bool:
        """Complete, and nothing speaks against it."""
        return self.finished_at is not None and not self.doubtful


@dataclass(frozen=True, slots=True)
class PartSeen:
    """The backups of one part, newest first, or why nothing is known of them.

    Where several hosts may have them and some did not answer, `answer` says so, and `backups` has those of the others.
    `available`: bytes that are free where they lie, on the host that has least; None: not known. `offsite`: what is off
    site of it; None: the settings name no place there, or it was not asked for.
    """

    part: Part
    answer: Answer
    backups: tuple[PartialBackup, ...]
    available: int | None = None
    offsite: OffsiteState | None = None

    @property
    def newest(self) -> PartialBackup | None:
        """The newest complete one."""
        return next((one for one in self.backups if one.finished_at is not None), None)


@dataclass(frozen=True, slots=True)
class PartialState:
    """Every part of a cluster, in the settings' order."""

    parts: tuple[PartSeen, ...]

    @property
    def ok(self) -> bool:
        return all(one.answer.ok for one in self.parts)

    def of(self, part: Part) -> PartSeen | None:
        return next((one for one in self.parts if (one.part.kind, one.part.name) == (part.kind, part.name)), None)


class PartialListing(Protocol):
    """Whoever can say which partial backups there are."""

    async def list(self, cluster: Cluster, *, timeout: float = 5.0) -> PartialState:
        """Of every part. Never raises: each answer says why nothing is known of it."""
        ...
