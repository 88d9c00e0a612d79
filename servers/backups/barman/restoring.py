"""What a restore by Barman needs to be told: where tablespaces go, and how WAL is then got."""

import shlex
from collections.abc import Sequence

from servers.backups.barman.listing import Tablespace
from servers.backups.barman.place import BarmanPlace
from servers.engines.engine import ActionFailed

_SEGMENTS_AHEAD = 3

# Arguments: the words that run a command on Barman's host (''), Barman's name, its configuration file (''), the
# segment's name, where it goes. Barman's status is 1 for whatever fails: a segment that it says is not there is one
# that the archive lacks, and anything else must not be taken for the archive's end, which a status over 125 is not.
# https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-PITR-RECOVERY
#
# Barman is a second or two in starting for each segment, so the next ones are fetched while this one is replayed, as
# its own barman-wal-restore does with -p (https://docs.pgbarman.org, of the package barman-cli, which hosts need not
# have): where beside the directory that recovers is one to keep them. A lock tells who fetches one.
_GET = (
    "b=$1 n=$2 c=$3 f=$4 p=$5 d=$PWD.understudy/ahead; "
    'get() { (set -f; $b barman ${c:+-c "$c"} get-wal "$n" "$1" 2>&1 >"$2"); }; '
    '[ ! -d "$d" ] || flock -w 60 "$d/$f.lock" true; '
    '[ -f "$d/$f" ] && mv "$d/$f" "$p" || { said=$(get "$f" "$p") || { echo "$said" >&2; '
    'case $said in *"not found in server"*) exit 1;; esac; exit 126; }; }; '
    '[ -d "$d" ] && [ "${#f}" = 24 ] || exit 0; '
    'l=${f#????????} w=$((4294967296 / $(stat -c %s "$p"))); i=$((0x${l%????????} * w + 0x${l#????????})) k=0; '
    f"while [ $((k += 1)) -le {_SEGMENTS_AHEAD} ]; do "
    'g=${f%????????????????}$(printf %08X%08X $(((i + k) / w)) $(((i + k) % w))); [ -f "$d/$g" ] || '
    '( flock -n 9 || exit; [ -f "$d/$g" ] || { get "$g" "$d/$g.part" && mv "$d/$g.part" "$d/$g"; } ) '
    '9>"$d/$g.lock" >/dev/null 2>&1 </dev/null & done; exit 0'
)


def restore_command(place: BarmanPlace, to_barman: str) -> str:
    """One line for postgresql.conf's restore_command, before it is quoted there. %f and %p are PostgreSQL's.

    `to_barman`: the words that run a command on Barman's host.
    """
    words = ("sh", "-c", _GET, "sh", to_barman, place.name, place.configuration or "")
    return shlex.join(words).replace("%", "%%") + ' "%f" "%p"'


def tablespace_options(there: Sequence[Tablespace], wanted: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Barman's options that put each tablespace where `wanted` says, by where it was.

    ActionFailed for a tablespace that would go where the live one is.
    """
    places = dict(wanted)
    options: list[str] = []
    for each in there:
        if each.location not in places:
            message = f"nothing says where the tablespace at {each.location} goes: never into the one that is in use"
            raise ActionFailed(message)
        options += ("--tablespace", f"{each.name}:{places[each.location]}")
    return tuple(options)
