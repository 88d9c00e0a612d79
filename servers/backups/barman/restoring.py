"""What a restore by Barman needs to be told: where tablespaces go, and how WAL is then got."""

import shlex
from collections.abc import Sequence

from servers.backups.barman.listing import Tablespace
from servers.backups.barman.place import BarmanPlace
from servers.engines.engine import ActionFailed

# Arguments: the words that run a command on Barman's host (''), Barman's name, its configuration file (''), the
# segment's name, where it goes. Barman's status is 1 for whatever fails: a segment that it says is not there is one
# that the archive lacks, and anything else must not be taken for the archive's end, which a status over 125 is not.
# https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-PITR-RECOVERY
_GET = (
    'said=$(set -f; $1 barman ${3:+-c "$3"} get-wal "$2" "$4" 2>&1 > "$5") && exit 0; echo "$said" >&2; '
    'case $said in *"not found in server"*) exit 1;; esac; exit 126'
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
