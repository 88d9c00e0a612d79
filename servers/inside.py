"""Running a command where a server's data directory is, also when its container is stopped."""

import asyncio
from collections.abc import Sequence

from servers.errors import ServerUnreachable
from servers.inventory import Server, ServiceKind
from servers.service import inside, managed
from servers.ssh import Completed, Shells
from servers.state import Outcome


async def run_inside(
    shells: Shells, server: Server, argv: Sequence[str], *, timeout: float, stdin: str | None = None
) -> Completed:
    """Run `argv` beside the data directory. Raises ServerUnreachable.

    Where the container is stopped, a throw-away container of the same image with the same volumes takes its place:
    there is no postmaster in it, and the data directory can be read all the same. ServerUnreachable too where the
    container was started meanwhile.
    """
    service = server.service
    deadline = asyncio.get_running_loop().time() + timeout
    completed = await shells.run(server, inside(service, *argv), timeout=timeout, stdin=stdin)
    container = service.container
    if service.kind is not ServiceKind.DOCKER or container is None or not _stopped(completed):
        return completed
    left = deadline - asyncio.get_running_loop().time()
    look = managed(service, "docker", "inspect", "--format", "{{.Image}}", container)
    image = await shells.run(server, look, timeout=left)
    if not image.ok:
        return image
    stand_in = managed(
        service, "docker", "run", "--rm", "-i", "--volumes-from", container, "--network", "none",
        "--entrypoint", argv[0], image.stdout.strip(), *argv[1:],
    )  # fmt: skip
    left = deadline - asyncio.get_running_loop().time()
    completed = await shells.run(server, stand_in, timeout=left, stdin=stdin)
    # Processes of the container cannot be seen from another one: what was seen counts only if it stayed down.
    look = managed(service, "docker", "inspect", "--format", "{{.State.Running}}", container)
    running = await shells.run(server, look, timeout=max(1.0, deadline - asyncio.get_running_loop().time()))
    if running.stdout.strip() != "false":
        raise ServerUnreachable(Outcome.FAILED, f"container {container} was started while it was looked at")
    return completed


def _stopped(completed: Completed) -> bool:
    return completed.exit_status != 0 and "is not running" in completed.stderr
