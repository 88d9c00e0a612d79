"""`understudy check` of fence hooks: they are looked at, and never used."""

from dataclasses import dataclass, replace

import pytest

from bot.check.fences import fence_findings
from bot.check.finding import Outcome
from servers.engines.engine import Done
from servers.fences.fence import Fence
from servers.inventory import CommandFence, Server
from servers.state import ServerState
from tests.servers.seen import PAIR, PRIMARY_FACTS, host, seen

DB1 = PAIR.servers[0]
HOOKED = replace(DB1, fence=CommandFence(("off",), ("is-off",)))
RUNS = seen("db1", PRIMARY_FACTS, host())


@dataclass
class Looks:
    """A hook that only says what it sees."""

    off: bool | None
    what: str = "run off"
    timeout: float = 1.0
    confirms: bool = True

    async def fence(self, cluster: str, server: Server, *, timeout: float) -> Done:
        raise AssertionError("a check switched a server off")

    async def is_off(self, cluster: str, server: Server, *, timeout: float) -> bool | None:
        return self.off


async def outcome(off: bool | None, server: Server = HOOKED, state: ServerState = RUNS) -> tuple[Outcome, str]:
    def fences(_: Server) -> Fence | None:
        return Looks(off) if server.fence else None

    (finding,) = await fence_findings(PAIR, server, state, fences)
    return finding.outcome, finding.seen


async def test_a_hook_that_sees_the_server_running_works() -> None:
    assert await outcome(False) == (Outcome.WORKS, "it says that the server is on")


@pytest.mark.parametrize(
    ("off", "server", "expected"),
    [
        (True, HOOKED, (Outcome.BROKEN, "it says that the server is off, but it answers us")),
        (None, HOOKED, (Outcome.BROKEN, "it cannot tell whether the server is off")),
        (None, replace(DB1, fence=CommandFence(("off",))), (Outcome.SKIPPED, "nothing can look whether it is off")),
    ],
)
async def test_a_hook_that_would_fence_another_machine_or_cannot_tell_is_found(
    off: bool | None, server: Server, expected: tuple[Outcome, str]
) -> None:
    assert await outcome(off, server) == expected


async def test_without_a_hook_there_is_nothing_to_look_at() -> None:
    assert await fence_findings(PAIR, DB1, RUNS) == []
