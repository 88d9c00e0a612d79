"""Checks of a switchover on what was examined: settings that must match, the way back, the archive, what is cut off."""

from collections.abc import Iterator

from commands.plan import Check
from commands.promotion.examining import Examined
from commands.promotion.followers import followers
from commands.promotion.pair import Pair, failed, judged, passed, warned
from ledger.quantities import count_text, seconds_text
from servers.readiness import LIMITS, Readiness, WalLevel

CLOCK_LIMIT = 1.0  # seconds; more makes two servers' logs and timestamps tell different stories
_NAMED = 3  # so many of those in the way are named


def readiness_checks(pair: Pair, examined: Examined) -> tuple[Check, ...]:
    """All of them, in the order in which people read them."""
    return (
        *_settings(pair, examined),
        _way_back(pair, examined),
        _archives(pair, examined),
        _backups(pair, examined),
        _transactions(pair, examined),
        _prepared(pair, examined),
        _clocks(pair),
    )


def _settings(pair: Pair, examined: Examined) -> Iterator[Check]:
    title = f"{pair.target.name} is set for what {pair.source.name} does"
    old, new = examined.old, examined.new
    if isinstance(old, str) or isinstance(new, str):
        yield warned("settings", title, f"not known: {old if isinstance(old, str) else new}")
        return
    yield _limits(pair, old, new)
    yield _levels(pair, old, new)
    yield _places(pair, new)


def _limits(pair: Pair, old: Readiness, new: Readiness) -> Check:
    """Too small on a standby: it stops replaying. Too large there: the old primary cannot follow it with its own."""
    title = f"{pair.target.name} allows at least what {pair.source.name} does"
    smaller = [name for name in LIMITS if new.limits[name] < old.limits[name]]
    larger = [name for name in LIMITS if new.limits[name] > old.limits[name]]
    shown = "; ".join(f"{name} is {old.limits[name]} and {new.limits[name]}" for name in smaller or larger)
    if smaller:
        return failed("limits", title, f"{shown}. Raise on {pair.target.name}, and restart it")
    if larger:
        late = f"{pair.source.name} will not start as its standby until they are as large there"
        return warned("limits", title, f"{shown}; {late}")
    return passed("limits", title, f"the same {', '.join(LIMITS)}")


def _levels(pair: Pair, old: Readiness, new: Readiness) -> Check:
    title = f"{pair.target.name} writes enough WAL for standbys"
    levels = list(WalLevel)
    evidence = f"wal_level is {old.wal_level} on {pair.source.name}, {new.wal_level} on {pair.target.name}"
    if not old.hot_standby:
        return failed(
            "wal_level", title, f"hot_standby is off on {pair.source.name}: as a standby it would answer nobody"
        )
    enough = new.wal_level is not WalLevel.MINIMAL and levels.index(new.wal_level) >= levels.index(old.wal_level)
    return judged("wal_level", title, enough, evidence, f"Raise it on {pair.target.name}, and restart it")


def _places(pair: Pair, new: Readiness) -> Check:
    """Each standby needs a sender and a slot on the new primary."""
    title = f"{pair.target.name} has room for its standbys"
    coming = [pair.source.name, *(each.name for each in followers(pair) if each.moves)]
    sql = pair.new.sql
    there = {slot.name for slot in sql.slots} if sql else set()
    wanted = {slot for name in coming if (slot := pair.cluster.server(name).slot) is not None} - there
    senders = new.limits["max_wal_senders"] - (len(sql.replication) if sql else 0)
    slots = new.max_replication_slots - len(there)
    evidence = f"{', '.join(coming)} will come; free senders: {max(senders, 0)}, free slots: {max(slots, 0)}"
    mend = f"Raise max_wal_senders or max_replication_slots on {pair.target.name}, and restart it"
    return judged("places", title, senders >= len(coming) and slots >= len(wanted), evidence, mend)


def _way_back(pair: Pair, examined: Examined) -> Check:
    """Tried for real: a replication connection from the old primary's host with the replication role's credentials."""
    old, new = pair.source.name, pair.target.name
    title = f"{old} can follow {new} afterwards"
    if pair.target.replication is None:
        return failed("way_back", title, f"the settings have no “replication” for it. Add it for {new}")
    reach = examined.way_back
    if isinstance(reach, str):
        return warned("way_back", title, f"not known: {reach}")
    if not reach.replication:
        mend = f"Look at pg_hba.conf and listen_addresses on {new}, and at the replication role's password on {old}"
        return failed("way_back", title, f"tried from {old}: {reach.detail}. {mend}")
    if not reach.files:
        return warned(
            "way_back", title, f"tried from {old}: it may stream, but pg_rewind could not run: {reach.detail}"
        )
    return passed("way_back", title, f"tried from {old}: the replication role may stream, and rewind")


