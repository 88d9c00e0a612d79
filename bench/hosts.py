"""The servers of a bench that measures the bot alone: a process of its own, which yields to everybody else.

In life the servers run on machines of their own. Here they share the bot's cores, so this process and all that it
starts (PostgreSQL, SSH servers, their commands) yields: what they need, they take when nobody else wants it. Niceness
alone does not do that, for Linux shares its processors among sessions first (sched(7), "The autogroup feature"), and
each server is a session; a control group does, where one may be made.

Started as `python -m bench.hosts API_URL HTTP_PORT CLUSTERS`; prints one line of JSON when it is up, and ends with its
standard input.
"""

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from lab.world import Lab, LabOptions

NICENESS = 15
# https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files, and cgroups(7) for version 1.
_CONTROL_GROUPS = ((Path("/sys/fs/cgroup/cpu"), "cpu.shares", "2"), (Path("/sys/fs/cgroup"), "cpu.weight", "1"))
_START_SECONDS = 60.0
_END_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Hosts:
    """The bot's settings file for these servers, and its secrets as environment variables."""

    settings: Path
    environment: dict[str, str]


@asynccontextmanager
async def hosts(api_url: str, http_port: int, clusters: int) -> AsyncIterator[Hosts]:
    """The servers, until the block ends. One real pair stands for all clusters: see `multiplied`."""
    async with served_by("bench.hosts", api_url, http_port, clusters) as there:
        yield there


@asynccontextmanager
async def served_by(module: str, api_url: str, http_port: int, clusters: int) -> AsyncIterator[Hosts]:
    """The servers that the module serves in a process of its own, until the block ends."""
    arguments = ("-m", module, api_url, str(http_port), str(clusters))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_START_SECONDS):
            said = json.loads(await process.stdout.readline())
        yield Hosts(Path(said["settings"]), said["environment"])
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(_END_SECONDS):
                await process.wait()
        except TimeoutError:
            process.terminate()
            await process.wait()


def multiplied(settings: str, clusters: int) -> str:
    """The settings with the first cluster repeated under other names, each with connections of its own."""
    sections = re.split(r"(?m)^(?=\[)", settings)
    cluster = "".join(section for section in sections if section.startswith("[clusters.shop"))
    return settings + "\n" + "".join(_copy(cluster, f"shop{number}") for number in range(2, clusters + 1))


def _copy(cluster: str, name: str) -> str:
    """The cluster under another name. Connections are shared by those who reach a server in the very same way, so
    the copy reaches it a little differently: by another application name, with a known_hosts file of its own."""
    [known_hosts] = set(re.findall(r'known_hosts = "(.+)"', cluster))
    copied = f"{known_hosts}.{name}"
    shutil.copy(known_hosts, copied)
    apart = re.sub(r'(?m)^(directory|archive_directory) = "(.+)"$', lambda found: elsewhere(found, name), cluster)
    return (
        apart.replace("[clusters.shop", f"[clusters.{name}")
        .replace("user=understudy", f"user=understudy application_name={name}")
        .replace(known_hosts, copied)
    )


def elsewhere(found: re.Match[str], name: str) -> str:
    """The same directory of backups by a way of the copy's own: no two clusters may keep theirs in one place."""
    way = Path(f"{found[2]}.{name}")
    way.symlink_to(found[2])
    return f"{found[1]} = {json.dumps(str(way))}"


async def _serve(api_url: str, http_port: int, clusters: int) -> None:
    # Each cluster keeps one SQL connection to each server; a standby may not have fewer than its template had.
    options = LabOptions(settings={"max_connections": str(clusters + 60)})
    async with Lab.start(options) as lab:
        extra = f'[http]\nhost = "127.0.0.1"\nport = {http_port}\n'
        settings = lab.write_settings(lab.directory / "bot", api_url, extra)
        settings.write_text(multiplied(settings.read_text(encoding="utf-8"), clusters), encoding="utf-8")
        print(json.dumps({"settings": str(settings), "environment": lab.environment()}), flush=True)
        await asyncio.to_thread(sys.stdin.read)


@contextmanager
def _yielding() -> Iterator[None]:
    """This process, and what it starts from here on, takes the processors that nobody else wants."""
    os.nice(NICENESS)
    group = None
    for root, weight, least in _CONTROL_GROUPS:
        with suppress(OSError):
            group = root / f"understudy-bench-{os.getpid()}"
            group.mkdir()
            (group / weight).write_text(least)
            (group / "cgroup.procs").write_text(str(os.getpid()))
            break
    try:
        yield
    finally:
        with suppress(OSError):
            if group is not None:
                (group.parent / "cgroup.procs").write_text(str(os.getpid()))
                group.rmdir()


if __name__ == "__main__":
    with _yielding():
        asyncio.run(_serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
