"""The plan by which a primary lets a standby stream: only what differs is changed."""

from dataclasses import dataclass

from commands.command import Misunderstood
from commands.plan import Check, Loss, Plan, Step
from commands.promotion.checks import answers_sql
from commands.promotion.pair import failed, judged, passed, warned
from commands.replicating.differs import Access, Conninfo, Differs, access_of, address_of, can_stream_now, differs
from servers.engines.rejoining import Reach
from servers.engines.replicating import ReplicationFacts
from servers.inventory import Cluster, Server
from servers.state import ServerState

KIND = "replication setup"
NEW = "new"
NORMAL = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class SetupSeen:
    """`server` is to stream from `upstream`, whose state and facts these are. `silent`: hosts that do not answer."""

    cluster: Cluster
    server: Server
    upstream: Server
    primary: ServerState
    facts: ReplicationFacts
    reach: Reach
    conninfo: Conninfo
    silent: tuple[str, ...]


def plan_setup(seen: SetupSeen) -> Plan:
    """Pure. Raises Misunderstood where nothing differs."""
    sql, slot = seen.primary.sql, seen.server.slot
    has_slot = slot is None or (sql is not None and any(one.name == slot for one in sql.slots))
    change = differs(seen.cluster, seen.facts, seen.reach, seen.conninfo, has_slot=has_slot)
    here, there = seen.server.name, seen.upstream.name
    if change.nothing and access_of(seen.reach) is Access.OPEN:
        raise Misunderstood(f"{here} may stream from {there} already, and nothing is left to set up.")
    return Plan(
        kind=KIND,
        cluster=seen.cluster.name,
        system_identifier=sql.system_identifier if sql else "",
        timeline=sql.timeline if sql else 0,
        source=None,
        target=there,
        steps=_steps(seen, change),
        checks=_checks(seen, change),
        outage_seconds=0.0,
        loss=Loss(0, 0.0, "Nothing is restarted, and no data is touched."),
        facts=_facts(seen, change),
        consequence=f"{here} will be let in to stream from {there}",
    )


def _steps(seen: SetupSeen, change: Differs) -> tuple[Step, ...]:
    here, there, role = seen.server.name, seen.upstream.name, seen.conninfo.role
    names = ", ".join(change.settings)
    later = not can_stream_now(seen.facts)
    steps = []
    if change.settings:
        does = f"ALTER SYSTEM for {names}. They take effect with the next restart of {there}, which is not done here."
        steps.append(Step("change_settings", there, f"Change settings of {there}", does, "pg_settings", NORMAL))
    if change.role or change.password:
        steps.append(_access_step(seen, change))
    if change.address is not None:
        does = (
            f"Two lines are appended to pg_hba.conf, for {role} from {change.address} alone. PostgreSQL reads them "
            "before they count; with an error the file is put back. The file as it was is kept beside it."
        )
        title = f"Let {here} in on {there}"
        steps.append(Step("allow_standby", there, title, does, "pg_hba_file_rules shows no error", NORMAL))
    if not later and change.slot and seen.server.slot:
        does = f"“{seen.server.slot}” keeps WAL from now on, so add {here} soon: until it streams, that fills the disk."
        title = f"Make the slot for {here} on {there}"
        steps.append(Step("make_standby_slot", there, title, does, "pg_replication_slots", NORMAL))
    if not later:
        does = f"A replication connection from {here} to {there}, as {role}."
        title = f"Connect from {here}"
        steps.append(Step("try_replication", here, title, does, "IDENTIFY_SYSTEM is answered", NORMAL))
    return tuple(steps)


