"""The constant script that lists base backups and the WAL archive.

Arguments: directory of the backups, directory of the archive (or ''), how many backups to look into at most, GnuPG's
home (or ''), how many fingerprints of keys follow, those, then the names of backups whose size is known already. POSIX
sh with GNU or busybox tools.

Bounded for big directories: the newest backups only, the tail of a manifest, sizes for at most two seconds, and the
archive's names are read without a look at each file (the highest name is the newest segment).
"""

SCRIPT = r"""
export LC_ALL=C
directory=$1 archive=$2 most=$3 gpg_home=$4 keys=$5 known=; shift 5
# Until when one can encrypt: the first to expire of the key and of its last part that encrypts. The fields of a line:
# https://github.com/gpg/gnupg/blob/master/doc/DETAILS, "Description of the fields".
until='$1 == "pub" { whole = $7 }
  ($1 == "pub" || $1 == "sub") && $12 ~ /e/ && $2 !~ /[rdi]/ {
    part = 1
    if ($7 == "") never = 1
    if ($7 > last) last = $7
  }
  END {
    if (!part) { print "missing"; exit }
    if (never) last = ""
    if (whole != "" && (last == "" || whole < last)) last = whole
    print last == "" ? "never" : last
  }'
while [ "$keys" -gt 0 ]; do
  lines=$(gpg ${gpg_home:+--homedir "$gpg_home"} --batch --no-tty --with-colons --list-keys -- "$1" 2>/dev/null)
  echo "@key $1 $(printf '%s\n' "$lines" | awk -F : "$until")"
  keys=$((keys - 1))
  shift
done
cd "$directory" 2>/dev/null || { echo "@error cannot look into $directory"; exit 0; }
if [ -n "$archive" ]; then
  if [ -d "$archive" ] && [ -r "$archive" ]; then
    ls -f "$archive" | awk '
      length($0) >= 24 && substr($0, 1, 24) !~ /[^0-9A-F]/ && (length($0) == 24 || substr($0, 25, 1) == ".") \
      && $0 !~ /\.(partial|backup|history|tmp|part)$/ { count++; if ($0 > last) last = $0 }
      END { print count + 0, last }' |
    { read -r count last
      echo "@segments $count"
      [ -z "$last" ] || echo "@segment_at $(stat -c %Y -- "$archive/$last" 2>/dev/null)"; }
  else
    echo "@archive_error cannot look into $archive"
  fi
fi
disks=$(df -P -k -- "$directory" ${archive:+"$archive"} 2>/dev/null); printf '@disks\n%s\n@end\n' "$disks"
# No backup: a data directory that a server was started with, and another name for a backup that is listed anyhow.
here=$(pwd -P)
is_one() {
  [ ! -e "$1/postmaster.opts" ] && [ ! -e "$1/postmaster.pid" ] || return 1
  [ ! -L "$1" ] || [ "$(cd "$1" && cd .. && pwd -P)" != "$here" ]
}
for name; do known="$known/$name/"; done
newest() { ls -1t | grep -v '\.understudy$' | head -n "$most"; }
newest | while IFS= read -r name; do
  [ -d "$name" ] && is_one "$name" || continue
  tarred=; for file in "$name"/base.tar*; do [ ! -f "$file" ] || tarred=1; done
  [ -f "$name/backup_manifest" ] || [ -f "$name/backup_label" ] || [ -n "$tarred" ] || continue
  echo "@backup $name"
  for file in "$name"/pg_wal.tar* "$name"/pg_wal/???????????????????????? "$name"/wal_within; do
    [ ! -f "$file" ] || { echo "@has_wal"; break; }
  done
  for file in "$name"/base.tar*.gpg; do [ ! -f "$file" ] || echo "@encrypted"; done
  for job in backup verify; do
    { read -r state _ begun _ < "$name.understudy/$job.state"; } 2>/dev/null || continue
    echo "@job_$job $state $begun $(stat -c %Y -- "$name.understudy/$job.state")"
  done
  if [ -f "$name/backup_manifest" ]; then
    echo "@manifest_at $(stat -c %Y -- "$name/backup_manifest")"
    echo "@manifest"; tail -c 4000 -- "$name/backup_manifest"; printf '\n@end\n'
  fi
  if [ -f "$name/backup_label" ]; then
    echo "@label"; head -c 4000 -- "$name/backup_label"; printf '\n@end\n'
  fi
done
newest | while IFS= read -r name; do
  case $known in *"/$name/"*) continue ;; esac
  [ ! -d "$name" ] || printf '%s\0' "$name"
done | timeout 2 xargs -0 -r du -s -k -- | while read -r kibibytes name; do echo "@size $kibibytes $name"; done
echo "@done"
"""
