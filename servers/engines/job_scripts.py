"""The constant scripts that rewind and copy on a server's host: jobs that outlive the connection, and looks at them.

POSIX sh, Linux's /proc. What differs between servers comes as arguments; how to reach the source, and its password, by
standard input and on by the environment, never in a command line. Nothing is removed: what is replaced is moved aside.

A job's state is one line in `<data>.understudy/<job>.state`: state, process id or exit status, start, key.
"""

from servers.engines.host_scripts import BECOME_OWNER
from servers.host_script import FIND_POSTMASTER

# What is a server's own, where it lies in the data directory: it stays as it is, whatever is copied over it.
_OWN_FILES = "postgresql.conf postgresql.auto.conf pg_hba.conf pg_ident.conf postmaster.opts"

PRELUDE = (
    FIND_POSTMASTER
    + BECOME_OWNER
    + rf"""
export LC_ALL=C
umask 077
data=$1 programs=$2; shift 2
[ -z "$programs" ] || PATH="$programs:$PATH"
cd / || exit 1
parent=${{data%/*}} work=$data.understudy owner= own_files='{_OWN_FILES}'
for each in "$data" "$work" "$parent"; do
  [ ! -e "$each" ] || {{ owner=$(stat -c %U -- "$each"); break; }}
done
refuse() {{ echo "@failed $1"; echo "@done"; exit 0; }}
"""
)

# A killed postmaster that nobody has reaped yet looks alive to PostgreSQL, as the owner of its lock files.
REAPED = r"""
until_reaped() {
  tries=100
  while { read -r pid < "$data/postmaster.pid"; } 2>/dev/null && [ "$tries" -gt 0 ] &&
    grep -q '^State:[[:space:]]*[ZX]' "/proc/$pid/status" 2>/dev/null; do sleep 0.1; tries=$((tries - 1)); done
}
"""

LOOK_AT_JOB = r"""
read_state() {
  state=none value= begun= key=
  { read -r state value begun key < "$work/$1.state"; } 2>/dev/null
}
job_runs() {
  [ "$state" = running ] && tr '\0' ' ' 2>/dev/null < "/proc/$value/cmdline" | grep -q -F -- "$work"
}
look_at_job() {
  read_state "$1"
  # It may have ended between the two looks: then it has left its result.
  if [ "$state" = running ] && ! job_runs; then read_state "$1"; [ "$state" != running ] || state=gone; fi
  # What it took ends with the result that it has left, whenever that is looked at.
  if [ "$state" = running ]; then now=$(date +%s.%N); else now=$(date -r "$work/$1.state" +%s.%N 2>/dev/null); fi
  echo "@job $state ${now:-0} ${begun:-0} $key"
  printf '@log\n%s\n@end\n' "$(tail -c 4000 -- "$work/$1.log" 2>/dev/null | tr '\r' '\n')"
}
"""

_SOURCE = r"""
IFS= read -r UNDERSTUDY_SOURCE
IFS= read -r PGPASSWORD
export UNDERSTUDY_SOURCE
if [ -n "$PGPASSWORD" ]; then export PGPASSWORD; else unset PGPASSWORD; fi
"""

# postmaster.opts tells where the configuration lies that a server was started with: Debian's is not in the directory.
_CONFIGURATION = r"""
find_configuration() {
  config=$(sed -n 's/.*"config_file=\([^"]*\)".*/\1/p' "$1/postmaster.opts" 2>/dev/null)
}
restore_command() {
  if [ -n "$config" ]; then postgres -D "$data" -c "config_file=$config" -C restore_command
  else postgres -D "$data" -C restore_command
  fi
}
"""

