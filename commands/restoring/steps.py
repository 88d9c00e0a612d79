"""The steps of a restore as people read them; `commands.restoring.actions` has the code of the same names."""

from commands.plan import Step
from ledger.quantities import bytes_text, count_text, seconds_text

# The actions that leave the live servers' data directories, settings and roles alone.
ALONE = frozenset({"archive_now", "lay_out", "compare", "recover", "look", "copy_tables", "see_tables", "drop"})

# Seconds.
LONG, NORMAL, SHORT = 900.0, 120.0, 30.0
SHORTEST_JOB = 3600.0
SLOWEST_RATE, SLOWEST_REPLAY = 3e6, 1e6  # bytes a second: what still counts as going on


def archive_now(server: str) -> Step:
    does = "pg_switch_wal() there ends the WAL segment that is written now, so that it is archived. Clients go on."
    title = f"Archive what {server} has written by now"
    return Step("archive_now", server, title, does, "the segment is seen in the archive", NORMAL)


def lay_out(server: str, backup: str, size: int, seconds: float) -> Step:
    does = (
        f"{bytes_text(size)} into a new directory beside the data directory, about {seconds_text(seconds)}. It runs on "
        f"{server} by itself, whatever becomes of the connection."
    )
    timeout = max(SHORTEST_JOB, size / SLOWEST_RATE)
    return Step("lay_out", server, f"Lay out {backup} on {server}", does, "the tool ends without an error", timeout)


def compare(server: str, size: int, *, sizes: bool) -> Step:
    what = "names and sizes" if sizes else "every checksum"
    does = f"pg_verifybackup compares {what} with the backup's manifest, before anything is started."
    timeout = max(SHORTEST_JOB, size / SLOWEST_RATE)
    return Step("compare", server, "Compare it with its manifest", does, "pg_verifybackup agrees", timeout)


def recover(server: str, target: str, segments: int, wal: int, seconds: float) -> Step:
    does = (
        f"Starts it by itself (own port, loopback only, no archiving, nobody to follow), and replays "
        f"{count_text(segments, 'segment')}, about {seconds_text(seconds)}."
    )
    timeout = max(SHORTEST_JOB, wal / SLOWEST_REPLAY)
    return Step("recover", server, f"Recover to {target}", does, "it has stopped at the target, and answers", timeout)


def look(server: str) -> Step:
    does = "Reads from it, and counts what the cluster has done since."
    return Step("look", server, "Look into it", does, "it answers, read-only", NORMAL)


def copy_tables(server: str, what: str, database: str, timeout: float) -> Step:
    does = (
        f"Into a new schema of the live database {database}, in one transaction: rows, columns and keys. Nothing that "
        "is there is touched."
    )
    proof = "the transaction is committed"
    return Step("copy_tables", server, f"Copy {what} into the live database", does, proof, timeout)


def see_tables(server: str, database: str) -> Step:
    does = f"Counts the tables of the new schema in {database}."
    return Step("see_tables", server, "See them in the live database", does, "it has them", SHORT)


def drop(server: str, directory: str) -> Step:
    does = f"Stops it, and removes {directory}, which that order made, and nothing else. This cannot be taken back."
    return Step("drop", server, "Drop the restored instance", does, "the directory is gone", LONG)
