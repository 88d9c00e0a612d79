"""The archive_command of ours: a script that PostgreSQL calls for each finished segment, and the line that calls it.

What it must do: https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-ARCHIVING-WAL. A segment is in
the archive as a whole and on the disk, or not at all; one that is there is never overwritten; the same one again counts
as archived. It runs as PostgreSQL's user, and needs nothing but a shell, coreutils, and what packs.
"""

import shlex

from servers.inventory import SCRIPT_PATH, BackupPlace

COMPRESSIONS = ("zstd", "lz4", "gzip")

# What is encrypted cannot be compared here, where the secret key is not: the plain file's checksum is kept as well, in
# the archive's .sums, and written first. Both come into being by a hard link, which only one of two at once can make.
# What is removed is this script's own temporary file, and what one of a process that was killed has left.
ARCHIVE_SCRIPT = r"""#!/bin/sh
# understudy-archive PATH ARCHIVE [COMPRESSION [GNUPGHOME FINGERPRINT...]]
# PostgreSQL's archive_command, with "%p" for PATH. COMPRESSION: zstd, lz4, gzip or -. GNUPGHOME: a directory or -.
export LC_ALL=C
umask 077
die() { echo "understudy-archive: $1" >&2; exit 1; }
[ $# -ge 2 ] || die "give the path of a segment and the directory of the archive"
path=$1 archive=$2 compression=${3:--} gpg_home=${4:--}
if [ $# -gt 4 ]; then shift 4; else shift $#; fi
name=${path##*/} sums=$archive/.sums ending=
case $name in ''|.*|*[!A-Za-z0-9._-]*) die "no segment is called '$name'" ;; esac
[ -f "$path" ] || die "there is no file $path"
[ -d "$archive" ] && [ -w "$archive" ] || die "$archive is not there, or $(id -un) may not write into it"
case $compression in
  zstd) ending=.zst ;;
  lz4) ending=.lz4 ;;
  gzip) ending=.gz ;;
  -) ;;
  *) die "no compression is called $compression" ;;
esac
[ "$gpg_home" = - ] || export GNUPGHOME="$gpg_home"
temporary=$archive/$name.$(uname -n).$$.part
trap 'rm -f -- "$temporary" "$temporary.gpg"' EXIT
trap 'exit 1' HUP INT TERM
for left in "$archive/$name.$(uname -n)".*.part; do
  number=${left%.part}
  grep -q -F -- "${0##*/}" "/proc/${number##*.}/cmdline" 2>/dev/null || rm -f -- "$left" "$left.gpg"
done

on_disk() { sync -- "$1" || die "$1 cannot be brought to the disk"; }
checksum() { sha256sum < "$path" | cut -c 1-64; }
# Only one of two that do this at once gets the name. Without hard links (CIFS), mv -n leaves the file where it is.
take_name() {
  if ln -- "$1" "$2" 2>/dev/null; then rm -f -- "$1"
  elif [ -e "$2" ]; then return 1
  else mv -n -- "$1" "$2" && [ ! -e "$1" ]
  fi
}
is_same() {
  case $1 in
    *.gpg) [ "$(cat -- "$sums/$name" 2>/dev/null)" = "$(checksum)" ] ;;
    *.zst) zstd -q -d -c -- "$1" | cmp -s - "$path" ;;
    *.lz4) lz4 -q -d -c -- "$1" | cmp -s - "$path" ;;
    *.gz) gzip -d -c -- "$1" | cmp -s - "$path" ;;
    *) cmp -s -- "$1" "$path" ;;
  esac
}
settle_if_there() {
  for there in "$archive/$name" "$archive/$name".zst "$archive/$name".lz4 "$archive/$name".gz \
    "$archive/$name".gpg "$archive/$name".zst.gpg "$archive/$name".lz4.gpg "$archive/$name".gz.gpg; do
    [ -e "$there" ] || continue
    is_same "$there" || die "$there is there already and is not the same: another server archives into this directory?"
    on_disk "$there"
    on_disk "$archive"
    exit 0
  done
}

settle_if_there
case $compression in
  zstd) zstd -q -c -- "$path" > "$temporary" ;;
  lz4) lz4 -q -c -- "$path" > "$temporary" ;;
  gzip) gzip -c -- "$path" > "$temporary" ;;
  -) cp -- "$path" "$temporary" ;;
esac || die "$name cannot be written to $archive: is its disk full?"
if [ $# -gt 0 ]; then
  ending=$ending.gpg packed=$temporary
  for each; do set -- "$@" --recipient "$each"; shift; done
  gpg --batch --yes --no-tty --quiet --trust-model always --compress-algo none "$@" \
    --output "$packed.gpg" --encrypt -- "$packed" || die "$name cannot be encrypted"
  mkdir -p -- "$sums" || die "$sums cannot be made"
  checksum > "$packed" || die "$name cannot be written to $archive: is its disk full?"
  on_disk "$packed"
  take_name "$packed" "$sums/$name" || is_same .gpg ||
    die "$name was archived before, and was not the same: another server archives into this directory?"
  on_disk "$sums"
  mv -f -- "$packed.gpg" "$packed"
fi
on_disk "$temporary"
take_name "$temporary" "$archive/$name$ending" || settle_if_there
[ -e "$archive/$name$ending" ] || die "$name could not be given its name in $archive"
on_disk "$archive"
"""


def archive_command(place: BackupPlace, compression: str | None, script: str = SCRIPT_PATH) -> str:
    """One line for postgresql.conf's archive_command, before it is quoted there. %p is PostgreSQL's.

    `compression` is one of COMPRESSIONS, or None. ValueError where the settings name no archive.
    """
    if place.archive_directory is None:
        raise ValueError("the settings name no archive_directory")
    words = [place.archive_directory]
    if place.encryption is not None:
        words += [compression or "-", place.encryption.gpg_home or "-", *place.encryption.recipients]
    elif compression is not None:
        words.append(compression)
    before, after = (shlex.join(part).replace("%", "%%") for part in ([script], words))
    return f'{before} "%p" {after}'