# Arguments: a timeline ('': that of the last checkpoint), the WAL archive's directory.
DIRECTORY = (
    PRELUDE
    + LOOK_AT_JOB
    + _CONFIGURATION
    + r"""
timeline=$1 archive=$2
if [ -d "$data" ] && { [ ! -r "$data" ] || [ ! -x "$data" ]; }; then
  echo "@error $data cannot be read by $(id -un)"; exit 0
fi
find_postmaster
[ ! -e "$data/PG_VERSION" ] || echo "@version $(cat -- "$data/PG_VERSION")"
[ -z "$pid" ] || echo "@running $pid"
[ ! -e "$data/backup_label" ] || echo "@based"
if control=$(pg_controldata -D "$data" 2>/dev/null); then
  printf '@control\n%s\n@end\n' "$control"
  [ -n "$timeline" ] || timeline=$(printf '%s\n' "$control" | sed -n "s/^Latest checkpoint's TimeLineID: *//p")
fi
case $timeline in
  ''|*[!0-9]*) ;;
  *) name=$(printf '%08X' "$timeline").history
     for each in "$data/pg_wal/$name" "${archive:+$archive/$name}"; do
       [ -n "$each" ] && [ -r "$each" ] || continue
       printf '@history\n%s\n@end\n' "$(cat -- "$each")"; break
     done ;;
esac
free='2s/.* \([0-9][0-9]*\)  *[0-9][0-9]*% .*/\1/p'
echo "@available $(df -P -k -- "$parent" 2>/dev/null | sed -n "$free")"
for each in "$data"/pg_tblspc/*; do [ ! -L "$each" ] || echo "@tablespace $(readlink -- "$each")"; done
if [ -L "$data" ]; then echo "@obstacle $data is a symbolic link"
elif [ -L "$data/pg_wal" ]; then echo "@obstacle its pg_wal lies elsewhere, at $(readlink -- "$data/pg_wal")"
elif [ ! -d "$parent" ]; then echo "@obstacle there is no directory $parent"
elif [ -d "$data" ] && [ "$(stat -c %d -- "$data")" != "$(stat -c %d -- "$parent")" ]; then
  echo "@obstacle $data is a mount point, and cannot be moved aside"
elif [ "$owner" = root ]; then echo "@obstacle ${data} would belong to root: make $work, owned by PostgreSQL's user"
elif ! as_owner test -w "$parent"; then echo "@obstacle $owner may not write into $parent"
fi
find_configuration "$data"
[ -z "$(restore_command 2>/dev/null)" ] || echo "@restores"
[ -z "$archive" ] || ! as_owner test -r "$archive" || echo "@archive"
read_state rewind
if [ -e "$work/own" ] && ! job_runs && grep -q 'need to copy' "$work/rewind.log" 2>/dev/null; then echo "@broken"; fi
echo "@done"
"""
)

# As the replication role, from this host. Arguments: SQL whose one answer says whether it may read files.
REACH = (
    PRELUDE
    + _SOURCE
    + r"""
export PGCONNECT_TIMEOUT=4
ask() { answer=$(as_owner psql -X -w -q -A -t -v ON_ERROR_STOP=1 -d "$1" -c "$2" 2>&1); }
if ask "$UNDERSTUDY_SOURCE replication=true" IDENTIFY_SYSTEM; then echo "@replication $answer"
else printf '@output\n%s\n@end\n' "$answer"
fi
if ask "$UNDERSTUDY_SOURCE" "$1"; then echo "@files $answer"
else printf '@files_output\n%s\n@end\n' "$answer"
fi
echo "@done"
"""
)

_RUNNER = r"""
work=$1 job=$2 key=$3 inner=$4; shift 4
keep() { echo "$*" > "$work/$job.state.new" && mv -f -- "$work/$job.state.new" "$work/$job.state"; }
begun=$(date +%s.%N)
: > "$work/$job.log"
keep running "$$" "$begun" "$key"
sh -c "$inner" sh "$@" >> "$work/$job.log" 2>&1 < /dev/null
code=$?
if [ "$code" = 0 ]; then keep "done" 0 "$begun" "$key"; else keep failed "$code" "$begun" "$key"; fi
sync -- "$work" 2>/dev/null
"""

# Arguments: job, key, the job's own script, its arguments. It leads a session of its own: no end of ours ends it.
BEGIN = (
    PRELUDE
    + LOOK_AT_JOB
    + _SOURCE
    + f"runner='{_RUNNER}'\n"
    + r"""
job=$1 wanted=$2 inner=$3; shift 3
as_owner mkdir -p -m 700 -- "$work" || refuse "$work cannot be made"
find_postmaster
[ "$job" != rewind ] || [ -z "$pid" ] || refuse "it runs"
read_state "$job"
if job_runs; then
  [ "$key" = "$wanted" ] || refuse "a $job of an earlier order still runs there, as process $value: wait for its end"
elif [ "$job" = rewind ] || [ "$state $key" != "done $wanted" ]; then
  before="$state $value $begun $key" tries=500
  # By exec: a shell that redirects a function alone keeps the connection's streams open, which would wait for its end.
  (
    exec > /dev/null 2>&1 < /dev/null
    as_owner setsid sh -c "$runner" sh "$work" "$job" "$wanted" "$inner" "$data" "$work" "$@"
  ) &
  while read_state "$job"; [ "$state $value $begun $key" = "$before" ] && [ "$tries" -gt 0 ]; do
    sleep 0.01
    tries=$((tries - 1))
  done
  [ "$tries" -gt 0 ] || refuse "the $job did not begin: is setsid there, and $work writable, with room on its disk?"
fi
look_at_job "$job"
echo "@done"
"""
)

