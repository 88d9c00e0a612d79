"""What was typed after `/ha drill`, understood; and which backup is meant by it. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from commands.command import Meant, Misunderstood
from commands.parse import COMMAND, echo, nearest, resolve
from servers.inventory import Cluster

USAGE = "drill restore|failover|full [cluster] [newest|random|NAME of a backup] [server]"


class Drilled(StrEnum):
    """What is practised."""

    RESTORE = "restore"
    FAILOVER = "failover"
    FULL = "full"


class Which(StrEnum):
    """Which backup is restored, where none is named."""

    NEWEST = "newest"
    RANDOM = "random"
    IN_TURN = "in-turn"  # the newest, and now and then one at random: what is scheduled


@dataclass(frozen=True, slots=True)
class Wish:
    """`which` is one of Which, or the name of a backup in small letters. `seed` decides what is random: the same words
    give the same plan when it is made again."""

    drilled: Drilled
    which: str = Which.NEWEST
    seed: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        return self.drilled, self.which, self.seed


def read_wish(words: Sequence[str]) -> Wish:
    """Raises Misunderstood for what `Wish.words` did not write."""
    if len(words) != 3 or words[0] not in tuple(Drilled):
        raise Misunderstood("What this drill is of cannot be read any more. Ask again.")
    return Wish(Drilled(words[0]), words[1], words[2])


def understand(arguments: Sequence[str], now: datetime, clusters: Mapping[str, Cluster]) -> Meant:
    """What is neither a cluster nor a server of one is the name of a backup. Raises Misunderstood."""
    if not arguments or arguments[0] not in tuple(Drilled):
        raise Misunderstood(f"Which drill? There are {', '.join(Drilled)}. Type: {COMMAND} {USAGE}")
    drilled, rest = Drilled(arguments[0]), arguments[1:]
    known = {*clusters, *(server.name for cluster in clusters.values() for server in cluster.servers)}
    places, others = [word for word in rest if word in known], [word for word in rest if word not in known]
    cluster, server = resolve(places, clusters, USAGE)
    if drilled is Drilled.FAILOVER and others:
        raise Misunderstood(
            f"“{echo(others[0])}” is no cluster or server. Type: {COMMAND} drill failover {cluster.name}"
        )
    if len(others) > 1:
        raise Misunderstood(f"One backup at a time: {' or '.join(map(echo, others))}? Type: {COMMAND} {USAGE}")
    which = others[0] if others else Which.NEWEST
    seed = now.isoformat() if which in (Which.RANDOM, Which.IN_TURN) else ""
    return Meant(cluster, server, Wish(drilled, which, seed).words)


def chosen(wish: Wish, usable: Sequence[str], turn: int, every: int) -> str | None:
    """The backup that is meant, of the usable ones, newest first. `turn` is how many drills there were before; one in
    `every` is at random, among the older ones where there are any. None: the newest. Raises Misunderstood."""
    older = usable[1:] or usable
    match wish.which:
        case Which.NEWEST:
            return None
        case Which.RANDOM:
            return _at_random(usable, wish.seed)
        case Which.IN_TURN:
            return _at_random(older, wish.seed) if every and turn % every == every - 1 else None
    found = {name.casefold(): name for name in usable}.get(wish.which)
    if found is None:
        near = nearest(wish.which, usable)
        mend = f"Did you mean {near}?" if near else f"Known: {', '.join(usable[:5]) or 'none'}."
        raise Misunderstood(f"“{echo(wish.which)}” is no backup that can be restored now. {mend}")
    return found


def how_chosen(wish: Wish, backup: str | None) -> str:
    """In a word or two, for people."""
    if wish.which not in tuple(Which):
        return "named"
    return "newest" if backup is None else "at random"


def _at_random(names: Sequence[str], seed: str) -> str | None:
    """The same one for the same seed, also where another backup came or went meanwhile."""
    return min(names, key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest(), default=None)
