"""The constant script that carries a decision of `servers.backups.native.retention` out. It is the one that removes.

The retention in the settings is the order that says so. What goes is named; what stays is looked for before.
"""

from servers.engines.job_scripts import LOOK_AT_JOB, PRELUDE

# Data is the directory of the backups. Arguments: archive (''), the last 16 digits of the first segment that stays ('':
# all do), how many names of backups that stay follow, those, then those that go.
# A segment's number is those digits, on any timeline; they sort as text. The oldest goes first, so that whatever breaks
# in the middle leaves no gap. A backup gets a name that no list shows before it is removed: it goes as a whole.
EXPIRE = (
    PRELUDE
    + LOOK_AT_JOB
    + r"""
archive=$1 first_kept=$2 staying=$3; shift 3
count=0
[ -d "$data" ] || refuse "no such directory: $data"
for each in "$data"/*.understudy; do
  work=$each
  for job in backup verify; do
    read_state "$job"
    ! job_runs || refuse "a $job runs there (${each##*/}): nothing was removed"
  done
done
while [ "$staying" -gt 0 ]; do
  [ -d "$data/$1" ] || refuse "the backup $1, which is to stay, is not there any more: nothing was removed"
  staying=$((staying - 1))
  shift
done
open=$(ls -l /proc/[0-9]*/fd 2>/dev/null | grep -F -e "-> $data/")
for each; do
  case $open in *"-> $data/$each/"*) refuse "somebody reads the backup $each now: nothing was removed" ;; esac
done
for each in "$data"/.expired-*; do [ ! -d "$each" ] || as_owner rm -r -f -- "$each"; done
for each; do
  case $each in ''|.*|*/*) refuse "no backup is called $each" ;; esac
  [ -d "$data/$each" ] || continue
  [ ! -e "$data/$each/postmaster.opts" ] && [ ! -e "$data/$each/postmaster.pid" ] ||
    refuse "a server was started with $data/$each: it is no backup, and stays"
  as_owner mv -T -- "$data/$each" "$data/.expired-$each" || refuse "$data/$each cannot be renamed"
  as_owner rm -r -f -- "$data/.expired-$each"
  [ -e "$data/.expired-$each" ] && refuse "$data/.expired-$each cannot be removed"
  [ ! -d "$data/$each.understudy" ] || as_owner rm -r -f -- "$data/$each.understudy"
  echo "@gone $each"
done
case $first_kept in ????????????????) ;; *) echo "@segments 0"; echo "@done"; exit 0 ;; esac
cd "$archive" || refuse "cannot look into $archive"
before="$(ls -f | awk -v first="$first_kept" '
  length($0) >= 24 && substr($0, 1, 24) !~ /[^0-9A-F]/ && (length($0) == 24 || substr($0, 25, 1) == ".") \
  && $0 !~ /[^0-9A-Za-z.]/ && (substr($0, 9, 16) "") < (first "") { print substr($0, 9, 16) " " $0 }' | sort)"
if [ -n "$before" ]; then
  names=$(printf '%s\n' "$before" | cut -d ' ' -f 2)
  echo "$names" | as_owner xargs rm -f --
  count=$(echo "$names" | grep -v -c -E '\.(backup|partial)')
  [ ! -d .sums ] || echo "$names" | cut -c 1-24 | (cd .sums && as_owner xargs rm -f --)
fi
echo "@segments $count"
echo "@done"
"""
)
