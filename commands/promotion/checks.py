"""Checks that both kinds of promotion share: each looks at one thing and says what was seen."""

from commands.plan import Check
from commands.promotion.pair import failed, judged, passed, warned
from ledger.quantities import bytes_text
from servers.state import ServerState
from servers.version_number import version_text

DISK_WARNING = 0.90  # of a file system; a promotion itself writes little
DISK_LIMIT = 0.98


def answers_sql(state: ServerState) -> Check:
    title = f"{state.name} answers by SQL"
    if state.sql is None:
        mend = "Start PostgreSQL there; an old primary comes back by /ha rejoin"
        return failed(f"sql_{state.name}", title, f"{state.sql_answer.how}. {mend}")
    return passed(f"sql_{state.name}", title, f"PostgreSQL {version_text(state.sql.version_number)}, {state.role}")


def answers_ssh(state: ServerState) -> Check:
    title = f"{state.name} answers by SSH"
    if not state.ssh_answer.ok or state.host is None:
        return failed(f"ssh_{state.name}", title, state.ssh_answer.how)
    return passed(f"ssh_{state.name}", title, f"within {state.ssh_answer.seconds * 1000:.0f} ms")


def sees_everything(state: ServerState) -> Check:
    """Without pg_monitor, pg_stat_replication and pg_stat_wal_receiver come back empty: nothing could be checked."""
    title = f"{state.name} tells its role everything"
    seen = state.sql is not None and state.sql.sees_everything
    evidence = "member of pg_monitor" if seen else "the role is no member of pg_monitor"
    return judged(f"pg_monitor_{state.name}", title, seen, evidence, f"GRANT pg_monitor to it on {state.name}")


def has_room(state: ServerState) -> Check:
    title = f"Disk space on {state.name}"
    name = f"disk_{state.name}"
    if state.host is None or not state.host.disks:
        return warned(name, title, "not known")
    fullest = max(state.host.disks, key=lambda disk: disk.used_fraction)
    evidence = f"{fullest.path} is {fullest.used_fraction:.0%} full, {bytes_text(fullest.available)} free"
    if fullest.used_fraction >= DISK_LIMIT:
        return failed(name, title, f"{evidence}. Make room first")
    return warned(name, title, evidence) if fullest.used_fraction >= DISK_WARNING else passed(name, title, evidence)
