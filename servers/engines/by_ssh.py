"""What the native engine does on a server's host, over SSH."""

import math
from collections.abc import Sequence

from servers.engines import host_scripts
from servers.engines.deadline import Deadline
from servers.engines.engine import ActionFailed, Done, FenceProof, StopMode, Stopped
from servers.engines.host_answer import HostAnswer, host_answer
from servers.engines.service_commands import AS_OWNER, keep_down_command, promote_command, start_command, stop_command
from servers.engines.standby_settings import standby_settings
from servers.errors import ServerUnreachable
from servers.inside import run_inside
from servers.inventory import Server, ServiceKind
from servers.knock import Endpoint
from servers.service import managed, programs
from servers.ssh import Completed, Shells
from servers.state import ControlData

# What a script may still need after its own patience: the look, and the way back.
_MARGIN = 1.0
_ONE_LOOK = 2.0

# Somebody else may start the server at the very moment; the mark is there by then, and the next try ends that as well.
_FENCE_TRIES = 3


class HostActions:
    """Stops, starts, fences and looks. Every action is one round trip."""

    def __init__(self, shells: Shells) -> None:
        self._shells = shells

    async def look(self, server: Server, timeout: float) -> HostAnswer:
        """How its host stands."""
        return await self._script(server, host_scripts.LOOK, (), timeout)

    async def control(self, server: Server, timeout: float) -> ControlData:
        answer = await self._script(server, host_scripts.CONTROL, (), timeout)
        if answer.control is None:
            raise ActionFailed(f"{server.name}'s pg_controldata tells nothing: is bin_directory right?")
        return answer.control

    async def stop(self, server: Server, mode: StopMode, timeout: float, *, mark: bool) -> Stopped:
        """One that arrives only after its time-out does nothing: by then it may have been taken back."""
        deadline = Deadline(timeout)
        latest = await self._latest(server, deadline)
        if _in_container(server):
            quick = mode is StopMode.IMMEDIATE
            argv = ("docker", "kill", "--signal=QUIT") if quick else ("docker", "stop", f"--time={math.ceil(timeout)}")
            await self._container(server, argv, deadline, latest)
            answer = await self.look(server, deadline.left())
        else:
            command = stop_command(server.service, mode, math.ceil(timeout))
            arguments = ("mark" if mark else "", latest, *command)
            answer = await self._script(server, host_scripts.STOP, arguments, deadline.left())
        if answer.postmaster_pid is not None:
            what = f"{server.name} did not stop within {timeout:g} s ({mode}): {answer.seen}. {answer.output}".strip()
            raise ActionFailed(what, exit_status=answer.exit_status, output=answer.output)
        return Stopped(
            answer.seen,
            deadline.seconds,
            answer.exit_status,
            answer.output,
            control=answer.control,
            marked=answer.standby_signal,
        )

    async def start(self, server: Server, timeout: float) -> Done:
        return await self._start(server, host_scripts.START, None, timeout)

    async def start_as_standby(self, server: Server, upstream: Server, timeout: float) -> Done:
        return await self._start(server, host_scripts.START_AS_STANDBY, standby_settings(server, upstream), timeout)

    async def fence(self, server: Server, system: str, timeout: float) -> FenceProof:
        deadline = Deadline(timeout)
        if _in_container(server):
            await self._refuse_another_system(server, system, deadline)
            # However that ends: what is left is killed from inside, and the proof decides.
            kill = managed(server.service, "docker", "kill", _container(server))
            await self._command(server, kill, deadline.left())
        command = keep_down_command(server.service)
        for _ in range(_FENCE_TRIES):
            answer = await self._script(server, host_scripts.FENCE, (system, *command), deadline.left())
            if answer.other_system is not None:
                raise _not_its_data(server, system, answer.other_system)
            proof = answer.proof(deadline.seconds)
            if proof.holds or deadline.passed:
                break
        if not proof.holds:
            message = f"{server.name} could not be fenced, and may still take writes: {answer.failed or answer.seen}"
            raise ActionFailed(message, output=answer.seen)
        if not proof.standby_signal:
            message = f"{server.name} is down, but {answer.failed}: an accidental start would come up as a primary"
            raise ActionFailed(message, output=answer.seen)
        return proof

    async def mark(self, server: Server, timeout: float) -> Done:
        deadline = Deadline(timeout)
        answer = await self._script(server, host_scripts.MARK, (), timeout)
        if answer.failed or not answer.standby_signal:
            raise ActionFailed(f"{server.name} could not be marked: {answer.failed or 'standby.signal is not there'}")
        return Done(f"standby.signal is in {server.name}'s data directory", deadline.seconds)

    async def promote(self, server: Server, timeout: float) -> HostAnswer:
        """Ask pg_ctl to promote, and do not wait. It refuses a server that is a primary already: that is no failure."""
        answer = await self._script(server, host_scripts.RUN, promote_command(server.service), timeout)
        if answer.exit_status != 0 and not answer.in_production:
            message = f"pg_ctl would not promote {server.name}: {answer.output or answer.seen}"
            raise ActionFailed(message, exit_status=answer.exit_status, output=answer.output)
        return answer

    async def psql(self, server: Server, sql: str, variables: dict[str, str], timeout: float) -> Completed:
        """Run SQL on the server as its superuser, over its local socket. `variables` are psql's: :'name' in the SQL."""
        words = [word for name, value in variables.items() for word in ("-v", f"{name}={value}")]
        completed = await self._run(server, host_scripts.PSQL, words, timeout, sql)
        if not completed.ok:
            reason = " ".join(completed.output.split())[:300]
            message = f"psql on {server.name} failed: {reason}"
            raise ActionFailed(message, exit_status=completed.exit_status, output=completed.output)
        return completed

    async def _refuse_another_system(self, server: Server, system: str, deadline: Deadline) -> None:
        """A container that does not answer is the one that the settings name, and is killed all the same."""
        try:
            found = (await self.control(server, deadline.left(_ONE_LOOK))).system_identifier
        except ActionFailed:
            return
        if system and found != system:
            raise _not_its_data(server, system, found)

    async def _start(self, server: Server, script: str, stdin: str | None, timeout: float) -> Done:
        deadline = Deadline(timeout)
        # Without a command the script only prepares a container's volumes; the container is started from outside.
        command = () if _in_container(server) else start_command(server.service)
        answer = await self._script(server, script, command, timeout, stdin)
        if answer.failed:
            raise ActionFailed(f"{server.name} was not started: {answer.failed}", output=answer.seen)
        if _in_container(server):
            await self._container(server, ("docker", "start"), deadline)
            answer = await self._script(server, host_scripts.START, (AS_OWNER, "true"), deadline.left())
        if not answer.started:
            said = answer.log or answer.output or answer.seen
            message = f"{server.name} did not come up: {said.splitlines()[-1]}. Look at its log"
            raise ActionFailed(message, exit_status=answer.exit_status, output=said)
        return Done(answer.seen, deadline.seconds, answer.exit_status, answer.output)

    async def _latest(self, server: Server, deadline: Deadline) -> str:
        """When what is sent now comes too late, by the host's own clock: a little before the end of this time-out."""
        completed = await self._command(server, ("sh", "-c", host_scripts.UPTIME), deadline.left())
        if not completed.ok or not completed.stdout.strip().isdecimal():
            message = f"The clock of {server.name}'s host (/proc/uptime) cannot be read, and nothing was done"
            raise ActionFailed(message, exit_status=completed.exit_status, output=completed.output)
        return str(int(completed.stdout) + math.floor(deadline.left() * 100))

    async def _container(
        self, server: Server, argv: Sequence[str], deadline: Deadline, latest: str | None = None
    ) -> None:
        """A command to Docker about the server's container; one that is stopped already is no failure."""
        command = managed(server.service, *argv, _container(server))
        if latest is not None:
            command = ("sh", "-c", host_scripts.IN_TIME, "sh", latest, *command)
        completed = await self._command(server, command, deadline.left())
        if not completed.ok and "is not running" not in completed.stderr:
            message = f"{argv[0]} {argv[1]} of {server.name} failed: {' '.join(completed.stderr.split())[:200]}"
            raise ActionFailed(message, exit_status=completed.exit_status, output=completed.output)

    async def _script(
        self, server: Server, script: str, arguments: Sequence[str], timeout: float, stdin: str | None = None
    ) -> HostAnswer:
        deadline = Deadline(timeout)
        try:
            completed = await self._run(server, script, arguments, timeout, stdin)
        except _Unheard:
            if deadline.passed:
                raise
            # It may have been done, or not. Every script looks first at what there is, and does what is left of it.
            completed = await self._run(server, script, arguments, deadline.left(), stdin)
        return host_answer(server.name, completed, _ways(server))

    async def _run(
        self, server: Server, script: str, arguments: Sequence[str], timeout: float, stdin: str | None
    ) -> Completed:
        patience = max(1, math.floor(timeout - _MARGIN))
        service = server.service
        own = (service.data_directory, programs(service), _port(server), str(patience))
        self._shells.wake(server)
        try:
            argv = ("sh", "-c", script, "sh", *own, *arguments)
            return await run_inside(self._shells, server, argv, timeout=timeout, stdin=stdin)
        except ServerUnreachable as error:
            raise _failed(server, error) from error

    async def _command(self, server: Server, argv: Sequence[str], timeout: float) -> Completed:
        self._shells.wake(server)
        try:
            return await self._shells.run(server, argv, timeout=timeout)
        except ServerUnreachable as error:
            raise _failed(server, error) from error


