"""Carrying out the settings' retention: look at all there is, decide, remove what goes."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from servers.backups.archive import ArchiveState, segment_name
from servers.backups.native.expire_script import EXPIRE
from servers.backups.native.lister import NativeBackups, best_of
from servers.backups.native.retention import Decision, decide
from servers.backups.wanted import Expired
from servers.engines.engine import ActionFailed
from servers.engines.jobs import Jobs
from servers.inventory import Cluster
from servers.ssh import Shells

MOST = 200  # backups that are looked at; what might be older than they needs its WAL as well
_NUMBER = slice(8, 24)  # of a segment's name: what tells its number, without the timeline


class Expiry:
    """Retention of one cluster at a time. `archive` looks at its archive."""

    def __init__(
        self,
        shells: Shells,
        clock: Callable[[], datetime],
        archive: Callable[[Cluster], Awaitable[ArchiveState]],
    ) -> None:
        self._jobs = Jobs(shells)
        self._clock = clock
        self._lister = NativeBackups(shells, clock, most=MOST)
        self._archive = archive

    async def expire(self, cluster: Cluster, *, dry_run: bool, timeout: float) -> Expired:
        place = cluster.backups
        if place is None or place.retention is None:
            return Expired((), 0, "the settings name no retention: everything is kept")
        hosts = await self._lister.everywhere(cluster, timeout=min(timeout, 15.0))
        state = best_of(one for _, one in hosts)
        server = next(server for server, one in hosts if one is state)
        others = [one for _, one in hosts if one is not state]
        unseen = next((one.answer.how for one in others if not one.answer.ok), None)
        if not state.answer.ok:
            raise ActionFailed(f"what backups there are is not known, so none goes: {state.answer.how}")
        if len(state.backups) >= MOST:
            raise ActionFailed(f"there are more than {MOST} backups, too many to tell which WAL they need: none goes")
        archive = await self._archive(cluster)
        elsewhere = None if unseen else tuple(backup for one in others for backup in one.backups)
        decision = decide(state.backups, archive, place.retention, self._clock(), elsewhere)
        names = tuple(one.name for one in decision.go)
        if dry_run or (not names and not decision.segments):
            return Expired(names, decision.segments, _told(decision, unseen or _unknown(archive), done=False))
        kept = decision.first_kept
        first = "" if kept is None else segment_name(1, kept, archive.segment_size)[_NUMBER]
        staying = tuple(one.name for one in decision.stay)
        arguments = (place.archive_directory or "", first, str(len(staying)), *staying, *names)
        found = await self._jobs.run(server, place.directory, EXPIRE, arguments, timeout)
        gone = tuple(found.values.get("gone", ()))
        return Expired(gone, int(found.one("segments") or 0), _told(decision, unseen or _unknown(archive), done=True))


def _unknown(archive: ArchiveState) -> str | None:
    return None if archive.answer.ok else f"the archive could not be looked at: {archive.answer.how}"


def _told(decision: Decision, unseen: str | None, *, done: bool) -> str:
    """`unseen`: why it is not known which WAL is needed."""
    there = len(decision.go) + len(decision.stay)
    verb = "went" if done else "would go"
    if not decision.go and not decision.segments:
        line = f"nothing goes: all {there} backups stay"
    else:
        line = f"{len(decision.go)} of {there} backups and {decision.segments} WAL segments {verb}"
    return f"{line}; all WAL stays, for {unseen}" if unseen else line
