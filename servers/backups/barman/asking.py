"""Asking Barman on its host, and its answers as values."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from servers.backups.barman.failures import explain
from servers.backups.barman.place import BarmanPlace
from servers.backups.barman.scripts import DIRECTORIES
from servers.backups.tool_host import ask, separate_host
from servers.backups.wanted import BackupJob, JobPlace
from servers.errors import ServerUnreachable
from servers.inventory import Cluster, Server, SshTarget
from servers.sections import Sections
from servers.ssh import Shells
from servers.state import Outcome

NOT_ASKED = "the settings name no Barman"
_OUTPUT = frozenset({"output"})


@dataclass(frozen=True, slots=True)
class Directories:
    """Where Barman has its base backups and its WAL: what came in and is not sorted in yet counts as archived."""

    backups: str
    wals: str
    incoming: tuple[str, ...]
    locks: str


@dataclass(frozen=True, slots=True)
class Barman:
    """A cluster's Barman, and the host where it runs, as a server whose data directory is where jobs keep their state.

    `runs_on` is the server of the cluster on whose host it is; None: a host of its own.
    """

    place: BarmanPlace
    host: Server
    runs_on: str | None

    def words(self) -> tuple[str, str]:
        """The name and the configuration file, as every script takes them."""
        return self.place.name, self.place.configuration or ""

    def to_server(self, server: Server) -> str:
        """The words that run a command on that server's host from Barman's; '' where it is the same one."""
        named = dict(self.place.to_servers).get(server.name)
        return named if named is not None else self._ssh(server, server.ssh)

    def from_server(self, server: Server) -> str:
        """The words that run a command on Barman's host from that server's; '' where it is the same one."""
        return self.place.to_barman if self.place.to_barman is not None else self._ssh(server, self.host.ssh)

    def _ssh(self, server: Server, target: SshTarget) -> str:
        """As the bot gets there, where the settings say nothing else."""
        return "" if self.runs_on == server.name else f"ssh -q -p {target.port} {target.user}@{target.host}"

    def runs(self, place: JobPlace) -> tuple[Server, str]:
        """The host on which that job runs, and the path beside which it keeps its state there."""
        state = self.host.service.data_directory
        if place.job is not BackupJob.RESTORE:
            return self.host, state
        digest = hashlib.sha256(f"{place.server.name}\0{place.path}".encode()).hexdigest()[:16]
        return self.host, f"{state}-{digest}"


def barman_of(cluster: Cluster) -> Barman | None:
    """None where the settings name none."""
    backups = cluster.backups
    if backups is None or backups.barman is None:
        return None
    place = backups.barman
    # Clusters share the host: what was verified, and the one job at a time, are each cluster's own.
    state = f"{place.state.rstrip('/')}-{cluster.name}"
    if place.host is not None:
        return Barman(place, separate_host("Barman's host", place.host, state), None)
    server = cluster.servers[0] if backups.server is None else cluster.server(backups.server)
    return Barman(place, separate_host(server.name, server.ssh, state), server.name)


async def directories_of(shells: Shells, barman: Barman, *, timeout: float) -> Directories:
    """ServerUnreachable where Barman knows no such cluster, or does not say."""
    found = await ask(shells, barman.host, DIRECTORIES, barman.words(), _OUTPUT, timeout=timeout)
    backups, wals = found.one("basebackups"), found.one("wals")
    if found.one("exit") != "0" or not backups or not wals:
        raise ServerUnreachable(Outcome.FAILED, explain(found.blocks.get("output", "")))
    incoming = (found.one(key) for key in ("incoming_wals", "streaming_wals"))
    return Directories(backups, wals, tuple(each for each in incoming if each), found.one("barman_lock") or "")


def checked(found: Sections) -> Sections:
    """An answer of Barman's. ServerUnreachable, with its failure in one line, where it is one."""
    if found.one("exit") != "0":
        raise ServerUnreachable(Outcome.FAILED, explain(found.blocks.get("output", "")))
    return found


def obsolete_of(said: str, name: str) -> tuple[str, ...]:
    """The backups that Barman's retention policy does not keep any more, in its answer to list-backups as JSON."""
    try:
        rows: Sequence[dict[str, object]] = json.loads(said)[name]
        return tuple(str(row["backup_id"]) for row in rows if str(row.get("retention_status")).startswith("OBSOLETE"))
    except (ValueError, KeyError, TypeError) as error:
        raise ServerUnreachable(Outcome.FAILED, f"Barman's answer makes no sense: {error}") from None


def failed_checks_of(said: str, name: str) -> tuple[str, ...]:
    """What failed in its answer to check as JSON, each with Barman's hint."""
    try:
        rows: dict[str, dict[str, str]] = json.loads(said)[name]
        bad = {check.replace("_", " "): row for check, row in rows.items() if row["status"] != "OK"}
        return tuple(f"{check} ({row['hint']})" if row.get("hint") else check for check, row in bad.items())
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ServerUnreachable(Outcome.FAILED, explain(said)) from None
