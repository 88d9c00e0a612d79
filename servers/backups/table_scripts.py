r"""The constant scripts by which tables go from a restored instance into the live one on the same host, as a job,
and by which they are seen there.

The instance writes SQL, the live server reads it: one transaction, so that all of it is there or nothing. Names are
quoted by PostgreSQL itself (format's %I, psql's :'name'); rows go in COPY's text format, in which a backslash is
doubled, so that no row can end the copy. What goes along: columns, types, NOT NULL, primary and unique keys. What does
not: defaults, triggers, foreign keys, rights: a table to read from, not to run on.
"""

from servers.engines.job_scripts import PRELUDE

# Arguments: the instance's directory, the job's, the live data directory, the database, the new schema, then tables as
# people name them; none: all of the database, each schema's in a new one of its own.
TABLES = r"""
data=$1 work=$2 live=$3 schema=$5
PGDATABASE=$4 PGCONNECT_TIMEOUT=5
export PGDATABASE PGCONNECT_TIMEOUT
shift 5
broken=$work/tables.broken
fail() { echo "understudy: $1" >&2; exit 1; }
port=$(sed -n 's/^port = \([0-9]*\)$/\1/p' "$work/instance.conf")
sockets=$(sed -n "s/^unix_socket_directories = '\(.*\)'$/\1/p" "$work/instance.conf")
{ read -r _; read -r _; read -r _; read -r live_port; IFS= read -r live_sockets; } < "$live/postmaster.pid" ||
  fail "the live server does not run"
user_of() {
  for user in "$(id -un)" postgres; do
    if psql -X -w -q -A -t -h "$1" -p "$2" -U "$user" -c 'SELECT 1' > /dev/null 2>&1; then echo "$user"; return; fi
  done
}
there=$(user_of "$sockets" "$port")
[ -n "$there" ] || fail "the restored instance does not answer in database $PGDATABASE"
here=$(user_of "${live_sockets%%,*}" "$live_port")
[ -n "$here" ] || fail "the live server does not answer in database $PGDATABASE"
from() { psql -X -w -q -A -t -v ON_ERROR_STOP=1 -h "$sockets" -p "$port" -U "$there" -v schema="$schema" "$@"; }
into() { psql -X -w -q -A -t -v ON_ERROR_STOP=1 -h "${live_sockets%%,*}" -p "$live_port" -U "$here" "$@"; }
if [ $# -eq 0 ]; then
  whole=1
  set -- $(from -c "SELECT c.oid FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND c.relpersistence <> 't' AND c.relnamespace::regnamespace::text !~ '^(pg_|information_schema$)'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1")
  [ $# -gt 0 ] || fail "the database $PGDATABASE has no tables there"
else
  whole=
fi
needed=0
# Reading from a view or a foreign table would run what its owner wrote, as the superuser, on the primary's host.
for table; do
  kind=$(from -v name="$table" -f - 2>&1 <<'SQL'
SELECT relkind FROM pg_class WHERE oid = :'name'::regclass;
SQL
  ) || fail "$table: $kind"
  case $kind in r|p|m) ;; *) fail "$table is no table, and only tables are copied" ;; esac
  size=$(from -v name="$table" -f - 2>&1 <<'SQL'
SELECT coalesce(sum(pg_total_relation_size(relid)), 0)::bigint / 1024 + 1 FROM pg_partition_tree(:'name'::regclass);
SQL
  ) || fail "$table: $size"
  needed=$((needed + size))
done
free=$(df -P -k -- "$live" | sed -n '2s/.* \([0-9][0-9]*\)  *[0-9][0-9]*% .*/\1/p')
# Twice: the rows, and their WAL.
[ "${free:-0}" -gt $((needed * 2)) ] || fail "the live server's disk has $free kB free, $((needed * 2)) kB are needed"
: > "$broken"
dump() {
  echo 'BEGIN;'
  echo 'SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0;'
  number=0
  for table; do
    from -v name="$table" -v whole="$whole" -f - <<'SQL' || return 1
SELECT c.oid AS id, c.relname AS relname, c.oid::regclass::text AS source,
       left(:'schema' || CASE WHEN :'whole' = '' THEN '' ELSE '_' || n.nspname END, 63) AS into_schema
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = :'name'::regclass \gset
SET search_path TO '';
SELECT c.oid::regclass::text AS source FROM pg_class c WHERE c.oid = :id \gset
SELECT string_agg(format('%I', attname), ', ' ORDER BY attnum) AS columns
FROM pg_attribute WHERE attrelid = :id AND attnum > 0 AND NOT attisdropped \gset
SELECT format('CREATE SCHEMA IF NOT EXISTS %I;', :'into_schema');
SELECT format('CREATE TABLE %I.%I (%s);', :'into_schema', :'relname', string_agg(
         format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
         || CASE WHEN a.attcollation NOT IN (0, t.typcollation) THEN format(' COLLATE %I.%I', cn.nspname, co.collname)
            ELSE '' END
         || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END, ', ' ORDER BY a.attnum))
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_collation co ON co.oid = a.attcollation LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
WHERE a.attrelid = :id AND a.attnum > 0 AND NOT a.attisdropped;
SELECT format('COPY %I.%I (%s) FROM stdin;', :'into_schema', :'relname', :'columns');
SELECT format('COPY (SELECT %s FROM %s) TO STDOUT', :'columns', :'source') \gexec
\echo '\\.'
SELECT format('ALTER TABLE %I.%I ADD %s;', :'into_schema', :'relname', pg_get_constraintdef(oid))
FROM pg_constraint WHERE conrelid = :id AND contype IN ('p', 'u');
SQL
    number=$((number + 1))
    echo "$number of $# tables read" >&2
  done
  echo 'COMMIT;'
}
{ dump "$@" || echo broken > "$broken"; } | into -f - || fail "the live server did not take it: nothing is left there"
[ ! -s "$broken" ] || fail "the restored instance could not be read: nothing is left in the live one"
echo "$# tables copied"
"""

# Of a copy of all tables, each source schema has one of its own, whose name begins so.
SEEN_SQL = """
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND starts_with(n.nspname::text, :'schema');
"""

# The first two arguments are the live data directory and where PostgreSQL's programs are; then the database, the new
# schema, and SQL.
SEEN = (
    PRELUDE
    + r"""
[ -r "$data/postmaster.pid" ] || refuse "it does not run"
{ read -r _; read -r _; read -r _; read -r port; IFS= read -r sockets; } < "$data/postmaster.pid"
[ -n "$sockets" ] || sockets=localhost
for user in $owner postgres; do
  answer=$(printf '%s\n' "$3" | as_owner env PGDATABASE="$1" PGCONNECT_TIMEOUT=3 psql -X -w -q -A -t \
    -v ON_ERROR_STOP=1 -v schema="$2" -h "${sockets%%,*}" -p "$port" -U "$user" -f - 2>&1) || continue
  echo "@tables $answer"
  echo "@done"
  exit 0
done
refuse "it did not answer: $answer"
"""
)
