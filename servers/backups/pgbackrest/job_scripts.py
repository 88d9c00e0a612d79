"""The constant scripts of pgBackRest's jobs: what runs by itself on a host (`servers.engines.job_scripts`).

Each gets the job's path and directory first. The log is pgBackRest's own without the lines a file, of which progress is
made ("12/345 kB (3%)", as pg_basebackup prints it), and with what went wrong last.
"""

from servers.engines.job_scripts import LOOK_AT_JOB, PRELUDE

# "(8KB, 98.20%)" at the end of what it says of a file, "(bundle 1/0, 8KB, 98.20%)" from 2.39 on with bundles.
_FILTERED = r"""
stanza=$3 configuration=$4
filter='
  BEGIN { size["B"] = 1 / 1024; size["KB"] = 1; size["MB"] = 1024; size["GB"] = 1048576; size["TB"] = 1073741824 }
  /^understudy: exit / { code = $3; next }
  { sub(/^P[0-9]+ +/, "") }
  /^ERROR/ { failure = failure == "" ? $0 : failure "; " $0; open = 1; next }
  open && /^ / { sub(/^ +/, ""); failure = failure "; " $0; next }
  { open = 0 }
  match($0, /\([^()]*, [0-9.]+%\)/) {
    count = split(substr($0, RSTART + 1, RLENGTH - 2), part, /, /)
    unit = part[count - 1]; gsub(/[0-9.]/, "", unit)
    copied += part[count - 1] * size[unit]; percent = part[count] + 0
    if (int(percent) != told) printf "%d/%d kB (%d%%)\n", copied, copied * 100 / percent, percent
    told = int(percent); fflush()
    next
  }
  /^DETAIL/ || / command (begin|end)/ || /^ *$/ { next }
  /new backup label = / { made = $0; sub(/.* = /, "", made) }
  { print; fflush() }
  END { if (made != "") print "backup " made " is complete"; if (failure != "") print failure; exit code }'
filtered() {
  { pgbackrest ${configuration:+"--config=$configuration"} --stanza="$stanza" --log-level-console=detail \
      --log-level-stderr=off --no-log-timestamp "$@" 2>&1; echo "understudy: exit $?"; } | awk "$filter"
}
"""

# Further arguments: kind, repository's number ('').
BACKUP = _FILTERED + 'filtered backup --type="$5" ${6:+"--repo=$6"}\n'

# Further arguments: repository's number, backup, the first segment that it needs.
# All that is in the repository is read where this version cannot read one backup alone; and its exit status says
# nothing of what it found.
VERIFY = (
    _FILTERED
    + r"""
work=$2 repository=$5 backup=$6 first=$7 alone=
fail() { echo "understudy: $1" >&2; exit 1; }
! pgbackrest help verify 2>/dev/null | grep -q -e '--set ' || alone=1
filtered --repo="$repository" verify ${alone:+"--set=$backup"} --output=text --verbose > "$work/verify.said"
code=$?
failure=$(grep '^ERROR' "$work/verify.said" | head -n 1)
[ -z "$failure" ] || { echo "$failure"; exit "$code"; }
what=$(sed -n "s|^.*\(backup: $backup, status: .*\)|\1|p" "$work/verify.said" | head -n 1)
# An incremental one is as good as the files of those that it builds on.
bad=$(sed -n "s|^INFO: \(.*[ ']${backup%%_*}[_0-9DI-]*/.*\)|\1|p" "$work/verify.said")
case $what in
  *', status: valid,'*) echo "$what" ;;
  '') fail "pgBackRest says nothing of $backup: is it in repository $repository?" ;;
  *) printf '%s\n' "$bad" | head -n 20
     fail "$backup does not agree with its checksums: $(printf '%s\n' "$bad" | head -n 1), ${what#*status: }" ;;
esac
wal=$(grep '^INFO: ' "$work/verify.said" | awk -v first="$first" '
  {
    for (count = split($0, part, "/"); count > 1; count--) {
      name = substr(part[count], 1, 24)
      if (substr(part[count], 25, 1) != "-" || name ~ /[^0-9A-F]/) continue
      if (substr(name, 9) >= substr(first, 9)) { sub(/^INFO: /, ""); print }
      next
    }
  }')
[ -z "$wal" ] || fail "WAL since the backup's start is damaged in the archive: $(printf '%s\n' "$wal" | head -n 1)"
{ grep -v -F -e "$repository $backup " "$work/verified" 2>/dev/null; echo "$repository $backup $(date +%s)"
} > "$work/verified.new" && mv -f -- "$work/verified.new" "$work/verified"
"""
)

# Data is the new directory. Arguments: key.
READY = (
    PRELUDE
    + LOOK_AT_JOB
    + r"""
wanted=$1
command -v pgbackrest > /dev/null || refuse "pgbackrest is not installed there, or not in the PATH of $(id -un)"
read_state restore
if job_runs || [ "$state $key" = "done $wanted" ]; then echo "@done"; exit 0; fi
if [ -e "$data" ] && [ "$(cat -- "$work/restore.begun" 2>/dev/null)" != "$wanted" ]; then
  refuse "$data is there already: a restore goes into a directory that is not there yet"
fi
[ -d "$parent" ] || refuse "there is no directory $parent"
as_owner test -w "$parent" || refuse "$owner may not write into $parent"
echo "@done"
"""
)

# Further arguments: key, repository's number (''), backup, where each tablespace goes as pgBackRest's own options.
# What the configuration file has for restores would write into the live server's places, so it is reset.
# --delta empties a directory of what does not belong: only for what this very job has begun.
# It brings each file and directory to the disk itself; not what $data lies in.
RESTORE = (
    _FILTERED
    + r"""
data=$1 work=$2 key=$5 repository=$6 backup=$7; shift 7
fail() { echo "understudy: $1" >&2; exit 1; }
delta=--no-delta
if [ -e "$data" ]; then
  [ "$(cat -- "$work/restore.begun" 2>/dev/null)" = "$key" ] || fail "$data is there already"
  delta=--delta
fi
echo "$key" > "$work/restore.begun" || fail "$work cannot be written"
mkdir -p -m 700 -- "$data" || fail "$data cannot be made"
filtered restore --pg1-path="$data" "$delta" --no-link-all --reset-link-map --reset-tablespace-map-all \
  --reset-db-include --reset-db-exclude --reset-recovery-option --archive-mode=preserve \
  --type=none ${repository:+"--repo=$repository"} --set="$backup" "$@" || exit $?
sync -- "${data%/*}" 2>/dev/null || sync
"""
)
