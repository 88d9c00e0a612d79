"""The constant script that proves a recovered instance: every database is read, its indexes sampled, its schema dumped.

Nothing is written: amcheck runs where it is installed already, for it cannot be created in a server that recovers.
https://www.postgresql.org/docs/current/amcheck.html
"""

from servers.backups.instance_scripts import ON_INSTANCE

# How many tables there are, then a line for each of a sample: its rows, every one of them read. A drill is to end
# within minutes: what is larger than 1 GB is left out. The names are quoted by the server that tells them.
_ROWS = r"""
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema';
SELECT format('SELECT count(*) FROM %I.%I', n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
  AND pg_relation_size(c.oid) <= 1073741824 ORDER BY random() LIMIT 20 \gexec
"""

# How many B-tree indexes of a sample amcheck has found in order; none where it is not installed.
_INDEXES = r"""
SELECT count(*) > 0 AS has_amcheck, coalesce(min(n.nspname), '') AS amcheck_schema
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'amcheck' \gset
\if :has_amcheck
SELECT count(:"amcheck_schema".bt_index_check(sample.oid)) FROM (
  SELECT c.oid::regclass AS oid
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
  WHERE a.amname = 'btree' AND i.indisvalid AND i.indisready AND c.relpersistence = 'p'
    AND pg_relation_size(c.oid) <= 1073741824 ORDER BY random() LIMIT 10) AS sample;
\else
SELECT 'none';
\endif
"""

_DATABASES = "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname"
_CHECKSUMS = "SELECT current_setting('data_checksums'), coalesce(sum(checksum_failures), 0) FROM pg_stat_database"

# The names are quoted by psql. A table that is not there is an error, and so is a heartbeat: it says nothing then.
_COUNT = 'SELECT count(*) FROM :"schema".:"table"'
_HEARTBEAT = "SELECT extract(epoch FROM beaten_at) FROM understudy.heartbeat"

# Arguments: the key, the SQL above, the tables that have limits (a line each: database|schema|table), and the database
# of the heartbeat, or ''. A line for each database: what was seen, its name last.
_PROVE = r"""
is_ours "$1" || refuse "$data is not this order's"
rows=$2 indexes=$3 databases=$4 checksums=$5 count=$6 heartbeat=$7 limits=$8 heart=$9
port=$(port_of) sockets=$(sockets_of)
asked() {
  name=$1; shift
  as_owner env PGCONNECT_TIMEOUT=3 PGHOST="$sockets" PGPORT="$port" PGUSER="$user" PGDATABASE="$name" \
    psql -X -w -q -A -t -v ON_ERROR_STOP=1 "$@" -f - 2>&1
}
dumped() {
  as_owner env PGHOST="$sockets" PGPORT="$port" PGUSER="$user" PGDATABASE="$1" pg_dump --schema-only -w 2>&1
}
for user in "$owner" postgres; do
  names=$(printf '%s\n' "$databases" | asked postgres) && break
done || refuse "it did not answer: $names"
echo "$names" | while IFS= read -r name; do
  seen=$(printf '%s\n' "$rows" | asked "$name") || { echo "@broken $name: $seen" | tr '\n' ' '; echo; continue; }
  found=$(printf '%s\n' "$indexes" | asked "$name") || { echo "@broken $name: $found" | tr '\n' ' '; echo; continue; }
  schema=$(dumped "$name") || { echo "@broken $name: $(printf '%s\n' "$schema" | tail -n 1)"; continue; }
  counted=$(echo "$seen" | awk 'NR == 1 { all = $1; next } { n += $1 } END { printf "%d|%d|%.0f", all, NR - 1, n }')
  echo "@proved $counted|$found|$(printf '%s\n' "$schema" | grep -c -E '^(CREATE|ALTER) ')|$name"
done
[ -z "$limits" ] || echo "$limits" | while IFS='|' read -r database schema table; do
  n=$(echo "$count" | asked "$database" -v "schema=$schema" -v "table=$table") || n="none $n"
  echo "@rows $database|$schema|$table|$(echo "$n" | tr '\n' ' ')"
done
if [ -n "$heart" ] && beat=$(echo "$heartbeat" | asked "$heart"); then echo "@heartbeat $beat"; fi
echo "@checksums $(printf '%s\n' "$checksums" | asked postgres)"
echo "@done"
"""

PROVE = ON_INSTANCE + _PROVE
PROVE_SQL = (_ROWS, _INDEXES, _DATABASES, _CHECKSUMS, _COUNT, _HEARTBEAT)
