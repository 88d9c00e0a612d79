"""HAProxy: one server of a backend is ready, the others are in maintenance. By its runtime API, over SSH.

https://docs.haproxy.org/2.6/management.html#9.3. A change at run time does not survive a restart of HAProxy: let its
configuration come up with `server-state-file`, or change it by a command target as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from servers.engines.deadline import Deadline
from servers.engines.engine import ActionFailed, Done
from servers.errors import ServerUnreachable
from servers.identity import identity
from servers.inventory import SshTarget
from servers.ssh import Shells
from servers.traffic.landing import Landing
from servers.traffic.target import Move, Pointing

# Arguments: the socket. Standard input: one command. Hosts have one of these three to talk to a socket with.
_TALK = r"""
export LC_ALL=C
[ -S "$1" ] || { echo "there is no socket $1" >&2; exit 1; }
[ -w "$1" ] || { echo "$1 cannot be written by $(id -un)" >&2; exit 1; }
if command -v socat >/dev/null; then exec socat -t 5 - "UNIX-CONNECT:$1"
elif command -v python3 >/dev/null; then exec python3 -c '
import socket, sys
with socket.socket(socket.AF_UNIX) as talk:
    talk.settimeout(5)
    talk.connect(sys.argv[1])
    talk.sendall(sys.stdin.buffer.read())
    while said := talk.recv(65536):
        sys.stdout.buffer.write(said)
