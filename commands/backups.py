"""`/ha backups [cluster]`: what exists where, and to which moments one can restore now. Answers within a second."""

import asyncio
from collections.abc import Awaitable, Sequence

from commands.asked import Asked
from commands.authority import VIEW
from commands.backups_page import BackupsView, backups_overview, backups_page
from commands.command import Misunderstood
from commands.looking import glance_at_backups, survey
from commands.parse import resolve
from commands.people import Person
from commands.world import World
from ledger.page import Page
from servers.backups.archive import ArchiveState
from servers.backups.partial.whereabouts import parts_of
from servers.backups.window import restore_window
from servers.inventory import Cluster
from servers.state import Answer, ClusterState, Outcome

PATIENCE = 0.85  # seconds for everything that leaves the process


class Backups:
    """The view."""

    name = "backups"
    usage = "backups [cluster]"
    summary = "Base backups with age, size and verification, and to which moments one can restore now, with every gap"
    right = VIEW

    async def answer(self, asked: Asked, person: Person, arguments: Sequence[str], world: World) -> Page:
        """One cluster in full, when it is named or the only one; else a line for each."""
        if not arguments and len(world.clusters) > 1:
            clusters = tuple(world.clusters.values())
            states = await asyncio.gather(*(_in_time(survey(world, cluster)) for cluster in clusters))
            views = [_view(*one) for one in zip(clusters, states, strict=True)]
            return backups_overview(views, world.now())
        cluster, _ = resolve(arguments, world.clusters, self.usage)
        if cluster.backups is None and not parts_of(cluster):
            raise Misunderstood(
                f"The settings name no backups for {cluster.name}: add [clusters.{cluster.name}.backups]."
            )
        state = await _in_time(glance_at_backups(world, cluster))
        return backups_page(_view(cluster, state), world.now())


def _view(cluster: Cluster, state: ClusterState | None) -> BackupsView:
    partial = state.partial if state is not None else None
    if state is None or state.backups is None:
        return BackupsView(cluster, None, None, None, partial)
    nothing_yet = Answer(Outcome.NOT_ASKED, state.at, 0.0, "no answer so far, ask again")
    archive = state.archive or ArchiveState(nothing_yet)
    return BackupsView(cluster, state.backups, archive, restore_window(state.backups, archive), partial)


async def _in_time(looking: Awaitable[ClusterState]) -> ClusterState | None:
    try:
        async with asyncio.timeout(PATIENCE):
            return await looking
    except TimeoutError:
        return None
