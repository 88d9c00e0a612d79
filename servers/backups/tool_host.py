"""Where a backup tool's program runs: on the servers' hosts, or on a host of its own; and asking it there."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from servers.engines.engine import ActionFailed
from servers.errors import ServerUnreachable
from servers.inside import run_inside
from servers.inventory import Server, Service, ServiceKind, SshTarget
from servers.sections import Sections, parse_sections
from servers.ssh import Shells
from servers.state import Outcome


def separate_host(name: str, ssh: SshTarget, state: str) -> Server:
    """A host that runs no PostgreSQL of the cluster, as a server of it: jobs run there beside the path `state`."""
    return Server(name=name, conninfo="", ssh=ssh, service=Service(ServiceKind.PG_CTL, state))


async def ask(
    shells: Shells, server: Server, script: str, arguments: Sequence[str], blocks: frozenset[str], *, timeout: float
) -> Sections:
    """Run a script that begins with `job_scripts.PRELUDE` there. Raises ServerUnreachable."""
    data = server.service.data_directory.rstrip("/")
    command = ("sh", "-c", script, "sh", data, server.service.bin_directory or "", *arguments)
    completed = await run_inside(shells, server, command, timeout=timeout)
    found = parse_sections(completed.stdout, blocks)
    refused = found.one("failed")
    if refused is None and found.one("done") is None:
        refused = " ".join(completed.output.split())[-300:] or "it printed nothing"
    if refused is not None:
        raise ServerUnreachable(Outcome.FAILED, refused)
    return found


@asynccontextmanager
async def within(timeout: float) -> AsyncIterator[None]:
    """Several askings in one time-out. ServerUnreachable where it passes."""
    try:
        async with asyncio.timeout(timeout):
            yield
    except TimeoutError:
        raise ServerUnreachable(Outcome.TIMED_OUT, f"the backup tool gave no answer within {timeout:g} s") from None


@asynccontextmanager
async def acting(timeout: float) -> AsyncIterator[None]:
    """The same for an action: ActionFailed, whatever the host does."""
    try:
        async with within(timeout):
            yield
    except ServerUnreachable as error:
        raise ActionFailed(error.detail) from error
