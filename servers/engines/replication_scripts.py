"""The constant scripts that let a standby in: passwords into passfiles, lines into pg_hba.conf."""

from servers.engines.job_scripts import PRELUDE

# Arguments: the passfile ('': in the home of PostgreSQL's user), then what the new entries match, each up to its last
# colon. Standard input: the new entries, whole. https://www.postgresql.org/docs/current/libpq-pgpass.html: the first
# line that matches counts.
KEEP_PASSWORD = (
    PRELUDE
    + r"""
passfile=$1; shift
[ -n "$passfile" ] || passfile=$(getent passwd "$owner" | cut -d: -f6)/.pgpass
[ -d "${passfile%/*}" ] || refuse "there is no directory for $passfile"
keep='new=$1.understudy
cat > "$new" || exit 1
if [ -e "$1" ]; then
  awk "BEGIN { for (i = 2; i < ARGC; i++) prefix[i] = ARGV[i]; ARGC = 2 }
    { for (i in prefix) if (index(\$0, prefix[i]) == 1) next; print }" "$@" >> "$new" || exit 1
fi
chmod 600 "$new" && sync -- "$new" && mv -f -- "$new" "$1"'
as_owner sh -c "$keep" sh "$passfile" "$@" || refuse "$passfile cannot be written by $owner"
echo "@kept $passfile"
echo "@done"
"""
)

# Arguments: what the name of the file's copy ends in; SQL that tells the file's errors. Standard input: the lines.
# pg_hba_file_rules shows the file as it lies there, with its errors, before any reload.
ALLOW = (
    PRELUDE
    + r"""
stamp=$1 errors=$2
[ -r "$data/postmaster.pid" ] || refuse "it does not run"
{ read -r _; read -r _; read -r _; read -r port; IFS= read -r sockets; } < "$data/postmaster.pid"
[ -n "$sockets" ] || sockets=localhost
ask() {
  for user in "$owner" postgres; do
    answer=$(as_owner psql -X -w -q -A -t -v ON_ERROR_STOP=1 -h "$sockets" -p "$port" -U "$user" -d postgres \
      -c "$1" 2>&1 < /dev/null) && return 0
  done
  return 1
}
ask 'SHOW hba_file' || refuse "its superuser cannot be asked by the local socket: $answer"
file=$answer kept=$answer.before-$stamp
append='cp -p -- "$1" "$2" && cp -p -- "$1" "$1.understudy" || exit 1
[ -z "$(tail -c 1 -- "$1")" ] || echo >> "$1.understudy" || exit 1
while IFS= read -r line; do
  grep -q -x -F -e "$line" "$1" || printf "%s\n" "$line" >> "$1.understudy" || exit 1
done
sync -- "$1.understudy" && mv -f -- "$1.understudy" "$1"'
as_owner sh -c "$append" sh "$file" "$kept" || refuse "$file cannot be written by $owner"
if ! ask "$errors" || [ -n "$answer" ]; then
  why=$answer
  as_owner cp -p -- "$kept" "$file" || refuse "$file is wrong ($why), and $kept could not be put back"
  refuse "$file would have been wrong, and is as it was: $why"
fi
ask 'SELECT pg_reload_conf()' || refuse "it was not reloaded: $answer"
echo "@kept $kept"
echo "@done"
"""
)
