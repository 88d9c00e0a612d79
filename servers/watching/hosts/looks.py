"""The slow look at the hosts of a cluster: one round trip each, all at once, and what each look before told."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from servers.errors import ServerUnreachable
from servers.inventory import Cluster, Server, SshTarget
from servers.ssh import Shells
from servers.state import Answer, Outcome
from servers.watching.hosts.facts import Found, HostWatch, HostWatches
from servers.watching.hosts.memory import HostMemory
from servers.watching.hosts.ports import (
    PortTarget,
    WayEnd,
    address_of,
    port_tries,
    required_ports,
    ssh_ports,
    way_ends,
    ways,
)
from servers.watching.hosts.reading import Reading, read
from servers.watching.hosts.script import watch_command
from servers.watching.hosts.tailscale import tailnet

# Longer than everything in the script may take by itself, and far less than the minute between two looks.
LOOK_TIMEOUT = 45.0

_log = logging.getLogger(__name__)


class HostLooks:
    """Looks at hosts, and remembers what only several looks tell."""

    def __init__(self, shells: Shells, clock: Callable[[], datetime], *, timeout: float = LOOK_TIMEOUT) -> None:
        self._shells = shells
        self._clock = clock
        self._timeout = timeout
        self._memories: dict[tuple[str, SshTarget], HostMemory] = {}

    async def look(self, cluster: Cluster) -> HostWatches:
        """Every host, asked at once; ends within the time-out. Never raises for what a host does or says."""
        at = self._clock()
        hosts = await asyncio.gather(*(self._look(cluster, server) for server in cluster.servers))
        return HostWatches(at, tuple(hosts))

    async def _look(self, cluster: Cluster, server: Server) -> HostWatch:
        memory = self._memories.setdefault((cluster.name, server.ssh), HostMemory())
        at, started = self._clock(), time.monotonic()
        questions = Questions.of(cluster, server, memory, started)
        command = watch_command(
            rarely=memory.wants_drives(started),
            use_sudo=server.service.use_sudo,
            ways=[end.endpoint for end in questions.ways],
            ports=[target.endpoint for target in (*questions.required, *questions.ssh)],
        )
        try:
            completed = await self._shells.run(server, command, timeout=self._timeout)
        except ServerUnreachable as error:
            return self._unseen(server, memory, Answer(error.outcome, at, time.monotonic() - started, error.detail))
        except Exception as error:
            _log.exception("the slow look at the host of %s failed in an unforeseen way", server.name)
            detail = f"{type(error).__name__}: {error}"[:200]
            return self._unseen(server, memory, Answer(Outcome.FAILED, at, time.monotonic() - started, detail))
        reading = read(completed)
        if isinstance(reading, str):
            return self._unseen(server, memory, Answer(Outcome.FAILED, at, completed.seconds, reading))
        memory.late.append(False)
        memory.failures = 0
        answer = Answer(Outcome.ANSWERED, at, completed.seconds)
        return _watch(server, memory, reading, questions, answer, started)

    @staticmethod
    def _unseen(server: Server, memory: HostMemory, answer: Answer) -> HostWatch:
        memory.late.append(answer.outcome is Outcome.TIMED_OUT)
        memory.failures += 1
        return HostWatch(
            server.name,
            answer,
            ports=memory.untried(),
            timeouts=sum(memory.late),
            looks=len(memory.late),
            failures=memory.failures,
        )


@dataclass(frozen=True, slots=True)
class Questions:
    """What this look asks of the network. `addresses`: where each server of the cluster is reached from the others."""

    ways: tuple[WayEnd, ...]
    required: tuple[PortTarget, ...]
    ssh: tuple[PortTarget, ...]
    addresses: dict[str, str]

    @classmethod
    def of(cls, cluster: Cluster, server: Server, memory: HostMemory, at: float) -> "Questions":
        addresses = {each.name: found.host for each in cluster.servers if (found := address_of(each)) is not None}
        ssh = ssh_ports(cluster, server) if memory.wants_ssh(at) else ()
        return cls(way_ends(cluster, server), required_ports(cluster, server), ssh, addresses)


def _watch(
    server: Server, memory: HostMemory, reading: Reading, questions: Questions, answer: Answer, at: float
) -> HostWatch:
    tries = port_tries(reading.port_lines, (*questions.required, *questions.ssh))
    asked = len(questions.required)
    swapping, kills = memory.swapping_and_kills(reading, at)
    file_systems = reading.file_systems
    if file_systems.value is not None:
        file_systems = Found(memory.with_forecasts(file_systems.value, at), "")
    return HostWatch(
        server=server.name,
        answer=answer,
        file_systems=file_systems,
        load=reading.load,
        memory=reading.memory,
        swapping=swapping,
        stalls=reading.stalls,
        oom_kills=kills,
        open_files=reading.open_files,
        arrays=reading.arrays,
        drives=memory.keep_drives(reading.drives, at),
        reboot=reading.reboot,
        failed_units=reading.failed_units,
        synchronised=reading.synchronised,
        tailnet=tailnet(reading.tailscale, questions.addresses, answer.at),
        ports=memory.keep_ports(tries[:asked], tries[asked:], at),
        ways=memory.with_ways(ways(reading.way_lines, questions.ways)),
        timeouts=sum(memory.late),
        looks=len(memory.late),
    )
