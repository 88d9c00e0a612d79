"""What is asked of a fence hook: the way to cut a server off that does not need the server's own host.

It is the second line: where SSH answers, `servers.engines.engine.Engine.fence` shows better proof, for it also marks
the data directory. Behind a hook the server's disk is as it was, and it comes back as the primary that it was.
"""

from typing import Protocol

from servers.engines.engine import Done
from servers.inventory import Server


class Fence(Protocol):
    """One server's hook. Both may be repeated."""

    what: str  # what is done to what, in one line ("stop the EC2 instance i-0abc"): people approve it, no secret in it
    timeout: float  # seconds that `fence` may take
    confirms: (
        bool  # whether something looks that the server is off; else only that the hook ended with success is known
    )

    async def fence(self, cluster: str, server: Server, *, timeout: float) -> Done:
        """Cut the server off, and wait until that is confirmed where it `confirms`. ActionFailed where it is not: the
        server may still run."""
        ...

    async def is_off(self, cluster: str, server: Server, *, timeout: float) -> bool | None:
        """Only look: whether the server is off now. None where no look can tell."""
        ...
