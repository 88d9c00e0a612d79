"""The restore_command by which a server gets WAL from an archive of ours, packed or not.

https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-PITR-RECOVERY: a signal or a status over 125
ends the recovery, where 1 would be taken for the archive's end. What is there and cannot be read must not be that; so
whatever fails within a pipe kills the whole command.
"""

import shlex

# Arguments: archive, GnuPG's home (''), the segment's name, where it goes.
_FETCH = (
    r"""archive=$1 gpg_home=$2 name=$3 to=$4; """
    r"""noted() { "$@" || { echo "understudy: $1 failed on $name" >&2; kill -9 $$; }; }; """
    r"""plain() { case $1 in *.zst) noted zstd -q -d -c;; *.lz4) noted lz4 -q -d -c;; *.gz) noted gzip -d -c;; """
    r"""*) cat;; esac; }; """
    r"""for each in "$archive/$name" "$archive/$name".zst "$archive/$name".lz4 "$archive/$name".gz """
    r""""$archive/$name".gpg "$archive/$name".zst.gpg "$archive/$name".lz4.gpg "$archive/$name".gz.gpg; do """
    r"""[ -f "$each" ] || continue; """
    r"""case $each in *.gpg) noted gpg ${gpg_home:+--homedir "$gpg_home"} --batch --no-tty --quiet --decrypt """
    r"""-- "$each" | plain "${each%.gpg}";; *) plain "$each" < "$each";; esac > "$to" || exit 126; """
    r"""exit 0; done; exit 1"""
)


def restore_command(archive: str, gpg_home: str | None = None) -> str:
    """One line for postgresql.conf's restore_command, before it is quoted there. %f and %p are PostgreSQL's."""
    words = ("sh", "-c", _FETCH, "sh", archive, gpg_home or "")
    return shlex.join(words).replace("%", "%%") + ' "%f" "%p"'
