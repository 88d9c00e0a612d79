"""Docker containers, asked over SSH: state, health, restarts.

https://docs.docker.com/reference/cli/docker/inspect/; a container's state as in https://docs.docker.com/reference/api/engine/
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from servers.errors import ServerUnreachable
from servers.inventory import SshTarget
from servers.ssh import Shells
from servers.state import Outcome
from servers.watching.services.view import UP, Measure, Seen, Unit

RESTARTS = "container_restarts"
WINDOW = 900.0  # seconds, over which restarts are counted

_FORMAT = (
    '{"name":{{json .Name}},"id":{{json .Id}},"restarts":{{json .RestartCount}},"status":{{json .State.Status}},'
    '"exit":{{json .State.ExitCode}},"oom":{{json .State.OOMKilled}},"error":{{json .State.Error}},'
    '"health":{{if .State.Health}}{{json .State.Health.Status}}{{else}}""{{end}}}'
)


@dataclass(frozen=True, slots=True)
class DockerPlace:
    """`containers` by name, on the host that `ssh` names."""

    ssh: SshTarget
    containers: tuple[str, ...]
    use_sudo: bool = False


class DockerContainers:
    """Remembers how often each container was restarted, for its counter begins with the container."""

    kind = "docker"

    def __init__(self, place: DockerPlace, shells: Shells, clock: Callable[[], float] = time.monotonic) -> None:
        self._place = place
        self._shells = shells
        self._clock = clock
        self._memory: dict[str, Restarts] = {}

    async def look(self, timeout: float) -> Seen:
        sudo = ("sudo", "-n") if self._place.use_sudo else ()
        argv = (*sudo, "docker", "inspect", "--type", "container", "--format", _FORMAT, "--", *self._place.containers)
        completed = await self._shells.run(self._place.ssh, argv, timeout=timeout)
        found = read_containers(completed.stdout)
        if not found and not all(_says_missing(completed.stderr, name) for name in self._place.containers):
            reason = " ".join(completed.output.split())[:200] or f"exit status {completed.exit_status}"
            raise ServerUnreachable(Outcome.FAILED, f"docker: {reason}")
        measures = [one for name in self._place.containers for one in self._measures(name, found.get(name))]
        return Seen(measures=tuple(measures))

    def _measures(self, name: str, container: Mapping[str, Any] | None) -> tuple[Measure, ...]:
        if container is None:
            return (Measure(UP, 0.0, Unit.YES_OR_NO, name, ("there is no such container",)),)
        memory = self._memory.setdefault(name, Restarts())
        count = memory.within(str(container.get("id")), container.get("restarts"), self._clock())
        line = f"restarted {count} times in the last {WINDOW / 60:.0f} min"
        return container_up(name, container), Measure(RESTARTS, float(count), Unit.COUNT, name, (line,))


@dataclass(slots=True)
class Restarts:
    """How often a container was restarted, as its counter had it at each look."""

    container: str = ""
    seen: list[tuple[float, int]] = field(default_factory=list)

    def within(self, container: str, counter: object, at: float) -> int:
        """How many restarts the last `WINDOW` seconds have seen, `counter` being the count so far."""
        count = counter if isinstance(counter, int) else 0
        if container != self.container or (self.seen and count < self.seen[-1][1]):
            self.container, self.seen = container, []
        self.seen.append((at, count))
        while len(self.seen) > 1 and self.seen[1][0] <= at - WINDOW:
            self.seen.pop(0)
        return count - self.seen[0][1]


def read_containers(text: str) -> dict[str, dict[str, Any]]:
    """The containers by name, one JSON object a line. What is none is left out."""
    found: dict[str, dict[str, Any]] = {}
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get("name"), str):
            found[row["name"].removeprefix("/")] = row
    return found


def container_up(name: str, container: Mapping[str, Any]) -> Measure:
    """Whether it runs and is not unhealthy. One whose health check has not ended yet is given the time."""
    status, health = str(container.get("status")), str(container.get("health") or "")
    up = status == "running" and health != "unhealthy"
    state = f"{status}, {health}" if health else status
    ended = f", exit status {container.get('exit')}" if status in ("exited", "dead", "restarting") else ""
    killed = ", killed for want of memory" if container.get("oom") else ""
    error = f": {container['error']}" if container.get("error") else ""
    return Measure(UP, float(up), Unit.YES_OR_NO, name, (f"{state}{ended}{killed}{error}",))


def _says_missing(text: str, name: str) -> bool:
    """Docker's words for it, in whichever version: "No such container: web"."""
    return f"no such container: {name.lower()}" in text.lower()
