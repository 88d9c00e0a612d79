"""What is asked of a backup tool: list, archive, back up, verify, restore, expire.

A backup, a verification and a restore may take hours: each is a job on a host that outlives the connection and the bot
(as those of `servers.engines.rejoining`), begun with a key and looked at later. Beginning again with the same key finds
it running or done. Nothing here starts a PostgreSQL: a restore lays a base backup out in a new directory, and
`servers.backups.instances` recovers from there.
"""

from typing import Protocol, runtime_checkable

from servers.backups.archive import ArchiveState
from servers.backups.wanted import BackupKind, BackupWanted, Expired, JobPlace, RestoreWanted, VerifyWanted
from servers.engines.rejoining import JobReport
from servers.inventory import Cluster, Server
from servers.state import BackupState


class BackupListing(Protocol):
    """Whoever can say which base backups there are."""

    async def list(self, cluster: Cluster, *, timeout: float = 5.0) -> BackupState:
        """The base backups, newest first, and the archive. Never raises: the answer says why nothing is known."""
        ...


class ArchiveListing(Protocol):
    """Whoever can say what the WAL archive has."""

    async def archive(self, cluster: Cluster, *, timeout: float = 10.0) -> ArchiveState:
        """Every archived segment and history file, as runs without a gap, looked at in the archive itself.

        Never raises: the answer says why nothing is known.
        """
        ...


class JobKeeper(Protocol):
    """Whoever has jobs on hosts. Raises `servers.engines.engine.ActionFailed`."""

    async def job(self, cluster: Cluster, place: JobPlace, *, patience: float = 0.0, timeout: float = 5.0) -> JobReport:
        """How a job stands. Bytes copied and in all where the tool tells.

        While it runs, its host waits for its end, for `patience` seconds at most, and answers at once when it ends.
        """
        ...

    async def stop_job(self, cluster: Cluster, place: JobPlace, *, timeout: float = 15.0) -> str:
        """End a job that runs, by its own process; what it has made so far stays. What was done, in one line."""
        ...


class BackupTool(BackupListing, ArchiveListing, JobKeeper, Protocol):
    """Whoever takes the base backups and keeps the WAL archive. Actions raise `servers.engines.engine.ActionFailed`.

    `kinds` are those that it can take.
    """

    name: str
    kinds: tuple[BackupKind, ...]

    async def begin_backup(
        self, cluster: Cluster, wanted: BackupWanted, key: str, *, timeout: float = 15.0
    ) -> JobPlace:
        """Begin a backup, unless one runs or is done already with that key. Refused beside another one's."""
        ...

    async def begin_verify(
        self, cluster: Cluster, wanted: VerifyWanted, key: str, *, timeout: float = 15.0
    ) -> JobPlace:
        """Begin to read a whole backup and compare it with its checksums. Its log says what does not agree."""
        ...

    async def begin_restore(
        self, cluster: Cluster, wanted: RestoreWanted, key: str, *, timeout: float = 15.0
    ) -> JobPlace:
        """Begin to lay out a base backup in a directory that is not there yet, with its backup_label, not started.

        A directory that is there and is not this job's own is refused, never emptied.
        """
        ...

    def restore_command(self, cluster: Cluster, server: Server) -> str:
        """The restore_command with which a server on that host gets WAL from the archive."""
        ...

    async def decrypts(self, cluster: Cluster, server: Server, backup: str, *, timeout: float = 15.0) -> str | None:
        """A real test decryption of that backup there: why it fails; None where it works or none is needed."""
        ...

    async def expire(self, cluster: Cluster, *, dry_run: bool, timeout: float = 60.0) -> Expired:
        """Let go of what the settings' retention no longer keeps, and never of WAL that a kept backup needs."""
        ...


@runtime_checkable
class SelfChecking(Protocol):
    """A tool whose program has a check of its own: whether its set-up works, from the archive to the store."""

    async def check(self, cluster: Cluster, *, timeout: float = 60.0) -> str:
        """What was found good, in one line. ActionFailed says what was not."""
        ...
