"""What is asked of a backup tool."""

from typing import Protocol

from servers.inventory import Cluster
from servers.state import BackupState


class BackupTool(Protocol):
    """Whoever takes the base backups and keeps the WAL archive."""

    async def list(self, cluster: Cluster, *, timeout: float = 5.0) -> BackupState:
        """The base backups, newest first, and the archive. Never raises: the answer says why nothing is known."""
        ...
