"""How the files of a native backup and of its archive are packed, in shell: by their names' endings.

`.zst`, `.lz4` or `.gz`: compressed; `.gpg` after that: encrypted as well. POSIX sh, to be put into constant scripts.
"""

# As the options of the settings have it, by way of the function $gpg_as where that is set. A secret key's passphrase is
# read from a file on the host, by GnuPG alone.
GNUPG = r"""
gnupg() {
  set -- --batch --no-tty --quiet "$@"
  [ -z "$passphrase_file" ] || set -- --pinentry-mode loopback --passphrase-file "$passphrase_file" "$@"
  [ -z "$gpg_home" ] || set -- --homedir "$gpg_home" "$@"
  $gpg_as gpg "$@"
}
"""

# A pipe's exit status is its last command's: what fails before that is noted in the file $failures, and counts as well.
UNPACK = (
    GNUPG
    + r"""
noted() {
  "$@" || { noted_code=$?; echo "$1 failed with exit status $noted_code" >> "$failures"; return "$noted_code"; }
}
decompressed() {
  case $1 in
    *.zst) noted zstd -q -d -c ;;
    *.lz4) noted lz4 -q -d -c ;;
    *.gz) noted gzip -d -c ;;
    *) cat ;;
  esac
}
decrypted() {
  case $1 in
    *.gpg)
      gpg_said=/dev/null
      [ "$failures" = /dev/null ] || gpg_said=$failures.gpg
      gnupg --decrypt -- "$1" 2> "$gpg_said" || { cat -- "$gpg_said" >> "$failures"; return 1; } ;;
    *) cat -- "$1" ;;
  esac
}
unpacked() {
  case $1 in
    *.gpg) decrypted "$1" | decompressed "${1%.gpg}" ;;
    *) decompressed "$1" < "$1" ;;
  esac
}
"""
)

# Whether one can encrypt to those keys; what gpg says if not. Arguments: --recipient and a fingerprint for each.
MAY_ENCRYPT = r"""
may_encrypt() { gnupg --trust-model always "$@" --encrypt < /dev/null 2>&1 > /dev/null; }
"""

# What unpacking one of the files needs and is not there.
MISSING_PROGRAMS = r"""
missing_programs() {
  for each in "$@"; do
    case $each in *.gpg) command -v gpg > /dev/null || echo gpg; each=${each%.gpg} ;; esac
    case $each in
      *.zst) command -v zstd > /dev/null || echo zstd ;;
      *.lz4) command -v lz4 > /dev/null || echo lz4 ;;
    esac
  done | sort -u | tr '\n' ' '
}
"""
