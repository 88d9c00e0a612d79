"""The constant script that reads a whole native backup and compares it with its manifest.

A directory of plain files is pg_verifybackup's. Of tar files, each member's SHA-256 is compared as it streams by, on
any version, compressed and encrypted as they may be: pg_verifybackup reads tar files from 18 on, and no encrypted ones.
https://www.postgresql.org/docs/current/backup-manifest-format.html
"""

from servers.backups.native.packing import UNPACK

# Arguments: the backup's directory, the job's, GnuPG's home and passphrase file ('' each).
VERIFY = (
    UNPACK
    + r"""
data=$1 work=$2 gpg_home=$3 passphrase_file=$4 failures=$2/verify.failures manifest=$1/backup_manifest
fail() { echo "understudy: $1" >&2; exit 1; }
[ -d "$data" ] || fail "there is no backup $data"
[ -f "$manifest" ] || fail "it has no backup_manifest: nothing can be compared"
set -- "$data"/base.tar*
if [ ! -f "$1" ]; then
  pg_verifybackup "$data" || fail "it does not agree with its manifest"
  exit 0
fi
: > "$failures"
stated=$(sed -n 's/.*"Manifest-Checksum": "\([0-9a-f]*\)".*/\1/p' "$manifest")
[ "$stated" = "$(sed '$d' "$manifest" | sha256sum | cut -c 1-64)" ] || fail "backup_manifest was altered or cut short"
sums='.*"Checksum-Algorithm": "SHA256", "Checksum": "\([0-9a-f]*\)".*'
sed -n 's/^{ "Path": "\(.*\)", "Size": \([0-9]*\), '"$sums"'/\3 \2 \1/p' "$manifest" | sort > "$work/verify.listed"
[ "$(grep -c '"Checksum-Algorithm"' "$manifest")" = "$(wc -l < "$work/verify.listed")" ] ||
  fail "its manifest has no SHA256 checksums, which alone can be compared in tar files"
"""
    + r"""
export prefix
# Two lines a file, its size with its name and its checksum: of many small files, each program that is started counts.
sum='echo "$TAR_SIZE $prefix${TAR_FILENAME#./}"; exec sha256sum'
members() { unpacked "$1" | tar -x -f - -b 128 "--to-command=$sum" || echo "tar cannot read ${1##*/}" >> "$failures"; }
for each in "$data"/*.tar*; do
  name=${each##*/} prefix=
  case $name in
    pg_wal.tar*) continue ;;
    base.tar*) ;;
    *) prefix=pg_tblspc/${name%%.*}/ ;;
  esac
  members "$each"
done | awk 'NR % 2 { named = $0; next } { print $1, named }' | sort > "$work/verify.seen"
comm -23 "$work/verify.listed" "$work/verify.seen" > "$work/verify.missing"
comm -13 "$work/verify.listed" "$work/verify.seen" |
  grep -v -E ' (postgresql\.auto\.conf|(recovery|standby)\.signal|backup_manifest|pg_wal/.*)$' > "$work/verify.strange"
while read -r _ _ path; do echo "altered or missing: $path"; done < "$work/verify.missing" | head -n 20
while read -r _ _ path; do
  grep -q -F -e " $path" "$work/verify.missing" || echo "not in the manifest: $path"
done < "$work/verify.strange" | head -n 20
[ ! -s "$failures" ] || fail "it cannot be read: $(paste -s -d ';' "$failures")"
first=$(head -n 1 "$work/verify.missing" | cut -d ' ' -f 3-)
[ -z "$first" ] || fail "$(wc -l < "$work/verify.missing") files differ from its manifest, the first is $first"
[ ! -s "$work/verify.strange" ] || fail "it has files that its manifest does not know"
"""
    + r"""
for each in "$data"/pg_wal.tar*; do
  [ -f "$each" ] || continue
  unpacked "$each" | tar -t -f - > /dev/null && [ ! -s "$failures" ] || fail "its WAL, ${each##*/}, cannot be read"
  stated=$(cut -d ' ' -f 1 "$work/pg_wal.sha256" 2>/dev/null)
  [ -z "$stated" ] || [ "$stated" = "$(decrypted "$each" | sha256sum | cut -c 1-64)" ] || fail "its WAL was altered"
done
echo "$(wc -l < "$work/verify.listed") files agree with the manifest"
"""
)
