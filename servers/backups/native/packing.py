"""How the files of a native backup and of its archive are packed, in shell: by their names' endings.

`.zst`, `.lz4` or `.gz`: compressed; `.gpg` after that: encrypted as well. POSIX sh, to be put into constant scripts.
"""

# A pipe's exit status is its last command's: what fails before that is noted in the file $failures, and counts as well.
UNPACK = r"""
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
unpacked() {
  case $1 in
    *.gpg)
      noted gpg ${gpg_home:+--homedir "$gpg_home"} --batch --no-tty --quiet --decrypt -- "$1" |
        decompressed "${1%.gpg}" ;;
    *) decompressed "$1" < "$1" ;;
  esac
}
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
