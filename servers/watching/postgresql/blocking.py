"""Who blocks whom: from whoever waits to whoever holds them all up. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from servers.watching.postgresql.server_statistics import Locked

PREPARED = 0  # the pid that pg_blocking_pids gives for a prepared transaction


@dataclass(frozen=True, slots=True)
class HeldUp:
    """A session (None: one that is not in sight; a prepared transaction where `pid` is 0) that waits for nobody, and
    those who wait for it, directly or behind one another, by pid."""

    pid: int
    session: Locked | None
    waiting: tuple[int, ...]


def held_up(locked: Sequence[Locked]) -> tuple[HeldUp, ...]:
    """Whoever is at the head of a queue, the longest queue first. In a deadlock nobody is."""
    by_pid = {one.session.pid: one for one in locked}
    queues: dict[int, list[int]] = {}
    for one in locked:
        if one.waits:
            for head in _heads(one.session.pid, by_pid):
                queues.setdefault(head, []).append(one.session.pid)
    heads = sorted(queues, key=lambda pid: (-len(queues[pid]), pid))
    return tuple(HeldUp(pid, by_pid.get(pid), tuple(queues[pid])) for pid in heads)


def _heads(pid: int, by_pid: Mapping[int, Locked]) -> list[int]:
    """At the end of the ways from this one to whom it waits for; each is gone once, however they cross."""
    heads, seen, ahead = [], {pid}, list(by_pid[pid].blocked_by)
    while ahead:
        next_one = ahead.pop()
        if next_one in seen:
            continue
        seen.add(next_one)
        found = by_pid.get(next_one)
        if found is not None and found.waits:
            ahead.extend(found.blocked_by)
        else:
            heads.append(next_one)
    return heads
