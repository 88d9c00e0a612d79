"""Which backup tool a cluster has. Adding one: its line in `BackupTools.__init__`."""

from collections.abc import Callable
from datetime import datetime

from servers.backups.archive import ArchiveState
from servers.backups.barman.tool import BarmanTool
from servers.backups.native.tool import NativeTool
from servers.backups.offsite.stores import OffsiteStores
from servers.backups.pgbackrest.tool import PgBackRestTool
from servers.backups.tool import BackupTool
from servers.inventory import BackupTool as ToolName
from servers.inventory import Cluster
from servers.ssh import Shells
from servers.state import BackupState


class BackupTools:
    """Every tool, and the listing of each cluster's own. A cluster without backups in the settings has the native one,
    which then says so."""

    def __init__(self, shells: Shells, clock: Callable[[], datetime]) -> None:
        self.offsite = OffsiteStores(clock)
        self._tools: dict[ToolName, BackupTool] = {
            ToolName.NATIVE: NativeTool(shells, clock, self.offsite),
            ToolName.PGBACKREST: PgBackRestTool(shells, clock),
            ToolName.BARMAN: BarmanTool(shells, clock),
        }

    def tool_of(self, cluster: Cluster) -> BackupTool:
        """The tool that the settings name for that cluster."""
        return self._tools[cluster.backups.tool if cluster.backups else ToolName.NATIVE]

    async def list(self, cluster: Cluster, *, timeout: float = 5.0) -> BackupState:
        return await self.tool_of(cluster).list(cluster, timeout=timeout)

    async def archive(self, cluster: Cluster, *, timeout: float = 10.0) -> ArchiveState:
        return await self.tool_of(cluster).archive(cluster, timeout=timeout)
