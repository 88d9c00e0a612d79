"""The bot's settings file for a practice world."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.server import LabServer

SSH_USER = "postgres"
CHANNEL = "C0OPS"

# The practice Slack's people and user group. What is said once a day would come at a time that no scene expects.
_PEOPLE = """
[watchdog]
all_is_well_at = "never"

[people.alice]
slack = "U0ALICE"

[people.bob]
slack = "U0BOB"

[people.carol]
slack = "U0CAROL"

[groups.dba]
slack = "S0DBA"
people = ["alice", "bob", "carol"]

[rights]
view = ["everyone"]
acknowledge = ["dba"]
silence = ["dba"]
promote = ["dba"]
rejoin = ["dba"]
fence = ["dba"]
standby = ["dba"]
restart = ["dba"]
reload = ["dba"]
service = ["dba"]
sentinel = ["dba"]
replication = ["dba"]
archive = ["dba"]
restore = ["dba"]
backup = ["dba"]
drill = ["dba"]
maintenance = ["dba"]

[policies.promote]
approvers = ["dba"]
approvals = 1
expires = "15m"
reason_required = true

[policies.rejoin]
approvers = ["dba"]
expires = "15m"

[policies.fence]
approvers = ["dba"]

[policies.standby]
approvers = ["dba"]
expires = "15m"

[policies.restart]
approvers = ["dba"]

[policies.service]
approvers = ["dba"]

[policies.sentinel]
approvers = ["dba"]

[policies.reload]
approvers = ["dba"]

[policies.archive]
approvers = ["dba"]

[policies.replication]
approvers = ["dba"]
expires = "15m"

[policies.backup]
approvers = ["dba"]

[policies.drill]
approvers = ["dba"]

[policies.restore]
approvers = ["dba"]
risk_approvals = 2
"""


_AUTOMATIC = """
[clusters.{cluster}.automatic_failover]
enabled = true
after = "5s"
countdown = "20s"
"""


def with_automatic_failover(settings: str, cluster: str) -> str:
    """The settings' text, with everything allowed that can be done without a person, soon enough to watch it."""
    head = f"[clusters.{cluster}]\n"
    return settings.replace(head, f"{head}fence_returning_primary = true\n", 1) + _AUTOMATIC.format(cluster=cluster)


_HEARTBEAT = """
[clusters.{cluster}.heartbeat]
database = "app"
every = "2s"
"""


def with_heartbeat(settings: str, cluster: str) -> str:
    """The settings' text, with the row of our own that a drill's RPO and its probe need."""
    return f"{settings}\n{_HEARTBEAT.format(cluster=cluster)}"


@dataclass(frozen=True, slots=True)
class SettingsSource:
    """What the settings file tells of a world."""

    cluster: str
    servers: Sequence[LabServer]
    passwords: dict[str, str]
    replication_passfile: Path
    key_file: Path
    known_hosts: Path
    backups: Path
    archive: Path
    backup_tool: str | None = None  # the section of another tool, in place of the native one's


def write_settings(source: SettingsSource, directory: Path, slack_api_url: str, extra: str) -> Path:
    """Write understudy.toml into `directory`, and a secrets directory beside it; `extra` is appended as it is."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    secrets = directory / "secrets"
    secrets.mkdir(mode=0o700, exist_ok=True)
    password_file = secrets / "understudy"
    password_file.touch(mode=0o600)
    password_file.write_text(source.passwords["understudy"] + "\n")
    sections = [
        f'[slack]\nmode = "socket"\napi_url = {_text(slack_api_url)}\n\n[ledger]\npath = "ledger.sqlite3"\n',
        _PEOPLE,
        f"[clusters.{source.cluster}]\nchannel = {_text(CHANNEL)}\n",
        *(_server_section(source, server) for server in source.servers),
        _backups_section(source),
        extra,
    ]
    settings = directory / "understudy.toml"
    settings.write_text("\n".join(sections))
    return settings


def replication_conninfo(server: LabServer, passfile: Path) -> str:
    """libpq's way to a server for the other one, as the replication role."""
    host, port = server.peer_sql
    return f"host={host} port={port} user=replicator passfile={_conninfo_value(str(passfile))}"


def ssh_section(prefix: str, server: LabServer, key_file: Path, known_hosts: Path) -> str:
    """How the bot reaches the host of a server."""
    host, port = server.bot_ssh
    return f"""
[{prefix}.ssh]
host = {_text(host)}
port = {port}
user = {_text(SSH_USER)}
key_file = {_text(str(key_file))}
known_hosts = {_text(str(known_hosts))}
"""


def _server_section(source: SettingsSource, server: LabServer) -> str:
    prefix = f"clusters.{source.cluster}.servers.{server.name}"
    host, port = server.bot_sql
    return f"""
[{prefix}]
conninfo = "host={host} port={port} dbname=postgres user=understudy"
password_file = "secrets/understudy"
replication = {_text(replication_conninfo(server, source.replication_passfile))}
slot = {_text(server.name)}
{ssh_section(prefix, server, source.key_file, source.known_hosts)}
[{prefix}.service]
kind = "pg_ctl"
data_directory = {_text(str(server.data_directory))}
bin_directory = {_text(str(server.bin_directory))}
"""


def _backups_section(source: SettingsSource) -> str:
    if source.backup_tool is not None:
        return source.backup_tool
    return f"""
[clusters.{source.cluster}.backups]
kind = "native"
directory = {_text(str(source.backups))}
archive_directory = {_text(str(source.archive))}
"""


def _text(value: str) -> str:
    """A TOML basic string. Its escapes are JSON's."""
    return json.dumps(value, ensure_ascii=False)


def _conninfo_value(value: str) -> str:
    """A value in a conninfo string, quoted where it must be."""
    if value and not any(character in value for character in " '\\"):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
