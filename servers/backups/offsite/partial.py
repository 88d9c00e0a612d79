"""Dumps and backups of volumes off site: in the same store as the base backups, each part below a prefix of its own."""

from servers.backups.offsite.copy import OffsiteCopies
from servers.backups.offsite.source import RemoteFiles
from servers.backups.partial.state import PartialBackup, PartialListing, PartSeen
from servers.backups.partial.whereabouts import host_of, offsite_name
from servers.engines.engine import ActionFailed
from servers.inventory import Cluster
from servers.ssh import Shells


async def keep_partial(
    cluster: Cluster, listing: PartialListing, copies: OffsiteCopies, shells: Shells
) -> tuple[str, ...]:
    """Copy complete, encrypted ones that are not off site as a whole, newest first; which. Raises ActionFailed.

    What differs from when it was copied is told, and left as it is; so is a part that cannot be listed now.
    """
    copied, problems = [], []
    for seen in (await listing.list(cluster)).parts:
        try:
            copied += await _keep(cluster, seen, copies.within(offsite_name(seen.part)), shells)
        except ActionFailed as failed:
            problems.append(f"{seen.part.kind} {seen.part.name}: {failed}")
    if problems:
        raise ActionFailed("; ".join(problems))
    return tuple(copied)


async def _keep(cluster: Cluster, seen: PartSeen, copies: OffsiteCopies, shells: Shells) -> list[str]:
    whole = {one.name: one for one in await copies.look()}
    copied = []
    for backup in filter(_may_leave, seen.backups):
        if backup.name not in whole:
            host = host_of(cluster, seen.part, backup.place)
            await copies.copy(RemoteFiles(shells, host), backup.path)
            copied.append(f"{seen.part.kind} {seen.part.name} {backup.name}")
    differing = [line for one in whole.values() for line in one.differences]
    if differing or not seen.answer.ok:
        raise ActionFailed("; ".join(differing[:3]) or f"not all of its backups are known: {seen.answer.how}")
    return copied


def _may_leave(backup: PartialBackup) -> bool:
    """What is not encrypted stays where it is."""
    return backup.finished_at is not None and backup.encrypted
