"""Every kind of fence hook there is, a line each."""

from collections.abc import Callable

from servers.fences.command import FenceByCommand
from servers.fences.ec2 import FenceByEc2
from servers.fences.fence import Fence
from servers.inventory import CommandFence, Ec2Fence, Server

Fences = Callable[[Server], Fence | None]


def fence_of(server: Server) -> Fence | None:
    """The server's hook; None where the settings give it none."""
    match server.fence:
        case CommandFence() as place:
            return FenceByCommand(place)
        case Ec2Fence() as place:
            return FenceByEc2(place)
        case None:
            return None
