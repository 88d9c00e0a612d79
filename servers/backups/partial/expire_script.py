"""The constant script that carries a decision of `servers.backups.partial.retention` out.

The retention in the settings is the order that says so. What goes is named, and must bear the mark of its part; what
stays is looked for before. Nothing is removed unless all of that holds.
"""

from servers.engines.job_scripts import LOOK_AT_JOB, PRELUDE

# Data is the directory of one part's backups. Arguments: the part's mark, how many names of backups that stay follow,
# those, then those that go. A backup gets a name that no list shows before it is removed: it goes as a whole.
EXPIRE = (
    PRELUDE
    + LOOK_AT_JOB
    + r"""
mark=$1 staying=$2; shift 2
[ -d "$data" ] || refuse "no such directory: $data"
for work in "$data"/*.understudy; do
  for job in backup verify restore; do
    read_state "$job"
    ! job_runs || refuse "a $job runs there (${work##*/}): nothing was removed"
  done
done
while [ "$staying" -gt 0 ]; do
  [ -f "$data/$1/SHA256SUMS" ] || refuse "$1, which is to stay, is not there any more: nothing was removed"
  staying=$((staying - 1))
  shift
done
open=$(ls -l /proc/[0-9]*/fd 2>/dev/null | grep -F -e "-> $data/")
for each; do
  case $each in
    [0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]T[0-9][0-9][0-9][0-9][0-9][0-9]Z) ;;
    *) refuse "no backup is called $each: nothing was removed" ;;
  esac
  [ -d "$data/$each" ] || continue
  work=$data/$each.understudy
  read_state backup
  [ "$state" = done ] && grep -q -s -x -F -e "@part $mark" -- "$data/$each/contents" ||
    refuse "$data/$each does not bear the mark of $mark: nothing was removed"
  case $open in *"-> $data/$each/"*) refuse "somebody reads $data/$each now: nothing was removed" ;; esac
done
for each in "$data"/.expired-[0-9]*Z; do [ ! -d "$each" ] || as_owner rm -r -f -- "$each"; done
for each; do
  [ -d "$data/$each" ] || continue
  as_owner mv -T -- "$data/$each" "$data/.expired-$each" || refuse "$data/$each cannot be renamed"
  as_owner rm -r -f -- "$data/.expired-$each"
  [ ! -e "$data/.expired-$each" ] || refuse "$data/.expired-$each cannot be removed"
  [ ! -d "$data/$each.understudy" ] || as_owner rm -r -f -- "$data/$each.understudy"
  echo "@gone $each"
done
echo "@done"
"""
)
