"""The constant scripts that back up directories and volumes of Docker, and put them back.

What is backed up comes as pairs of arguments: "directory" and its path, or "volume" and Docker's name for it. Whoever
the directory of the backups belongs to reads and writes them: root, where they belong to several users.
Nothing is removed: what is replaced is moved aside, beside where it was.
"""

from servers.backups.partial.begin_script import CHECK_SUMS, CLOSE, OPEN
from servers.engines.job_scripts import LOOK_AT_JOB, PRELUDE

_PLACE_OF = r"""
place_of() {
  case $1 in
    volume) docker volume inspect --format '{{.Mountpoint}}' -- "$2" ;;
    *) printf '%s\n' "${2%/}" ;;
  esac
}
"""

# `contents` has a line a directory (its number, kind, name), and how many entries it had. A file that changes while it
# is read makes tar end with 1 (GNU tar's manual, "Return values"): the copy of that file is as good as its neighbours'.
TAKE = (
    OPEN
    + _PLACE_OF
    + r"""
if command -v zstd > /dev/null; then ending=zst; else ending=gz; fi
compressed() { if [ "$ending" = zst ]; then noted zstd -q -c -T0; else noted gzip -c; fi; }
packed() {
  tar -c -f - -b 128 --numeric-owner -v "--index-file=$work/index" -C "$1" .
  case $? in
    0) ;;
    1) echo "$1" >> "$work/changed" ;;
    *) echo "tar cannot read $1 as a whole" >> "$failures" ;;
  esac
}
number=0 entries=0 all=$(($# / 2))
: > "$work/changed"
while [ $# -ge 2 ]; do
  number=$((number + 1))
  echo "understudy: directory $number of $all, $(wc -l < "$work/changed") of them changed while they were read"
  place=$(place_of "$1" "$2") && [ -d "$place" ] || fail "there is no $1 $2"
  packed "$place" | compressed | sealed "$number.tar.$ending"
  well "$1 $2 cannot be backed up"
  echo "$number $1 $2" >> "$part/contents"
  echo "@entries $number $(wc -l < "$work/index")" >> "$part/contents"
  entries=$((entries + $(wc -l < "$work/index")))
  shift 2
done
"""
    + CLOSE
    + r"""
line="$entries files and directories are in it"
[ ! -s "$work/changed" ] || line="$line; some changed while they were read: $(paste -s -d ' ' "$work/changed")"
echo "$line"
"""
)

VERIFY_VOLUME = (
    CHECK_SUMS
    + r"""
[ -f "$data/contents" ] || fail "it has no list of its directories"
total=0
while read -r number kind name <&3; do
  case $number in @*) continue ;; esac
  wanted=$(sed -n "s/^@entries $number //p" "$data/contents")
  seen=$(unpacked "$data/$number".tar* | noted tar -t -f - | wc -l)
  well "the $kind $name cannot be read"
  [ "$seen" = "$wanted" ] || fail "the $kind $name has $seen entries, and had $wanted"
  total=$((total + seen))
done 3< "$data/contents"
echo "$total files and directories can be read"
"""
)

# The job's path is `<backup>.restore-<operation>`. Arguments: it, the job's directory, the backup's, GnuPG's home and
# passphrase file ('' each), the operation's id. Each is laid out beside where it goes.
LAY_OUT = (
    CHECK_SUMS.replace(
        "data=$1 work=$2 gpg_home=$3 passphrase_file=$4", "data=$3 work=$2 gpg_home=$4 passphrase_file=$5"
    )
    .replace("shift 4", "operation=$6; shift 6")
    .replace("verify.", "restore.")
    + _PLACE_OF
    + r"""
number_of() {
  while read -r number kind name; do
    [ "$kind $name" != "$1 $2" ] || { echo "$number"; return 0; }
  done < "$data/contents"
  return 1
}
at=0 all=$(($# / 2))
while [ $# -ge 2 ]; do
  at=$((at + 1))
  echo "understudy: directory $at of $all"
  number=$(number_of "$1" "$2") || fail "the backup has no $1 $2"
  place=$(place_of "$1" "$2") || fail "there is no $1 $2"
  new=$place.restore-$operation
  if [ ! -e "$new" ]; then
    part=$new.part
    [ ! -e "$part" ] || part=$part-$(date -u +%Y%m%dT%H%M%SZ)
    mkdir -m 700 -- "$part" || fail "$part cannot be made"
    unpacked "$data/$number".tar* | noted tar -x -p -f - -b 128 --numeric-owner -C "$part"
    well "$1 $2 cannot be laid out"
    sync -f -- "$part" 2>/dev/null || sync
    mv -T -- "$part" "$new" || fail "$part cannot be renamed"
  fi
  shift 2
done
echo "$all directories are laid out"
"""
)

