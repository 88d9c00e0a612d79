"""The constant scripts that ask pgBackRest on a host: its own answers as they are, and the archive as runs.

https://pgbackrest.org/command.html. Newer versions than 2.45 understand every option here.
"""

from servers.backups.archive_runs import AWK_FUNCTIONS
from servers.engines.job_scripts import PRELUDE

# Arguments: stanza, configuration file (''), for how many seconds a store may be tried again: without that, pgBackRest
# says for a minute nothing of one that fails. `rest` leaves the log files alone.
_REST = (
    PRELUDE
    + r"""
stanza=$1 configuration=$2 patience=$3 told=off; shift 3
command -v pgbackrest > /dev/null || refuse "pgbackrest is not installed there, or not in the PATH of $(id -un)"
rest() {
  as_owner pgbackrest ${configuration:+"--config=$configuration"} --stanza="$stanza" --log-level-console="$told" \
    --log-level-stderr=error --log-level-file=off --no-log-timestamp --io-timeout="$patience" "$@"
}
"""
)

# Further arguments: how much it shall tell, as --log-level-console; then pgBackRest's own, the command first.
ASK = (
    _REST
    + r"""
told=$1; shift
output=$(rest "$@" 2>&1)
echo "@exit $?"
printf '@output\n%s\n@end\n' "$output"
sed 's/^/@verified /' "$work/verified" 2>/dev/null
echo "@done"
"""
)

# Further arguments: the most runs that are told, then for each repository its number and the archive's id.
# awk is told the names one at a time, so that an archive of any size is a small answer.
ARCHIVE = (
    _REST
    + r"""
most=$1; shift
echo "@segment_size $(pg_controldata -D "$data" 2>/dev/null | sed -n 's/^Bytes per WAL segment: *//p')"
runs='"""
    + AWK_FUNCTIONS
    + r"""
  BEGIN { RS = "}" }
  /@exit/ { sub(/.*@exit /, ""); status = $0; next }
  {
    if (split($0, part, "\"") < 3) { said = said $0; next }
    name = part[2]; sub(/.*\//, "", name)
    at = 0
    if (match($0, /"time":[0-9]+/)) at = substr($0, RSTART + 7, RLENGTH - 7)
    if (name ~ /\.history$/ && length(name) == 16) print "@history_file", name
    if (substr(name, 25, 1) != "-" || substr(name, 1, 24) ~ /[^0-9A-F]/) next
    seen(substr(name, 1, 24), at)
  }
  END { tell(); gsub(/\n/, " ", said); print "@exit", status, substr(said, 1, 600) }'
while [ $# -ge 2 ]; do
  place=archive/$stanza/$2
  lines=$({ rest --repo="$1" repo-ls "$place" --recurse --sort=asc --output=json 2>&1; printf '}@exit %s' $?; } |
    awk "$runs" | tail -n "$most")
  printf '%s\n' "$lines"
  printf '%s\n' "$lines" | sed -n 's/^@history_file //p' | tail -n 32 | while read -r name; do
    rest --repo="$1" repo-get "$place/$name" 2>/dev/null | sed "s/^/@history ${name%.history} /"
  done
  shift 2
done
echo "@done"
"""
)
