"""What is looked at before a server is brought back."""

from commands.plan import Check
from commands.promotion.checks import answers_sql, has_room
from commands.promotion.pair import failed, judged, passed, warned
from commands.rejoining.seen import Seen
from commands.rejoining.way_back import COPY_MARGIN, Way, WayBack, copy_obstacles
from ledger.quantities import bytes_text


def checks(seen: Seen, way: Way) -> tuple[Check, ...]:
    """Pure: the same look gives the same checks."""
    first = (answers_sql(seen.new), _host_answers(seen))
    if seen.new.sql is None or seen.directory is None:
        return first  # of servers that do not speak, nothing else can be known
    return (
        *first,
        _same_system(seen),
        _same_version(seen),
        _not_ahead(seen),
        _way(seen, way),
        _can_connect(seen),
        *((_can_copy(seen, way),) if way.kind is not WayBack.PLAIN else ()),
        *((_room(seen),) if way.copies else ()),
        *((has_room(seen.old),) if way.kind is not WayBack.COPY else ()),
        _slot(seen),
    )


def _host_answers(seen: Seen) -> Check:
    """A host without a data directory answers as well: a standby may be made there."""
    title = f"The host of {seen.server.name} answers by SSH"
    if seen.directory is None:
        return failed("host", title, seen.problems.get("directory", "not asked"))
    there = seen.server.service.data_directory if seen.directory.exists else "no data directory yet"
    return passed("host", title, there)


def _same_system(seen: Seen) -> Check:
    """A directory that is another database's is moved aside by a copy; whoever approves must know."""
    title = "Both are copies of one system"
    control = seen.directory.control if seen.directory else None
    new = seen.new.sql.system_identifier if seen.new.sql else ""
    if control is None:
        return passed("system_identifier", title, f"{seen.server.name} has no data yet")
    evidence = f"system identifiers {control.system_identifier} and {new}"
    mend = f"The directory of {seen.server.name} holds another database: correct the settings"
    return judged("system_identifier", title, control.system_identifier == new, evidence, mend)


def _same_version(seen: Seen) -> Check:
    title = "Both are of one major version"
    facts, sql = seen.directory, seen.new.sql
    if facts is None or sql is None or not facts.version:
        return passed("version", title, f"{seen.server.name} has no data yet")
    theirs = str(sql.version_number // 10000)
    evidence = f"PostgreSQL {facts.version} and {theirs}"
    return judged("version", title, facts.version == theirs, evidence, "A standby must be of its primary's version")


def _not_ahead(seen: Seen) -> Check:
    """A newer timeline means that it was promoted after the other one: then the other one may have to follow."""
    title = f"{seen.upstream.name} is on the newest timeline"
    control = seen.directory.control if seen.directory else None
    theirs = seen.new.sql.timeline if seen.new.sql else 0
    if control is None:
        return passed("timeline", title, f"timeline {theirs}")
    mine = control.timeline
    evidence = f"{seen.server.name} was on timeline {mine}, {seen.upstream.name} is on {theirs}"
    return judged("timeline", title, mine <= theirs, evidence, "Decide which of them is right, and stop the other")


def _way(seen: Seen, way: Way) -> Check:
    title = f"The way back for {seen.server.name}: {way.kind}"
    if way.kind is WayBack.REWIND and not way.fallback:
        no = "; ".join(copy_obstacles(seen))
        return warned("way_back", title, f"{way.why}. Should it break off, no new copy could follow: {no}")
    return passed("way_back", title, way.why)


def _can_connect(seen: Seen) -> Check:
    """Tried for real, from the server's own host, as the replication role."""
    title = f"{seen.server.name} may stream from {seen.upstream.name}"
    if seen.reach is None:
        return failed("reach", title, seen.problems.get("reach", "not tried"))
    if not seen.reach.replication:
        return failed("reach", title, f"{seen.reach.detail}. Mend it: /ha replication setup {seen.server.name}")
    return passed("reach", title, "it has connected as the replication role")


def _can_copy(seen: Seen, way: Way) -> Check:
    title = f"A new copy of {seen.upstream.name} can be made"
    obstacles = "; ".join(copy_obstacles(seen))
    if not obstacles:
        return passed("copy", title, "the old directory can be moved aside, WAL senders are free, no tablespaces")
    return failed("copy", title, obstacles) if way.kind is WayBack.COPY else warned("copy", title, obstacles)


def _room(seen: Seen) -> Check:
    title = f"Room for a copy beside the old directory of {seen.server.name}"
    facts, source = seen.directory, seen.source
    if facts is None or facts.available is None or source is None:
        return warned("room", title, "not known")
    needed = round(source.size * COPY_MARGIN)
    evidence = f"{bytes_text(facts.available)} free, a copy takes about {bytes_text(needed)}"
    return judged("room", title, facts.available >= needed, evidence, "Make room, or move an older directory away")


def _slot(seen: Seen) -> Check:
    title = f"{seen.upstream.name} keeps WAL for {seen.server.name}"
    name = seen.server.slot
    if name is None:
        return warned("slot", title, "no slot is set for it; it depends on wal_keep_size")
    held = seen.new.sql is not None and any(slot.name == name for slot in seen.new.sql.slots)
    if held:
        return passed("slot", title, f"the slot “{name}” is there")
    free = seen.source.free_slots if seen.source else 1
    return judged(
        "slot", title, free > 0, f"the slot “{name}” will be made, {free} free", "Raise max_replication_slots"
    )
