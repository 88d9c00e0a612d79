"""Servers in memory with what lies between them: each link can be cut, each host can lose its power, its SSH or hang.

Behind the real protocols of the engine, the observer and the fence hooks, for whoever explores what may happen.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from servers.engines.engine import ActionFailed, Done, FenceProof, Promoted
from servers.inventory import Cluster, Server
from servers.lsn import Lsn
from servers.state import (
    HostFacts,
    Outcome,
    PeerReply,
    PeerTry,
    ServerState,
)
from servers.timelines import Stretch
from tests.commands.practice import Hook, Machine, Pair, _answer

BOT = "bot"


@dataclass
class Host(Machine):
    """A machine with a host around it. Hung: every process of PostgreSQL is stopped, and none has ended."""

    powered: bool = True
    sshd: bool = True
    hung: bool = False

    @property
    def takes_writes(self) -> bool:
        return self.running and not self.standby and not self.hung

    @property
    def may_take_writes(self) -> bool:
        """Now, or as soon as what holds it up lets go."""
        return self.running and not self.standby


@dataclass
class LinkedServers(Pair):
    """`cut` has the links that carry nothing: ("bot", "db1", "sql"), ("bot", "db1", "ssh"), ("db1", "db2", "sql").

    Whatever acts on a server is checked here: `broken` collects what must never be. `revived` are servers that their
    hook had cut off and that somebody has switched on again since.
    """

    cut: set[tuple[str, str, str]] = field(default_factory=set)
    hook_works: bool = True
    loses_answer: str | None = None
    hooked_off: set[str] = field(default_factory=set)
    revived: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)

    def host(self, name: str) -> Host:
        host = self.machines[name]
        assert isinstance(host, Host)
        return host

    @property
    def hosts(self) -> list[Host]:
        return [self.host(name) for name in self.machines]

    def by_sql(self, name: str) -> bool:
        host = self.host(name)
        return host.powered and host.running and not host.hung and (BOT, name, "sql") not in self.cut

    def by_ssh(self, name: str) -> bool:
        host = self.host(name)
        return host.powered and host.sshd and (BOT, name, "ssh") not in self.cut

    @property
    def taking_writes(self) -> list[str]:
        return [host.name for host in self.hosts if host.takes_writes]

    @property
    def blind(self) -> bool:
        return not any(self.by_sql(name) or self.by_ssh(name) for name in self.machines)

    def reaches(self, origin: str, name: str) -> bool:
        """Whether one server's try of another is answered."""
        host = self.host(name)
        linked = origin == name or tuple(sorted((origin, name))) not in {cut[:2] for cut in self.cut}
        return linked and host.powered and host.running and not host.hung

    def start(self, name: str) -> None:  # type: ignore[override]  # by hand, and no longer as the engine's
        """As a service manager would: by its mark, or by what it was."""
        host = self.host(name)
        if not host.powered or host.running:
            return
        host.running, host.hung = True, False
        host.standby = host.standby or host.marked
        host.state = "in archive recovery" if host.standby else "in production"
        if name in self.hooked_off and not host.standby:
            self.revived.add(name)

    def crash(self, name: str) -> None:
        host = self.host(name)
        host.running, host.hung = False, False

    def power(self, name: str, on: bool) -> None:
        if not on:
            self.crash(name)
        self.host(name).powered = on

    def happens(self, name: str, what: str) -> None:
        host = self.host(name)
        match what:
            case "crash":
                self.crash(name)
            case "start":
                self.start(name)
            case "hang":
                host.hung = host.running
            case "thaw":
                host.hung = False
            case _:
                self.power(name, on=what == "power on")

    def write(self, size: int) -> None:
        """A client writes wherever a primary takes it; standbys that stream get it."""
        for host in self.hosts:
            if host.takes_writes:
                host.lsn = Lsn(host.lsn + size)
                for other in self.hosts:
                    if self._feeder(other) is host:
                        other.lsn = host.lsn

    async def fence(self, server: Server, *, system: str = "", timeout: float = 10.0) -> FenceProof:
        host = await self._on_host("fence", server)
        host.running, host.hung, host.marked = False, False, True
        self._answer_lost("fence")
        return await self.fence_proof(server)

    async def fence_proof(self, server: Server, *, timeout: float = 5.0) -> FenceProof:
        if not self.by_ssh(server.name):
            raise ActionFailed(f"{server.name} does not answer by SSH.")
        self.machines[server.name].reachable_by_ssh = True
        return await super().fence_proof(server)

    async def promote(self, standby: Server, *, timeout: float = 60.0) -> Promoted:
        name, host = standby.name, self.host(standby.name)
        self._acts("promote", name)
        if not (self.by_sql(name) or (self.by_ssh(name) and host.running and not host.hung)):
            raise ActionFailed(f"{name} cannot be asked to promote.")
        rivals = [one.name for one in self.hosts if one.may_take_writes and one.name != name]
        self.broken += [f"{name} is promoted beside {one}" for one in rivals]
        if host.standby:
            parent = Stretch(host.timeline, Lsn(0), host.lsn)
            host.standby, host.state, host.timeline = False, "in production", host.timeline + 1
            host.history = (parent, Stretch(host.timeline, host.lsn, None))
        self._answer_lost("promote")
        return Promoted("Promoted.", 0.1, None, "", host.timeline, host.lsn)

    async def verify_write(self, server: Server, note: str, *, timeout: float = 10.0) -> Done:
        if not self.by_sql(server.name) or not self.host(server.name).takes_writes:
            raise ActionFailed(f"{server.name} took no write.")
        return Done("A write was committed.", 0.01)

    async def follow(self, standby: Server, upstream: Server, *, timeout: float = 30.0) -> Done:
        host = await self._on_host("follow", standby)
        host.timeline = self.host(upstream.name).timeline
        return Done(f"{standby.name} streams.", 0.1)

    def hook(self, server: Server) -> Hook | None:
        return PowerSwitch(self) if server.fence is not None else None

    def _acts(self, action: str, name: str) -> None:
        self.did.append((action, name))
        if self.blind:
            self.broken.append(f"{action} of {name} while nobody was seen")

    async def _on_host(self, action: str, server: Server) -> Host:
        self._acts(action, server.name)
        if not self.by_ssh(server.name):
            raise ActionFailed(f"{server.name} does not answer by SSH.")
        return self.host(server.name)

    def _answer_lost(self, action: str) -> None:
        if self.loses_answer == action:
            self.loses_answer = None
            raise ActionFailed(f"The answer to {action} was lost.")

    def _feeder(self, standby: Machine) -> Machine | None:
        if not standby.running or not standby.standby or self.host(standby.name).hung:
            return None
        return next(
            (
                one
                for one in self.hosts
                if one.takes_writes and one.timeline == standby.timeline and self.reaches(standby.name, one.name)
            ),
            None,
        )

    def _server(self, cluster: Cluster, name: str) -> ServerState:
        host = self.host(name)
        speaks, answers = self.by_sql(name), self.by_ssh(name)
        refused = host.powered and not host.running and (BOT, name, "sql") not in self.cut
        seen = super()._server(cluster, name) if speaks else None
        return ServerState(
            name=name,
            sql=seen.sql if seen else None,
            sql_answer=_answer(
                Outcome.ANSWERED if speaks else Outcome.REFUSED if refused else Outcome.TIMED_OUT, self.now
            ),
            host=self._host(host) if answers else None,
            ssh_answer=_answer(Outcome.ANSWERED if answers else Outcome.TIMED_OUT, self.now),
            last_role=host.last_role,
            last_seen_at=host.last_seen_at,
            last_wal_lsn=host.last_wal_lsn,
        )

    def _host(self, machine: Machine) -> HostFacts:
        host = self.host(machine.name)
        tries = tuple(
            PeerTry(name, PeerReply.ACCEPTING if self.reaches(host.name, name) else PeerReply.NO_RESPONSE)
            for name in self.machines
        )
        facts = super()._host(machine)
        return HostFacts(
            postmaster_pid=facts.postmaster_pid,
            postmaster_stopped=host.hung,
            standby_signal=facts.standby_signal,
            control=facts.control,
            disks=facts.disks,
            load=facts.load,
            clock_offset_seconds=0.0,
            peers=tries,
            timeline_history=host.history,
        )

    def passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class PowerSwitch(Hook):
    """Takes a host's power away, unless the switch itself is broken."""

    async def fence(self, cluster: str, server: Server, *, timeout: float) -> Done:
        assert isinstance(self.pair, LinkedServers)
        self.pair._acts("hook", server.name)
        if not self.pair.hook_works:
            raise ActionFailed("no such outlet")
        self.pair.power(server.name, on=False)
        self.pair.hooked_off.add(server.name)
        self.pair.revived.discard(server.name)
        return Done(f"{server.name} is off.", 0.1, 0, "off")


def linked_servers(*names: str) -> LinkedServers:
    """The first is the primary, the others its standbys."""
    first, *others = names
    hosts: dict[str, Machine] = {first: Host(first, standby=False)}
    hosts |= {name: Host(name, standby=True, state="in archive recovery") for name in others}
    return LinkedServers(hosts)
