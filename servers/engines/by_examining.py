"""What a planned promotion asks of a server beforehand: by SQL, and of its own host. Nothing is changed."""

from collections.abc import Sequence

from servers.engines import archive_script
from servers.engines.engine import ActionFailed
from servers.engines.job_answer import taken_apart
from servers.errors import ServerUnreachable
from servers.inside import run_inside
from servers.inventory import Server
from servers.readiness import LONG_SECONDS, READINESS, ArchiveTry, Readiness, readiness_of
from servers.sections import Sections
from servers.service import programs
from servers.sql import Sessions
from servers.ssh import Shells

_MARGIN = 1.0  # seconds of the time-out that a tool's own check leaves for the rest


class ExamineActions:
    """Looks at what decides whether a server could take over."""

    def __init__(self, shells: Shells, sessions: Sessions) -> None:
        self._shells = shells
        self._sessions = sessions

    async def readiness(self, server: Server, timeout: float) -> Readiness:
        try:
            (row,) = await self._sessions.query(server, READINESS, (LONG_SECONDS,), timeout=timeout)
            return readiness_of(row)
        except ServerUnreachable as error:
            raise ActionFailed(f"{server.name} does not say how it is set: {error.detail}") from error
        except (KeyError, TypeError, ValueError) as error:
            raise ActionFailed(f"what {server.name} says of its settings makes no sense: {error}"[:200]) from None

    async def archive_try(self, server: Server, directory: str | None, timeout: float) -> ArchiveTry:
        patience = f"{max(1.0, timeout - _MARGIN):g}"
        return archive_try_of(await self._run(server, (directory or "", patience), timeout))

    async def _run(self, server: Server, arguments: Sequence[str], timeout: float) -> Sections:
        own = (server.service.data_directory.rstrip("/"), programs(server.service))
        try:
            argv = ("sh", "-c", archive_script.TRY, "sh", *own, *arguments)
            completed = await run_inside(self._shells, server, argv, timeout=timeout)
        except ServerUnreachable as error:
            raise ActionFailed(f"{server.name}'s host could not be asked: {error.detail}") from error
        return taken_apart(server.name, completed)


def archive_try_of(found: Sections) -> ArchiveTry:
    """What the script saw, the most telling first."""
    program, directory, tool = (found.one(name) or "" for name in ("program", "directory", "tool"))
    told = [
        *([_of_tool(tool, found.blocks.get("output", ""))] if tool else []),
        *([directory.partition(" ")[2]] if directory else []),
        *([f"its program {program.partition(' ')[2]} is {_there(program)}"] if program else []),
    ]
    return ArchiveTry(
        program=program.startswith("yes") if program else None,
        directory=directory.startswith("yes") if directory else None,
        tool={"yes": True, "no": False}.get(tool.partition(" ")[0]),
        detail="; ".join(told),
    )


def _of_tool(tool: str, output: str) -> str:
    how, _, command = tool.partition(" ")
    if how == "yes":
        return f"{command}: all is well"
    if how == "slow":
        return f"{command} gave no answer in time"
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    said = next((line for line in lines if "ERROR" in line), lines[-1] if lines else "it failed without a word")
    return f"{command}: {said[:200]}"


def _there(program: str) -> str:
    return "there" if program.startswith("yes") else "not there"
