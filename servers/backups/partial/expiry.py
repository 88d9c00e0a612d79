"""Carrying out the retention of one part: decide by all that was seen, and remove what goes, host by host."""

from datetime import datetime

from servers.backups.partial.expire_script import EXPIRE
from servers.backups.partial.place import mark_of
from servers.backups.partial.retention import decide
from servers.backups.partial.state import PartialBackup, PartSeen
from servers.backups.partial.whereabouts import host_of
from servers.backups.wanted import Expired
from servers.engines.engine import ActionFailed
from servers.engines.jobs import Jobs
from servers.inventory import Cluster
from servers.ssh import Shells

MOST = 200  # backups that are looked at; older ones go once these are fewer


async def expire(shells: Shells, cluster: Cluster, seen: PartSeen, now: datetime, *, timeout: float) -> Expired:
    """What went. Raises ActionFailed; what was removed until then is gone, and the next time goes on."""
    part = seen.part
    if part.keep is None:
        return Expired((), 0, "the settings say nothing of what is kept: everything is")
    if not seen.answer.ok:
        raise ActionFailed(f"not all that there are is known, so none goes: {seen.answer.how}")
    decision = decide(seen.backups, part.keep, now)
    gone: list[str] = []
    for place in dict.fromkeys(one.place for one in decision.go):
        staying = [one.name for one in decision.stay if one.place == place and one.finished_at is not None]
        going = [one.name for one in reversed(decision.go) if one.place == place]
        words = (mark_of(cluster.name, part), str(len(staying)), *staying, *going)
        host = host_of(cluster, part, place)
        found = await Jobs(shells).run(host, part.directory.rstrip("/"), EXPIRE, words, timeout)
        gone += found.values.get("gone", ())
    return Expired(tuple(gone), 0, _told(gone, seen.backups))


def _told(gone: list[str], backups: tuple[PartialBackup, ...]) -> str:
    return f"{len(gone)} of {len(backups)} went" if gone else f"nothing goes: all {len(backups)} stay"
