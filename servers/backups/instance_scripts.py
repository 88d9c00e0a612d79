"""The constant scripts by which a recovered instance is configured, started, looked at, stopped and dropped on a host.

POSIX sh, Linux's /proc. What differs comes as arguments, settings by standard input. The first two arguments are the
instance's directory and where PostgreSQL's programs are; what is ours beside it lies in `<directory>.understudy`.

An instance has its own configuration and no other: what the directory that was restored says of archiving, of whom to
follow and of what to load at the start is not read. It listens on the loopback address and its own socket alone.
"""

from servers.engines.job_scripts import LOOK_AT_JOB, PRELUDE

# As PostgreSQL compares them at the start of hot standby (CheckRequiredParameterValues in xlogrecovery.c): none may be
# smaller than on the server that wrote the WAL. Arguments: what they are there now, 0 where that is not known.
_FLOORS = r"""
control() { printf '%s\n' "$control" | sed -n "s/^$1 setting: *//p"; }
floor() {
  own=$(control "$2")
  case $own in ''|*[!0-9]*) own=0 ;; esac
  [ "$own" -ge "$3" ] || own=$3
  [ "$own" = 0 ] || echo "$1 = $own"
}
floors() {
  floor max_connections max_connections "$1"
  floor max_worker_processes max_worker_processes "$2"
  floor max_wal_senders max_wal_senders "$3"
  floor max_prepared_transactions max_prepared_xacts "$4"
  floor max_locks_per_transaction max_locks_per_xact "$5"
}
"""

_OURS = r"""
marker=$data/understudy.instance
is_ours() { [ -r "$marker" ] && [ "$(cat -- "$marker")" = "$1" ]; }
port_of() { sed -n 's/^port = \([0-9]*\)$/\1/p' "$work/instance.conf" 2>/dev/null; }
sockets_of() { sed -n "s/^unix_socket_directories = '\(.*\)'$/\1/p" "$work/instance.conf" 2>/dev/null; }
# Below the ports that clients get (32768 on, as a rule): one that any socket has by now is not free to listen on.
free_port() {
  tried=0 port=$((15432 + ($$ + $(date +%s)) % 100))
  while [ "$tried" -lt 100 ]; do
    grep -q -E "^ *[0-9]+: [0-9A-F]+:$(printf %04X "$port") " /proc/net/tcp /proc/net/tcp6 2>/dev/null || return 0
    port=$((port + 1)) tried=$((tried + 1))
    [ "$port" -lt 15532 ] || port=15432
  done
  return 1
}
"""

_PRELUDE = PRELUDE + _OURS

# What every script that acts on an instance begins with, those elsewhere too.
ON_INSTANCE = _PRELUDE

# Looks at a host where an instance may be made. Arguments: libraries to look for, each as pg_proc.probin has it.
HOST = (
    _PRELUDE
    + r"""
free='2s/.* \([0-9][0-9]*\)  *[0-9][0-9]*% .*/\1/p'
[ -d "$parent" ] || refuse "there is no directory $parent"
echo "@available $(df -P -k -- "$parent" 2>/dev/null | sed -n "$free")"
as_owner test -w "$parent" || echo "@obstacle $owner may not write into $parent"
echo "@version $(postgres --version 2>/dev/null | sed -n 's/^[^0-9]*\([0-9]*\).*/\1/p')"
if free_port; then echo "@port $port"; fi
echo "@memory $(sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' /proc/meminfo)"
where=$(pg_config --pkglibdir 2>/dev/null)
for each; do
  name=${each#\$libdir/}
  case $name in
    /*) [ -e "$name" ] || [ -e "$name.so" ] || echo "@missing $each" ;;
    *) [ -z "$where" ] || [ -e "$where/$name" ] || [ -e "$where/$name.so" ] || echo "@missing $each" ;;
  esac
done
echo "@done"
"""
)

