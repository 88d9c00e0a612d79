"""The constant scripts by which the native engine acts on a server's host. POSIX sh, Linux's /proc.

What differs between servers comes as arguments (and passwords by standard input), never in the script's text.
Every script ends with the same look: what runs, what listens, what pg_controldata says.
"""

from servers.host_script import FIND_POSTMASTER

# Where the SSH user is root: PostgreSQL's programs refuse to run as root, and files must belong to its own user.
BECOME_OWNER = r"""
as_owner() {
  if [ "$(id -u)" != 0 ] || [ "$owner" = root ]; then "$@"
  elif command -v runuser >/dev/null; then runuser -u "$owner" -- "$@"
  elif command -v gosu >/dev/null; then gosu "$owner" "$@"
  else su-exec "$owner" "$@"
  fi
}
"""

_OWNER = (
    BECOME_OWNER
    + r"""
export LC_ALL=C
umask 077
data=$1 programs=$2 port=$3 patience=$4 address=; shift 4
[ -z "$programs" ] || PATH="$programs:$PATH"
cd / || exit 1
if [ ! -d "$data" ]; then echo "@error no such directory: $data"; exit 0; fi
if [ ! -r "$data" ] || [ ! -x "$data" ]; then echo "@error $data cannot be read by $(id -un)"; exit 0; fi
owner=$(stat -c %U -- "$data")
mark() {
  [ -e "$data/standby.signal" ] || as_owner touch -- "$data/standby.signal" ||
    echo "@failed standby.signal cannot be written"
}
"""
)

# Processes of this very cluster: PostgreSQL's own program, working in the data directory. A shell there is left alone.
_LIST = r"""
list_processes() {
  processes=
  for each in /proc/[0-9]*; do
    [ "$each/cwd" -ef "$data" ] || continue
    IFS= read -r name < "$each/comm" || continue
    case $name in postgres|postmaster) processes="$processes ${each#/proc/}" ;; esac
  done 2>/dev/null
}
"""

# Postmasters of other data directories that this user may look at: the settings may name a directory that is not the
# one in use any more. Each with its port and address, whose data it serves, and where.
_ELSEWHERE = r"""
list_elsewhere() {
  for each in /proc/[0-9]*; do
    IFS= read -r name < "$each/comm" || continue
    case $name in postgres|postmaster) ;; *) continue ;; esac
    [ ! "$each/cwd" -ef "$data" ] || continue
    number= at= where=
    { read -r number; read -r _; read -r _; read -r at; read -r _; read -r where; } < "$each/cwd/postmaster.pid"
    [ "$number" = "${each#/proc/}" ] || continue
    system=$(pg_controldata -D "$each/cwd" | sed -n 's/^Database system identifier: *//p')
    # What has ended meanwhile has no pid file any more; what has one counts, wherever it lies.
    place=$(readlink "$each/cwd") || { [ -r "$each/cwd/postmaster.pid" ] || continue; place=$each/cwd; }
    echo "@elsewhere $number $at ${where:-*} ${system:--} $place"
  done 2>/dev/null
}
"""

# The port: as the last postmaster wrote it, as the configuration has it, as the settings have it. The pid file goes
# with a clean stop, so a script that stops the server reads it before.
_LOOK = r"""
read_pid_file() {
  [ -r "$data/postmaster.pid" ] || return 1
  { read -r _; read -r _; read -r _; read -r port; read -r _; read -r address; } < "$data/postmaster.pid"
}
look_at_control() {
  control=$(pg_controldata -D "$data" 2>/dev/null) && printf '@control\n%s\n@end\n' "$control"
}
look() {
  find_postmaster
  echo "@postmaster $pid $state"
  list_processes
  for each in $processes; do [ "$each" = "$pid" ] || echo "@process $each"; done
  list_elsewhere
  if ! read_pid_file && [ -z "$address" ] && configured=$(postgres -C port -D "$data" 2>/dev/null); then
    port=$configured address=$(postgres -C listen_addresses -D "$data" 2>/dev/null)
  fi
  echo "@address $port $address"
  case $port in
    ''|*[!0-9]*) ;;
    *) grep -h -E "^ *[0-9]+: [0-9A-F]+:$(printf %04X "$port") [0-9A-F]+:0000 0A " /proc/net/tcp /proc/net/tcp6 \
         2>/dev/null | while read -r _ local _; do echo "@listener ${local%:*}"; done ;;
  esac
  [ ! -e "$data/standby.signal" ] || echo "@standby_signal"
  look_at_control
  echo "@done"
}
"""

_PRELUDE = FIND_POSTMASTER + _OWNER + _LIST + _ELSEWHERE + _LOOK

# Runs a command first, if there is one, in `how` ("as_owner", or "manager" for the service manager's own).
_RUN = r"""
run() {
  how=$1; shift
  [ $# -gt 0 ] || return 0
  if [ "$how" = as_owner ]; then output=$(as_owner "$@" 2>&1); else output=$("$@" 2>&1); fi
  code=$?
  echo "@exit $code"; printf '@output\n%s\n@end\n' "$output"
  return "$code"
}
"""

