"""Understudy's part of a contender, as a process of its own: begin a tool's job, look at it until it ends, recover.

Reads a pickled `Request` from standard input; prints one line of JSON. Run as `python -m bench.restore.client`.
"""

import asyncio
import json
import pickle
import re
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from bench.restore.asked import FIRST_QUERY
from servers.backups.instances import Instances, InstanceWanted, Place
from servers.backups.registry import BackupTools
from servers.backups.target import Target
from servers.backups.tool import BackupTool
from servers.backups.wanted import BackupWanted, JobPlace, RestoreWanted
from servers.engines.job_pauses import BREATH, patience_after
from servers.engines.rejoining import JobState
from servers.inventory import Cluster
from servers.ssh import Shells

_PATIENCE = 60.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """A backup of the cluster's only server; with `directory` and `moment`, a restore of the backup of that name."""

    cluster: Cluster
    key: str
    backup: str = ""
    directory: str = ""
    moment: datetime | None = None


class Stopwatch:
    """Counts seconds, and which of them were the bot's own: what its jobs and the recovery themselves do not take."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.own = 0.0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    async def on_its_own(self, doing: Awaitable[T]) -> T:
        before = self.seconds
        result = await doing
        self.own += self.seconds - before
        return result


async def _back_up(tool: BackupTool, request: Request) -> dict[str, Any]:
    watch = Stopwatch()
    wanted = BackupWanted(request.cluster.servers[0])
    await _ended(tool, request, watch, tool.begin_backup(request.cluster, wanted, request.key))
    took = watch.seconds
    newest = (await tool.list(request.cluster, timeout=_PATIENCE)).backups[0]
    return {"seconds": took, "bot": watch.own, "backup": f"{newest.repository}/{newest.name}"}


async def _restore(tool: BackupTool, instances: Instances, request: Request, moment: datetime) -> dict[str, Any]:
    watch, cluster = Stopwatch(), request.cluster
    server = cluster.servers[0]
    repository, _, backup = request.backup.partition("/")
    wanted = RestoreWanted(backup, server, request.directory, repository)
    await _ended(tool, request, watch, tool.begin_restore(cluster, wanted, request.key))
    laid_out = watch.seconds
    place = Place(server, request.directory, request.key, request.key)
    recovery = InstanceWanted(Target.time(moment), tool.restore_command(cluster, server))
    await watch.on_its_own(instances.configure(place, recovery))
    await watch.on_its_own(instances.start(place))
    state = await _until(lambda patience: instances.look(place, patience=patience), lambda state: state.reached)
    watch.own += (datetime.now(UTC) - _at(state.stopped_at)).total_seconds()
    answer = await watch.on_its_own(instances.ask(place, FIRST_QUERY))
    return {"laid_out": laid_out, "first_query": watch.seconds, "answer": answer.strip(), "bot": watch.own}


async def _ended(tool: BackupTool, request: Request, watch: Stopwatch, begin: Awaitable[JobPlace]) -> None:
    began = watch.seconds
    place = await begin
    report = await _until(
        lambda patience: tool.job(request.cluster, place, patience=patience),
        lambda report: report.state is not JobState.RUNNING,
    )
    if report.state is not JobState.DONE:
        raise RuntimeError(f"the {place.job} is {report.state}: {report.log}")
    watch.own += watch.seconds - began - report.seconds


async def _until(look: Callable[[float], Awaitable[T]], done: Callable[[T], bool]) -> T:
    """Looks as the orders do, and lets the host wait for the end."""
    began = time.monotonic()
    while True:
        seen = await look(patience_after(time.monotonic() - began))
        if done(seen):
            return seen
        await asyncio.sleep(BREATH)


def _at(line: str) -> datetime:
    """When that line was logged: log_line_prefix has it first, with milliseconds, in UTC."""
    return datetime.fromisoformat(" ".join(line.split(" ")[:2])).replace(tzinfo=UTC)


async def _do(request: Request) -> dict[str, Any]:
    shells = Shells()
    tool = BackupTools(shells, lambda: datetime.now(UTC)).tool_of(request.cluster)
    try:
        # The bot has looked at the backups before anybody orders anything, and is connected.
        await tool.list(request.cluster, timeout=_PATIENCE)
        before = _memory("VmRSS")
        if request.moment is None:
            did = await _back_up(tool, request)
        else:
            did = await _restore(tool, Instances(shells), request, request.moment)
        most = _memory("VmHWM")
        return {**did, "client": most, "grown": max(0, most - before)}
    finally:
        await shells.close()


def _memory(which: str) -> int:
    """Of this process, in bytes: "VmRSS" now, "VmHWM" at most. getrusage() would count the parent's as well."""
    [kilobytes] = re.findall(rf"{which}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(kilobytes) * 1024


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_do(pickle.load(sys.stdin.buffer)))))  # noqa: S301 - our own parent's
