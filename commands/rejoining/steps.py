"""The steps of a rejoin as people read them; `commands.rejoining.actions` has the code of the same names."""

from commands.plan import Step
from ledger.quantities import bytes_text, seconds_text

# Seconds.
LONG, NORMAL, SHORT = 300.0, 60.0, 30.0
COPY_RATE, SLOWEST_RATE = 100e6, 3e6  # bytes a second: what to expect, and what still counts as going on
SHORTEST_JOB = 3600.0


def job_timeout(size: int) -> float:
    """Seconds after which nobody waits any more for a rewind or a copy of that size (bytes)."""
    return max(SHORTEST_JOB, size / SLOWEST_RATE)


def fence(server: str) -> Step:
    does = f"Ends PostgreSQL on {server}, and marks it so that an accidental start takes no writes."
    return Step("fence_rejoiner", server, f"Fence {server}", does, "no postmaster, nobody listens", SHORT)


def stop(server: str) -> Step:
    does = "A fast stop."
    return Step("stop_standby", server, f"Stop {server}", does, "no postmaster is left", NORMAL)


def stop_for_good(server: str) -> Step:
    does = "A fast stop. Its data directory stays as it is."
    return Step("stop_standby", server, f"Stop {server}", does, "no postmaster is left", NORMAL)


def drop_slot(server: str, upstream: str, name: str) -> Step:
    does = f"{upstream} keeps no more WAL for {server}: after a while only a new copy brings it back."
    title = f"Drop the slot “{name}” on {upstream}"
    return Step("drop_slot", upstream, title, does, "pg_replication_slots", SHORT)


def checkpoint(upstream: str) -> Step:
    does = "Lets the control file there tell its new timeline, by which pg_rewind goes. Clients notice nothing."
    return Step("checkpoint_upstream", upstream, f"Checkpoint on {upstream}", does, "CHECKPOINT returns", LONG)


def slot(server: str, upstream: str, name: str) -> Step:
    does = f"The physical slot “{name}” keeps the WAL that {server} needs from now on."
    return Step("make_slot", upstream, f"Make the slot for {server} on {upstream}", does, "pg_replication_slots", SHORT)


def rewind(server: str, upstream: str, size: int) -> Step:
    does = (
        f"pg_rewind takes back what {upstream} does not have, and fetches what changed there. It runs on {server} "
        "by itself, whatever becomes of the connection. A rewind that breaks off leaves a directory that only a new "
        "copy mends."
    )
    return Step("rewind", server, f"Rewind {server}", does, "pg_rewind ends without an error", job_timeout(size))


def copy(server: str, upstream: str, size: int, *, fallback: bool) -> Step:
    take = f"about {seconds_text(size / COPY_RATE)} at {bytes_text(COPY_RATE)} a second"
    does = (
        f"pg_basebackup copies {bytes_text(size)} from {upstream} into a new directory beside the old one: {take}. "
        f"Then pg_verifybackup reads it all again and compares it with its manifest. It runs on {server} by itself, "
        f"whatever becomes of the connection; /ha cancel ends it, and keeps what was copied."
    )
    title = f"If the rewind fails: copy {upstream} to {server}" if fallback else f"Copy {upstream} to {server}"
    return Step(
        "copy", server, title, does, "pg_basebackup and pg_verifybackup end without an error", job_timeout(size)
    )


def place(server: str, *, fallback: bool) -> Step:
    does = (
        "The old data directory is moved aside, beside the new one, and is kept; nothing is deleted. The server's own "
        "configuration files come along."
    )
    title = "If it was copied: put the copy in its place" if fallback else "Put the copy in its place"
    return Step("place", server, title, does, "the old directory is found under its new name", NORMAL)


def start(server: str, upstream: str) -> Step:
    does = f"{server} follows {upstream}, and replays what it lacks."
    return Step("start_standby", server, f"Start {server} as the standby", does, f"it streams from {upstream}", LONG)
