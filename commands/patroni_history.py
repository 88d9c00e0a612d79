"""Who has led a cluster that Patroni runs, for its status: asked beside all else, so that nobody waits for it."""

import asyncio
from collections.abc import Sequence

from commands.world import World
from ledger.page import Facts, Moment, Part, Span
from servers.engines.engine import ActionFailed
from servers.inventory import Cluster
from servers.patroni_state import HistoryEntry

SHOWN = 3
# What PostgreSQL writes into the timeline's history file for every ordinary promotion; it tells nobody anything.
_ORDINARY = "no recovery target specified"


async def look_at_history(world: World, cluster: Cluster, seconds: float) -> tuple[HistoryEntry, ...]:
    """The oldest first; nothing where Patroni does not run the cluster, or does not tell in time. Never raises."""
    engine = world.patroni.get(cluster.name)
    if engine is None:
        return ()
    try:
        async with asyncio.timeout(seconds):
            return await engine.history(timeout=seconds * 0.9)
    except (ActionFailed, TimeoutError):
        return ()


def history_parts(history: Sequence[HistoryEntry]) -> tuple[Part, ...]:
    """The last changes of leader, the newest first. Pure."""
    names = ("Last change of leader", *("Before that" for _ in range(SHOWN)))
    newest = tuple(reversed(history))[:SHOWN]
    return (Facts(tuple(zip(names, map(_spans, newest), strict=False))),) if newest else ()


def _spans(entry: HistoryEntry) -> tuple[Span, ...]:
    who = entry.new_leader or "not known who leads since"
    why = "" if entry.reason in ("", _ORDINARY) else f" ({entry.reason})"
    what = f"{who}, timeline {entry.timeline} has ended{why}"
    return (what,) if entry.at is None else (what, " ", Moment(entry.at))
