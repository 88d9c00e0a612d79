"""The constant scripts that ask Barman on its host, and that look into its catalogue and its archive.

https://docs.pgbarman.org/release/3.4.0/. What Barman prints of a backup lacks its positions, and asking it for each one
takes a second: they stand in the catalogue, one backup.info each.
"""

from servers.backups.archive_runs import AWK_FUNCTIONS
from servers.engines.job_scripts import PRELUDE

# Arguments: Barman's name for the cluster, its configuration file ('').
_RUN = (
    PRELUDE
    + r"""
name=$1 configuration=$2; shift 2
command -v barman > /dev/null || refuse "barman is not installed there, or not in the PATH of $(id -un)"
run() { as_owner barman ${configuration:+-c "$configuration"} "$@"; }
"""
)

# Further arguments: Barman's own.
ASK = (
    _RUN
    + r"""
output=$(run "$@" 2>&1)
echo "@exit $?"
printf '@output\n%s\n@end\n' "$output"
echo "@done"
"""
)

# Where things are. All else that Barman tells here stays there: there may be passwords in it.
DIRECTORIES = (
    _RUN
    + r"""
output=$(run -f json show-servers "$name" 2>&1)
echo "@exit $?"
printf '%s\n' "$output" | tr ',' '\n' |
  sed -n 's/^.*"\(basebackups\|wals\|incoming_wals\|streaming_wals\|barman_lock\)_directory": "\(.*\)".*$/@\1 \2/p'
printf '@output\n%s\n@end\n' "$(printf '%s\n' "$output" | sed -n 's/.*_ERROR": \[\(.*\)\].*/ERROR: \1/p')"
echo "@done"
"""
)

# Further arguments: the catalogue's directory, that of the WAL archive, how many backups are told (the newest).
LIST = (
    _RUN
    + r"""
base=$1 wals=$2 most=$3
output=$(run -f json list-backups "$name" 2>&1)
echo "@exit $?"
printf '@output\n%s\n@end\n' "$output"
find "$wals" -type f 2>/dev/null | awk -F / '
  length($NF) == 24 && $NF !~ /[^0-9A-F]/ { count++; if ($NF > last) { last = $NF; path = $0 } }
  END { print count + 0, path }' | {
    IFS=' ' read -r count path
    echo "@segments $count"
    [ -z "$path" ] || echo "@segment_at $(stat -c %Y -- "$path" 2>/dev/null)"
  }
printf '@disk %s\n' "$(df -P -k -- "$base" 2>/dev/null | sed -n 2p)"
sed 's/^/@verified /' "$work/verified" 2>/dev/null
ls -1 "$base" 2>/dev/null | sort -r | head -n "$most" | while IFS= read -r each; do
  [ -r "$base/$each/backup.info" ] || continue
  grep -E '^[a-z_]+=' "$base/$each/backup.info" | grep -v -E '^(backup_label|copy_stats|included_files)=' |
    sed "s/^/@info $each /"
done
echo "@done"
"""
)

# Further arguments: the most runs that are told, then the directories in which segments are.
ARCHIVE = (
    _RUN
    + r"""
most=$1; shift
found=$(find "$@" -type f -printf '%f %Ts\n' 2>/dev/null | sort -u | awk '"""
    + AWK_FUNCTIONS
    + r"""
  $1 ~ /\.history$/ && length($1) == 16 { print "@history_file", $1 }
  length($1) != 24 || $1 ~ /[^0-9A-F]/ { next }
  { seen($1, $2) }
  END { tell() }')
printf '%s\n' "$found" | grep '^@run' | tail -n "$most"
printf '%s\n' "$found" | sed -n 's/^@history_file //p' | sort -u | tail -n 32 | while read -r each; do
  run get-wal "$name" "$each" 2>/dev/null | sed "s/^/@history ${each%.history} /"
done
[ -d "$1" ] || echo "@error no such directory: $1"
echo "@done"
"""
)

# Further arguments: the directory of Barman's locks. A shared lock cannot be had while a backup has it for itself.
RUNNING = (
    _RUN
    + r"""
lock=$1/.$name-backup.lock
if [ -e "$lock" ] && command -v flock > /dev/null && ! as_owner flock -n -s "$lock" true; then echo "@backup_runs"; fi
echo "@done"
"""
)
