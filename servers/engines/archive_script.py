"""The constant script that tries, on a server's own host, whether it could archive WAL; nothing goes into the archive.

The archive_command itself is not run: whatever it were given would be in the archive from then on, under a name that
recovery might take for WAL. What is tried instead is what its kind offers:

- a copy into a directory (`cp`, also behind `test ! -f`): a file of ours is made there under a new name, written,
  and taken away again; and there must be room for one segment;
- pgBackRest: its `check` with the same options. On a standby it reads the repository and does not switch WAL:
  https://pgbackrest.org/user-guide.html, "Standby";
- Barman's barman-wal-archive and barman-cloud-wal-archive: their `--test`, which sends nothing:
  https://docs.pgbarman.org/release/latest/user_guide/commands/barman_cli/wal_archive.html;
- any other: the directory that the settings name as the archive, where they do and it is on this host.

Words of the command are handed on as arguments of its own tool and never interpreted; a command with anything in it
that a shell would interpret is of no known kind.
"""

from servers.engines.job_scripts import PRELUDE

# Arguments: the archive's directory as the settings have it (''), seconds for a tool's own check.
TRY = (
    PRELUDE
    + r"""
archive=$1 patience=$2
command=$(as_owner postgres -C archive_command -D "$data" 2>/dev/null | sed "s/[\"']\([A-Za-z0-9/._%-]*\)[\"']/\1/g")
try_program() {
  case $1 in
    ''|*=*|*[\"\'\$\`\\%]*) return 1 ;;
  esac
  if command -v -- "$1" >/dev/null 2>&1; then echo "@program yes $1"; else echo "@program no $1"; return 1; fi
}
# Made under a name that nobody has, so that it can overwrite nothing.
try_directory() {
  if [ ! -d "$1" ]; then echo "@directory no $1 is not there"; return; fi
  if ! ours=$(as_owner mktemp -- "$1/understudy-try-XXXXXXXXXX" 2>/dev/null); then
    echo "@directory no $1 takes no file from $owner"; return
  fi
  segment=
  for each in "$data"/pg_wal/????????????????????????; do [ ! -f "$each" ] || { segment=$each; break; }; done
  needed=$(( $(stat -c %s -- "${segment:-$data/PG_VERSION}") / 1024 ))
  free=$(df -P -k -- "$1" 2>/dev/null | sed -n '2s/.* \([0-9][0-9]*\)  *[0-9][0-9]*% .*/\1/p')
  if ! as_owner cp -- "$data/PG_VERSION" "$ours" 2>/dev/null || ! cmp -s -- "$data/PG_VERSION" "$ours"; then
    echo "@directory no $1 does not keep what is written into it"
  elif [ "${free:-$needed}" -lt "$needed" ]; then echo "@directory no $1 has no room for one segment"
  else echo "@directory yes $1 took a file, which was taken away again"
  fi
  as_owner rm -f -- "$ours"
}
# The words of the command after these two: what stands for archive-push, what for %p ('': nothing).
try_tool() {
  check=$1 path=$2 left=$(($# - 2)); shift 2
  while [ "$left" -gt 0 ]; do
    word=$1; shift; left=$((left - 1))
    case $word in
      archive-push) set -- "$@" "$check" ;;
      %p) [ -z "$path" ] || set -- "$@" "$path" ;;
      *) set -- "$@" "$word" ;;
    esac
  done
  said=$(as_owner timeout "$patience" "$@" 2>&1 </dev/null); code=$?
  case $code in 0) echo "@tool yes $*" ;; 124) echo "@tool slow $*" ;; *) echo "@tool no $*" ;; esac
  printf '@output\n%s\n@end\n' "$said"
}
set -f; set -- $command; set +f
tool=${1##*/}
case "$#:$*" in
  8:'test ! -f '*'/%f && cp %p /'*/%f) try_directory "${8%/%f}" ;;
  3:'cp %p /'*/%f) try_directory "${3%/%f}" ;;
  *[!A-Za-z0-9/._%=:,@+\ -]*) try_program "${1-}"; [ ! -d "$archive" ] || try_directory "$archive" ;;
  *)
    if ! try_program "${1-}"; then [ ! -d "$archive" ] || try_directory "$archive"
    else
      case "$tool:$*" in
        pgbackrest:*' archive-push %p'|pgbackrest:*' archive-push '*%p) try_tool check '' "$@" ;;
        barman-wal-archive:*' %p'|barman-cloud-wal-archive:*' %p')
          first=$1; shift; try_tool '' unused "$first" --test "$@" ;;
        *) [ ! -d "$archive" ] || try_directory "$archive" ;;
      esac
    fi ;;
esac
echo "@done"
"""
)
