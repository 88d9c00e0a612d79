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

# Encrypted, it never lies on this disk in the clear: one stream is copied, compressed and encrypted. With the WAL that
# makes it consistent within it (-X fetch), which a temporary slot keeps on the server until then; its manifest, the
# last of the stream, is taken out as it passes. The server cannot compress such a stream: this host does.
# https://www.postgresql.org/docs/current/app-pgbasebackup.html, "--pgdata", and protocol-replication.html.
# Not done where there are tablespaces, which make several files.
_PIPED = r"""
keep_wal() {
  command -v psql > /dev/null || return 0
  mkfifo -m 600 -- "$work/slot.pipe" || return 0
  psql -X -q -A -t -w -d "$UNDERSTUDY_SOURCE replication=true" < "$work/slot.pipe" > "$work/slot.said" 2>&1 &
  exec 9> "$work/slot.pipe"
  # In a shell of its own: where psql has ended already, it alone is ended by the broken pipe.
  (echo "CREATE_REPLICATION_SLOT understudy_backup_$$ TEMPORARY PHYSICAL RESERVE_WAL;" >&9) 2> /dev/null
  tries=50
  while [ ! -s "$work/slot.said" ] && [ "$tries" -gt 0 ]; do sleep 0.1; tries=$((tries - 1)); done
}
compressed() {
  if command -v zstd > /dev/null; then zstd -q -c
  elif command -v lz4 > /dev/null; then lz4 -q -c
  else gzip -c
  fi
}
ending() {
  if command -v zstd > /dev/null; then echo .zst; elif command -v lz4 > /dev/null; then echo .lz4; else echo .gz; fi
}
stream() {
  LC_ALL=C pg_basebackup -D - -d "$UNDERSTUDY_SOURCE" -F t -X fetch --checkpoint=fast --no-password -P \
    --manifest-checksums=SHA256 --label="understudy ${data##*/}" || echo "pg_basebackup failed" >> "$failures"
}
take_encrypted() {
  failures=$work/backup.failures to=$part/base.tar$(ending).gpg
  : > "$failures"
  mkdir -m 700 -- "$part" && mkfifo -m 600 -- "$work/manifest.pipe" || fail "$part cannot be made"
  keep_wal
  { tar -x -O -f - backup_manifest || echo "no manifest came" >> "$failures"; cat > /dev/null; } \
    < "$work/manifest.pipe" > "$part/backup_manifest" &
  reader=$!
  stream | tee -- "$work/manifest.pipe" | { compressed || echo "it cannot be compressed" >> "$failures"; } |
    gnupg --trust-model always --compress-algo none "$@" --output "$to" --encrypt ||
    echo "it cannot be encrypted" >> "$failures"
  wait "$reader"
  exec 9>&-
  rm -f -- "$work/slot.pipe" "$work/manifest.pipe" # this job's own
  [ ! -s "$failures" ] || return 1
  sync -- "$to" "$part/backup_manifest"
  echo "its own WAL is in base.tar" > "$part/wal_within"
}
one_stream_is_refused() { tail -n 5 -- "$work/backup.log" | grep -q 'can only write single tablespace to stdout'; }
"""

# The server compresses (from PostgreSQL 15 on) with what this host can decompress; where it cannot, the next is tried.
# The manifest has SHA-256 checksums, so that other programs than PostgreSQL's can compare them.
# With tablespaces pg_basebackup writes several files at once: each is encrypted once it is there, and what it was made
# from is removed.
# Arguments: the backup's directory, the job's, GnuPG's home (''), then --recipient and a fingerprint for each.
BACKUP = (
    GNUPG
    + _PIPED
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
files_of_their_own() {
  for compression in $(compressions); do
    take "$compression" && { code=0; break; }
    tail -n 3 "$work/backup.log" | grep -q -i compress || break
  done
  [ "$code" = 0 ] || fail "pg_basebackup failed"
  (cd "$part" && sha256sum -- pg_wal.tar*) > "$work/pg_wal.sha256" || fail "its WAL cannot be read again"
  for each in "$part"/*.tar*; do
    [ $# -gt 0 ] || break
    gnupg --trust-model always --compress-algo none "$@" --output "$each.gpg" --encrypt -- "$each" &&
      sync -- "$each.gpg" || fail "${each##*/} cannot be encrypted"
    rm -f -- "$each" # not encrypted, and of this job's own
  done
}
if [ $# = 0 ]; then files_of_their_own
elif ! take_encrypted "$@"; then
  one_stream_is_refused || fail "it could not be taken: $(paste -s -d ';' "$failures")"
  echo "understudy: it has tablespaces: each file is encrypted once it is there"
  mv -T -- "$part" "$work/refused.$$" || fail "$part cannot be moved aside"
  files_of_their_own "$@"
fi
mv -T -- "$part" "$data" || fail "$part cannot be renamed"
sync -- "${data%/*}" 2>/dev/null || sync
"""
)
