"""The constant scripts that put a restored directory in the place of a server's data directory, and take that back.

POSIX sh. The first two arguments are the server's data directory and where PostgreSQL's programs are. Nothing is
removed: the old directory is moved aside, and moved back where anything fails. Each may be run again after a crash at
any moment: it finds what is done already.
"""

from servers.engines.job_scripts import PRELUDE, REAPED

# Arguments: the restored directory, the key.
_NAMES = r"""
restored=$1 key=$2; shift 2
aside=$data.aside-${restored##*.restore-}
saved=postgresql.auto.conf.before-restore
is_ours() { [ -r "$1/understudy.instance" ] && [ "$(cat -- "$1/understudy.instance")" = "$key" ]; }
target='^recovery_target(_time|_lsn|_name|_xid)? ='
system_of() { pg_controldata -D "$1" 2>/dev/null | sed -n 's/^Database system identifier: *//p'; }
holds_nothing() { [ -d "$1" ] && [ ! -L "$1" ] && listed=$(ls -A -- "$1" 2>&1) && [ -z "$listed" ]; }
down() { find_postmaster; [ -z "$pid" ] || refuse "$1 is in use: process $pid"; }
"""

WITH_NAMES = PRELUDE + _NAMES

# Keeps what the restored directory sets itself, and sets what the variable `settings` says on top of it.
WITH_SETTINGS = r"""
write_settings() {
  [ -f "$restored/postgresql.auto.conf" ] || as_owner touch -- "$restored/postgresql.auto.conf"
  as_owner cp -p -- "$restored/postgresql.auto.conf" "$restored/$saved" || refuse "its settings cannot be kept"
  replaced='^[[:space:]]*(primary_conninfo|primary_slot_name|restore_command|archive_cleanup_command'
  replaced=$replaced'|recovery_(target[a-z_]*|end_command|min_apply_delay))[[:space:]=]'
  { grep -v -i -E "$replaced" "$restored/$saved"; printf '%s\n' "$settings"; } |
    as_owner sh -c 'cat > "$1"' sh "$restored/postgresql.auto.conf" || refuse "its settings cannot be written"
  as_owner touch -- "$restored/standby.signal" || refuse "$restored cannot be marked"
  sync -- "$restored/postgresql.auto.conf" "$restored/$saved" "$restored" 2>/dev/null
}
"""

# Standard input: the recovery settings, which are taken away again by SETTLE. Its own configuration files come along.
# "postmaster.opts" of the restored one names the configuration that it had while it stood beside.
SWAP = (
    WITH_NAMES
    + WITH_SETTINGS
    + REAPED
    + r"""
settings=$(cat)
if is_ours "$data"; then echo "@aside $aside"; echo "@done"; exit 0; fi
is_ours "$restored" || refuse "$restored has not the mark of this order"
( data=$restored; find_postmaster; [ -z "$pid" ] ) || refuse "the restored instance still runs"
if [ -e "$data" ]; then
  down "$data"
  until_reaped
  [ ! -e "$aside" ] || refuse "$aside is there already"
  system=$(system_of "$data")
  [ -z "$system" ] || [ "$system" = "$(system_of "$restored")" ] ||
    refuse "$restored has another database system than $data: the backup is not this cluster's"
  for each in $own_files; do
    [ ! -f "$data/$each" ] || as_owner cp -p -- "$data/$each" "$restored/" || refuse "$each cannot be kept"
  done
  [ -f "$data/postmaster.opts" ] || [ ! -e "$restored/postmaster.opts" ] ||
    as_owner mv -f -- "$restored/postmaster.opts" "$restored/postmaster.opts.restored" ||
    refuse "$restored cannot be written"
  write_settings
  as_owner mv -T -- "$data" "$aside" || refuse "$data cannot be moved to $aside"
fi
[ -e "$aside" ] || refuse "neither $data nor $aside is there: look at $parent"
as_owner mv -T -- "$restored" "$data" || refuse "$restored cannot be moved to $data; the old directory is $aside"
sync -- "$parent" 2>/dev/null
echo "@aside $aside"
echo "@done"
"""
)

SWAP_BACK = (
    WITH_NAMES
    + r"""
if is_ours "$data"; then
  down "$data"
  [ ! -e "$restored" ] || refuse "$restored is there already"
  [ -e "$aside" ] || refuse "the old directory is not at $aside: look at $parent"
  as_owner mv -T -- "$data" "$restored" || refuse "$data cannot be moved to $restored"
fi
if [ ! -e "$data" ]; then
  [ -e "$aside" ] || refuse "neither $data nor $aside is there: look at $parent"
  as_owner mv -T -- "$aside" "$data" || refuse "$aside cannot be moved to $data"
fi
sync -- "$parent" 2>/dev/null
echo "@done"
"""
)

# Argument: SQL whose answer is one row, apart by "|".
STATE = (
    WITH_NAMES
    + r"""
! is_ours "$data" || echo "@swapped"
[ ! -e "$data" ] || holds_nothing "$data" || echo "@there"
[ ! -e "$aside" ] || echo "@aside $aside"
! grep -q -E "$target" "$data/postgresql.auto.conf" 2>/dev/null || echo "@targeted"
find_postmaster
echo "@postmaster $pid"
control=$(pg_controldata -D "$data" 2>/dev/null | sed -n 's/^Database cluster state: *//p')
echo "@state $control"
if [ -n "$pid" ]; then
  { read -r _; read -r _; read -r _; read -r port; IFS= read -r sockets; } < "$data/postmaster.pid"
  [ -n "$sockets" ] || sockets=localhost
  for user in $owner postgres; do
    answer=$(as_owner env PGCONNECT_TIMEOUT=3 psql -X -w -q -A -t -v ON_ERROR_STOP=1 -h "${sockets%%,*}" -p "$port" \
      -U "$user" -d postgres -c "$1" 2>&1) && { echo "@sql $answer"; answer=; break; }
  done
  [ -z "$answer" ] || echo "@refused $(printf '%s' "$answer" | tail -n 1)"
fi
echo "@done"
"""
)

FORGET_TARGET = (
    WITH_NAMES
    + r"""
is_ours "$data" || refuse "$data is not the restored directory"
down "$data"
own=$data/postgresql.auto.conf
as_owner sh -c 'grep -v -E "$1" "$2" > "$2.new" && mv -f -- "$2.new" "$2"' sh "$target" "$own" ||
  refuse "its settings cannot be written"
sync -- "$own" "$data" 2>/dev/null
echo "@done"
"""
)

# Argument: "standby" where it has been made to follow, which its own settings of before do not know of.
SETTLE = (
    WITH_NAMES
    + r"""
if is_ours "$data"; then
  if [ "$1" = standby ] && [ -e "$data/$saved" ]; then
    as_owner sh -c '{ grep -v -i -E "$1" "$2/$3"; grep -i -E "$1" "$2/postgresql.auto.conf"; } > "$2/$3.new" &&
      mv -f -- "$2/$3.new" "$2/$3"' sh '^[[:space:]]*primary_(conninfo|slot_name)[[:space:]=]' "$data" "$saved" ||
      refuse "its settings cannot be put back"
  fi
  [ ! -e "$data/$saved" ] || as_owner mv -f -- "$data/$saved" "$data/postgresql.auto.conf" ||
    refuse "its settings cannot be put back"
  as_owner mv -f -- "$data/understudy.instance" "$data/understudy.restored" || refuse "its mark cannot be renamed"
  sync -- "$data" 2>/dev/null
fi
echo "@done"
"""
)
