"""Asking pgBackRest on a host of the cluster: which hosts have it, and its answers as values."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from servers.backups.pgbackrest.failures import explain
from servers.backups.pgbackrest.info import NO_STANZA, NOT_THERE, Info, parse_info, parse_verified
from servers.backups.pgbackrest.place import PgBackRestPlace
from servers.backups.pgbackrest.scripts import ASK
from servers.backups.tool_host import ask, separate_host
from servers.backups.wanted import BackupJob, JobPlace
from servers.errors import ServerUnreachable
from servers.inventory import BackupPlace, Cluster, Server
from servers.sections import Sections
from servers.ssh import Shells
from servers.state import Outcome

T = TypeVar("T")

NOT_ASKED = "the settings name no pgBackRest"


@dataclass(frozen=True, slots=True)
class PgBackRest:
    """A cluster's pgBackRest."""

    place: PgBackRestPlace
    hosts: tuple[Server, ...]  # where it may be asked; they all see the same repositories

    def words(self) -> tuple[str, str]:
        """The stanza and the configuration file, as every script takes them."""
        return self.place.stanza, self.place.configuration or ""

    def runs(self, place: JobPlace) -> tuple[Server, str]:
        """The host on which that job runs, and the path beside which it keeps its state there."""
        if place.job is BackupJob.RESTORE:
            return place.server, place.path
        host = self.hosts[0] if len(self.hosts) == 1 else place.server
        return host, host.service.data_directory


def pgbackrest_of(cluster: Cluster) -> PgBackRest | None:
    """None where the settings name none."""
    backups = cluster.backups
    if backups is None or backups.pgbackrest is None:
        return None
    return PgBackRest(backups.pgbackrest, _hosts(cluster, backups, backups.pgbackrest))


def _hosts(cluster: Cluster, backups: BackupPlace, place: PgBackRestPlace) -> tuple[Server, ...]:
    if place.host is not None:
        return (separate_host("the repository host", place.host, place.state),)
    return cluster.servers if backups.server is None else (cluster.server(backups.server),)


async def answer_of(
    shells: Shells, tool: PgBackRest, server: Server, command: Sequence[str], *, timeout: float, told: str = "off"
) -> Sections:
    """What a pgBackRest command prints, as `output`. ServerUnreachable, with its failure in one line.

    `told`: how much it shall tell besides, as pgBackRest's --log-level-console.
    """
    words = (*tool.words(), patience(timeout), told, *command)
    found = await ask(shells, server, ASK, words, frozenset({"output"}), timeout=timeout)
    status, said = found.one("exit"), found.blocks.get("output", "")
    if status != "0":
        raise ServerUnreachable(Outcome.FAILED, explain(said))
    return found


def patience(timeout: float) -> str:
    """For how many seconds pgBackRest may try a store again, so that it says what is wrong before the time is over."""
    return f"{max(1.0, timeout / 3):.0f}"


async def info_of(shells: Shells, tool: PgBackRest, server: Server, *, timeout: float, only: str = "") -> Info:
    """The stanza as pgBackRest on that host sees it. ServerUnreachable, also where there is no such stanza.

    `only`: the repository's number.
    """
    command = ("info", "--output=json", *((f"--repo={only}",) if only else ()))
    found = await answer_of(shells, tool, server, command, timeout=timeout)
    verified = parse_verified(found.values.get("verified", ()))
    try:
        info = parse_info(tool.place.stanza, found.blocks.get("output", ""), verified)
    except ValueError as error:
        raise ServerUnreachable(Outcome.FAILED, str(error)) from None
    if info.code in NO_STANZA:
        detail = f"no repository has the stanza {tool.place.stanza}: correct backups.stanza, or run stanza-create"
        raise ServerUnreachable(Outcome.FAILED, detail)
    if not info.backups and info.problem:
        raise ServerUnreachable(Outcome.FAILED, info.problem)
    return info


async def about_of(
    shells: Shells, tool: PgBackRest, server: Server, backup: str, repository: str, *, timeout: float
) -> str:
    """All that pgBackRest says of that backup, as JSON: it reads the manifest for it. ServerUnreachable where it is not
    there, or cannot be read. `repository`: its number."""
    command = ("info", f"--set={backup}", f"--repo={repository}", "--output=json")
    found = await answer_of(shells, tool, server, command, timeout=timeout)
    said = found.blocks.get("output", "")
    try:
        info = parse_info(tool.place.stanza, said)
    except ValueError as error:
        raise ServerUnreachable(Outcome.FAILED, str(error)) from None
    if not any(each.name == backup for each in info.backups):
        why = "" if info.code == NOT_THERE else info.problem or info.message
        raise ServerUnreachable(Outcome.FAILED, why or f"no backup {backup} is in repo{repository}")
    return said


async def first_of(servers: Sequence[Server], look: Callable[[Server], Awaitable[T]]) -> tuple[Server, T]:
    """What the first of them that answers says; all are asked at once. ServerUnreachable says why each does not."""

    async def tried(server: Server) -> T | ServerUnreachable:
        try:
            return await look(server)
        except ServerUnreachable as error:
            return error

    answers = await asyncio.gather(*(tried(server) for server in servers))
    for server, answer in zip(servers, answers, strict=True):
        if not isinstance(answer, ServerUnreachable):
            return server, answer
    failures = [error for error in answers if isinstance(error, ServerUnreachable)]
    said = dict.fromkeys(f"{server.name}: {error.detail}" for server, error in zip(servers, failures, strict=True))
    raise ServerUnreachable(failures[0].outcome, "; ".join(said))
