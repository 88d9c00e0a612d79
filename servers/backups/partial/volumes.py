"""Puts the files of a volume's backup in the place of what is there, which is moved aside, and takes that back."""

from collections.abc import Sequence
from dataclasses import dataclass

from servers.backups.partial.place import VolumePlace
from servers.backups.partial.state import PartialBackup
from servers.backups.partial.volume_scripts import LAY_OUT, LOOK, STATE, SWAP, SWAP_BACK
from servers.backups.partial.whereabouts import keys_of, pairs_of
from servers.backups.wanted import BackupJob, JobPlace
from servers.engines.jobs import Jobs
from servers.sections import Sections
from servers.ssh import Shells

_KIBIBYTE = 1024


@dataclass(frozen=True, slots=True)
class VolumeFacts:
    """What its host says before anything is touched. Sizes in bytes; `size` None: not known in time.

    `absent` directories are not there, and could be made; `missing` volumes are not, or what is there may not be read.
    `obstacles` speak against moving something aside.
    """

    places: tuple[str, ...]
    size: int | None
    available: int | None
    absent: tuple[str, ...]
    missing: tuple[str, ...]
    obstacles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A restore of a volume, by the job that lays it out. `operation` is the order's id."""

    volume: VolumePlace
    backup: str
    key: str
    operation: str

    @property
    def path(self) -> str:
        return f"{self.volume.directory.rstrip('/')}/{self.backup}.restore-{self.operation}"

    @property
    def job(self) -> JobPlace:
        return JobPlace(BackupJob.RESTORE, self.volume.host, self.path, self.key)


class Volumes:
    """Every method raises ActionFailed, and may be repeated."""

    def __init__(self, shells: Shells) -> None:
        self._jobs = Jobs(shells)

    async def look(self, volume: VolumePlace, *, timeout: float = 8.0) -> VolumeFacts:
        directory = volume.directory.rstrip("/")
        return _facts(await self._jobs.run(volume.host, directory, LOOK, pairs_of(volume), timeout))

    async def begin_lay_out(self, wanted: LaidOut, backup: PartialBackup, *, timeout: float = 15.0) -> JobPlace:
        """Beside where each goes."""
        words = (backup.path, *keys_of(wanted.volume), wanted.operation, *pairs_of(wanted.volume))
        job = wanted.job
        await self._jobs.begin(job.server, job.path, job.job, job.key, LAY_OUT, words, timeout=timeout)
        return job

    async def swap(self, wanted: LaidOut, *, timeout: float = 30.0) -> tuple[str, ...]:
        """Move what is there aside, and what was laid out into its place; where the old ones are now."""
        return tuple((await self._run(wanted, SWAP, timeout)).values.get("aside", ()))

    async def swap_back(self, wanted: LaidOut, *, timeout: float = 30.0) -> None:
        """What was there in its place again, and what was restored where it was laid out."""
        await self._run(wanted, SWAP_BACK, timeout)

    async def is_swapped(self, wanted: LaidOut, *, timeout: float = 8.0) -> bool:
        return (await self._run(wanted, STATE, timeout)).one("swapped") is not None

    async def _run(self, wanted: LaidOut, script: str, timeout: float) -> Sections:
        words: Sequence[str] = (wanted.key, wanted.operation, *pairs_of(wanted.volume))
        return await self._jobs.run(wanted.volume.host, wanted.path, script, words, timeout)


def _facts(found: Sections) -> VolumeFacts:
    sizes = [int(text) if text.isdigit() else None for text in found.values.get("size", ())]
    free = [int(text) for text in found.values.get("available", ()) if text.isdigit()]
    known = [size for size in sizes if size is not None]
    return VolumeFacts(
        places=tuple(found.values.get("place", ())),
        size=sum(known) * _KIBIBYTE if len(known) == len(sizes) else None,
        available=min(free) * _KIBIBYTE if free else None,
        absent=tuple(found.values.get("absent", ())),
        missing=(*found.values.get("missing", ()), *found.values.get("unreadable", ())),
        obstacles=tuple(found.values.get("obstacle", ())),
    )