# Data is the directory of the backups. Arguments: the pairs. What speaks against backing up, and against moving aside.
LOOK = (
    PRELUDE
    + _PLACE_OF
    + r"""
[ -d "$data" ] || refuse "no such directory: $data"
as_owner test -w "$data" || refuse "$owner may not write into $data"
while [ $# -ge 2 ]; do
  if ! place=$(place_of "$1" "$2" 2>/dev/null) || [ -z "$place" ]; then echo "@missing there is no $1 $2"
  elif [ ! -d "$place" ]; then echo "@absent $place"
  else
    echo "@place $place"
    as_owner test -r "$place" && as_owner test -x "$place" || echo "@unreadable $owner may not read $place"
    echo "@size $(timeout 2 du -s -k -- "$place" 2>/dev/null | cut -f 1)"
    if [ -L "$place" ]; then echo "@obstacle $place is a symbolic link: name the directory that it leads to"
    elif [ "$(stat -c %d -- "$place")" != "$(stat -c %d -- "${place%/*}/")" ]; then
      echo "@obstacle $place is a mount point, and cannot be moved aside: name a directory within it"
    fi
  fi
  [ -z "$place" ] || as_owner test -w "${place%/*}/" || echo "@obstacle $owner may not write into ${place%/*}/"
  echo "@available $(df -P -k -- "${place%/*}/" 2>/dev/null | sed -n '2s/.* \([0-9][0-9]*\)  *[0-9][0-9]*% .*/\1/p')"
  shift 2
done
echo "@done"
"""
)

# Data is the path of the job that has laid them out. Arguments: its key, the operation's id, the pairs. One that is
# laid out and no longer beside its place is in it.
_NAMES = (
    PRELUDE
    + LOOK_AT_JOB
    + _PLACE_OF
    + r"""
wanted=$1 operation=$2; shift 2
read_state restore
laid_out=
[ "$state $key" != "done $wanted" ] || laid_out=1
names() {
  place=$(place_of "$1" "$2") && [ -n "$place" ] || refuse "there is no $1 $2"
  new=$place.restore-$operation aside=$place.aside-$operation
}
"""
)

SWAP = (
    _NAMES
    + r"""
[ -n "$laid_out" ] || refuse "what was laid out is not this order's, or not whole ($state)"
while [ $# -ge 2 ]; do
  names "$1" "$2"
  if [ -e "$new" ]; then
    if [ -e "$place" ]; then
      [ ! -e "$aside" ] || refuse "$aside is there already"
      as_owner mv -T -- "$place" "$aside" || refuse "$place cannot be moved to $aside"
    fi
    as_owner mv -T -- "$new" "$place" || refuse "$new cannot be moved to $place; what was there is $aside"
    sync -- "${place%/*}/" 2>/dev/null
  fi
  [ -d "$place" ] || refuse "$place is not there"
  [ ! -e "$aside" ] || echo "@aside $aside"
  shift 2
done
echo "@done"
"""
)

SWAP_BACK = (
    _NAMES
    + r"""
[ -n "$laid_out" ] || { echo "@done"; exit 0; }
while [ $# -ge 2 ]; do
  names "$1" "$2"
  if [ ! -e "$new" ] && [ -e "$place" ]; then
    as_owner mv -T -- "$place" "$new" || refuse "$place cannot be moved to $new"
  fi
  if [ ! -e "$place" ] && [ -e "$aside" ]; then
    as_owner mv -T -- "$aside" "$place" || refuse "$aside cannot be moved to $place"
  fi
  sync -- "${place%/*}/" 2>/dev/null
  shift 2
done
echo "@done"
"""
)

STATE = (
    _NAMES
    + r"""
[ -z "$laid_out" ] || echo "@laid_out"
swapped=$laid_out
while [ $# -ge 2 ]; do
  names "$1" "$2"
  [ ! -e "$new" ] && [ -e "$place" ] || swapped=
  shift 2
done
[ -z "$swapped" ] || echo "@swapped"
echo "@done"
"""
)
