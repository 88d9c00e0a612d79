"""The constant scripts that dump databases, and prove that the dumps can be restored.

https://www.postgresql.org/docs/current/app-pgdump.html, app-pgrestore.html. A database's name goes by the environment:
as an argument it might be a conninfo. Everything streams: nothing of a dump is ever in memory or on the disk as a whole
but what is kept of it.
"""

from servers.backups.instances import NEEDED_LIBRARIES
from servers.backups.partial.begin_script import CHECK_SUMS, CLOSE, OPEN

_EVERY_DATABASE = "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1"
_ENCODING = "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()"
_TABLES = "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'm')"

# Arguments of its own: the server's data directory, then the databases' names (none: every one). It reaches the server
# as its owner, by its own socket. `contents` has a line a database: its number, encoding, and name. Roles' passwords
# are left out where nothing is encrypted.
DUMP = (
    OPEN
    + rf"""
server=$1; shift
{{ read -r _; read -r _; read -r _; read -r PGPORT; IFS= read -r PGHOST; }} 2>/dev/null < "$server/postmaster.pid" ||
  fail "PostgreSQL does not run in $server, or $(id -un) may not look there: the directory is to be its owner's"
PGHOST=${{PGHOST%%,*}}
PGHOST=${{PGHOST:-localhost}} PGDATABASE=postgres PGCONNECT_TIMEOUT=5
export PGHOST PGPORT PGDATABASE PGCONNECT_TIMEOUT
for PGUSER in "$(id -un)" postgres; do
  export PGUSER
  said=$(psql -X -w -q -A -t -c 'SELECT 1' 2>&1) && break
done
[ "$said" = 1 ] || fail "PostgreSQL did not answer: $said"
psql -X -w -q -A -t -c 'SHOW shared_preload_libraries' | sed 's/^/@preload /' >> "$part/contents"
if [ $# = 0 ]; then
  psql -X -w -q -A -t -c "{_EVERY_DATABASE}" > "$work/databases" || fail "its databases cannot be listed"
else printf '%s\n' "$@" > "$work/databases"
fi
[ -s "$work/databases" ] || fail "it has no database"
"""
    + rf"""
all=$(wc -l < "$work/databases") number=0
while IFS= read -r PGDATABASE <&3; do
  number=$((number + 1))
  export PGDATABASE
  echo "understudy: database $number of $all"
  encoding=$(psql -X -w -q -A -t -c "{_ENCODING}") || fail "database $PGDATABASE cannot be reached"
  echo "$number $encoding $PGDATABASE" >> "$part/contents"
  noted pg_dump -F c -w --lock-wait-timeout=60s | sealed "$number.dump"
  well "database $PGDATABASE cannot be dumped"
done 3< "$work/databases"
PGDATABASE=postgres
set -- --roles-only -w -l postgres
[ -n "$recipients" ] || set -- "$@" --no-role-passwords
noted pg_dumpall "$@" | sealed roles.sql
well "its roles cannot be dumped"
"""
    + CLOSE
)

# The proof is a restore: into a temporary PostgreSQL of the same version, which nobody but its owner reaches, and which
# does not survive. The roles come first, for what belongs to them. Subscriptions would connect out, and stay away.
VERIFY_DUMP = (
    CHECK_SUMS
    + r"""
[ -f "$data/contents" ] || fail "it has no list of its databases"
scratch=$(mktemp -d "$work/scratch.XXXXXX") && sockets=$(mktemp -d /tmp/understudy.XXXXXX) || fail "there is no room"
PGUSER=postgres PGHOST=$sockets PGPORT=5432 PGDATABASE=postgres PGOPTIONS=
export PGUSER PGHOST PGPORT PGDATABASE PGOPTIONS
end() {
  pg_ctl stop -D "$scratch/data" -m immediate -w -s > /dev/null 2>&1
  case $scratch in */scratch.??????) rm -rf -- "$scratch" ;; esac
  rmdir -- "$sockets" 2>/dev/null
}
trap end EXIT
trap 'exit 143' TERM INT HUP
initdb -D "$scratch/data" -U postgres -A trust -E UTF8 --locale=C --no-sync > "$work/scratch.log" 2>&1 ||
  fail "no temporary PostgreSQL can be made: $(tail -n 1 "$work/scratch.log")"
libraries=
preload=,$(sed -n 's/^@preload //p' "$data/contents" | tr -d ' '),
"""
    + f"for each in {' '.join(sorted(NEEDED_LIBRARIES))}; do\n"
    + r"""
  case $preload in *",$each,"*) libraries=$libraries${libraries:+,}$each ;; esac
done
cat >> "$scratch/data/postgresql.conf" << END
listen_addresses = ''
unix_socket_directories = '$sockets'
unix_socket_permissions = 0700
port = 5432
shared_preload_libraries = '$libraries'
shared_buffers = 64MB
dynamic_shared_memory_type = mmap
huge_pages = off
fsync = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
autovacuum = off
logging_collector = off
archive_mode = off
END
pg_ctl start -D "$scratch/data" -w -s -l "$work/scratch.log" < /dev/null ||
  fail "the temporary PostgreSQL does not start: $(tail -n 1 "$work/scratch.log")"
unpacked "$data"/roles.sql* | psql -X -w -q > /dev/null 2> "$work/roles.log"
well "its roles cannot be read"
"""
    + rf"""
total=0 all=$(grep -c -v '^@' "$data/contents")
while read -r number encoding name <&3; do
  case $number in @*) continue ;; esac
  echo "understudy: database $number of $all"
  # It is read to its end, or whoever writes into the pipe would fail.
  listed=$(unpacked "$data/$number".dump* | {{ noted pg_restore --list; cat > /dev/null; }} | grep -c ' TABLE DATA ')
  well "the dump of database $name cannot be read"
  createdb -w -T template0 -E "$encoding" "understudy_$number" || fail "no database for $name can be made"
  unpacked "$data/$number".dump* | {{
    noted pg_restore -w --exit-on-error --no-tablespaces --no-subscriptions -d "understudy_$number"
    cat > /dev/null
  }}
  well "the dump of database $name cannot be restored"
  tables=$(psql -X -w -q -A -t -d "understudy_$number" \
    -c "{_TABLES} AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)")
  [ "$tables" -ge "$listed" ] || fail "of $listed tables of database $name only $tables were restored"
  total=$((total + tables))
done 3< "$data/contents"
counted() {{ if [ "$1" = 1 ]; then echo "$1 $2"; else echo "$1 ${{2}}s"; fi; }}
echo "$(counted "$all" database) with $(counted "$total" table) restored into a temporary PostgreSQL"
"""
)
