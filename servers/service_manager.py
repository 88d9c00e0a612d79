"""Restarts services over SSH and looks whether they are healthy: systemctl, docker compose, HTTP, TCP.

https://www.freedesktop.org/software/systemd/man/latest/systemctl.html, https://docs.docker.com/reference/cli/docker/
compose/ps/ (an object a line since Compose 2.21, one array before).
"""

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Protocol

import aiohttp

from servers.engines.engine import ActionFailed
from servers.errors import ServerUnreachable
from servers.managed_service import ManagedService, ManagerKind, ServiceSeen
from servers.ssh import Completed, Shells

LOG_LINES = 20
_LOOK = 10.0
_HEALTH = 3.0
_PAUSE = 0.2
_SHOWN = "ActiveState,SubState,LoadState,ActiveEnterTimestampMonotonic"


class ServiceHands(Protocol):
    """What `/ha service` needs of the outside world. Everything raises ActionFailed."""

    async def look(self, service: ManagedService) -> ServiceSeen: ...

    async def restart(self, service: ManagedService, *, timeout: float) -> Completed: ...

    async def stop(self, service: ManagedService, *, timeout: float) -> Completed: ...

    async def start(self, service: ManagedService, *, timeout: float) -> Completed: ...

    async def wait_healthy(self, service: ManagedService, before: str) -> str: ...

    async def unhealthy(self, service: ManagedService) -> str | None: ...

    async def log(self, service: ManagedService) -> str: ...


class ServiceManagers:
    """The real ones."""

    def __init__(self, shells: Shells) -> None:
        self._shells = shells

    async def look(self, service: ManagedService) -> ServiceSeen:
        """ActionFailed when the manager does not know it."""
        if service.kind is ManagerKind.SYSTEMD:
            return _unit_seen(service, await self._run(service, _show(service), _LOOK))
        container = _container(
            service, await self._run(service, _compose(service, "ps", "--all", "--format", "json"), _LOOK)
        )
        argv = _managed(service, "docker", "inspect", "--format", "{{.State.StartedAt}}", str(container.get("ID")))
        started = await self._run(service, argv, _LOOK)
        health = str(container.get("Health") or "")
        state = str(container.get("State") or "unknown")
        running = state == "running" and health in ("", "healthy")
        return ServiceSeen(running, f"{state}, {health}" if health else state, started.stdout.strip())

    async def restart(self, service: ManagedService, *, timeout: float) -> Completed:
        """ActionFailed when the manager says that it failed; its log says why."""
        return await self._tell(service, "restart", timeout)

    async def stop(self, service: ManagedService, *, timeout: float) -> Completed:
        """ActionFailed when the manager says that it failed. One that does not run stays so."""
        return await self._tell(service, "stop", timeout)

    async def start(self, service: ManagedService, *, timeout: float) -> Completed:
        """ActionFailed when the manager says that it failed; whether it is healthy is another question."""
        return await self._tell(service, "start", timeout)

    async def wait_healthy(self, service: ManagedService, before: str) -> str:
        """What was seen, once it runs since later than `before` and all of its health checks pass."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + service.ready_within
        while True:
            try:
                seen = await self.look(service)
                if seen.since == before:
                    wrong: str | None = f"it was not restarted: it is {seen.state} since before"
                elif not seen.running:
                    wrong = f"it is {seen.state}"
                elif (wrong := await self.unhealthy(service)) is None:
                    return seen.state
            except ActionFailed as error:
                wrong = str(error)
            if loop.time() > deadline:
                raise ActionFailed(f"{service.name} is not healthy after {service.ready_within:g} s: {wrong}")
            await asyncio.sleep(_PAUSE)

    async def unhealthy(self, service: ManagedService) -> str | None:
        """What of the checks from here does not pass; None when all do."""
        if service.port is not None and not await _takes_connections(service.ssh.host, service.port):
            return f"port {service.port} takes no connection"
        return await _answers(service.url) if service.url is not None else None

    async def log(self, service: ManagedService) -> str:
        """Its last lines; why there are none, where it cannot be read."""
        if service.kind is ManagerKind.SYSTEMD:
            argv = _managed(service, "journalctl", "--no-pager", "-o", "cat", "-n", str(LOG_LINES), "-u", service.unit)
        else:
            argv = _compose(service, "logs", "--no-color", "--no-log-prefix", "--tail", str(LOG_LINES))
        try:
            return (await self._run(service, argv, _LOOK)).output
        except ActionFailed as error:
            return f"the log cannot be read: {error}"

    async def _tell(self, service: ManagedService, command: str, timeout: float) -> Completed:
        if service.kind is ManagerKind.SYSTEMD:
            argv = _managed(service, "systemctl", command, "--", service.unit)
        else:
            argv = _compose(service, command)
        return await self._run(service, argv, timeout)

    async def _run(self, service: ManagedService, argv: Sequence[str], timeout: float) -> Completed:
        self._shells.wake(service.ssh)
        try:
            completed = await self._shells.run(service.ssh, argv, timeout=timeout)
        except ServerUnreachable as error:
            raise ActionFailed(f"the host of {service.name} could not be asked: {error.detail}") from error
        if not completed.ok:
            said = " ".join(completed.output.split())[:300] or f"exit status {completed.exit_status}"
            message = f"{argv[2] if argv[0] == 'sudo' else argv[0]} failed on {service.place}: {said}"
            raise ActionFailed(message, exit_status=completed.exit_status, output=completed.output)
        return completed


def _managed(service: ManagedService, *argv: str) -> tuple[str, ...]:
    return ("sudo", "-n", *argv) if service.use_sudo else argv


def _show(service: ManagedService) -> tuple[str, ...]:
    # To look needs no rights.
    return ("systemctl", "show", f"--property={_SHOWN}", "--", service.unit)


def _compose(service: ManagedService, command: str, *options: str) -> tuple[str, ...]:
    where = ("docker", "compose", "--project-directory", service.directory)
    return _managed(service, *where, command, *options, service.service)


def _unit_seen(service: ManagedService, completed: Completed) -> ServiceSeen:
    values = dict(line.partition("=")[::2] for line in completed.stdout.splitlines())
    if values.get("LoadState") == "not-found":
        raise ActionFailed(f"{service.place} knows no unit {service.unit}: correct it in the settings")
    active = values.get("ActiveState", "unknown")
    return ServiceSeen(
        active == "active", f"{active} ({values.get('SubState', '')})", values.get("ActiveEnterTimestampMonotonic", "")
    )


def _container(service: ManagedService, completed: Completed) -> dict[str, Any]:
    text = completed.stdout.strip()
    try:
        found = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
    except ValueError:
        raise ActionFailed(f"docker compose ps on {service.place} printed no JSON: is Compose 2 there?") from None
    wanted = [one for one in found if isinstance(one, dict) and one.get("Service", service.service) == service.service]
    if not wanted:
        raise ActionFailed(
            f"{service.place} has no container of {service.service} in {service.directory}: start it first"
        )
    return dict(wanted[0])


async def _takes_connections(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(_HEALTH):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def _answers(url: str) -> str | None:
    try:
        timeout = aiohttp.ClientTimeout(total=_HEALTH)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url, allow_redirects=False) as answer:
            return None if 200 <= answer.status < 300 else f"{url} answers {answer.status}"
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return f"{url} does not answer: {type(error).__name__}"
