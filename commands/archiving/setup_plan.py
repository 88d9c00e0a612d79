"""The plan by which a server archives its WAL with Understudy's script: only what differs is changed. Pure."""

from dataclasses import dataclass

from commands.command import Misunderstood
from commands.plan import Check, Loss, Plan, Step
from commands.promotion.checks import answers_sql
from commands.promotion.pair import passed, warned
from servers.backups.native.archiving import ArchivingFacts
from servers.inventory import Cluster, Server
from servers.state import ServerState

KIND = "archive setup"
SCRIPT = "script"
NORMAL = 60.0  # seconds
TIMEOUT = "60s"  # at most so much of what was written is not archived yet


@dataclass(frozen=True, slots=True)
class ArchiveSeen:
    """`command` is what it is to archive with, by the script at `path`."""

    cluster: Cluster
    server: Server
    state: ServerState
    facts: ArchivingFacts
    path: str
    command: str


def plan_setup(seen: ArchiveSeen) -> Plan:
    """Raises Misunderstood where nothing differs."""
    changes, name, sql = _changes(seen), seen.server.name, seen.state.sql
    if not changes and seen.facts.script_there:
        waits = f", once it was restarted: /ha restart {name}" if seen.facts.waits else ""
        raise Misunderstood(f"{name} archives with Understudy's script already{waits}.")
    return Plan(
        kind=KIND,
        cluster=seen.cluster.name,
        system_identifier=sql.system_identifier if sql else "",
        timeline=sql.timeline if sql else 0,
        source=None,
        target=name,
        steps=_steps(seen, changes),
        checks=(answers_sql(seen.state), _replaced(seen), _restart(seen)),
        outage_seconds=0.0,
        loss=Loss(0, 0.0, "Nothing is restarted, and no data is touched."),
        facts=((SCRIPT, seen.path), *((f"setting {key}", value) for key, value in changes.items())),
        consequence=f"{name} will archive its WAL with {seen.path}",
    )


def needs_restart(plan: Plan) -> bool:
    return "setting archive_mode" in dict(plan.facts)


def _changes(seen: ArchiveSeen) -> dict[str, str]:
    facts = seen.facts
    wanted = {
        "archive_mode": "on" if facts.mode == "off" and not facts.waits else "",
        "archive_command": seen.command if facts.command != seen.command else "",
        "archive_timeout": TIMEOUT if facts.timeout in ("0", "0s") else "",
    }
    return {name: value for name, value in wanted.items() if value}


def _steps(seen: ArchiveSeen, changes: dict[str, str]) -> tuple[Step, ...]:
    name, steps = seen.server.name, []
    if not seen.facts.script_there:
        does = f"{seen.path}, mode 755. An older one of Understudy's is moved aside, and kept; anything else is left."
        title = f"Put the archive script on {name}"
        steps.append(Step("put_script", name, title, does, "PostgreSQL's user can run it", NORMAL))
    if changes:
        does = f"ALTER SYSTEM for {', '.join(changes)}, and a reload."
        if "archive_mode" in changes:
            does += f" archive_mode takes effect with the next restart of {name}, which is not done here."
        title = f"Change settings of {name}"
        steps.append(Step("set_archiving", name, title, does, "pg_settings", NORMAL))
    return tuple(steps)


def _replaced(seen: ArchiveSeen) -> Check:
    title, before = f"archive_command of {seen.server.name}", seen.facts.command
    if seen.facts.mode == "off" or before in ("", "(disabled)", seen.command):
        return passed("replaced", title, "there is none yet" if before != seen.command else "is what it is to be")
    return warned("replaced", title, f"is replaced: {before}")


def _restart(seen: ArchiveSeen) -> Check:
    title = "Whether a restart is needed"
    if seen.facts.mode == "off":
        return warned("restart", title, f"archive_mode is off: it archives once {seen.server.name} was restarted")
    return passed("restart", title, "no: archive_mode is on")
