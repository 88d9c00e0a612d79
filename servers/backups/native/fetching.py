"""The restore_command by which a server gets WAL from an archive of ours, packed or not.

https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-PITR-RECOVERY: a signal or a status over 125
ends the recovery, where 1 would be taken for the archive's end. What is there and cannot be read must not be that; so
whatever fails within a pipe kills the whole command.
"""

import shlex

from servers.backups.native.packing import GNUPG
from servers.inventory import Encryption

# Arguments: archive, GnuPG's home and passphrase file ('' each), the segment's name, where it goes.
_FETCH = (
    GNUPG
    + r"""
archive=$1 gpg_home=$2 passphrase_file=$3 name=$4 to=$5
surely() { "$@" || { echo "understudy: $1 failed on $name" >&2; kill -9 $$; }; }
decompressed() {
  case $1 in
    *.zst) surely zstd -q -d -c ;;
    *.lz4) surely lz4 -q -d -c ;;
    *.gz) surely gzip -d -c ;;
    *) surely cat ;;
  esac
}
for each in "$archive/$name" "$archive/$name".zst "$archive/$name".lz4 "$archive/$name".gz \
  "$archive/$name".gpg "$archive/$name".zst.gpg "$archive/$name".lz4.gpg "$archive/$name".gz.gpg; do
  [ -f "$each" ] || continue
  case $each in
    *.gpg) surely gnupg --decrypt -- "$each" | decompressed "${each%.gpg}" ;;
    *) decompressed "$each" < "$each" ;;
  esac > "$to" || exit 126
  exit 0
done
exit 1
"""
)


def restore_command(archive: str, encryption: Encryption | None = None) -> str:
    """For postgresql.conf's restore_command, before it is quoted there. %f and %p are PostgreSQL's.

    One line: PostgreSQL's settings have no line breaks.
    """
    home, passphrase = (encryption.gpg_home, encryption.passphrase_file) if encryption else (None, None)
    words = ("sh", "-c", _in_one_line(_FETCH), "sh", archive, home or "", passphrase or "")
    return shlex.join(words).replace("%", "%%") + ' "%f" "%p"'


def _in_one_line(script: str) -> str:
    """The same script without line breaks. It has no comments, and no word that a line break is part of."""
    joined = script.replace("\\\n", " ")
    lines = [line.strip() for line in joined.splitlines() if line.strip()]
    ends = ("do", "then", "{", ";;", "in")
    return " ".join(line if line.endswith(ends) else f"{line};" for line in lines).removesuffix(";")
