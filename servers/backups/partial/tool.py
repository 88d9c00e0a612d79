"""Takes, lists and verifies partial backups, by jobs on the hosts that keep them."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from servers.backups.native.decryption import DECRYPT, what_is_wrong
from servers.backups.offsite.stores import OffsiteStores
from servers.backups.partial import expiry
from servers.backups.partial.begin_script import FIND
from servers.backups.partial.dump_scripts import DUMP, VERIFY_DUMP
from servers.backups.partial.listing import LIST, MOST, available_in, backups_in
from servers.backups.partial.place import DumpPlace, Part, VolumePlace, mark_of
from servers.backups.partial.state import PartialBackup, PartialState, PartSeen
from servers.backups.partial.volume_scripts import TAKE, VERIFY_VOLUME
from servers.backups.partial.whereabouts import host_of, hosts_of, keys_of, offsite_name, pairs_of, parts_of, place_name
from servers.backups.tool_host import ask
from servers.backups.wanted import BackupJob, Expired, JobPlace
from servers.engines.engine import ActionFailed
from servers.engines.jobs import Jobs
from servers.engines.rejoining import JobReport
from servers.errors import ServerUnreachable
from servers.inventory import Cluster, Server
from servers.ssh import Shells
from servers.state import Answer, OffsiteState, Outcome

_MANY_SECONDS = 30.0  # to list more of them than people are shown
_NAME = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class _OnHost:
    """What one host has of a part, or why it does not say."""

    backups: tuple[PartialBackup, ...] = ()
    available: int | None = None
    outcome: Outcome = Outcome.ANSWERED
    detail: str = ""


class PartialBackups:
    """Whoever takes dumps and backs up volumes. Actions raise ActionFailed."""

    def __init__(self, shells: Shells, clock: Callable[[], datetime], offsite: OffsiteStores | None = None) -> None:
        self._shells = shells
        self._offsite = offsite
        self._clock = clock
        self._jobs = Jobs(shells)

    async def list(self, cluster: Cluster, *, timeout: float = 5.0) -> PartialState:
        """Of every part. Never raises: each answer says why nothing is known of it."""
        looks = (self._seen_everywhere(cluster, part, timeout) for part in parts_of(cluster))
        return PartialState(tuple(await asyncio.gather(*looks)))

    async def offsite(self, cluster: Cluster, part: Part, *, timeout: float = 5.0) -> OffsiteState | None:
        """What is off site of it; None where the settings name no place there. Never raises."""
        if self._offsite is None:
            return None
        return await self._offsite.look(cluster, timeout=timeout, within=offsite_name(part))

    async def _seen_everywhere(self, cluster: Cluster, part: Part, timeout: float) -> PartSeen:
        seen, offsite = await asyncio.gather(
            self.seen(cluster, part, timeout=timeout), self.offsite(cluster, part, timeout=timeout)
        )
        return replace(seen, offsite=offsite)

    async def seen(self, cluster: Cluster, part: Part, *, timeout: float = 5.0, most: int = MOST) -> PartSeen:
        """Of one part, from every host that may have some: the newest `most` of each.

        One host that does not answer leaves the whole in doubt.
        """
        started = time.perf_counter()
        hosts = hosts_of(cluster, part)
        found = await asyncio.gather(
            *(self._on(part, host, (str(most), mark_of(cluster.name, part)), timeout) for host in hosts)
        )
        problems = [(one.outcome, one.detail) for one in found if one.outcome is not Outcome.ANSWERED]
        outcome, _ = problems[0] if problems else (Outcome.ANSWERED, "")
        detail = "; ".join(why for _, why in problems)
        # A file system that hosts share shows each of them the same ones.
        backups = [each for one in reversed(found) for each in one.backups]
        once = {(each.name, each.started_at, each.finished_at): each for each in backups}
        return PartSeen(
            part,
            Answer(outcome, self._clock(), time.perf_counter() - started, detail),
            tuple(sorted(once.values(), key=lambda each: each.name, reverse=True)),
            min((one.available for one in found if one.available is not None), default=None),
        )

    async def begin_dump(
        self, cluster: Cluster, dump: DumpPlace, source: Server, key: str, *, timeout: float = 15.0
    ) -> JobPlace:
        """On the source's own host: pg_dump reaches it through its own socket."""
        own = (source.service.data_directory.rstrip("/"), *dump.databases)
        return await self._begin(cluster, dump, source, key, DUMP, own, timeout)

    async def begin_volume(self, cluster: Cluster, volume: VolumePlace, key: str, *, timeout: float = 15.0) -> JobPlace:
        return await self._begin(cluster, volume, volume.host, key, TAKE, pairs_of(volume), timeout)

    async def begin_verify(
        self, cluster: Cluster, part: Part, backup: PartialBackup, key: str, *, timeout: float = 15.0
    ) -> JobPlace:
        """Read it as a whole, compare it with its checksums, and of a dump restore it into a temporary PostgreSQL."""
        host = host_of(cluster, part, backup.place)
        script = VERIFY_DUMP if isinstance(part, DumpPlace) else VERIFY_VOLUME
        await self._jobs.begin(host, backup.path, BackupJob.VERIFY, key, script, keys_of(part), timeout=timeout)
        return JobPlace(BackupJob.VERIFY, host, backup.path, key)

    async def job(self, cluster: Cluster, place: JobPlace, *, patience: float = 0.0, timeout: float = 5.0) -> JobReport:
        return await self._jobs.report(place.server, place.path, place.job, patience=patience, timeout=timeout)

    async def stop_job(self, cluster: Cluster, place: JobPlace, *, timeout: float = 15.0) -> str:
        return await self._jobs.stop(place.server, place.path, place.job, place.key, timeout=timeout)

    async def expire(self, cluster: Cluster, part: Part, *, timeout: float) -> Expired:
        """Let go of what the settings do not keep."""
        seen = await self.seen(cluster, part, timeout=min(timeout, _MANY_SECONDS), most=expiry.MOST)
        return await expiry.expire(self._shells, cluster, seen, self._clock(), timeout=timeout)

    async def decrypts(
        self, cluster: Cluster, part: Part, backup: PartialBackup, *, timeout: float = 15.0
    ) -> str | None:
        """A real test decryption where it lies: why it fails; None where it works or none is needed."""
        host = host_of(cluster, part, backup.place)
        try:
            return what_is_wrong(await self._jobs.run(host, backup.path, DECRYPT, keys_of(part), timeout))
        except ActionFailed as error:
            return str(error)

    async def _on(self, part: Part, host: Server, words: Sequence[str], timeout: float) -> _OnHost:
        there = replace(host, service=replace(host.service, data_directory=part.directory))
        try:
            found = await ask(self._shells, there, LIST, words, frozenset(), timeout=timeout)
            return _OnHost(backups_in(part, place_name(part, host), found), available_in(found))
        except ServerUnreachable as error:
            return _OnHost(outcome=error.outcome, detail=f"{host.name}: {error.detail}")
        except ValueError as error:
            return _OnHost(outcome=Outcome.FAILED, detail=f"{host.name}: {error}"[:200])

    async def _begin(
        self, cluster: Cluster, part: Part, host: Server, key: str, script: str, own: Sequence[str], timeout: float
    ) -> JobPlace:
        directory, keys = part.directory.rstrip("/"), part.encryption
        home, fingerprints = (keys.gpg_home or "", keys.recipients) if keys else ("", ())
        options = (word for one in fingerprints for word in ("--recipient", one))
        found = await self._jobs.run(host, directory, FIND, (key, home, *options), timeout)
        path = found.one("path") or f"{directory}/{self._clock():{_NAME}}"
        arguments = (home, mark_of(cluster.name, part), str(len(fingerprints)), *fingerprints, *own)
        await self._jobs.begin(host, path, BackupJob.BACKUP, key, script, arguments, timeout=timeout)
        return JobPlace(BackupJob.BACKUP, host, path, key)
