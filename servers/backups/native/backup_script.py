"""The constant scripts that take a native base backup: one directory of tar files with its backup_manifest.

A backup's directory is `<name>.part` until it is complete. Beside it, `<name>.understudy` has the job's state and log,
and those of its verifications.
"""

from servers.backups.native.packing import GNUPG, MAY_ENCRYPT
from servers.engines.job_scripts import LOOK_AT_JOB, PRELUDE

# Data is the directory of all backups. Arguments: key, GnuPG's home (''), then --recipient and a fingerprint for each.
# Tells where the backup with that key is or is made. A key that is missing is found now, and not after hours.
FIND = (
    PRELUDE
    + LOOK_AT_JOB
    + GNUPG
    + MAY_ENCRYPT
    + r"""
wanted=$1 gpg_home=$2 passphrase_file= gpg_as=as_owner; shift 2
[ -d "$data" ] || refuse "no such directory: $data"
as_owner test -w "$data" || refuse "$owner may not write into $data"
for each in "$data"/*.understudy; do
  [ -e "$each/backup.state" ] || continue
  work=$each
  read_state backup
  if job_runs; then
    [ "$key" = "$wanted" ] || refuse "a backup of an earlier order still runs there (${each##*/}): wait for its end"
    echo "@path ${each%.understudy}"
  elif [ "$state $key" = "done $wanted" ]; then echo "@path ${each%.understudy}"
  fi
done
[ $# = 0 ] || said=$(may_encrypt "$@") || refuse "it cannot be encrypted: $(echo "$said" | head -n 1)"
echo "@done"
"""
)

# The server compresses (from PostgreSQL 15 on) with what this host can decompress; where it cannot, the next is tried.
# The manifest has SHA-256 checksums, so that other programs than PostgreSQL's can compare them.
# pg_basebackup writes several files at once: each is encrypted once it is there, and what it was made from is removed.
# Arguments: the backup's directory, the job's, GnuPG's home (''), then --recipient and a fingerprint for each.
# https://www.postgresql.org/docs/current/app-pgbasebackup.html
BACKUP = (
    GNUPG
    + r"""
data=$1 work=$2 part=$1.part gpg_home=$3 passphrase_file=; shift 3
fail() { echo "understudy: $1" >&2; exit 1; }
take() {
  pg_basebackup -D "$part" -d "$UNDERSTUDY_SOURCE" -F t -X stream --checkpoint=fast --no-password -P \
    --manifest-checksums=SHA256 --label="understudy ${data##*/}" "$@"
}
compressions() {
  major=$(pg_basebackup --version | sed -n 's/.* \([0-9]*\).*/\1/p')
  if [ "${major:-0}" -ge 15 ]; then
    ! command -v zstd > /dev/null || echo --compress=server-zstd
    ! command -v lz4 > /dev/null || echo --compress=server-lz4
    echo --compress=server-gzip
  fi
  echo --gzip
  echo --compress=0
}
[ ! -e "$data" ] || fail "$data is there already"
[ ! -e "$part" ] || fail "$part is there already, of a backup that broke off: move it away"
code=1
for compression in $(compressions); do
  take "$compression" && { code=0; break; }
  tail -n 3 "$work/backup.log" | grep -q -i compress || break
done
[ "$code" = 0 ] || fail "pg_basebackup failed"
(cd "$part" && sha256sum -- pg_wal.tar*) > "$work/pg_wal.sha256" || fail "its WAL cannot be read again"
if [ $# -gt 0 ]; then
  for each in "$part"/*.tar*; do
    gnupg --trust-model always --compress-algo none "$@" --output "$each.gpg" --encrypt -- "$each" &&
      sync -- "$each.gpg" || fail "${each##*/} cannot be encrypted"
    rm -f -- "$each" # not encrypted, and of this job's own
  done
fi
mv -T -- "$part" "$data" || fail "$part cannot be renamed"
sync -- "${data%/*}" 2>/dev/null || sync
"""
)