# By its owner, at once: becoming another user takes longer than all of it. Standard input: the whole configuration.
_GIVE = r"""
data=$1 work=$2 key=$3 sockets=$4
fail() { echo "$1 cannot be written" >&2; exit 1; }
put() { cat > "$1.new" && mv -f -- "$1.new" "$1" || fail "$1"; }
set_aside() { [ ! -e "$1" ] || mv -f -- "$1" "$1.restored" || fail "$1.restored"; }
echo "$key" | put "$data/understudy.instance"
mkdir -p -m 700 -- "$work" "$sockets" || fail "$work"
set_aside "$data/postgresql.auto.conf"
set_aside "$data/recovery.signal"
: > "$data/standby.signal" || fail "$data/standby.signal"
put "$work/instance.conf"
printf "local all all trust\\nhost all all 127.0.0.1/32 md5\\n" | put "$work/instance.hba"
"""

# Arguments: the key, then the five floors. Standard input: the settings, all but port, sockets and floors.
CONFIGURE = (
    _PRELUDE
    + _FLOORS
    + f"give='{_GIVE}'\n"
    + r"""
key=$1; shift
[ -e "$data/PG_VERSION" ] || refuse "no base backup is laid out in $data"
[ ! -e "$marker" ] || is_ours "$key" || refuse "$data belongs to another order"
find_postmaster
[ -z "$pid" ] || { echo "@done"; exit 0; }
control=$(pg_controldata -D "$data" 2>/dev/null) || refuse "pg_controldata cannot read $data"
sockets=$(sockets_of)
# A socket's path has 107 bytes at most: unix(7).
[ -n "$sockets" ] || sockets=$work/s
[ "${#sockets}" -le 85 ] || sockets=$(as_owner mktemp -d /tmp/understudy.XXXXXX) || refuse "no directory for its socket"
free_port || refuse "no port from 15432 to 15531 is free"
said=$({ cat; floors "$@"; echo "port = $port"; echo "unix_socket_directories = '$sockets'"; } |
  as_owner sh -c "$give" sh "$data" "$work" "$key" "$sockets" 2>&1) || refuse "$said"
echo "@done"
"""
)

# It is started in the directory that has its configuration: what pg_ctl is given is constant.
START = (
    _PRELUDE
    + r"""
is_ours "$1" || refuse "$data is not this order's"
find_postmaster
if [ -z "$pid" ]; then
  cd "$work" || refuse "$work cannot be entered"
  output=$(as_owner pg_ctl start -D "$data" -l "$work/instance.log" -W -s -o '-c config_file=instance.conf' \
    2>&1 </dev/null) || refuse "it could not be started: $output"
fi
echo "@done"
"""
)

# Read through its own socket, as the superuser of the cluster.
_ASK = r"""
ask() {
  port=$(port_of) sockets=$(sockets_of)
  for user in "$owner" postgres; do
    answer=$(printf '%s\n' "$1" | as_owner env PGCONNECT_TIMEOUT=3 psql -X -w -q -A -t -v ON_ERROR_STOP=1 \
      -h "$sockets" -p "$port" -U "$user" -d postgres -f - 2>&1) && return 0
  done
  return 1
}
"""

# The startup process tells by its title which segment it reads or waits for: XLogFileRead in xlogrecovery.c.
_STARTUP = r"""
startup_title() {
  for each in $(cat "/proc/$pid/task/$pid/children" 2>/dev/null); do
    title=$(tr '\0' ' ' 2>/dev/null < "/proc/$each/cmdline")
    case $title in *startup*) echo "@startup ${title#*startup}"; return ;; esac
  done
}
"""

# Arguments: SQL whose answer is one row, apart by "|"; for how many twentieths of a second it is waited for that it
# stands at its target. It says so in its log once it can be asked: recoveryPausesHere in xlogrecovery.c.
LOOK = (
    _PRELUDE
    + LOOK_AT_JOB
    + _ASK
    + _STARTUP
    + r"""
tries=$2
find_postmaster
while [ -n "$pid" ] && [ "$tries" -gt 0 ] && [ -d "/proc/$pid" ] &&
  ! grep -q -e 'pausing at the end of recovery' -e 'recovery has paused' "$work/instance.log" 2>/dev/null; do
  sleep 0.05
  tries=$((tries - 1))
done
[ ! -e "$data/PG_VERSION" ] || echo "@there"
[ ! -r "$marker" ] || echo "@key $(cat -- "$marker")"
find_postmaster
echo "@postmaster $pid"
echo "@place $(port_of) $(sockets_of)"
if [ -n "$pid" ]; then
  startup_title
  case $(sed -n 8p "$data/postmaster.pid" 2>/dev/null) in
    ready*|standby*) if ask "$1"; then echo "@sql $answer"; else echo "@refused $answer"; fi ;;
  esac
fi
stopped=$(grep 'recovery stopping' "$work/instance.log" 2>/dev/null | tail -n 1)
[ -z "$stopped" ] || echo "@stopped_at $stopped"
printf '@log\n%s\n@end\n' "$(tail -c 6000 -- "$work/instance.log" 2>/dev/null)"
read_state restore
echo "@laid_out $state $key"
echo "@done"
"""
)

