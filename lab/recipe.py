"""What a practice server is made of: initdb's options, configuration, roles and rights.

Configuration that both servers share lies in the data directory, as pg_rewind and pg_basebackup carry it from one to
the other. What is a server's own (address, port, archive) lies in `server.conf` beside its data directory.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

WAL_SEGMENT_MEGABYTES = 4  # small, so that a practice archive moves on and stays small
SERVER_CONFIGURATION = "server.conf"

INITDB_OPTIONS = (
    "--username=postgres",
    "--auth-local=trust",
    "--auth-host=scram-sha-256",
    "--data-checksums",
    f"--wal-segsize={WAL_SEGMENT_MEGABYTES}",
    "--locale=C",
    "--encoding=UTF8",
    "--no-sync",
)

SHARED_SETTINGS: Mapping[str, str] = {
    "wal_level": "replica",
    "wal_log_hints": "on",
    "max_wal_senders": "10",
    "max_replication_slots": "10",
    "hot_standby": "on",
    "wal_keep_size": "64MB",
    "min_wal_size": "32MB",
    "max_wal_size": "128MB",
    "max_slot_wal_keep_size": "256MB",
    "archive_mode": "on",
    "archive_timeout": "60s",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "password_encryption": "scram-sha-256",
    # Files in the data directory, so that a killed server leaves nothing in /dev/shm.
    "dynamic_shared_memory_type": "mmap",
    "wal_sender_timeout": "10s",
    "wal_receiver_timeout": "10s",
    "wal_receiver_status_interval": "1s",
    "wal_retrieve_retry_interval": "500ms",
    "logging_collector": "on",  # so that the log lies in the same place whoever starts the server
    "log_filename": "postgresql.log",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "on",
    "log_lock_waits": "on",
    "log_timezone": "UTC",
    "timezone": "UTC",
}

# pg_rewind's needs: https://www.postgresql.org/docs/current/app-pgrewind.html, "Notes".
ROLES_SQL = """
CREATE ROLE replicator LOGIN REPLICATION;
GRANT EXECUTE ON FUNCTION pg_ls_dir(text, boolean, boolean) TO replicator;
GRANT EXECUTE ON FUNCTION pg_stat_file(text, boolean) TO replicator;
GRANT EXECUTE ON FUNCTION pg_read_binary_file(text) TO replicator;
GRANT EXECUTE ON FUNCTION pg_read_binary_file(text, bigint, bigint, boolean) TO replicator;

-- REPLICATION, because only such a role may create and drop slots; pg_hba.conf lets it copy nothing.
CREATE ROLE understudy LOGIN REPLICATION;
GRANT pg_monitor, pg_signal_backend TO understudy;
GRANT EXECUTE ON FUNCTION pg_promote(boolean, integer) TO understudy;
GRANT EXECUTE ON FUNCTION pg_wal_replay_pause() TO understudy;
GRANT EXECUTE ON FUNCTION pg_wal_replay_resume() TO understudy;
GRANT EXECUTE ON FUNCTION pg_switch_wal() TO understudy;
GRANT EXECUTE ON FUNCTION pg_create_restore_point(text) TO understudy;
GRANT EXECUTE ON FUNCTION pg_reload_conf() TO understudy;

CREATE ROLE app LOGIN;
"""

# From PostgreSQL 15 on: CHECKPOINT and ALTER SYSTEM can be granted.
ROLES_SQL_15 = """
GRANT pg_checkpoint TO understudy;
GRANT ALTER SYSTEM ON PARAMETER primary_conninfo, primary_slot_name, synchronous_standby_names TO understudy;
"""

LOAD_SQL = """
CREATE TABLE load_row (
    run text NOT NULL,
    sequence bigint NOT NULL,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run, sequence)
);
ALTER TABLE load_row OWNER TO app;
"""

APP_SQL = f"{LOAD_SQL}CREATE SCHEMA understudy AUTHORIZATION understudy;\n"


def configuration(settings: Mapping[str, str]) -> str:
    """Settings as lines of postgresql.conf."""
    return "".join(f"{name} = {quoted(value)}\n" for name, value in settings.items())


def quoted(value: str) -> str:
    """A value as postgresql.conf and its kin want it."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def shared_configuration(extra: Mapping[str, str]) -> str:
    """The whole postgresql.conf of a practice server; a copy of it that lies elsewhere starts without server.conf."""
    return configuration({**SHARED_SETTINGS, **extra}) + f"include_if_exists = '../{SERVER_CONFIGURATION}'\n"


@dataclass(frozen=True, slots=True)
class ServerConfiguration:
    """What is a server's own."""

    name: str
    address: str
    port: int
    socket_directory: Path
    log_directory: Path
    archive_script: Path
    archive: Path

    def text(self) -> str:
        """The server's own configuration file."""
        archive_script = _no_percent(shlex.quote(str(self.archive_script)))
        archive = _no_percent(shlex.quote(str(self.archive)))
        return configuration(
            {
                "cluster_name": self.name,
                "listen_addresses": self.address,
                "port": str(self.port),
                "unix_socket_directories": str(self.socket_directory),
                "log_directory": str(self.log_directory),
                "archive_command": f"{archive_script} %p %f",
                "restore_command": f"test -f {archive}/%f && cp {archive}/%f %p",
            }
        )


def _no_percent(path: str) -> str:
    return path.replace("%", "%%")


def host_based_authentication(addresses: tuple[str, ...], clients: str) -> str:
    """pg_hba.conf: the superuser by the socket alone, everybody else from where they have business and by password.

    `addresses` are the servers', `clients` is where the bot and the application come from.
    """
    lines = [
        "local all postgres trust",
        "local replication postgres trust",
        f"host all understudy {clients}/32 scram-sha-256",
        f"host app app {clients}/32 scram-sha-256",
    ]
    for address in addresses:
        lines.append(f"host replication replicator {address}/32 scram-sha-256")
        lines.append(f"host postgres replicator {address}/32 scram-sha-256")  # pg_rewind
    return "\n".join(lines) + "\n"


def archive_script(archive: Path) -> str:
    """A script for archive_command: `archive-wal PATH NAME`. It never overwrites, and shows no half-written segment.

    A segment that is there already and is the same counts as archived, as PostgreSQL asks it again after a crash:
    https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-ARCHIVING-WAL
    """
    return f"""#!/bin/sh
set -eu
target={shlex.quote(str(archive))}/"$2"
if [ -e "$target" ]; then
    exec cmp -s "$1" "$target"
fi
trap 'rm -f "$target.$$.part"' EXIT
cp "$1" "$target.$$.part"
sync "$target.$$.part"
mv -n "$target.$$.part" "$target"
"""
