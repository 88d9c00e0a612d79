"""What a restore by pgBackRest needs to be told: where tablespaces go, and how WAL is then got."""

import json
import shlex
from collections.abc import Iterator, Sequence

from servers.backups.pgbackrest.place import PgBackRestPlace
from servers.engines.engine import ActionFailed

# Arguments: stanza, configuration file (''), the segment's name, where it goes. 1 is: not in the archive. Anything else
# (a damaged segment, a store that does not answer) must not be taken for the archive's end, and a status over 125 is
# not: https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-PITR-RECOVERY
# The directory is the one that recovers, and not the live one's; nor is the spool of an asynchronous archive-get.
_GET = (
    'pgbackrest ${2:+"--config=$2"} --stanza="$1" --pg1-path="$PWD" --no-archive-async --log-level-console=off '
    '--log-level-stderr=warn archive-get "$3" "$4"; code=$?; [ "$code" -le 1 ] || exit 126; exit "$code"'
)


def restore_command(place: PgBackRestPlace) -> str:
    """One line for postgresql.conf's restore_command, before it is quoted there. %f and %p are PostgreSQL's."""
    words = ("sh", "-c", _GET, "sh", place.stanza, place.configuration or "")
    return shlex.join(words).replace("%", "%%") + ' "%f" "%p"'


def tablespace_options(said: str, wanted: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """pgBackRest's options that put each tablespace where `wanted` says, by where it was.

    `said`: its info of that backup alone. ActionFailed for a tablespace that would go where the live one is.
    """
    places = dict(wanted)
    options = []
    for name, location in _tablespaces(said):
        if location not in places:
            message = f"nothing says where the tablespace at {location} goes: never into the one that is in use"
            raise ActionFailed(message)
        options.append(f"--tablespace-map={name}={places[location]}")
    return tuple(options)


def _tablespaces(said: str) -> Iterator[tuple[str, str]]:
    try:
        for stanza in json.loads(said):
            for backup in stanza["backup"]:
                for each in backup.get("tablespace") or ():
                    yield str(each["name"]), str(each["destination"])
    except (ValueError, KeyError, TypeError) as error:
        raise ActionFailed(f"pgBackRest's answer about the backup makes no sense: {error}") from None
