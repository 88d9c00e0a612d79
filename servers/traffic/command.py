"""Anything else that leads clients: a command, here or on a host over SSH, without a shell.

What it is about comes as environment variables: UNDERSTUDY_CLUSTER, UNDERSTUDY_OLD_PRIMARY, UNDERSTUDY_OLD_HOST,
UNDERSTUDY_OLD_PORT, and the same with NEW.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field

from servers.engines.deadline import Deadline
from servers.engines.engine import ActionFailed, Done
from servers.errors import ServerUnreachable
from servers.identity import MANNER, identity
from servers.inventory import SshTarget
from servers.local_command import Ended, NotEnded, run_here
from servers.ssh import Shells
from servers.traffic.target import Addresses, Move, Pointing

Argv = tuple[str, ...]

# Arguments: the program. Whether the host has it.
_HAS = ("sh", "-c", 'command -v -- "$1"', "sh")


@dataclass(frozen=True, slots=True)
class CommandPlace:
    """Commands as argument lists. `host` None: they run beside the bot. Time-outs in seconds.

    `redirect` is the one that must be there. `look` prints the name of the server that clients are led to now.
    `verify` proves with its exit status 0 that they reach the new primary. Without `undo`, `redirect` is run the other
    way round. `hold` and `release` go together.
    """

    name: str
    redirect: Argv
    addresses: Addresses
    host: SshTarget | None = None
    look: Argv = ()
    verify: Argv = ()
    undo: Argv = ()
    hold: Argv = ()
    release: Argv = ()
    hold_seconds: float = field(default=10.0, metadata=MANNER)
    redirect_seconds: float = field(default=60.0, metadata=MANNER)


class CommandTarget:
    """A traffic target."""

    kind = "command"

    def __init__(self, place: CommandPlace, shells: Shells) -> None:
        self.name = place.name
        self.identity = identity(place)
        self.hold_seconds = place.hold_seconds
        self.redirect_seconds = place.redirect_seconds
        self.holding = f"Clients are held by: {' '.join(place.hold)}." if place.hold else None
        self._place = place
        self._shells = shells

    def leads_to(self, server: str) -> str:
        return f"{server} by: {' '.join(self._place.redirect)}"

    async def look(self, *, timeout: float) -> Pointing:
        deadline = Deadline(timeout)
        await self._is_there(self._place.redirect[0], deadline)
        if not self._place.look:
            return Pointing(None, f"it cannot be asked where it leads; it will run {self._place.redirect[0]}")
        ended = await self._run(self._place.look, {}, deadline)
        server = ended.last_line
        known = server if server in self._place.addresses else None
        return Pointing(known, f"it leads to {server}")

    async def hold(self, move: Move, *, timeout: float) -> Done:
        return await self._act(self._place.hold, move, timeout, "Clients are held")

    async def redirect(self, move: Move, *, timeout: float) -> Done:
        return await self._act(self._place.redirect, move, timeout, f"Clients are led to {move.new}")

    async def release(self, move: Move, *, timeout: float) -> Done:
        if not self._place.release:
            return Done("Nobody was held.", 0.0)
        return await self._act(self._place.release, move, timeout, "Clients go on")

    async def verify(self, move: Move, *, timeout: float) -> Done:
        if not self._place.verify:
            return Done("No command proves it.", 0.0)
        return await self._act(self._place.verify, move, timeout, f"Clients reach {move.new}")

    async def undo(self, move: Move, *, timeout: float) -> Done:
        deadline = Deadline(timeout)
        argv, way = (self._place.undo, move) if self._place.undo else (self._place.redirect, move.back)
        undone = await self._act(argv, way, deadline.left(), f"Clients are led to {move.old}")
        released = await self.release(move.back, timeout=deadline.left())
        return Done(f"{undone.detail} {released.detail}", deadline.seconds, undone.exit_status, undone.output)

    async def _act(self, argv: Argv, move: Move, timeout: float, what: str) -> Done:
        deadline = Deadline(timeout)
        ended = await self._run(argv, self._variables(move), deadline)
        return Done(f"{what}: {ended.last_line}.", deadline.seconds, ended.exit_status, ended.output)

    async def _run(self, argv: Argv, variables: Mapping[str, str], deadline: Deadline) -> Ended:
        ended = await self._ended(argv, variables, deadline)
        if ended.exit_status != 0:
            message = f"{self.name}: {argv[0]} ended with status {ended.exit_status}: {ended.last_line}"
            raise ActionFailed(message, exit_status=ended.exit_status, output=ended.output)
        return ended

    async def _ended(self, argv: Argv, variables: Mapping[str, str], deadline: Deadline) -> Ended:
        if self._place.host is None:
            try:
                return await run_here(argv, variables, timeout=deadline.left())
            except NotEnded as failed:
                raise ActionFailed(f"{self.name}: its command {failed}") from failed
        with_variables = ("env", *(f"{name}={value}" for name, value in variables.items()), *argv)
        self._shells.wake(self._place.host)
        try:
            completed = await self._shells.run(self._place.host, with_variables, timeout=deadline.left())
        except ServerUnreachable as error:
            raise ActionFailed(f"{self.name}: its host could not be asked: {error.detail}") from error
        return Ended(completed.exit_status, completed.output)

    async def _is_there(self, program: str, deadline: Deadline) -> None:
        if self._place.host is None:
            there = shutil.which(program) is not None
        else:
            there = (await self._ended((*_HAS, program), {}, deadline)).exit_status == 0
        if not there:
            raise ActionFailed(f"{self.name}: there is no program {program}. Correct the settings, or install it")

    def _variables(self, move: Move) -> dict[str, str]:
        old, new = self._place.addresses[move.old], self._place.addresses[move.new]
        return {
            "UNDERSTUDY_CLUSTER": move.cluster,
            "UNDERSTUDY_OLD_PRIMARY": move.old,
            "UNDERSTUDY_OLD_HOST": old.host,
            "UNDERSTUDY_OLD_PORT": str(old.port),
            "UNDERSTUDY_NEW_PRIMARY": move.new,
            "UNDERSTUDY_NEW_HOST": new.host,
            "UNDERSTUDY_NEW_PORT": str(new.port),
        }
