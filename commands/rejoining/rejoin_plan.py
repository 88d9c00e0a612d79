"""The plan by which a server becomes a standby again."""

from commands.plan import Loss, Plan, Step
from commands.rejoining import steps
from commands.rejoining.checks import checks
from commands.rejoining.seen import Seen
from commands.rejoining.way_back import Way, WayBack, way_back
from ledger.quantities import bytes_text, seconds_text
from servers.lsn import format_lsn


def plan_return(seen: Seen, *, kind: str, copy_wanted: bool = False) -> Plan:
    """Pure: the same look gives the same plan. `kind`: the order in the field's words ("rejoin")."""
    way = way_back(seen, copy_wanted=copy_wanted)
    here, there, sql = seen.server.name, seen.upstream.name, seen.new.sql
    return Plan(
        kind=kind,
        cluster=seen.cluster.name,
        system_identifier=sql.system_identifier if sql else "",
        timeline=sql.timeline if sql else 0,
        source=None,
        target=here,
        steps=_steps(seen, way),
        checks=checks(seen, way),
        outage_seconds=0.0,
        loss=_loss(seen, way),
        risks=(_two_primaries(seen, way),) if seen.writable else (),
        facts=_facts(seen, way),
        consequence=f"{here} will follow {there} as a standby",
    )


def _steps(seen: Seen, way: Way) -> tuple[Step, ...]:
    here, there, slot = seen.server.name, seen.upstream.name, seen.server.slot
    size = seen.source.size if seen.source else 0
    rewinds = way.kind is WayBack.REWIND
    return (
        *((steps.fence(here),) if seen.writable else (steps.stop(here),) if seen.running else ()),
        *((steps.checkpoint(there),) if rewinds else ()),
        *((steps.slot(here, there, slot),) if slot else ()),
        *((steps.rewind(here, there, size),) if rewinds else ()),
        *((steps.copy(here, there, size, fallback=rewinds), steps.place(here, fallback=rewinds)) if way.copies else ()),
        steps.start(here, there),
    )


def _facts(seen: Seen, way: Way) -> tuple[tuple[str, str], ...]:
    kind = f"{way.kind}, else {WayBack.COPY}" if way.fallback else str(way.kind)
    directory = seen.server.service.data_directory
    return (
        ("way back", kind),
        ("follows", seen.upstream.name),
        ("slot", seen.server.slot or "none"),
        *((("data directory", f"{directory} is moved aside"),) if way.copies else ()),
    )


def _two_primaries(seen: Seen, way: Way) -> str:
    """In words that do not change while it goes on taking writes: they are part of what is approved."""
    here, there = seen.server.name, seen.upstream.name
    at = f" since {format_lsn(seen.fork.lsn)}" if seen.fork is not None and seen.fork.lsn is not None else ""
    fate = (
        "stays in its directory, which is moved aside, and is lost to clients"
        if way.kind is WayBack.COPY
        else "is overwritten and lost"
    )
    return f"{here} runs as a primary beside {there}. What clients wrote there{at} is not on {there}: it {fate}."


def _loss(seen: Seen, way: Way) -> Loss:
    here, there = seen.server.name, seen.upstream.name
    if way.kind is WayBack.PLAIN:
        return Loss(0, 0.0, f"{here} has nothing that {there} lacks.")
    if seen.fork is None or seen.fork.lsn is None:
        return Loss(0, 0.0, f"{there} is not touched. The old directory of {here} is kept.")
    left = seen.left_behind
    kept = "kept in the directory that is moved aside" if way.kind is WayBack.COPY else "overwritten by the rewind"
    parted = f"{here} and {there} part at {format_lsn(seen.fork.lsn)}"
    amount = f"; at least {bytes_text(left)} of WAL past it was seen{_in_seconds(seen, left)}" if left else ""
    hint = "" if way.kind is WayBack.COPY else f" To keep it for salvage: /ha rejoin {here} copy."
    unknown = "" if left else f". How much {here} has past that nobody has seen"
    fate = f"What {here} has past that is {kept}, and never reaches {there}."
    return Loss(None, None, f"{parted}{amount}{unknown}. {fate}{hint}")


def _in_seconds(seen: Seen, left: int) -> str:
    """By the rate at which it wrote while the monitor last saw it as the primary; where that is not known, it says so.

    Commit time stamps would tell exactly, but are off unless track_commit_timestamp is set, and a server that is down
    tells none: https://www.postgresql.org/docs/current/runtime-config-replication.html#GUC-TRACK-COMMIT-TIMESTAMP.
    """
    rate = seen.old.wal_rate
    if not rate:
        return ", over a time that is not known"
    return f", about {seconds_text(left / rate)} of writing at its last known rate"
