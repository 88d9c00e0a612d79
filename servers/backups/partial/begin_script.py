"""What the jobs that make a partial backup have in common, in shell."""

from servers.backups.native.packing import GNUPG, MAY_ENCRYPT, UNPACK
from servers.engines.job_scripts import LOOK_AT_JOB, PRELUDE

# Data is the directory of one part's backups. Arguments: key, GnuPG's home (''), then --recipient and a fingerprint for
# each. Tells where the backup with that key is or is made, and what is missing before anything is made.
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

# Arguments: the backup's directory, the job's, GnuPG's home (''), the part's mark, the number of recipients, each one's
# fingerprint; what comes after them is the job's own, and stays. The mark is the first line of `contents`. `sealed`
# keeps what it reads under a name, encrypted where that is wanted; a fingerprint is hexadecimal digits alone.
OPEN = (
    UNPACK
    + r"""
data=$1 work=$2 part=$1.part failures=$2/backup.failures gpg_home=$3 mark=$4 count=$5; shift 5
passphrase_file= recipients=
while [ "$count" -gt 0 ]; do recipients="$recipients --recipient $1"; shift; count=$((count - 1)); done
fail() { echo "understudy: $1" >&2; exit 1; }
sealed() {
  if [ -n "$recipients" ]; then
    noted gnupg --trust-model always --compress-algo none $recipients --output "$part/$1.gpg" --encrypt
  else cat > "$part/$1"
  fi
}
well() { [ ! -s "$failures" ] || fail "$1: $(paste -s -d ';' "$failures")"; }
[ ! -e "$data" ] || fail "$data is there already"
[ ! -e "$part" ] || fail "$part is there already, of a backup that broke off: move it away"
: > "$failures"
mkdir -m 700 -- "$part" && echo "@part $mark" > "$part/contents" || fail "$part cannot be made"
"""
)

# The checksums come last: a directory that has them is whole.
CLOSE = r"""
(cd "$part" && sha256sum -- * > "$work/sums") && mv -f -- "$work/sums" "$part/SHA256SUMS" ||
  fail "what was written cannot be read again"
sync -- "$part"/* "$part" 2>/dev/null || sync
mv -T -- "$part" "$data" || fail "$part cannot be renamed"
sync -- "${data%/*}" 2>/dev/null || sync
"""

# Of a directory that such a job has made. Arguments: it, the job's directory, GnuPG's home and passphrase file.
CHECK_SUMS = (
    UNPACK
    + r"""
data=$1 work=$2 gpg_home=$3 passphrase_file=$4 failures=$2/verify.failures; shift 4
fail() { echo "understudy: $1" >&2; exit 1; }
well() { [ ! -s "$failures" ] || fail "$1: $(paste -s -d ';' "$failures")"; }
[ -f "$data/SHA256SUMS" ] || fail "$data is not complete: it has no SHA256SUMS"
: > "$failures"
cd "$data" && ls | grep -v -x SHA256SUMS > "$work/verify.seen"
sed 's/^[0-9a-f]*  //' SHA256SUMS > "$work/verify.listed"
cmp -s "$work/verify.seen" "$work/verify.listed" || fail "it has not the files that SHA256SUMS lists"
sha256sum --check --quiet --strict SHA256SUMS || fail "it differs from its checksums"
"""
)
