"""A traffic target in memory: it remembers where it leads, and whom it holds."""

import asyncio
from dataclasses import dataclass, field

from servers.engines.engine import ActionFailed, Done
from servers.traffic.target import Move, Pointing


@dataclass
class Pool:
    """`did` lists what was done; `fails` names the actions that fail, with the words; `hangs`: nobody sees it."""

    leads: str = "db1"
    held: bool = False
    name: str = "pool"
    kind: str = "practice"
    holding: str | None = "clients wait"
    hold_seconds: float = 5.0
    redirect_seconds: float = 5.0
    did: list[str] = field(default_factory=list)
    fails: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    identity: str = "the settings of the pool"
    patience: list[float] = field(default_factory=list)  # what every look was given, in seconds

    def leads_to(self, server: str) -> str:
        return server

    async def look(self, *, timeout: float) -> Pointing:
        self.patience.append(timeout)
        if self.hangs:
            await asyncio.Event().wait()
        if "look" in self.fails:
            raise ActionFailed(self.fails["look"])
        return Pointing(self.leads, f"leads to {self.leads}", self.held)

    async def hold(self, move: Move, *, timeout: float) -> Done:
        self._do("hold")
        self.held = True
        return Done("Clients wait.", 0.01)

    async def redirect(self, move: Move, *, timeout: float) -> Done:
        self._do("redirect")
        self.leads = move.new
        return Done(f"It leads to {move.new}.", 0.01)

    async def release(self, move: Move, *, timeout: float) -> Done:
        self._do("release")
        self.held = False
        return Done("Clients go on.", 0.01)

    async def verify(self, move: Move, *, timeout: float) -> Done:
        self._do("verify")
        return Done("A client has reached it.", 0.01)

    async def undo(self, move: Move, *, timeout: float) -> Done:
        self._do("undo")
        self.leads, self.held = move.old, False
        return Done("As it was.", 0.01)

    def _do(self, action: str) -> None:
        self.did.append(action)
        if action in self.fails:
            raise ActionFailed(self.fails[action])
