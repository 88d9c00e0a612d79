"""What was typed after `/ha restore` about a volume, understood. Pure."""

from collections.abc import Mapping, Sequence

from commands.command import Meant, Misunderstood
from commands.parse import COMMAND, echo
from commands.partial.words import understand_part
from servers.backups.partial.place import PartKind
from servers.inventory import Cluster

USAGE = "restore [cluster] --volume NAME [BACKUP]"
_HYPHENS = ("--", "\N{EM DASH}", "\N{EN DASH}")
_VOLUME = str(PartKind.VOLUME)
_OPTIONS = tuple(f"{hyphens}{_VOLUME}" for hyphens in _HYPHENS)


def names_a_volume(words: Sequence[str]) -> bool:
    return any(word.casefold().partition("=")[0] in _OPTIONS for word in words)


def understand_volume(words: Sequence[str], clusters: Mapping[str, Cluster]) -> Meant:
    """The words of what is meant are "volume", its name, and the backup's name (in small letters; '': the newest).

    Raises Misunderstood.
    """
    flat = [each for word in words for each in _apart(word.casefold())]
    at = flat.index(_VOLUME)
    before, after = flat[:at], flat[at + 1 :]
    strange = next((word for word in (*before, *after) if word.startswith(_HYPHENS)), None)
    if strange is not None:
        raise Misunderstood(f"“{echo(strange)}” does not go with --volume. Type: {COMMAND} {USAGE}")
    if not 1 <= len(after) <= 2:
        raise Misunderstood(f"Which volume? Type: {COMMAND} {USAGE}")
    meant = understand_part([*before, _VOLUME, after[0]], clusters, USAGE)
    return Meant(meant.cluster, None, (*meant.words, after[1] if len(after) > 1 else ""))


def _apart(word: str) -> tuple[str, ...]:
    """“--volume=uploads” is two words."""
    option, _, value = word.partition("=")
    if option not in _OPTIONS:
        return (word,)
    return (_VOLUME, value) if value else (_VOLUME,)