# Arguments: job, for how many twentieths of a second its end is waited for. Whoever asks hears of it at once, and not
# at their next look.
JOB = (
    PRELUDE
    + LOOK_AT_JOB
    + r"""
job=$1 tries=$2
read_state "$job"
# Without starting a program for each look, where tail can: GNU's.
if [ "$state" = running ] && [ "$tries" -gt 0 ]; then
  timeout "$(printf '%d.%02d' $((tries / 20)) $((tries % 20 * 5)))" tail -s 0.01 --pid="$value" -f /dev/null 2>/dev/null
  case $? in 0|124) tries=0 ;; esac
fi
read_state "$job"
while [ "$state" = running ] && [ -e "/proc/$value" ] && [ "$tries" -gt 0 ]; do
  sleep 0.05
  tries=$((tries - 1))
  read_state "$job"
done
look_at_job "$job"
echo "@done"
"""
)

# Arguments: job, seconds that its processes may take to end before they are killed, key. Its state tells that it ended.
STOP = (
    PRELUDE
    + LOOK_AT_JOB
    + r"""
job=$1 tries=$(($2 * 20)) wanted=$3
read_state "$job"
if job_runs; then
  [ "$key" = "$wanted" ] || refuse "the $job that runs there, as process $value, is another order's: it was left alone"
  # It leads a session of its own, so all that it has started is in its process group.
  kill -TERM "-$value" || refuse "process $value could not be ended"
  while kill -0 "-$value" 2>/dev/null && [ "$tries" -gt 0 ]; do sleep 0.05; tries=$((tries - 1)); done
  kill -KILL "-$value" 2>/dev/null
  as_owner sh -c 'echo "understudy: it was ended on request" >> "$1/$2.log"
    echo failed 143 "$3" "$4" > "$1/$2.state"' sh "$work" "$job" "$begun" "$key"
  echo "@ended $value"
fi
echo "@done"
"""
)

# PostgreSQL's single-user mode, by which a killed server is recovered, refuses one with standby.signal ("standby mode
# is not supported by single-user servers"), and so does pg_rewind, which calls it. So the mark is off for the recovery
# alone, during which the lock file keeps any other start away, and is back before pg_rewind begins. pg_rewind then
# takes it away as one of its last acts, because the source has none; its -R puts a new one in its place.
# Arguments: data directory, state directory, WAL archive's directory. Run by the data directory's owner.
REWIND = (
    _CONFIGURATION
    + REAPED
    + rf"""
data=$1 work=$2 archive=$3 own=$2/own
fail() {{ echo "understudy: $1" >&2; exit 1; }}
mark() {{ [ -e "$data/standby.signal" ] || : > "$data/standby.signal" || fail "standby.signal cannot be written"; }}
if [ ! -d "$own" ]; then
  mkdir -p -- "$own.new" || fail "$own.new cannot be made"
  for each in {_OWN_FILES}; do
    [ ! -f "$data/$each" ] || cp -p -- "$data/$each" "$own.new/" || fail "$each cannot be kept"
  done
  mv -T -- "$own.new" "$own" || fail "$own cannot be made"
fi
"""
    + r"""
find_configuration "$own"
major=$(sed -n 's/^\([0-9]*\).*/\1/p' "$data/PG_VERSION")
until_reaped
case $(pg_controldata -D "$data" | sed -n 's/^Database cluster state: *//p') in
  'shut down'*) ;;
  'in archive recovery') fail "it is a standby that did not shut down cleanly: only a new copy mends it" ;;
  *)
    [ ! -e "$data/standby.signal" ] || mv -f -- "$data/standby.signal" "$work/standby.signal" || fail "it stays marked"
    if [ -n "$config" ]; then postgres --single -D "$data" -c "config_file=$config" template1
    else postgres --single -D "$data" template1
    fi
    code=$?
    mark
    [ "$code" = 0 ] || fail "its recovery in single-user mode failed" ;;
esac
mark
set -- -D "$data" "--source-server=$UNDERSTUDY_SOURCE" --no-ensure-shutdown -R -P
case $archive in *[!A-Za-z0-9/._-]*) archive= ;; esac
if [ -n "$(restore_command)" ]; then
  if [ -z "$config" ]; then set -- "$@" -c
  elif [ "$major" -ge 15 ]; then set -- "$@" -c "--config-file=$config"
  fi
elif [ -n "$archive" ] && [ -r "$archive" ] && [ "$major" -ge 15 ]; then
  printf "include '%s'\nrestore_command = 'test -f %s/%%f && cp %s/%%f %%p'\n" \
    "${config:-$data/postgresql.conf}" "$archive" "$archive" > "$work/rewind.conf"
  set -- "$@" -c "--config-file=$work/rewind.conf"
fi
pg_rewind "$@" || fail "pg_rewind failed"
for each in "$own"/*; do [ ! -f "$each" ] || cp -p -- "$each" "$data/" || fail "$each cannot be put back"; done
mark
sync -- "$data/standby.signal" "$data" 2>/dev/null
mv -- "$own" "$own.$(date -u +%Y%m%dT%H%M%SZ).$$"
"""
)

