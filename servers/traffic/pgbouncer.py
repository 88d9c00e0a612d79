"""PgBouncer: clients wait a moment, and then work on with the new primary; they see no error.

PAUSE lets what is under way end and keeps the rest waiting; the file gets the new address; RELOAD, RESUME. Clients
that nobody resumes wait for ever, so whatever fails after a PAUSE, RESUME is tried.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from servers.engines.deadline import Deadline
from servers.engines.engine import ActionFailed, Done
from servers.identity import MANNER, identity
from servers.inventory import SshTarget
from servers.ssh import Shells
from servers.traffic.landing import Landing
from servers.traffic.pgbouncer_console import RELOAD, Console, Database, NoAnswer, open_console
from servers.traffic.pgbouncer_file import HostFile
from servers.traffic.pgbouncer_ini import IniMistake, with_address
from servers.traffic.target import Addresses, Move, Pointing, server_at

_LAST_WORDS = 2.0  # seconds for the RESUME of what was paused in vain


@dataclass(frozen=True, slots=True)
class PgBouncerPlace:
    """A PgBouncer as the settings have it.

    `admin` is libpq's way to its console, and may hold a password. `file` has the entries of `databases`, on `host`.
    `landing` is libpq's way through it, for a last look; None: the console's word is enough.
    """

    name: str
    admin: str = field(repr=False)
    host: SshTarget
    file: str
    databases: tuple[str, ...]
    addresses: Addresses
    landing: str | None = field(default=None, repr=False)
    hold_seconds: float = field(default=10.0, metadata=MANNER)


class PgBouncer:
    """A traffic target."""

    kind = "pgbouncer"
    holding = "PAUSE: clients wait from here until the new primary takes writes, and see no error."
    redirect_seconds = 30.0

    def __init__(self, place: PgBouncerPlace, shells: Shells, landing: Landing) -> None:
        self.name = place.name
        self.identity = identity(place)
        self.road = place.landing
        self.hold_seconds = place.hold_seconds
        self._place = place
        self._landing = landing
        self._file = HostFile(shells, place.host, place.file, place.name)

    def leads_to(self, server: str) -> str:
        return f"{', '.join(self._place.databases)} at {self._place.addresses[server]}"

    async def look(self, *, timeout: float) -> Pointing:
        deadline = Deadline(timeout)
        async with self._console(deadline) as console:
            databases = await self._databases(console, deadline)
        text, locked = await self._file.read(timeout=deadline.left())
        self._checked(text)
        if locked is not None:
            raise ActionFailed(f"{self.name}: {self._place.file} could not be replaced: {locked}")
        return self._pointing(databases)

    async def hold(self, move: Move, *, timeout: float) -> Done:
        deadline = Deadline(timeout)
        try:
            async with asyncio.TaskGroup() as group:
                for database in self._place.databases:
                    group.create_task(self._pause(database, deadline))
        except asyncio.CancelledError:
            # Whoever is cancelled may end soon, and nobody would know that clients wait.
            await asyncio.shield(self._let_go())
            raise
        except ExceptionGroup as failed:
            await self._let_go()
            raise self._why_not_held(failed.exceptions[0], timeout) from None
        names = ", ".join(self._place.databases)
        return Done(f"Clients of {names} wait; nothing of theirs is under way.", deadline.seconds)

    async def redirect(self, move: Move, *, timeout: float) -> Done:
        deadline = Deadline(timeout)
        kept = await self._write(move.new, deadline)
        async with self._console(deadline) as console:
            await console.ask(RELOAD, timeout=deadline.left())
            seen = self._pointing(await self._databases(console, deadline))
        if seen.server != move.new:
            raise ActionFailed(
                f"{self.name}: after RELOAD {seen.detail}. Look at PgBouncer's log and {self._place.file}"
            )
        old = f"; the old file is {kept}" if kept else ""
        return Done(f"{self._place.file} names {self._place.addresses[move.new]}{old}.", deadline.seconds)

    async def release(self, move: Move, *, timeout: float) -> Done:
        return await self._release(Deadline(timeout))

    async def verify(self, move: Move, *, timeout: float) -> Done:
        deadline = Deadline(timeout)
        async with self._console(deadline) as console:
            seen = self._pointing(await self._databases(console, deadline))
        if seen.server != move.new or seen.held:
            raise ActionFailed(f"{self.name}: {seen.detail}, which should lead to {move.new}. See SHOW DATABASES there")
        if self._place.landing is None:
            return Done(f"{seen.detail}.", deadline.seconds)
        landed = await self._landing.check(self.name, self._place.landing, move.new, timeout=deadline.left())
        return Done(f"{seen.detail}. {landed}", deadline.seconds)

    async def undo(self, move: Move, *, timeout: float) -> Done:
        deadline = Deadline(timeout)
        async with self._console(deadline) as console:
            led = self._pointing(await self._databases(console, deadline)).server
        try:
            if led != move.old:
                await self.redirect(move.back, timeout=deadline.left())
        finally:
            released = await self.release(move.back, timeout=deadline.left())
        return Done(f"{self.name} leads to {move.old}. {released.detail}", deadline.seconds)

    def _console(self, deadline: Deadline) -> contextlib.AbstractAsyncContextManager[Console]:
        return open_console(self._place.admin, self.name, timeout=deadline.left())

    async def _pause(self, database: str, deadline: Deadline) -> None:
        async with self._console(deadline) as console:
            if not (await self._databases(console, deadline))[database].paused:
                await console.pause(database, timeout=deadline.left())

    async def _release(self, deadline: Deadline) -> Done:
        async with self._console(deadline) as console:
            databases = await self._databases(console, deadline)
            waiting = [each.name for each in databases.values() if each.paused]
            for database in waiting:
                await console.resume(database, timeout=deadline.left())
        return Done(f"Clients of {', '.join(waiting)} go on." if waiting else "No client waits.", deadline.seconds)

    async def _let_go(self) -> None:
        """RESUME what is paused; what cannot be resumed is found by whoever looks."""
        with contextlib.suppress(ActionFailed):
            await self._release(Deadline(_LAST_WORDS))

    def _why_not_held(self, first: Exception, timeout: float) -> Exception:
        if isinstance(first, NoAnswer):
            return ActionFailed(
                f"{self.name}: something of its clients was still under way after {timeout:g} s of PAUSE. They were "
                "let go on. A long transaction, or session pooling with clients that stay: see SHOW CLIENTS there"
            )
        return ActionFailed(f"{first}. Clients were let go on") if isinstance(first, ActionFailed) else first

    async def _write(self, server: str, deadline: Deadline) -> str:
        """The path of the old version; empty where the file was right already."""
        old, _ = await self._file.read(timeout=deadline.left())
        new = self._checked(old, server)
        return await self._file.replace(old, new, timeout=deadline.left()) if new != old else ""

    def _checked(self, text: bytes, server: str | None = None) -> bytes:
        address = self._place.addresses[server or next(iter(self._place.addresses))]
        try:
            return with_address(text, self._place.databases, address)
        except IniMistake as mistake:
            raise ActionFailed(f"{self.name}: {self._place.file} {mistake}") from None

    async def _databases(self, console: Console, deadline: Deadline) -> dict[str, Database]:
        there = await console.databases(timeout=deadline.left())
        if missing := [name for name in self._place.databases if name not in there]:
            raise ActionFailed(f"{self.name}: PgBouncer has no database {', '.join(missing)}. Correct the settings")
        return {name: there[name] for name in self._place.databases}

    def _pointing(self, databases: Mapping[str, Database]) -> Pointing:
        led = {server_at(self._place.addresses, each.host, each.port) for each in databases.values()}
        paused = [each.name for each in databases.values() if each.paused]
        where = ", ".join(f"{each.name} leads to {each.host}:{each.port}" for each in databases.values())
        waiting = f"; clients of {', '.join(paused)} wait (PAUSE)" if paused else ""
        return Pointing(led.pop() if len(led) == 1 else None, f"{where}{waiting}", bool(paused))
