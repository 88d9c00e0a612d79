"""Jobs on hosts: what may take hours, begun with a key, running in a session of its own, and looked at later.

What a job makes has a path; its state and log are in `<path>.understudy`. See `servers.engines.job_scripts`.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from servers.engines import job_scripts
from servers.engines.engine import ActionFailed
from servers.engines.job_answer import job_report, taken_apart
from servers.engines.rejoining import JobReport
from servers.errors import ServerUnreachable
from servers.inside import run_inside
from servers.inventory import Server, ServiceKind
from servers.sections import Sections
from servers.service import programs
from servers.ssh import Shells

T = TypeVar("T")

GRACE_SECONDS = 1  # until what does not end by itself is killed: whoever cancels waits
LOOKS_PER_SECOND = 20  # by the host itself, at what it waits for


class Jobs:
    """Begins jobs on a server's host, looks at them and ends them. Everything raises ActionFailed."""

    def __init__(self, shells: Shells) -> None:
        self._shells = shells

    async def begin(
        self,
        server: Server,
        path: str,
        job: str,
        key: str,
        inner: str,
        arguments: Sequence[str] = (),
        *,
        timeout: float,
        stdin: str = "",
    ) -> JobReport:
        """Begin `inner`, a constant script that gets `path`, the job's directory and the arguments.

        Not begun again while it runs, or when it is done, with that key; refused while it runs with another one.
        `stdin`: `job_answer.Source.stdin`, where the script is to reach a server.
        """
        if server.service.kind is ServiceKind.DOCKER:
            raise ActionFailed(f"{server.name} runs in a container, which a {job} would not outlive: do it by hand")
        begun = await self.run(server, path, job_scripts.BEGIN, (job, key, inner, *arguments), timeout, stdin)
        return made(server, job_report, begun)

    async def report(self, server: Server, path: str, job: str, *, patience: float = 0.0, timeout: float) -> JobReport:
        """How the job stands. While it runs, its host waits for its end, for `patience` seconds at most."""
        words = (job, str(round(patience * LOOKS_PER_SECOND)))
        return made(server, job_report, await self.run(server, path, job_scripts.JOB, words, timeout + patience))

    async def stop(self, server: Server, path: str, job: str, key: str, *, timeout: float) -> str:
        """End the job of that key, if it runs, with all that it started; its files stay. What was done, in one line.

        Another one's is left alone, and refused.
        """
        found = await self.run(server, path, job_scripts.STOP, (job, str(GRACE_SECONDS), key), timeout)
        ended = found.one("ended")
        return f"the {job} on {server.name} has ended" if ended else f"no {job} runs on {server.name}"

    async def run(
        self,
        server: Server,
        path: str,
        script: str,
        arguments: Sequence[str],
        timeout: float,
        stdin: str | None = None,
    ) -> Sections:
        """Run one of our scripts that begin with `job_scripts.PRELUDE`, with `path` for the data directory."""
        own = (path.rstrip("/"), programs(server.service))
        self._shells.wake(server)
        try:
            argv = ("sh", "-c", script, "sh", *own, *arguments)
            completed = await run_inside(self._shells, server, argv, timeout=timeout, stdin=stdin)
        except ServerUnreachable as error:
            raise ActionFailed(f"{server.name}'s host could not be asked: {error.detail}") from error
        return taken_apart(server.name, completed)


def made(server: Server, make: Callable[[Sections], T], found: Sections) -> T:
    """The answer as a value. ActionFailed where it makes no sense."""
    try:
        return make(found)
    except ValueError as error:
        raise ActionFailed(f"{server.name}'s host gave an answer that makes no sense: {error}") from None
