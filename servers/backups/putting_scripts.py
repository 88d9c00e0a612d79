"""The constant scripts that put a restored directory where a server has none, and take that back. Nothing is removed.

POSIX sh; arguments as those of `servers.backups.in_place_scripts`. Each may be run again after a crash at any moment.
"""

from servers.backups.in_place_scripts import WITH_NAMES, WITH_SETTINGS

PUT = (
    WITH_NAMES
    + WITH_SETTINGS
    + r"""
settings=$(cat)
if is_ours "$data"; then echo "@done"; exit 0; fi
# An empty directory gives way to the one that is renamed to it: rename(2).
[ ! -e "$data" ] || holds_nothing "$data" || refuse "$data is there: move it aside"
is_ours "$restored" || refuse "$restored has not the mark of this order"
( data=$restored; find_postmaster; [ -z "$pid" ] ) || refuse "the restored instance still runs"
[ ! -e "$restored/postmaster.opts" ] ||
  as_owner mv -f -- "$restored/postmaster.opts" "$restored/postmaster.opts.restored" ||
  refuse "$restored cannot be written"
[ ! -e "$restored/$saved" ] || as_owner mv -f -- "$restored/$saved" "$restored/postgresql.auto.conf" ||
  refuse "$restored cannot be written"
write_settings
as_owner mv -T -- "$restored" "$data" || refuse "$restored cannot be moved to $data"
sync -- "$parent" 2>/dev/null
echo "@done"
"""
)

PUT_BACK = (
    WITH_NAMES
    + r"""
if is_ours "$data"; then
  down "$data"
  [ ! -e "$restored" ] || refuse "$restored is there already"
  as_owner mv -T -- "$data" "$restored" || refuse "$data cannot be moved to $restored"
  sync -- "$parent" 2>/dev/null
fi
echo "@done"
"""
)
