"""The constant scripts that take a native base backup: one directory of tar files with its backup_manifest.

A backup's directory is `<name>.part` until it is complete. Beside it, `<name>.understudy` has the job's state and log,
and those of its verifications.
"""

from servers.engines.job_scripts import LOOK_AT_JOB, PRELUDE

# Data is the directory of all backups. Arguments: key. Tells where the backup with that key is or is made.
FIND = (
    PRELUDE
    + LOOK_AT_JOB
    + r"""
wanted=$1
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
echo "@done"
"""
)

# The server compresses (from PostgreSQL 15 on) with what this host can decompress; where it cannot, the next is tried.
# The manifest has SHA-256 checksums, so that other programs than PostgreSQL's can compare them.
# Arguments: the backup's directory, the job's. https://www.postgresql.org/docs/current/app-pgbasebackup.html
BACKUP = r"""
data=$1 work=$2 part=$1.part
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
mv -T -- "$part" "$data" || fail "$part cannot be renamed"
sync -- "${data%/*}" 2>/dev/null || sync
"""
