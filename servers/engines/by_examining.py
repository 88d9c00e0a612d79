"""What a planned promotion asks of a server beforehand: by SQL, and of its own host. Nothing is changed."""

from collections.abc import Sequence

from servers.engines.engine import ActionFailed
from servers.engines.job_answer import taken_apart
from servers.engines.job_scripts import PRELUDE
from servers.errors import ServerUnreachable
from servers.inside import run_inside
from servers.inventory import Server
from servers.readiness import LONG_SECONDS, READINESS, ArchiveTry, Readiness, readiness_of
from servers.sections import Sections
from servers.service import programs
from servers.sql import Sessions
from servers.ssh import Shells

# The command itself is not run: whatever it were given would be in the archive from then on. What is tried is what
# breaks it most often: its program is not there on this host, or its directory takes nothing from this user.
_ARCHIVE = (
    PRELUDE
    + r"""
archive=$1
command=$(as_owner postgres -C archive_command -D "$data" 2>/dev/null)
set -f; set -- $command; set +f
case ${1-} in
  ''|*=*|*[\"\'\$\`\\%]*) ;;
  *) if command -v -- "$1" >/dev/null 2>&1; then echo "@program yes $1"; else echo "@program no $1"; fi ;;
esac
if [ -z "$archive" ] || [ ! -d "$archive" ]; then :
elif as_owner test -w "$archive" && as_owner test -x "$archive"; then echo "@directory yes"
else echo "@directory no"
fi
echo "@done"
"""
)


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
        found = await self._run(server, (directory or "",), timeout)
        program, writable = found.one("program"), found.one("directory")
        told = [
            *([f"its program {program.partition(' ')[2]} is {_there(program)}"] if program else []),
            *([f"{directory} {'takes' if writable == 'yes' else 'does not take'} files"] if writable else []),
        ]
        return ArchiveTry(
            program=program.startswith("yes") if program else None,
            directory=writable == "yes" if writable else None,
            detail="; ".join(told),
        )

    async def _run(self, server: Server, arguments: Sequence[str], timeout: float) -> Sections:
        own = (server.service.data_directory.rstrip("/"), programs(server.service))
        try:
            argv = ("sh", "-c", _ARCHIVE, "sh", *own, *arguments)
            completed = await run_inside(self._shells, server, argv, timeout=timeout)
        except ServerUnreachable as error:
            raise ActionFailed(f"{server.name}'s host could not be asked: {error.detail}") from error
        return taken_apart(server.name, completed)


def _there(program: str) -> str:
    return "there" if program.startswith("yes") else "not there"
