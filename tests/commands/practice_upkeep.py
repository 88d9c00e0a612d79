"""The practice pair's part for restart and reload: what its files say, and who uses a server."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from servers.engines.engine import ActionFailed, Done
from servers.engines.upkeep import Configuration, InUse, Reloaded
from servers.inventory import Server

if TYPE_CHECKING:
    from tests.commands.practice import Machine

GOOD_FILES = Configuration((), (), "0" * 64)
NOBODY = InUse(0, (), 0, 0, (), 0)


@dataclass
class Keeping:
    """`files` and `used` are of every server; a restart puts what waits in force."""

    machines: "dict[str, Machine]" = field(default_factory=dict)
    files: Configuration = GOOD_FILES
    used: InUse = NOBODY
    now: datetime = datetime(2026, 1, 31, tzinfo=UTC)

    async def configuration(self, server: Server, *, timeout: float = 5.0) -> Configuration:
        return self.files

    async def in_use(self, server: Server, *, timeout: float = 5.0) -> InUse:
        if not self.machines[server.name].running:
            raise ActionFailed(f"{server.name} does not answer by SQL")
        return self.used

    async def reload(self, server: Server, *, timeout: float = 15.0) -> Reloaded:
        await self._do("reload", server)
        return Reloaded(0.1, ("work_mem 4096 → 8192",), self.files.needs_restart)

    async def restart(self, server: Server, *, timeout: float = 120.0) -> Done:
        self.machines[server.name].running = False
        machine = await self._do("restart", server)
        machine.running, machine.started_at = True, self.now + timedelta(seconds=1)
        self.files = replace(self.files, needs_restart=())
        return Done(f"{server.name} runs again after 0.5 s", 0.5, 0, "server started")

    async def _do(self, action: str, server: Server) -> Any:
        raise NotImplementedError
