"""What a restore must know of the cluster as it is now: told by a running server's host, through its local socket."""

from dataclasses import dataclass

from servers.engines.job_scripts import PRELUDE
from servers.lsn import Lsn, parse_lsn
from servers.readiness import LIMITS
from servers.sections import Sections

MOST_DATABASES = 100

# The next transaction id counts on past four billion: https://www.postgresql.org/docs/current/functions-info.html
SETTINGS_SQL = """
SELECT current_setting('shared_preload_libraries'), current_setting('max_connections'),
       current_setting('max_worker_processes'), current_setting('max_wal_senders'),
       current_setting('max_prepared_transactions'), current_setting('max_locks_per_transaction'),
       (SELECT sum(pg_database_size(oid)) FROM pg_database)::bigint,
       CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
       pg_snapshot_xmax(pg_current_snapshot())
"""
DATABASES_SQL = f"SELECT datname FROM pg_database WHERE datallowconn ORDER BY 1 LIMIT {MOST_DATABASES}"  # noqa: S608
LIBRARIES_SQL = "SELECT DISTINCT probin FROM pg_proc WHERE probin IS NOT NULL"

# Arguments: the three statements. A database's name goes by the environment: as an argument it might be a conninfo.
LIVE = (
    PRELUDE
    + r"""
[ -r "$data/postmaster.pid" ] || refuse "it does not run"
{ read -r _; read -r _; read -r _; read -r port; IFS= read -r sockets; } < "$data/postmaster.pid"
[ -n "$sockets" ] || sockets=localhost
ask() {
  PGDATABASE=$1 PGCONNECT_TIMEOUT=3
  export PGDATABASE PGCONNECT_TIMEOUT
  for user in $owner postgres; do
    answer=$(as_owner psql -X -w -q -A -t -v ON_ERROR_STOP=1 -h "${sockets%%,*}" -p "$port" -U "$user" -c "$2" 2>&1) &&
      return 0
  done
  return 1
}
ask postgres "$1" || refuse "it did not answer: $answer"
echo "@settings $answer"
ask postgres "$2" || refuse "it did not answer: $answer"
printf '%s\n' "$answer" | while IFS= read -r name; do
  echo "@database $name"
  ! ask "$name" "$3" || [ -z "$answer" ] || printf '%s\n' "$answer" | sed 's/^/@library /'
done
for each in "$data"/pg_tblspc/*; do [ ! -L "$each" ] || echo "@tablespace $(readlink -- "$each")"; done
echo "@done"
"""
)


@dataclass(frozen=True, slots=True)
class LiveFacts:
    """`size` in bytes, of all databases. `next_xid` counts every transaction there ever was, epochs included."""

    preload: tuple[str, ...]
    limits: tuple[tuple[str, int], ...]
    size: int
    lsn: Lsn
    next_xid: int
    databases: tuple[str, ...]
    libraries: tuple[str, ...]
    tablespaces: tuple[str, ...]


def live_facts(found: Sections) -> LiveFacts:
    """ValueError when they make no sense."""
    row = (found.one("settings") or "").split("|")
    if len(row) != len(LIMITS) + 4:
        raise ValueError(f"settings in {len(row)} parts")
    preload, *limits, size, lsn, xid = row
    names = found.values.get("library", ())
    return LiveFacts(
        preload=tuple(word.strip() for word in preload.split(",") if word.strip()),
        limits=tuple(zip(LIMITS, map(int, limits), strict=True)),
        size=int(size),
        lsn=parse_lsn(lsn),
        next_xid=int(xid),
        databases=tuple(found.values.get("database", ())),
        libraries=tuple(sorted({*names, *(word.strip() for word in preload.split(",") if word.strip())})),
        tablespaces=tuple(found.values.get("tablespace", ())),
    )
