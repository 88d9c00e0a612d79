"""Which way a server comes back, decided from what was seen alone.

A server that shut down cleanly and has nothing past the fork needs no rewind: its last record's end is the fork, or
lies before it. The fork is the end of a record that both have, so a shutdown checkpoint that begins before it is in.
Otherwise as pg_rewind's own rules are: https://www.postgresql.org/docs/current/app-pgrewind.html
"""

from dataclasses import dataclass
from enum import StrEnum

from commands.rejoining.seen import Seen
from servers.control_data import SHUT_DOWN
from servers.engines.rejoining import DirectoryFacts
from servers.inventory import ServiceKind
from servers.lsn import Lsn, format_lsn
from servers.state import ControlData

_STANDBY_STATES = ("shut down in recovery", "in archive recovery")
COPY_MARGIN = 1.1  # of the databases' size: WAL that is streamed meanwhile, and what grows


class WayBack(StrEnum):
    PLAIN = "plain start"
    REWIND = "pg_rewind"
    COPY = "new copy"


@dataclass(frozen=True, slots=True)
class Way:
    """The way, and why, in words. `fallback`: where a rewind fails, a new copy follows."""

    kind: WayBack
    why: str
    fallback: bool = False

    @property
    def copies(self) -> bool:
        return self.kind is WayBack.COPY or self.fallback


def way_back(seen: Seen, *, copy_wanted: bool) -> Way:
    """Pure."""
    facts = seen.directory
    if copy_wanted:
        return Way(WayBack.COPY, "a new copy was asked for")
    if facts is None or not facts.exists or facts.control is None:
        return Way(WayBack.COPY, f"{seen.server.name} has no data directory that could be used")
    if facts.broken:
        return Way(WayBack.COPY, "an earlier pg_rewind broke off, and left a directory that cannot be used")
    if seen.fork is None:
        why = seen.problems.get("history", f"its history has nothing in common with that of {seen.upstream.name}")
        return Way(WayBack.COPY, why)
    past = _past(seen, facts, facts.control)
    if past is None:
        lacking = _lacks_wal(seen, facts, facts.control.redo_lsn)
        return Way(WayBack.COPY, lacking) if lacking else Way(WayBack.PLAIN, _nothing_past(seen, facts.control))
    if seen.writable and not copy_obstacles(seen):
        # What it took meanwhile would be overwritten by a rewind; a copy keeps it, in the directory moved aside.
        return Way(WayBack.COPY, f"{past}; a new copy keeps what it has, in the directory that is moved aside")
    obstacle = _cannot_rewind(seen, facts, facts.control)
    if obstacle:
        return Way(WayBack.COPY, f"{past}, and pg_rewind cannot help: {obstacle}")
    return Way(WayBack.REWIND, past, fallback=not copy_obstacles(seen))


def copy_obstacles(seen: Seen) -> tuple[str, ...]:
    """Why no new copy can be made; empty where one can."""
    facts, source = seen.directory, seen.source
    if facts is None:
        return (seen.problems.get("directory", "its data directory was not seen"),)
    if source is None:
        return (seen.problems.get("source", f"{seen.upstream.name} does not say what there is to copy"),)
    found = [facts.obstacle] if facts.obstacle else []
    if seen.server.service.kind is ServiceKind.DOCKER:
        found.append("it runs in a container, which a copy would not outlive: make the copy by hand")
    if source.tablespaces:
        places = ", ".join(source.tablespaces)
        found.append(f"{seen.upstream.name} has tablespaces ({places}): copy by hand, with --tablespace-mapping")
    if source.free_senders < 2:
        found.append(f"{seen.upstream.name} has {source.free_senders} WAL senders free, a copy takes two")
    if facts.available is not None and facts.available < source.size * COPY_MARGIN:
        found.append("there is not enough room beside the old directory, which is kept")
    return tuple(found)


def _past(seen: Seen, facts: DirectoryFacts, control: ControlData) -> str | None:
    """What it has, or may have, past the fork, in words; None for nothing."""
    fork, new = seen.fork, seen.upstream.name
    if fork is None or (facts.based and fork.lsn is None):
        return None
    parted = "" if fork.lsn is None else f"the timelines part at {format_lsn(fork.lsn)}"
    if control.state in _STANDBY_STATES:
        end = seen.position
        past = fork.lsn is not None and end is not None and end > fork.lsn
        return f"it has replayed more than {new} has; {parted}" if past else None
    if control.state == SHUT_DOWN and not seen.writable:
        past = fork.lsn is not None and control.checkpoint_lsn >= fork.lsn
        return f"its shutdown checkpoint at {format_lsn(control.checkpoint_lsn)} lies past; {parted}" if past else None
    how = "runs as a primary" if seen.writable else "was a primary and did not shut down cleanly"
    return f"it {how}" + (f"; {parted}" if parted else "")


def _nothing_past(seen: Seen, control: ControlData) -> str:
    fork = seen.fork
    at = f", which parted at {format_lsn(fork.lsn)}" if fork is not None and fork.lsn is not None else ""
    return f"pg_controldata says “{control.state}”, and it has nothing that {seen.upstream.name} lacks{at}"


def _cannot_rewind(seen: Seen, facts: DirectoryFacts, control: ControlData) -> str | None:
    """The first thing in the way of pg_rewind."""
    fork, reach = seen.fork, seen.reach
    if control.state == "in archive recovery" and not seen.running:
        return "as a standby that did not shut down cleanly it cannot be rewound"
    if fork is None or fork.lsn is None:
        return f"it is on the timeline of {seen.upstream.name}"
    if not (facts.data_checksums or facts.wal_log_hints):
        return "it has neither data checksums nor wal_log_hints"
    if not facts.full_page_writes:
        return "full_page_writes is off"
    if reach is None or not reach.files:
        return reach.detail if reach else seen.problems.get("reach", "the way to the primary was not tried")
    if seen.server.service.kind is ServiceKind.DOCKER:
        return "it runs in a container, which a rewind would not outlive"
    return _lacks_wal(seen, facts, fork.lsn)


def _lacks_wal(seen: Seen, facts: DirectoryFacts, needed: Lsn) -> str | None:
    """Whether the primary has recycled WAL that it needs, and no archive has it."""
    oldest = seen.source.oldest_wal if seen.source else None
    if facts.restores or oldest is None or oldest <= needed:
        return None
    return (
        f"it needs WAL from {format_lsn(needed)} on, {seen.upstream.name} has it from {format_lsn(oldest)} on, "
        "and no restore_command is set there"
    )
