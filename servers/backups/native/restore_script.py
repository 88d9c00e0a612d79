"""The constant scripts that lay a native base backup out in a new data directory.

It streams: one process decompresses, another one writes files, and neither holds more than its buffers.
"""

from servers.backups.native.packing import MISSING_PROGRAMS, UNPACK
from servers.engines.job_scripts import LOOK_AT_JOB, PRELUDE

# Data is the new directory. Arguments: key, the backup's directory.
READY = (
    PRELUDE
    + LOOK_AT_JOB
    + MISSING_PROGRAMS
    + r"""
wanted=$1 backup=$2
read_state restore
if job_runs || [ "$state $key" = "done $wanted" ]; then echo "@done"; exit 0; fi
[ ! -e "$data" ] || refuse "$data is there already: a restore goes into a directory that is not there yet"
[ -d "$parent" ] || refuse "there is no directory $parent"
as_owner test -w "$parent" || refuse "$owner may not write into $parent"
as_owner test -r "$backup" || refuse "the backup $backup is not there, or $owner may not read it"
set -- "$backup"/base.tar*
[ -e "$1" ] || [ -e "$backup/PG_VERSION" ] || refuse "$backup is no base backup: it has neither base.tar nor PG_VERSION"
missing=$(missing_programs "$@")
[ -z "$missing" ] || refuse "the backup needs $missing, which this host does not have"
echo "@done"
"""
)

# Arguments: the new directory, the job's, the backup's, GnuPG's home and passphrase file ('' each), then where each
# tablespace was and goes.
# The directory has its name once it is complete. backup_manifest comes along: pg_verifybackup can compare what is there
# until it is started. Locations in tablespace_map are escaped by backslashes; such ones are refused.
RESTORE = (
    UNPACK
    + r"""
data=$1 work=$2 backup=$3 gpg_home=$4 passphrase_file=$5; shift 5
umask 077
failures=$work/restore.failures copied=0 records=64 tablespaces=$work/tablespaces
: > "$failures"
: > "$tablespaces"
fail() { echo "understudy: $1" >&2; exit 1; }
[ ! -e "$data" ] || fail "$data is there already"
part=$data.part
[ ! -e "$part" ] || part=$data.part-$(date -u +%Y%m%dT%H%M%SZ)-$$
mkdir -m 700 -- "$part" || fail "$part cannot be made"
total=$(sed -n 's/.*"Size": \([0-9]*\),.*/\1/p' "$backup/backup_manifest" 2>/dev/null |
  awk '{ sum += $1 } END { printf "%d", (sum + 1023) / 1024 }')
export total copied records
tell='now=$((copied + TAR_CHECKPOINT * records)); [ "$total" -gt 0 ] || exit 0; [ "$now" -le "$total" ] || now=$total
  echo "$now/$total kB ($((now * 100 / total))%)"'
progress=
! tar --version 2>/dev/null | grep -q GNU || progress=1
unpack() {
  if [ -n "$progress" ]; then tar -x -p -f - -b 128 -C "$1" --checkpoint=512 --checkpoint-action="exec=$tell"
  else tar -x -p -f - -C "$1"
  fi
}
ended() {
  [ ! -s "$failures" ] || fail "$2 cannot be unpacked: $(paste -s -d ';' "$failures")"
  [ "$1" = 0 ] || fail "$2 cannot be unpacked: tar failed"
}
place_of() {
  was=$1; shift
  while [ $# -ge 2 ]; do
    [ "$1" != "$was" ] || { printf '%s\n' "$2"; return; }
    shift 2
  done
  return 1
}
new_place() {
  case $1 in *\\*) fail "the tablespace's path $1 has a backslash" ;; esac
  place=$(place_of "$@") || fail "nothing says where the tablespace at $1 goes: never into the one that is in use"
  [ ! -e "$place" ] || [ -z "$(ls -A -- "$place")" ] || fail "$place has something in it"
  mkdir -p -m 700 -- "$place" || fail "$place cannot be made"
}
"""
    + r"""
set_base=
for each in "$backup"/base.tar*; do [ ! -f "$each" ] || set_base=$each; done
if [ -n "$set_base" ]; then
  unpacked "$set_base" | unpack "$part"; ended $? "$set_base"
  if [ -f "$part/tablespace_map" ]; then
    while IFS= read -r line || [ -n "$line" ]; do
      new_place "${line#* }" "$@"
      printf '%s %s\n' "${line%% *}" "$place" >> "$tablespaces"
      for each in "$backup/${line%% *}".tar*; do
        copied=$(($(du -s -k -- "$part" | cut -f 1)))
        unpacked "$each" | unpack "$place"; ended $? "$each"
      done
    done < "$part/tablespace_map"
    cat -- "$tablespaces" > "$part/tablespace_map"
  fi
  mkdir -p -m 700 -- "$part/pg_wal"
  for each in "$backup"/pg_wal.tar*; do
    [ ! -f "$each" ] || { unpacked "$each" | unpack "$part/pg_wal"; ended $? "$each"; }
  done
  cp -- "$backup/backup_manifest" "$part/" || fail "backup_manifest cannot be copied"
else
  (cd "$backup" && noted tar -c -f - .) | unpack "$part"; ended $? "$backup"
  for link in "$part"/pg_tblspc/*; do
    [ -L "$link" ] || continue
    from=$(readlink -- "$link")
    new_place "$from" "$@"
    (cd "$from" && noted tar -c -f - .) | unpack "$place"; ended $? "$from"
    ln -s -n -f -- "$place" "$link" || fail "$link cannot be set"
    printf '%s %s\n' "${link##*/}" "$place" >> "$tablespaces"
  done
  [ ! -s "$tablespaces" ] || [ ! -f "$part/tablespace_map" ] || cat -- "$tablespaces" > "$part/tablespace_map"
fi
chmod 700 -- "$part"
[ "$total" -le 0 ] || echo "$total/$total kB (100%)"
sync -f -- "$part" 2>/dev/null || sync
mv -T -- "$part" "$data" || fail "$part cannot be renamed"
sync -- "${data%/*}" 2>/dev/null || sync
"""
)