def _access_step(seen: SetupSeen, change: Differs) -> Step:
    there, role = seen.upstream.name, seen.conninfo.role
    does = f"LOGIN, REPLICATION, and the right to read files as pg_rewind does, for {role}."
    if change.password and seen.conninfo.password is None:
        does += (
            " A new password goes into the passfile of every server, and to PostgreSQL as a SCRAM verifier: its clear "
            "text is in no log. Standbys that stream go on; they connect anew with the new one."
        )
    elif change.password:
        does += " Its password becomes that of the settings, sent as a SCRAM verifier."
    return Step("give_access", there, f"Set up the role {role} on {there}", does, "pg_roles", NORMAL)


def _facts(seen: SetupSeen, change: Differs) -> tuple[tuple[str, str], ...]:
    """What is approved: each change by name."""
    return (
        ("server", seen.server.name),
        *((f"setting {name}", value) for name, value in change.settings.items()),
        ("role", seen.conninfo.role),
        ("password", NEW if change.password else "as it is"),
        ("pg_hba.conf entry for", change.address or "none"),
        *((("slot", seen.server.slot),) if change.slot and seen.server.slot else ()),
    )


def _checks(seen: SetupSeen, change: Differs) -> tuple[Check, ...]:
    return (
        answers_sql(seen.primary),
        _settings(seen, change),
        _role(seen),
        _entry(seen),
        _hba_is_sound(seen),
        *((_everybody_gets_it(seen),) if change.password and seen.conninfo.password is None else ()),
    )


def _settings(seen: SetupSeen, change: Differs) -> Check:
    title = f"Settings of {seen.upstream.name}"
    needs = "; ".join(
        part
        for part in (
            f"a restart is needed for {', '.join(change.settings)}" if change.settings else "",
            f"changed already and waiting for a restart: {', '.join(change.waiting)}" if change.waiting else "",
        )
        if part
    )
    if not needs:
        return passed("settings", title, "wal_level, WAL senders, slots, hot_standby: as a standby needs them")
    until = "" if can_stream_now(seen.facts) else f". {seen.server.name} cannot stream before that"
    return warned("settings", title, f"{needs}{until}")


def _role(seen: SetupSeen) -> Check:
    facts, role = seen.facts, seen.conninfo.role
    title = f"The replication role {role}"
    if not facts.role_exists:
        return passed("role", title, "will be made")
    lacks = [
        word
        for word, there in (
            ("LOGIN and REPLICATION", facts.role_may),
            ("a SCRAM password", facts.has_password),
            ("reading files as pg_rewind does", facts.reads_files),
        )
        if not there
    ]
    return passed("role", title, f"lacks {', '.join(lacks)}" if lacks else "has all that it needs")


def _entry(seen: SetupSeen) -> Check:
    title = f"{seen.server.name} reaches {seen.upstream.name}"
    detail = seen.reach.detail
    match access_of(seen.reach):
        case Access.OPEN:
            return passed("entry", title, "it may stream")
        case Access.NOT_TRUSTED:
            return passed("entry", title, f"it is not let in yet: {detail}")
        case Access.REFUSED:
            return warned("entry", title, f"refused, and not for its password: {detail}")
        case Access.NO_WAY:
            return failed("entry", title, f"{detail}. Look at listen_addresses, the firewall, and the settings' host")
    address = address_of(seen.reach)
    if address is None:
        return failed("entry", title, f"its address cannot be told from: {detail}. Add it to pg_hba.conf by hand")
    return passed("entry", title, f"{seen.upstream.name} sees it as {address} and has no pg_hba.conf entry for that")


def _hba_is_sound(seen: SetupSeen) -> Check:
    title = f"pg_hba.conf of {seen.upstream.name} has no errors"
    count = seen.facts.hba_errors
    return judged("hba", title, count == 0, f"{count} lines with errors", "Mend them first: see pg_hba_file_rules")


def _everybody_gets_it(seen: SetupSeen) -> Check:
    """A standby that missed a new password could not connect again."""
    title = "Every server's host answers, to be told the new password"
    evidence = f"no answer from {', '.join(seen.silent)}" if seen.silent else "all answer by SSH"
    return judged("passfiles", title, not seen.silent, evidence, "Wait until they do")