def _archives(pair: Pair, examined: Examined) -> Check:
    """As much as can be tried without putting a file into the archive for good."""
    new = pair.target.name
    title = f"WAL archiving will work on {new}"
    mine, theirs = examined.old, examined.new
    if isinstance(mine, str) or isinstance(theirs, str):
        return warned("archive_new", title, f"not known: {mine if isinstance(mine, str) else theirs}")
    if mine.archive_mode == "off" and theirs.archive_mode == "off":
        return warned("archive_new", title, "archive_mode is off on both")
    if theirs.archive_mode == "off":
        mend = f"Set archive_mode as on {pair.source.name}, and restart {new}"
        return failed("archive_new", title, f"archive_mode is off on {new}. {mend}")
    if not theirs.archive_command and not theirs.archive_library:
        return failed("archive_new", title, f"{new} has neither archive_command nor archive_library. Set it there")
    tried = examined.archive
    if isinstance(tried, str):
        return warned("archive_new", title, f"it is set; whether it works there is not known: {tried}")
    # With a library the command is not used, whatever it is.
    if tried.fails and not theirs.archive_library:
        return failed("archive_new", title, f"tried on {new}: {tried.detail}. WAL would pile up there from the start")
    same = (mine.archive_command, mine.archive_library) == (theirs.archive_command, theirs.archive_library)
    set_up = (
        f"set as on {pair.source.name}" if same else f"its command or library is another than on {pair.source.name}"
    )
    if theirs.archive_library or not tried.proves:
        known = f" ({tried.detail})" if tried.detail and not theirs.archive_library else ""
        what = "library" if theirs.archive_library else "command"
        untried = f"{set_up}; the {what} was not tried, for its kind offers no harmless try{known}"
        return warned("archive_new", title, f"{untried}. After the switchover, look at the archive")
    evidence = f"{set_up}; tried on {new}: {tried.detail}"
    return passed("archive_new", title, evidence) if same else warned("archive_new", title, evidence)


def _backups(pair: Pair, examined: Examined) -> Check:
    title = "No base backup would be cut off"
    found = []
    for server, facts in ((pair.source.name, examined.old), (pair.target.name, examined.new)):
        if isinstance(facts, str):
            return warned("base_backup", title, f"not known: {facts}")
        for each in facts.backups:
            done = f" at {each.percent} %" if each.percent is not None else ""
            found.append(f"{each.application_name or 'a base backup'} from {server}{done}")
    if not found:
        return passed("base_backup", title, "none is being taken")
    return warned("base_backup", title, f"{_listed(found)}: it ends without a result, and must be taken again")


def _transactions(pair: Pair, examined: Examined) -> Check:
    old = pair.source.name
    title = f"No long transaction on {old}"
    if isinstance(examined.old, str):
        return warned("transactions", title, f"not known: {examined.old}")
    connections = pair.old.sql.connections if pair.old.sql else 0
    sessions = f"{count_text(connections, 'session')} will be ended"
    found = [
        f"{each.application_name or each.user} (process {each.pid}) for {seconds_text(each.age)}"
        for each in examined.old.transactions
    ]
    if not found:
        return passed("transactions", title, f"none is open for longer than a minute; {sessions}")
    return warned("transactions", title, f"{_listed(found)}: what it did is rolled back by the stop; {sessions}")


def _prepared(pair: Pair, examined: Examined) -> Check:
    """They outlive the switchover: WAL holds them, and the new primary has them with their locks."""
    title = "No prepared transaction waits"
    if isinstance(examined.old, str):
        return warned("prepared", title, f"not known: {examined.old}")
    found = [f"“{each.gid}” in {each.database} for {seconds_text(each.age)}" for each in examined.old.prepared]
    if not found:
        return passed("prepared", title, "none is there")
    moves = f"it goes on to {pair.target.name} with its locks: whoever prepared it must finish it there"
    return warned("prepared", title, f"{_listed(found)}: {moves}")


def _clocks(pair: Pair) -> Check:
    title = "The clocks agree"
    offsets = [state.host.clock_offset_seconds if state.host else None for state in (pair.old, pair.new)]
    known = [offset for offset in offsets if offset is not None]
    if len(known) < len(offsets):
        return warned("clocks", title, "not known: a host does not tell its time")
    apart = abs(known[0] - known[1])
    evidence = f"{pair.source.name} and {pair.target.name} are {seconds_text(apart)} apart"
    if apart > CLOCK_LIMIT:
        return warned("clocks", title, f"{evidence}: timestamps will jump by that. Look at their time service")
    return passed("clocks", title, evidence)


def _listed(found: list[str]) -> str:
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return f"{'; '.join(found[:_NAMED])}{more}"