# Arguments: data directory, state directory, slot (''), the new directory. Run by the data directory's owner. The job
# fails with a copy that is not what its manifest says: https://www.postgresql.org/docs/current/app-pgverifybackup.html.
COPY = r"""
work=$2 slot=$3 new=$4
echo "$new" > "$work/copy.path"
set -- -D "$new" -d "$UNDERSTUDY_SOURCE" -X stream --checkpoint=fast --no-password -P
[ -z "$slot" ] || set -- "$@" -S "$slot"
pg_basebackup "$@" || exit 1
if [ ! -e "$new/backup_manifest" ] || ! command -v pg_verifybackup >/dev/null; then
  echo "understudy: not verified, for there is no backup_manifest or no pg_verifybackup"; exit 0
fi
echo "understudy: verifying the copy"
major=$(sed -n 's/^\([0-9]*\).*/\1/p' "$new/PG_VERSION")
set -- -e
[ "$major" -lt 16 ] || set -- "$@" -P
command -v pg_waldump >/dev/null || set -- "$@" -n
pg_verifybackup "$@" "$new"
"""

# Argument: key. The job leads a session of its own, and so its process group. SIGKILL leaves pg_basebackup no time to
# remove what it has copied.
END_COPY = (
    PRELUDE
    + LOOK_AT_JOB
    + r"""
read_state copy
[ "$key" = "$1" ] || refuse "the copy there is not this order's"
new=$(cat -- "$work/copy.path" 2>/dev/null)
if job_runs; then
  kill -KILL "-$value" || refuse "process $value could not be ended"
  tries=250
  while job_runs && [ "$tries" -gt 0 ]; do sleep 0.02; tries=$((tries - 1)); done
  ! job_runs || refuse "process $value does not end"
  as_owner sh -c 'echo ended 0 "$1" "$2" > "$3"' sh "$begun" "$key" "$work/copy.state"
fi
[ ! -d "$new" ] || echo "@kept $new"
look_at_job copy
echo "@done"
"""
)

# Arguments: what the old directory's new name ends in.
USE_COPY = (
    PRELUDE
    + LOOK_AT_JOB
    + REAPED
    + r"""
aside=$data.aside-$1
find_postmaster
[ -z "$pid" ] || refuse "it runs"
until_reaped
read_state copy
moved=$(cat -- "$work/aside.path" 2>/dev/null)
if [ "$state" = used ] && [ -e "$data/PG_VERSION" ]; then echo "@moved $moved"; echo "@done"; exit 0; fi
[ "$state" = done ] || refuse "no complete copy is there ($state)"
new=$(cat -- "$work/copy.path")
if [ -d "$new" ]; then
  own=$work/own
  [ -d "$own" ] || own=$data
  for each in $own_files; do
    [ ! -f "$own/$each" ] || as_owner cp -p -- "$own/$each" "$new/" || refuse "$each cannot be kept"
  done
  as_owner touch -- "$new/standby.signal" || refuse "$new cannot be marked"
  sync -- "$new/standby.signal" "$new" 2>/dev/null
  if [ -e "$data" ]; then
    [ ! -e "$aside" ] || refuse "$aside is there already"
    # The old one is never to come up as a primary by accident either.
    [ ! -e "$data/PG_VERSION" ] || as_owner touch -- "$data/standby.signal" || refuse "$data cannot be marked"
    moved=$aside
    as_owner sh -c 'echo "$1" > "$2"' sh "$aside" "$work/aside.path" || refuse "$work cannot be written"
    as_owner mv -T -- "$data" "$aside" || refuse "$data cannot be moved to $aside"
  elif [ ! -e "$moved" ]; then
    moved=
    as_owner sh -c ': > "$1"' sh "$work/aside.path"
  fi
  as_owner mv -T -- "$new" "$data" || refuse "$new cannot be moved to $data; the old one is $moved"
elif [ ! -e "$data/backup_label" ]; then refuse "the copy is not there: $new"
fi
[ ! -d "$work/own" ] || as_owner mv -- "$work/own" "$work/own.$(date -u +%Y%m%dT%H%M%SZ).$$"
as_owner sh -c 'echo used 0 "$1" "$2" > "$3"' sh "$begun" "$key" "$work/copy.state"
sync -- "$parent" 2>/dev/null
echo "@moved $moved"
echo "@done"
"""
)