# Arguments: the directory, the job's, "" for every checksum, "sizes" for names and sizes alone. Tablespaces are linked
# as its first start would do it (tablespace_map): the manifest has their files too.
VERIFY = r"""
data=$1 how=$3
set -- -n
[ "$how" != sizes ] || set -- "$@" -s
if [ -f "$data/tablespace_map" ]; then
  set -- "$@" -i tablespace_map # it says where they are now
  mkdir -p -m 700 -- "$data/pg_tblspc" || exit 1
  while IFS= read -r line || [ -n "$line" ]; do
    [ -z "$line" ] || ln -s -n -f -- "${line#* }" "$data/pg_tblspc/${line%% *}" || exit 1
  done < "$data/tablespace_map"
fi
[ -e "$data/backup_manifest" ] || { echo "no backup_manifest: the tool compares checksums itself"; exit 0; }
pg_verifybackup "$@" "$data"
"""

# Argument: the key, SQL.
ASK = (
    _PRELUDE
    + _ASK
    + r"""
is_ours "$1" || refuse "$data is not this order's"
ask "$2" || refuse "it did not answer: $answer"
printf '@output\n%s\n@end\n' "$answer"
echo "@done"
"""
)

# Argument: the key.
STOP = (
    _PRELUDE
    + r"""
is_ours "$1" || refuse "$data is not this order's"
find_postmaster
if [ -n "$pid" ]; then
  output=$(as_owner pg_ctl stop -D "$data" -m fast -w -t 50 -s 2>&1) || refuse "it did not stop: $output"
fi
echo "@done"
"""
)

# Arguments: the key, the operation's id. What is removed lies in directories whose names end in that operation's id,
# which nobody else makes, and has the key that it wrote there: as its marker, or as its job's while it was laid out, or
# before that where the job runs on another host.
REMOVE = (
    _PRELUDE
    + LOOK_AT_JOB
    + r"""
wanted=$1 ending=.restore-$2
case $data in */*"$ending") ;; *) refuse "$data is no directory of a restore" ;; esac
if [ ! -e "$data" ] && [ ! -e "$work" ]; then echo "@gone"; echo "@done"; exit 0; fi
[ ! -L "$data" ] && [ ! -L "$work" ] || refuse "$data is a symbolic link"
read_state restore
if [ -e "$marker" ]; then is_ours "$wanted" || refuse "$data belongs to another order"
elif [ "$key" != "$wanted" ] && [ "$(cat -- "$work/restore.begun" 2>/dev/null)" != "$wanted" ]; then
  refuse "$data has not the mark of this order"
fi
find_postmaster
[ -z "$pid" ] || refuse "PostgreSQL runs there"
! job_runs || refuse "its base backup is still being laid out"
for each in "${data%"$ending"}"/pg_tblspc/*; do
  case $(readlink -- "$each" 2>/dev/null) in
    "$data.tablespaces"/*) refuse "${data%"$ending"} has its tablespaces in $data.tablespaces" ;;
  esac
done
sockets=$(sockets_of)
case $sockets in /tmp/understudy.*) as_owner rmdir -- "$sockets" 2>/dev/null ;; esac
as_owner rm -rf -- "$data" "$data.tablespaces" "$data".part* || refuse "$data could not be removed"
as_owner rm -rf -- "$work" || refuse "$work could not be removed"
echo "@done"
"""
)