def _not_its_data(server: Server, wanted: str, found: str) -> ActionFailed:
    """`found`: a system identifier, or "-" where pg_controldata tells none."""
    where = server.service.data_directory
    whose = (
        f"pg_controldata tells nothing of {where}, so whose data that is, is not known"
        if found == "-"
        else f"{where} has another database system ({found}, not {wanted})"
    )
    return ActionFailed(f"{server.name} was not fenced, and nothing was touched: {whose}. Is data_directory right?")


class _Unheard(ActionFailed):
    """The host was asked, and how it ended is not known."""


def _failed(server: Server, error: ServerUnreachable) -> ActionFailed:
    if not error.sent:
        return ActionFailed(f"{server.name}'s host could not be asked: {error.detail}")
    return _Unheard(f"{server.name}'s host did not tell how it ended, and it may have been done: {error.detail}")


def _in_container(server: Server) -> bool:
    return server.service.kind is ServiceKind.DOCKER


def _container(server: Server) -> str:
    return server.service.container or server.name


def _port(server: Server) -> str:
    way = Endpoint.known(server.conninfo)
    return str(way.port) if way else ""


def _ways(server: Server) -> list[Endpoint]:
    """Where it answers, as the bot and as the other servers reach it."""
    return [way for conninfo in (server.conninfo, server.replication) if conninfo and (way := Endpoint.known(conninfo))]