# A clock that nobody sets: the host's own since it was started, in hundredths of a second. What arrives after a given
# time on it was given up by whoever sent it, and may have been taken back since: it must do nothing.
_IS_LATE = r"""
is_late() {
  IFS='. ' read -r whole hundredths _ < /proc/uptime || return 1
  [ "$whole$hundredths" -gt "$1" ]
}
"""

UPTIME = "IFS='. ' read -r whole hundredths _ < /proc/uptime && echo \"$whole$hundredths\""

# Arguments: the time after which it is too late, and the command.
IN_TIME = (
    _IS_LATE
    + r"""
latest=$1; shift
if is_late "$latest"; then echo "the order came too late, and was not followed" >&2; exit 1; fi
exec "$@"
"""
)

LOOK = _PRELUDE + "look\n"

# The same without a look at processes and sockets, which takes tens of milliseconds that would be an outage's.
CONTROL = _PRELUDE + 'find_postmaster; echo "@postmaster $pid $state"; look_at_control; echo "@done"\n'

MARK = (
    _PRELUDE
    + r"""
find_postmaster
if [ -n "$pid" ]; then echo "@failed it runs"; else mark && sync -- "$data/standby.signal" "$data" 2>/dev/null; fi
[ ! -e "$data/standby.signal" ] || echo "@standby_signal"
echo "@postmaster $pid $state"
echo "@done"
"""
)

# Arguments from the fifth: the system identifier that its data must have ('': any); then what keeps the service manager
# from starting it again (it may block: not waited for). Data of another system, or of one that cannot be told, is not
# touched. The mark comes first then: whatever starts from now on comes up read-only.
FENCE = (
    _PRELUDE
    + r"""
wanted=$1; shift
if [ -n "$wanted" ]; then
  system=$(pg_controldata -D "$data" 2>/dev/null | sed -n 's/^Database system identifier: *//p')
  if [ "$system" != "$wanted" ]; then
    echo "@other_system ${system:--}"
    look
    exit 0
  fi
fi
mark
[ $# -eq 0 ] || "$@" >/dev/null 2>&1 </dev/null &
find_postmaster
[ -z "$pid" ] || kill -9 "$pid"
tries=$((patience * 50))
list_processes
while [ -n "$processes" ] && [ "$tries" -gt 0 ]; do
  kill -9 $processes 2>/dev/null
  sleep 0.02
  tries=$((tries - 1))
  list_processes
done
# A start that was under way may have taken the mark off.
mark
sync -- "$data/standby.signal" "$data" 2>/dev/null
look
"""
)

# pg_ctl looks ten times a second whether the postmaster is gone; here it is every few milliseconds.
# The last thing that a clean shutdown writes is the control file: of one that ended well, a glance tells enough.
# Arguments from the fifth: "mark" to mark it once it has shut down cleanly, or ''; then the command.
STOP = (
    _PRELUDE
    + _RUN
    + _IS_LATE
    + r"""
wanted=$1 latest=$2; shift 2
find_postmaster
read_pid_file
if [ -n "$pid" ] && is_late "$latest"; then
  echo "@failed the order to stop came too late, and was not followed"
elif [ -n "$pid" ]; then
  run "$@"
  tries=$((patience * 200))
  while find_postmaster; [ -n "$pid" ] && [ "$tries" -gt 0 ]; do sleep 0.005; tries=$((tries - 1)); done
fi
if [ -n "$pid" ]; then look; exit 0; fi
echo "@postmaster"
look_at_control
# One that did not shut down cleanly must be able to come back as what it was; one that was started again meanwhile
# (this script may have been held up on its way) is what it is.
find_postmaster
case $wanted$pid$control in mark[!0-9]*'shut down'*) mark && sync -- "$data/standby.signal" "$data" 2>/dev/null ;; esac
[ ! -e "$data/standby.signal" ] || echo "@standby_signal"
echo "@done"
"""
)

RUN = _PRELUDE + _RUN + 'run "$@"\nlook\n'

