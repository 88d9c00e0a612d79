"""What of a primary differs from what a standby needs, decided from what was seen alone."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from commands.command import Misunderstood
from servers.engines.rejoining import Reach
from servers.engines.replicating import ReplicationFacts
from servers.inventory import Cluster, Server

ENOUGH = 10  # WAL senders and slots: PostgreSQL's own default
_QUOTED = re.compile(r'"([0-9A-Fa-f:.]+)"')
# PostgreSQL's texts for 28P01 and 28000, and libpq's where it has no password to give: what another password mends.
# src/backend/libpq/auth.c (auth_failed), src/backend/utils/init/miscinit.c, src/interfaces/libpq/fe-connect.c
_NOT_TRUSTED = re.compile(
    r'authentication failed for user|role "[^"]*" does not exist|no password supplied|fe_sendauth'
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$-]*")


class Access(StrEnum):
    """What keeps the server from streaming, as its own try tells."""

    OPEN = "open"
    NO_ENTRY = "no pg_hba.conf entry"
    NOT_TRUSTED = "not let in"  # role or password
    REFUSED = "refused"  # for what is no matter of trust: no free WAL sender, too many clients, starting up
    NO_WAY = "no connection"


@dataclass(frozen=True, slots=True)
class Conninfo:
    """How others reach the primary: role, and where its password is kept ('' for the passfile in the home).

    `password` is set where the settings have it themselves.
    """

    role: str
    host: str
    port: str
    passfile: str
    password: str | None


@dataclass(frozen=True, slots=True)
class Differs:
    """What is to be changed. `settings`: to which value; `waiting`: changed already, and waiting for a restart."""

    settings: Mapping[str, str]
    waiting: tuple[str, ...]
    role: bool
    password: bool
    address: str | None
    slot: bool

    @property
    def nothing(self) -> bool:
        changes = self.settings or self.waiting or self.role or self.password or self.address or self.slot
        return not changes


def conninfo_of(upstream: Server) -> Conninfo:
    """From the settings. Raises Misunderstood where they do not tell enough."""
    key = f"“replication” of {upstream.name}"
    try:
        given = conninfo_to_dict(upstream.replication or "")
    except ProgrammingError:
        raise Misunderstood(f"The settings' {key} cannot be read.") from None
    role, host = str(given.get("user") or ""), str(given.get("host") or given.get("hostaddr") or "")
    if not role or not host:
        raise Misunderstood(f"The settings' {key} must name host and user, and a passfile: add them.")
    if not _NAME.fullmatch(role):
        raise Misunderstood(f"The settings' {key} names a role that is set up by hand only: letters, digits, _ and -.")
    password = str(given["password"]) if given.get("password") else None
    return Conninfo(role, host, str(given.get("port") or 5432), str(given.get("passfile") or ""), password)


def access_of(reach: Reach) -> Access:
    if reach.replication:
        return Access.OPEN
    if "pg_hba.conf" in reach.detail:
        return Access.NO_ENTRY
    if _NOT_TRUSTED.search(reach.detail):
        return Access.NOT_TRUSTED
    return Access.REFUSED if "FATAL" in reach.detail else Access.NO_WAY


def address_of(reach: Reach) -> str | None:
    """The server's address as the primary sees it, which the refusal quotes: whatever lies between them is allowed for.

    “no pg_hba.conf entry for replication connection from host "10.0.0.12", user …”, in whatever language.
    """
    for quoted in reversed(_QUOTED.findall(reach.detail)):  # libpq names the primary's address first
        try:
            return str(ipaddress.ip_address(quoted))
        except ValueError:
            continue
    return None


def settings_to_change(facts: ReplicationFacts, standbys: int) -> dict[str, str]:
    """Pure. Two WAL senders a standby (a copy takes two), and two to spare for copies; a slot each, and one to spare.

    Each of these takes effect with a restart: https://www.postgresql.org/docs/current/runtime-config-replication.html
    """
    wanted: dict[str, str] = {}
    if facts.wal_level == "minimal":
        wanted["wal_level"] = "replica"
    if facts.max_wal_senders < 2 * standbys + 2:
        wanted["max_wal_senders"] = str(max(ENOUGH, 2 * standbys + 2))
    if facts.max_replication_slots < standbys + 1:
        wanted["max_replication_slots"] = str(max(ENOUGH, standbys + 1))
    if not facts.hot_standby:
        wanted["hot_standby"] = "on"
    if not facts.rewindable:
        wanted["wal_log_hints"] = "on"
    return wanted


def differs(cluster: Cluster, facts: ReplicationFacts, reach: Reach, conninfo: Conninfo, *, has_slot: bool) -> Differs:
    """Pure."""
    wanted = settings_to_change(facts, len(cluster.servers) - 1)
    access = access_of(reach)
    return Differs(
        settings={name: value for name, value in wanted.items() if name not in facts.pending},
        waiting=tuple(name for name in wanted if name in facts.pending),
        role=not (facts.role_exists and facts.role_may and facts.reads_files),
        password=not facts.has_password or access is Access.NOT_TRUSTED,
        address=address_of(reach) if access is Access.NO_ENTRY else None,
        slot=not has_slot,
    )


def can_stream_now(facts: ReplicationFacts) -> bool:
    """Without a restart first."""
    return facts.wal_level != "minimal" and facts.max_wal_senders > 0 and facts.max_replication_slots > 0