' "$1"
elif command -v nc >/dev/null; then exec nc -U -N "$1"
fi
echo "nothing there can talk to a socket: install socat" >&2
exit 1
"""

# `srv_admin_state` without any of these bits: nobody has taken the server out. Management guide, "show servers state".
# 0x04 only remembers that it began in maintenance, as its configuration says.
_TAKEN_OUT = 0x01 | 0x02 | 0x08 | 0x10 | 0x20 | 0x40

_BACK_SECONDS = 5.0  # for letting clients go on where a hold has failed
_HOLDING = (
    "Who connects from now on waits, as long as HAProxy's retries last. Sessions that are open end with the stop, and "
    "their clients must connect again."
)


@dataclass(frozen=True, slots=True)
class HaproxyPlace:
    """`servers` has, by the cluster's server, the name that HAProxy knows it by in `backend`.

    `parking` is a server of `backend` at which nobody listens: while it alone is ready, HAProxy tries new
    connections there again and again, as often as its `retries` say, and that is how clients wait.
    """

    name: str
    host: SshTarget
    socket: str
    backend: str
    servers: Mapping[str, str]
    parking: str | None = None
    landing: str | None = field(default=None, repr=False)


class Haproxy:
    """A traffic target."""

    kind = "haproxy"
    hold_seconds = 10.0
    redirect_seconds = 30.0

    def __init__(self, place: HaproxyPlace, shells: Shells, landing: Landing) -> None:
        self.name = place.name
        self.identity = identity(place)
        self.road = place.landing
        self.holding = _HOLDING if place.parking else None
        self._place = place
        self._shells = shells
        self._landing = landing

    def leads_to(self, server: str) -> str:
        return f"{self._place.backend}/{self._place.servers[server]}"

    async def look(self, *, timeout: float) -> Pointing:
        return self._pointing(await self._ready(Deadline(timeout)))

    async def hold(self, move: Move, *, timeout: float) -> Done:
        """Sessions that are open stay until the old primary ends them; who connects from now on waits."""
        parking = self._place.parking
        if parking is None:
            return Done("HAProxy keeps nobody waiting.", 0.0)
        deadline = Deadline(timeout)
        try:
            await self._ask(self._states(parking), deadline)
            seen = self._pointing(await self._ready(deadline))
            if not (seen.held and seen.server is None):
                raise ActionFailed(f"{self.name}: {seen.detail}, not only {parking}. See show servers state")
        except ActionFailed as failed:
            back = Deadline(_BACK_SECONDS)
            try:
                await self._ask(self._states(self._place.servers[move.old]), back)
            except ActionFailed as again:
                raise ActionFailed(f"{failed}. Nor could clients be let go on: {again}") from failed
            raise
        return Done(f"New connections wait at {self._place.backend}/{parking}.", deadline.seconds)

    async def redirect(self, move: Move, *, timeout: float) -> Done:
        """All in one breath: there is no moment at which both are ready, or none. Who waits is let go with it."""
        deadline = Deadline(timeout)
        others = [server for server in self._place.servers if server != move.new]
        ended = (f"shutdown sessions server {self.leads_to(server)}" for server in others)
        await self._ask("; ".join((self._states(self._place.servers[move.new]), *ended)), deadline)
        seen = self._pointing(await self._ready(deadline))
        if seen.server != move.new:
            raise ActionFailed(
                f"{self.name}: {seen.detail}, not only {self.leads_to(move.new)}. See show servers state"
            )
        return Done(f"{self.leads_to(move.new)} is ready, the others are in maintenance.", deadline.seconds)

    async def release(self, move: Move, *, timeout: float) -> Done:
        """To where the redirect was to lead: while they wait, they are led nowhere."""
        deadline = Deadline(timeout)
        if self._place.parking is None or not self._pointing(await self._ready(deadline)).held:
            return Done("Nobody is held.", deadline.seconds)
        await self._ask(self._states(self._place.servers[move.new]), deadline)
        return Done(f"Clients go on to {self.leads_to(move.new)}.", deadline.seconds)

    async def verify(self, move: Move, *, timeout: float) -> Done:
        deadline = Deadline(timeout)
        seen = self._pointing(await self._ready(deadline))
        if seen.server != move.new:
            raise ActionFailed(f"{self.name}: {seen.detail}, which should lead to {move.new}")
        if self._place.landing is None:
            return Done(f"HAProxy says: {seen.detail}.", deadline.seconds)
        landed = await self._landing.check(self.name, self._place.landing, move.new, timeout=deadline.left())
        return Done(landed, deadline.seconds)

    async def undo(self, move: Move, *, timeout: float) -> Done:
        return await self.redirect(move.back, timeout=timeout)

    def _pointing(self, ready: list[str]) -> Pointing:
        led = [server for server, name in self._place.servers.items() if name in ready]
        where = ", ".join(f"{self._place.backend}/{name}" for name in ready) or f"nobody in {self._place.backend}"
        held = self._place.parking in ready
        only = len(ready) == 1 and len(led) == 1
        detail = f"new connections wait at {where}" if held else f"it leads to {where}"
        return Pointing(led[0] if only else None, detail, held)

    def _states(self, ready: str) -> str:
        """The commands that make that server of the backend the only one that is ready. The runtime API takes several
        in a line, and does them one after the other at once."""
        place = self._place
        names = (*place.servers.values(), *((place.parking,) if place.parking else ()))
        others = (f"set server {place.backend}/{name} state maint" for name in names if name != ready)
        return "; ".join((f"set server {place.backend}/{ready} state ready", *others))

    async def _ready(self, deadline: Deadline) -> list[str]:
        """The servers of the backend that nobody has taken out, by HAProxy's names."""
        lines = (await self._ask(f"show servers state {self._place.backend}", deadline)).splitlines()
        columns = next((line[1:].split() for line in lines if line.startswith("#")), [])
        rows = [dict(zip(columns, line.split(), strict=False)) for line in lines if line[:1].isdigit() and " " in line]
        known = {row.get("srv_name", "") for row in rows}
        wanted = {*self._place.servers.values(), *((self._place.parking,) if self._place.parking else ())}
        if missing := sorted(wanted - known):
            what = f"the backend {self._place.backend} has no server {', '.join(missing)}"
            raise ActionFailed(f"{self.name}: {what}. Correct the settings")
        return [row["srv_name"] for row in rows if not int(row.get("srv_admin_state", "0")) & _TAKEN_OUT]

    async def _ask(self, command: str, deadline: Deadline) -> str:
        argv = ("sh", "-c", _TALK, "sh", self._place.socket)
        self._shells.wake(self._place.host)
        try:
            completed = await self._shells.run(self._place.host, argv, timeout=deadline.left(), stdin=f"{command}\n")
        except ServerUnreachable as error:
            raise ActionFailed(f"{self.name}: its host could not be asked: {error.detail}") from error
        said = completed.stdout.strip()
        if not completed.ok:
            reason = " ".join(completed.stderr.split())[:200]
            raise ActionFailed(f"{self.name}: HAProxy could not be asked: {reason}", exit_status=completed.exit_status)
        if said and not command.startswith("show "):
            raise ActionFailed(f"{self.name}: HAProxy does not do “{command}”: {' '.join(said.split())[:200]}")
        return said
