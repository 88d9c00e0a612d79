"""The constant scripts of Barman's jobs: what runs by itself on its host (`servers.engines.job_scripts`).

Each gets the job's path and directory first, then Barman's name for the cluster and its configuration file ('').
What went wrong comes last in the log.
"""

from servers.engines.job_scripts import PRELUDE

_RUN = r"""
work=$2 name=$3 configuration=$4
run() { barman ${configuration:+-c "$configuration"} "$@"; }
fail() { echo "understudy: $1" >&2; exit 1; }
told() {
  "$@" > "$work/said" 2>&1
  code=$?
  grep -v '^[[:space:]]*$' "$work/said"
  [ "$code" = 0 ] || fail "$(grep -E '^(ERROR|EXCEPTION)' "$work/said" | tail -n 2 | tr '\n' ' ')"
}
"""

# Further arguments: kind. Barman says in its log only why a check failed: its own check says it too.
BACKUP = (
    _RUN
    + r"""
case $5 in
  full) set -- ;;
  diff) set -- --incremental latest-full ;;
  *) set -- --incremental latest ;;
esac
run backup "$name" --wait --wait-timeout 3600 --immediate-checkpoint "$@" > "$work/said" 2>&1
code=$?
grep -v '^[[:space:]]*$' "$work/said"
made=$(sed -n 's|^Starting backup .* in .*/\([^/]*\)$|\1|p' "$work/said" | head -n 1)
[ "$code" = 0 ] && { echo "backup $made is complete"; exit 0; }
why=$(grep -E '^(ERROR|EXCEPTION|DETAILS)' "$work/said" | tail -n 2 | tr '\n' ' ')
case $why in *"Impossible to start"*|'')
  why="$why$(run check "$name" 2>&1 | grep FAILED | tr -s '[:space:]' ' ')" ;;
esac
fail "$why"
"""
)

# Further arguments: backup. https://www.postgresql.org/docs/current/app-pgverifybackup.html
VERIFY = (
    _RUN
    + r"""
backup=$5
told run verify-backup "$name" "$backup" || exit 1
{ grep -v -F -e "$backup " "$work/verified" 2>/dev/null; echo "$backup $(date +%s)"
} > "$work/verified.new" && mv -f -- "$work/verified.new" "$work/verified"
"""
)

# Data is the directory of all jobs. Says whether this Barman takes other backups than full ones.
INCREMENTAL = (
    PRELUDE
    + r"""
barman backup --help 2>/dev/null | grep -q -e --incremental || refuse "this version of Barman takes full backups only"
echo "@done"
"""
)

# On the host where a restore goes; data is the new directory. Arguments: key. The mark makes the directory this job's;
# "ahead" is where the restore_command keeps segments that it fetches before they are asked for.
READY = (
    PRELUDE
    + r"""
wanted=$1
if [ -e "$data" ] && [ "$(cat -- "$work/restore.begun" 2>/dev/null)" != "$wanted" ]; then
  refuse "$data is there already: a restore goes into a directory that is not there yet"
fi
[ -d "$parent" ] || refuse "there is no directory $parent"
as_owner mkdir -p -m 700 -- "$work" "$work/ahead" &&
  as_owner sh -c 'echo "$1" > "$2"' sh "$wanted" "$work/restore.begun" ||
  refuse "$owner may not write into $parent"
echo "@done"
"""
)

# Further arguments: backup, the new directory, the words that run a command on its host (''), then where each
# tablespace goes, as Barman's own options. --get-wal: no WAL is copied, recovery gets what it needs. Barman switches
# archiving off in the configuration files that it lays out, and keeps them as they were beside it: these are put back.
RESTORE = (
    _RUN
    + r"""
backup=$5 directory=$6 remote=$7; shift 7
told run recover --get-wal ${remote:+--remote-ssh-command "$remote"} "$@" "$name" "$backup" "$directory" || exit 1
put_back='cd -- "$1" || exit 1
for each in *.conf.origin; do [ ! -f "$each" ] || mv -f -- "$each" "${each%.origin}" || exit 1; done
sync -f . 2>/dev/null || sync'
quoted() { printf "'"; printf %s "$1" | sed "s/'/'\\\\''/g"; printf "'"; }
if [ -z "$remote" ]; then sh -c "$put_back" sh "$directory"
else
  set -f
  $remote "sh -c $(quoted "$put_back") sh $(quoted "$directory")"
fi || fail "the configuration files in $directory could not be put back as they were"
"""
)