# The postmaster's own word for it is the eighth line of its pid file: src/include/utils/pidfile.h.
# Without a command there is nothing to start here (a container is started from outside).
_START = r"""
# One that was killed holds its lock file until its parent has taken notice: to PostgreSQL it is alive.
lingers() {
  { IFS= read -r dead < "$data/postmaster.pid"; } 2>/dev/null || return 1
  { IFS= read -r line < "/proc/$dead/stat"; } 2>/dev/null || return 1
  case ${line##*) } in Z*|X*) return 0 ;; *) return 1 ;; esac
}
start() {
  [ $# -gt 0 ] || return 0
  log=$data/understudy-start.log
  # One whose stop took too long is still on its way down: it is waited for, then started.
  tries=$((patience * 50))
  while [ -n "$pid" ] && [ "$tries" -gt 0 ]; do
    case $(sed -n 8p "$data/postmaster.pid" 2>/dev/null) in stopping*) ;; *) break ;; esac
    sleep 0.02
    tries=$((tries - 1))
    find_postmaster
  done
  find_postmaster
  while [ -z "$pid" ] && lingers && [ "$tries" -gt 0 ]; do sleep 0.02; tries=$((tries - 1)); done
  if [ -z "$pid" ]; then
    # A new copy was never started: there are no options of its last start.
    case "$1 $2 $3" in
      'as_owner pg_ctl restart') [ -e "$data/postmaster.opts" ] || { shift 3; set -- as_owner pg_ctl start "$@"; } ;;
    esac
    [ "$1" != as_owner ] || set -- "$@" -l "$log"
    run "$@" </dev/null || return 0
  fi
  seen=$pid
  # What pg_ctl started is there within two seconds or never; a service manager may take its time.
  case "$1 $2" in 'as_owner pg_ctl') unseen=$((tries - 100)) ;; *) unseen=$((tries - 250)) ;; esac
  while [ "$tries" -gt 0 ]; do
    find_postmaster
    if [ -n "$pid" ]; then
      seen=1
      status=$(sed -n 8p "$data/postmaster.pid" 2>/dev/null)
      case $status in ready*|standby*) echo "@status $status"; return 0 ;; esac
    elif [ -n "$seen" ] || [ "$tries" -lt "$unseen" ]; then
      break
    fi
    sleep 0.02
    tries=$((tries - 1))
  done
  printf '@log\n%s\n@end\n' "$(tail -n 20 -- "$log" 2>/dev/null)"
}
"""

# A mark is taken off a server that was shut down cleanly as a primary, and off no other.
START = (
    _PRELUDE
    + _RUN
    + _START
    + r"""
state_of() { pg_controldata -D "$data" | sed -n 's/^Database cluster state: *//p'; }
clean=
find_postmaster
if [ -z "$pid" ]; then
  case $(state_of) in
    'shut down')
      clean=1
      [ ! -e "$data/standby.signal" ] || rm -- "$data/standby.signal" ;;
    'in production')
      if [ -e "$data/standby.signal" ]; then
        echo "@failed it is fenced: it was a primary and did not shut down"; look; exit 0
      fi ;;
  esac
fi
start "$@"
# The script of a stop may have been held up on its way, and mark what runs again: its next start would be read-only.
if [ -n "$clean" ] && [ -e "$data/standby.signal" ]; then
  find_postmaster
  case $pid$(state_of) in [0-9]*'in production') rm -- "$data/standby.signal" ;; esac
fi
look
"""
)

# Standard input: the lines that take the place of those with the same names in postgresql.auto.conf.
START_AS_STANDBY = (
    _PRELUDE
    + _RUN
    + _START
    + r"""
find_postmaster
refuse() { echo "@failed $1"; look; exit 0; }
[ -z "$pid" ] || refuse "it runs"
case $(pg_controldata -D "$data" | sed -n 's/^Database cluster state: *//p') in
  'shut down'*|'in archive recovery') ;;
  # Made by pg_rewind or pg_basebackup: recovery starts where that says, whatever the control file's state is.
  *) [ -e "$data/backup_label" ] || refuse "it did not shut down cleanly: it needs a rewind or a new copy first" ;;
esac
configuration=$data/postgresql.auto.conf new=$data/postgresql.auto.conf.understudy
replaced='^[[:space:]]*(primary_conninfo|primary_slot_name|recovery_target[a-z_]*)[[:space:]=]'
{
  [ ! -e "$configuration" ] || { grep -v -i -E "$replaced" "$configuration"; [ $? -le 1 ]; } && cat
} > "$new" || refuse "$new cannot be written"
[ "$(id -u)" != 0 ] || chown -- "$owner" "$new" || refuse "$new cannot be given to $owner"
mark
sync -- "$new" && mv -f -- "$new" "$configuration" && sync -- "$data" || refuse "$configuration cannot be replaced"
start "$@"
look
"""
)

# Arguments from the fifth: psql's. The SQL comes by standard input. By the local socket, as the cluster's superuser.
PSQL = (
    _PRELUDE
    + r"""
[ -r "$data/postmaster.pid" ] || { echo "it does not run" >&2; exit 3; }
{ read -r _; read -r _; read -r _; read -r port; IFS= read -r sockets; } < "$data/postmaster.pid"
[ -n "$sockets" ] || sockets=localhost
sql=$(cat)
for user in "$owner" postgres; do
  answer=$(printf '%s\n' "$sql" | as_owner psql -X -w -q -A -t -v ON_ERROR_STOP=1 -h "$sockets" -p "$port" -U "$user" \
    -d postgres "$@" -f - 2>&1) && break
done
code=$?
printf '%s\n' "$answer"
exit "$code"
"""
)
